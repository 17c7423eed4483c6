import { randomInt, randomUUID } from "node:crypto";
import { UsageError } from "../../shared/errors.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";

/** Sets of characters by name. Symbols are those that shells, URLs and YAML leave alone between others. */
const ALPHABETS: Readonly<Record<string, string>> = {
  alphanumeric: LETTERS + DIGITS,
  letters: LETTERS,
  digits: DIGITS,
  hex: "0123456789abcdef",
  symbols: `${LETTERS + DIGITS}-_.~+=@^`,
};

const [SHORTEST, LONGEST] = [8, 1024];
/** What a machine that tries offline does not get through. */
const WEAK_BITS = 64;

/** How passwords are made. */
export type PasswordForm = {
  length: number;
  /** Each once. */
  characters: readonly string[];
  /** Bits of chance in one of them. */
  bits: number;
};

/**
 * Reads how passwords shall be made.
 * @param options `length`: a whole number; `alphabet`: a name; `characters`: the characters themselves. Null for 32 letters and digits.
 * @throws UsageError.
 */
export function passwordForm(options: {
  length: string | null;
  alphabet: string | null;
  characters: string | null;
}): PasswordForm {
  const length = Number(options.length ?? 32);
  if (!Number.isInteger(length) || length < SHORTEST || length > LONGEST) {
    throw new UsageError(
      `invalid value ${JSON.stringify(options.length)} for --length`,
      `write a whole number from ${SHORTEST} to ${LONGEST}`,
    );
  }
  if (options.alphabet !== null && options.characters !== null) {
    throw new UsageError("--alphabet and --characters exclude each other", "give one of them");
  }
  const name = options.alphabet ?? "alphanumeric";
  const text = options.characters ?? (Object.hasOwn(ALPHABETS, name) ? ALPHABETS[name] : undefined);
  if (text === undefined) {
    throw new UsageError(
      `invalid value ${JSON.stringify(name)} for --alphabet`,
      `write one of ${Object.keys(ALPHABETS).join(", ")}; or give --characters with the characters themselves`,
    );
  }
  const characters = [...new Set(text)];
  if (characters.length < 2) {
    throw new UsageError("--characters has one character alone", "give at least two");
  }
  return { length, characters, bits: length * Math.log2(characters.length) };
}

/** Whether passwords of this form are guessed too soon. */
export function isWeak({ bits }: PasswordForm): boolean {
  return bits < WEAK_BITS;
}

/** A password of characters that are all equally likely. */
export function newPassword({ length, characters }: PasswordForm): string {
  return Array.from({ length }, () => characters[randomInt(characters.length)] ?? "").join("");
}

/** A UUID of version 4. */
export function newUuid(): string {
  return randomUUID({ disableEntropyCache: true });
}
