import type { Fault } from "./fault.ts";

const needed = "test/cli/keys/retire-needed.test.ts";

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
    what: "the command for the other keys leaves the trees out",
    file: "cli/keys/needed-keys.ts",
    find: "...label, ...trees,",
    replace: "...label,",
    test: needed,
  },
  {
    what: "keys that nothing needs are forced with the others",
    file: "cli/keys/retire-key.ts",
    find: "unread > 0 || needed.length === 0 ? going",
    replace: "needed.length > 0 ? going",
    test: needed,
  },
];
