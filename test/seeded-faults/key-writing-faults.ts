import type { Fault } from "./fault.ts";

const needed = "test/cli/keys/retire-needed.test.ts";
const writing = "test/cli/keys/key-writes.test.ts";
const noted = "test/cli/keys/new-notes.test.ts";

/** What is told before, amid and after the keys' Secrets are written. */
export const keyWritingFaults: readonly Fault[] = [
  {
    what: "a key that could not be tried is said not to be in the way",
    file: "cli/keys/needed-keys.ts",
    find: "objects: known.length > 0 ? known : perhaps",
    replace: "objects: known",
    test: needed,
  },
  {
    what: "the command for the other keys names those in the way",
    file: "cli/keys/needed-keys.ts",
    find: "going.filter((key) => !inTheWay.includes(key))",
    replace: "going.filter((key) => inTheWay.includes(key))",
    test: needed,
  },
  {
    what: "the command for the other keys forces one that it does not name",
    file: "cli/keys/needed-keys.ts",
    find: "options.force.length > 0 ?",
    replace: "options.force.length < 0 ?",
    test: needed,
  },
  {
    what: "keys in the way are forced with all that were named",
    file: "cli/keys/needed-keys.ts",
    find: "keys.length < going.length ?",
    replace: "keys.length > going.length ?",
    test: needed,
  },
  {
    what: "keys that nothing needs are forced with the others",
    file: "cli/keys/retire-key.ts",
    find: "unread > 0 || needed.length === 0 ? going",
    replace: "needed.length > 0 ? going",
    test: needed,
  },
  {
    what: "of a write under way the last words say nothing",
    file: "cli/keys/key-writes.ts",
    find: "this.#underWay = what;",
    replace: "this.#underWay = null;",
    test: writing,
  },
  {
    what: "a name that is taken counts as written",
    file: "cli/keys/key-writes.ts",
    find: "if (result !== null) this",
    replace: "this",
    test: writing,
  },
  {
    what: "an action on keys that is interrupted says nothing",
    file: "cli/keys/connected-secrets.ts",
    find: "await io.whenInterrupted?.(() => say(io, connection.writes.lastWords))",
    replace: "await io.whenInterrupted?.(() => undefined)",
    test: writing,
  },
  {
    what: "wrapping that is interrupted says nothing",
    file: "cli/keys/move-keys.ts",
    find: "say, withKeysToWrite }",
    replace: "say, withKeySecrets as withKeysToWrite }",
    test: writing,
  },
  {
    what: "the last words know of no Secret",
    file: "cli/keys/connected-secrets.ts",
    find: "new KeySecrets(client, namespace, timeoutMs, writes)",
    replace: "new KeySecrets(client, namespace, timeoutMs)",
    test: writing,
  },
  {
    what: "whoever is interrupted amid making a key is not told of its promotion",
    file: "cli/keys/new-key.ts",
    find: "connection.writes.next = ",
    replace: "void ",
    test: writing,
  },
  {
    what: "what takes a key back is not said before it goes",
    file: "cli/keys/retire-key.ts",
    find: "if (!isDry) say(io, `to take",
    replace: "if (isDry) say(io, `to take",
    test: writing,
  },
  {
    what: "of a key that waits already nothing is said when one more is made",
    file: "cli/keys/new-key.ts",
    find: "for (const text of waitingNotes(keys)) say(io, text);",
    replace: "",
    test: noted,
  },
  {
    what: "a restored key counts as one whose making was interrupted",
    file: "cli/keys/new-key.ts",
    find: "key.isMadeToWait && !key.isRestored && key",
    replace: "key.isMadeToWait && key",
    test: noted,
  },
  {
    what: "a dry run speaks of the new key as if it were made",
    file: "cli/keys/new-key.ts",
    find: "= isDry ? [",
    replace: "= !isDry ? [",
    test: noted,
  },
  {
    what: "a dry run has a key backed up that there is not",
    file: "cli/keys/new-key.ts",
    find: '${isDry ? "it would',
    replace: '${!isDry ? "it would',
    test: noted,
  },
];
