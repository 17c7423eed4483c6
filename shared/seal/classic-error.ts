import { InputError } from "../errors.ts";

/** The text of a value is not base64. */
export class NotBase64Error extends InputError {
  override readonly code: string = "not-base64";
  /** Offset of the first character that does not fit, in the text as given. */
  readonly offset: number;

  /** Names the item and the offset, in the words that scripts know from the reference. */
  constructor(item: string, offset: number) {
    super(
      `spec.encryptedData.${item}: illegal base64 data at input byte ${offset}`,
      "the value was cut or edited: seal it again",
    );
    this.offset = offset;
  }
}

/** The right key opened the session key, but the data under it does not verify. */
export class DamagedValueError extends InputError {
  override readonly code: string = "damaged";
  /** Fingerprint of the key that recognised it. */
  readonly fingerprint: string;

  /** Names the item and the key that recognised it. */
  constructor(item: string, fingerprint: string) {
    super(
      `spec.encryptedData.${item}: damaged: key ${fingerprint} recognises it, but the data does not verify`,
      "the value was cut or edited: seal it again",
    );
    this.fingerprint = fingerprint;
  }
}

/** So many keys were tried in vain for the items before it that this one is not looked for any longer. */
export class TooManyTrialsError extends InputError {
  override readonly code: string = "too-many-trials";
  /** Names the item. */
  constructor(item: string) {
    super(
      `spec.encryptedData.${item}: the object takes too many trials of keys`,
      "seal its values again, so that all are under one key",
    );
  }
}
