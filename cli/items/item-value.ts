import { utf8 } from "../../shared/bytes.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import { fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { readStandardInput } from "../sealing.ts";
import { LONGEST_TYPED } from "../typed-secret.ts";
import { requireItemName } from "./item-name.ts";

/** An item as it stands on the command line, and the value that stands there with it, if any. */
export type GivenItem = { item: string; value: string | null };

/**
 * Takes `KEY` or `KEY=VALUE` apart.
 * @throws UsageError for a name that no item may have; what may be a value is not quoted.
 */
export function givenItem(word: string): GivenItem {
  const equals = word.indexOf("=");
  const item = equals === -1 ? word : word.slice(0, equals);
  requireItemName(item);
  return { item, value: equals === -1 ? null : word.slice(equals + 1) };
}

/** Where a value may come from. */
export type ValueSources = {
  /** `--from-file`; `-` for standard input. */
  file: string | null;
  /** Whether a value on the command line is meant to stand there. */
  isMeant: boolean;
  allowEmpty: boolean;
};

/**
 * Sees that one value is given, and on the command line only where that is meant.
 * @throws UsageError; what may be a value is not quoted.
 */
export function requireOneValue({ item, value }: GivenItem, { file, isMeant }: ValueSources): void {
  if (value !== null && !isMeant) {
    throw new UsageError(
      `the value of ${item} stands on the command line, which the history of the shell keeps and other users of this machine see`,
      "leave it out to type it unseen, give it on standard input or with --from-file FILE; or add --value-on-command-line if that is meant",
    );
  }
  if (value === null && isMeant) {
    throw new UsageError(
      "--value-on-command-line goes with KEY=VALUE",
      `write ${item}=VALUE, or leave it out`,
    );
  }
  if (value !== null && file !== null) {
    throw new UsageError(`two values are given for ${item}`, "leave --from-file out, or the value");
  }
}

/**
 * The value of an item, byte for byte: what stands beside it on the command line, a file, standard input, or where that is
 * a terminal what is typed twice, unseen.
 * @throws FileError; InputError for none.
 */
export async function itemValue(
  { item, value }: GivenItem,
  { file, allowEmpty }: ValueSources,
  io: Io,
  notices: Notices,
): Promise<Uint8Array> {
  const bytes = value !== null ? utf8(value) : await bytesFrom(item, file, io);
  if (bytes.length === 0 && !allowEmpty) {
    throw new InputError(
      `the value of ${item} is empty`,
      "check where it comes from, or give --allow-empty-data if that is meant",
    );
  }
  if (value === null && bytes.at(-1) === 0x0a) {
    notices.warn(`the value of ${item} ends with a line break, which is sealed with it`);
  }
  return bytes;
}

async function bytesFrom(item: string, file: string | null, io: Io): Promise<Uint8Array> {
  if (file !== null && file !== "-") {
    try {
      return io.files.read(file);
    } catch (error) {
      throw fileFailure(`cannot read ${file}`, "give an existing, readable file that holds the value", error);
    }
  }
  if (file === "-" || !io.stdin.isTerminal) return readStandardInput(io, "a value");
  return utf8(await typed(item, io));
}

/** A slip of the finger is not seen, so that it is asked for twice. */
async function typed(item: string, io: Io): Promise<string> {
  const first = (await io.askSecret?.(`value of ${item}, not shown: `)) ?? null;
  if (first === null) {
    throw new InputError(
      `no value for ${item} was typed`,
      "type it, or give it on standard input or with --from-file FILE",
    );
  }
  if (first.length >= LONGEST_TYPED) {
    throw new InputError(
      `the value of ${item} is longer than what may be typed`,
      "give it on standard input or with --from-file FILE",
    );
  }
  const second = (await io.askSecret?.("the same again: ")) ?? null;
  if (first === second) return first;
  throw new InputError("the two differ", "run it again; nothing was changed");
}
