import { SealError } from "../errors.ts";
import type { RemoteBackend } from "./codec.ts";

/**
 * Why a value under a key service does not open. `malformed`: not a value of its format; `version`: of a format that this
 * version does not know; `not-authentic`: damaged, or not for this place, and no key service tells which; `too-old`: its key
 * takes ciphertexts of that age no longer; `too-many-keys`: the object would take too many calls.
 */
export type RemoteValueProblem = "malformed" | "version" | "not-authentic" | "too-old" | "too-many-keys";

/** A value under a key service does not open. Names the item, never the value. */
export class RemoteValueError extends SealError {
  override readonly code = "remote-value";
  readonly problem: RemoteValueProblem;
  /** The message without the item: the same for all items that fail alike. */
  readonly what: string;

  private constructor(problem: RemoteValueProblem, item: string, message: string, hint: string) {
    super(`spec.encryptedData.${item}: ${message}`, hint);
    this.problem = problem;
    this.what = message;
  }

  /** @param what is wrong with the text, without a word of it. */
  static malformed(item: string, backend: RemoteBackend, what: string): RemoteValueError {
    return new RemoteValueError(
      "malformed",
      item,
      `not a ${backend}: value: ${what}`,
      "the value was cut or edited: seal it again",
    );
  }

  /** @param format name and number, such as `kms:2`. */
  static version(item: string, format: string): RemoteValueError {
    return new RemoteValueError(
      "version",
      item,
      `values of format ${format} are not opened by this version of Signet`,
      "use a newer version of Signet, or seal the value again with this one",
    );
  }

  /** @param key as the value names it. */
  static notAuthentic(item: string, key: string): RemoteValueError {
    return new RemoteValueError(
      "not-authentic",
      item,
      `does not open under ${key}: damaged, or sealed for another cluster, scope, namespace, name or item`,
      "seal it again for this place; whether it was damaged or moved, no key service tells",
    );
  }

  /** @param key as the value names it. */
  static tooOld(item: string, key: string): RemoteValueError {
    return new RemoteValueError(
      "too-old",
      item,
      `sealed under a version of ${key} that Vault no longer decrypts with (min_decryption_version)`,
      "seal it again, or lower the key's min_decryption_version until it was re-encrypted",
    );
  }

  /** @param most data keys of AWS KMS, or keys of Vault, that the values of an object may be under. */
  static tooManyKeys(item: string, backend: RemoteBackend, most: number): RemoteValueError {
    const [under, hint] =
      backend === "kms"
        ? [
            `come from at most ${most} sealings under AWS KMS`,
            "seal its values again in one go, so that they share a data key",
          ]
        : [`be under at most ${most} keys of Vault`, "seal its values again under fewer keys"];
    return new RemoteValueError(
      "too-many-keys",
      item,
      `one too many: the values of an object may ${under}`,
      hint,
    );
  }
}
