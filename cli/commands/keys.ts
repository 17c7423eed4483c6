import { UsageError } from "../../shared/errors.ts";
import { readArguments } from "../arguments.ts";
import type { Command, CommandAction } from "../command.ts";
import { page } from "../help/pages/keys.ts";
import type { Io } from "../io.ts";
import type { KeyAction } from "../keys/key-action.ts";
import { actionFlags, keysOptions } from "../keys/keys-options.ts";

/** What `signet keys` does: the words behind it, what does it, and its page in the help. */
const ACTIONS: Readonly<Record<string, Omit<CommandAction, "name"> & { load: () => Promise<KeyAction> }>> = {
  list: {
    summary: "list the keys, with their state, age and how much needs each",
    takesFiles: false,
    load: async () => (await import("../keys/list-keys.ts")).listKeys,
    page: async () => (await import("../help/pages/keys-list.ts")).page,
  },
  show: {
    summary: "show one key, what needs it, and what would happen without it",
    takesFiles: false,
    load: async () => (await import("../keys/show-key.ts")).showKey,
    page: async () => (await import("../help/pages/keys-show.ts")).page,
  },
  new: {
    summary: "make a key that seals from now on",
    takesFiles: false,
    load: async () => (await import("../keys/new-key.ts")).newKey,
    page: async () => (await import("../help/pages/keys-new.ts")).page,
  },
  promote: {
    summary: "have a key that is there seal from now on",
    takesFiles: false,
    load: async () => (await import("../keys/promote-key.ts")).promoteKey,
    page: async () => (await import("../help/pages/keys-promote.ts")).page,
  },
  retire: {
    summary: "take out keys that nothing needs, or that were stolen",
    takesFiles: false,
    load: async () => (await import("../keys/retire-key.ts")).retireKeys,
    page: async () => (await import("../help/pages/keys-retire.ts")).page,
  },
  backup: {
    summary: "copy keys into an encrypted file; confirm it was stored",
    takesFiles: true,
    load: async () => (await import("../keys/backup-keys.ts")).backupKeys,
    page: async () => (await import("../help/pages/keys-backup.ts")).page,
  },
  restore: {
    summary: "copy the keys of a backup into the cluster",
    takesFiles: true,
    load: async () => (await import("../keys/restore-keys.ts")).restoreKeys,
    page: async () => (await import("../help/pages/keys-restore.ts")).page,
  },
  wrap: {
    summary: "have a key of AWS KMS or Vault encrypt keys in their Secrets",
    takesFiles: false,
    load: async () => (await import("../keys/move-keys.ts")).wrapKeys,
    page: async () => (await import("../help/pages/keys-wrap.ts")).page,
  },
  unwrap: {
    summary: "take that encryption off again",
    takesFiles: false,
    load: async () => (await import("../keys/move-keys.ts")).unwrapKeys,
    page: async () => (await import("../help/pages/keys-unwrap.ts")).page,
  },
};
const WORDS = Object.keys(ACTIONS);

/** `signet keys`: the sealing keys of a cluster, and their life. */
export const keys: Command<typeof keysOptions> = {
  name: "keys",
  summary: "show, make, promote, retire, wrap and back up sealing keys",
  options: keysOptions,
  words: WORDS,
  actions: Object.entries(ACTIONS).map(([name, action]) => ({ name, ...action })),
  page,
  async run({ options, positionals, io }) {
    const [word = "", ...names] = positionals;
    const known = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
    if (known === undefined) {
      throw new UsageError(
        word === "" ? "it is not said what to do with the keys" : `keys knows ${inWords(WORDS, "and")}`,
        `write signet keys ${inWords(WORDS, "or")}; what each does: signet keys --help`,
      );
    }
    const action = await known.load();
    requireOwnFlags(word, action, io);
    await action.run(names, options, io);
  },
};

/** Flags for reaching a controller that say nothing to an action: none of them asks it anything. */
const OF_NONE = ["controller-name", "accept-certificate"] as const;

/** A flag that an action does not heed would be passed over in silence. */
function requireOwnFlags(word: string, { flags }: KeyAction, { args }: Io): void {
  // As typed: what a variable says of other commands is no mistake here.
  const { options } = readArguments(keysOptions, args.slice(1), {});
  const isGiven = (value: unknown) =>
    Array.isArray(value) ? value.length > 0 : value !== null && value !== false;
  // The namespace is that of files in trees, and not of keys.
  const ofSome = flags.includes("in") ? actionFlags : (["namespace", ...actionFlags] as const);
  const foreign = [...OF_NONE, ...ofSome].find((flag) => isGiven(options[flag]) && !flags.includes(flag));
  if (foreign === undefined) return;
  const where =
    foreign === "namespace" ? "; the namespace of the controller and its keys is --controller-namespace" : "";
  throw new UsageError(
    `--${foreign} does not go with keys ${word}`,
    `leave it out${where}; what goes with it: signet keys ${word} --help`,
  );
}

function inWords(words: readonly string[], joint: "and" | "or"): string {
  return `${words.slice(0, -1).join(", ")} ${joint} ${words.at(-1)}`;
}
