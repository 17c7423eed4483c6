import { UsageError } from "../../shared/errors.ts";
import { readArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/keys.ts";
import type { Io } from "../io.ts";
import type { KeyAction } from "../keys/key-action.ts";
import { actionFlags, keysOptions } from "../keys/keys-options.ts";

const ACTIONS: Readonly<Record<string, () => Promise<KeyAction>>> = {
  list: async () => (await import("../keys/list-keys.ts")).listKeys,
  show: async () => (await import("../keys/show-key.ts")).showKey,
  new: async () => (await import("../keys/new-key.ts")).newKey,
  promote: async () => (await import("../keys/promote-key.ts")).promoteKey,
  retire: async () => (await import("../keys/retire-key.ts")).retireKeys,
  backup: async () => (await import("../keys/backup-keys.ts")).backupKeys,
  restore: async () => (await import("../keys/restore-keys.ts")).restoreKeys,
  wrap: async () => (await import("../keys/move-keys.ts")).wrapKeys,
  unwrap: async () => (await import("../keys/move-keys.ts")).unwrapKeys,
};
const WORDS = Object.keys(ACTIONS);

/** `signet keys`: the sealing keys of a cluster, and their life. */
export const keys: Command<typeof keysOptions> = {
  name: "keys",
  summary: "show, make, promote, retire, wrap and back up sealing keys",
  options: keysOptions,
  words: WORDS,
  page,
  async run({ options, positionals, io }) {
    const [word = "", ...names] = positionals;
    const load = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
    if (load === undefined) {
      throw new UsageError(
        word === "" ? "it is not said what to do with the keys" : `keys knows ${inWords(WORDS, "and")}`,
        `write signet keys ${inWords(WORDS, "or")}`,
      );
    }
    const action = await load();
    requireOwnFlags(word, action, io);
    await action.run(names, options, io);
  },
};

/** A flag of another action would be passed over in silence. */
function requireOwnFlags(word: string, { flags }: KeyAction, { args }: Io): void {
  // As typed: what a variable says of other commands is no mistake here.
  const { options } = readArguments(keysOptions, args.slice(1), {});
  const isGiven = (value: unknown) =>
    Array.isArray(value) ? value.length > 0 : value !== null && value !== false;
  const foreign = actionFlags.find((flag) => isGiven(options[flag]) && !flags.includes(flag));
  if (foreign === undefined) return;
  throw new UsageError(`--${foreign} does not go with keys ${word}`, "leave it out");
}

function inWords(words: readonly string[], joint: "and" | "or"): string {
  return `${words.slice(0, -1).join(", ")} ${joint} ${words.at(-1)}`;
}
