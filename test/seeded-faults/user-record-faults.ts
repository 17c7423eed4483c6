import type { Fault } from "./fault.ts";

const lock = "cli/file-lock.ts";
const lockTest = "test/cli/file-lock.test.ts";
const accepted = "cli/accepted-files.ts";
const acceptedTest = "test/cli/accepted-files.test.ts";
const atOnceTest = "test/cli/project/pins-at-once.test.ts";

/** Faults in what several processes at once leave of the records of their user. */
export const userRecordFaults: readonly Fault[] = [
  {
    what: "what another process accepts amid an acceptance is lost",
    file: "cli/user-record.ts",
    find: "return withLock(path, io.files, () => {",
    replace:
      "return ((_path: string, _files: typeof io.files, work: () => Content) => work())(path, io.files, () => {",
    test: "test/cli/accepted-at-once.test.ts",
    named: "have all of it recorded, and leave nothing beside the record",
  },
  {
    what: "a process that was killed bars others from the record for good",
    file: lock,
    find: "looksAtLast > LOOKS_UNTIL_STALE",
    replace: "looksAtLast > LOOKS",
    test: lockTest,
  },
  {
    what: "a lock is taken from its holder at the first look",
    file: lock,
    find: "looksAtLast > LOOKS_UNTIL_STALE",
    replace: "looksAtLast > 0",
    test: lockTest,
  },
  {
    what: "who comes late succeeds to a lock that was given back",
    file: lock,
    find: "last === undefined || holdersOf(lock, files)[0] === holders[0]",
    replace: "last !== null",
    test: lockTest,
  },
  {
    what: "who was stopped for long gives back the lock of another",
    file: lock,
    find: "  if (holdersOf(lock, files).at(-1) !== token) return;\n",
    replace: "",
    test: lockTest,
  },
  {
    what: "a lock in which nothing was written yet is nobody's to succeed to",
    file: lock,
    find: "/^[0-9a-f-]{36}$/.test(text) ?",
    replace: 'text !== "-" ?',
    test: lockTest,
  },
  {
    what: "a lock stays when what was done under it failed",
    file: lock,
    find: "    return work();\n  } finally {",
    replace:
      "    return work();\n  } catch (error) {\n    chain.length = 0;\n    throw error;\n  } finally {",
    test: lockTest,
  },
  {
    what: "a lock is waited for where none can be made",
    file: lock,
    find: 'if (codeOf(error) === "EEXIST") return false;',
    replace: 'if (codeOf(error) !== "ENOENT") return false;',
    test: lockTest,
  },
  {
    what: "a record on a read-only file system fails in the words of the system",
    file: "cli/user-record.ts",
    find: "if (error instanceof SealError) throw error;",
    replace: "throw error;",
    test: acceptedTest,
  },
  {
    what: "what is forgotten is what every object has",
    file: accepted,
    find: "if (!Object.hasOwn(entries, file)) return false;",
    replace: "if (!(file in entries)) return false;",
    test: acceptedTest,
  },
  {
    what: "an opened record goes on telling what it held before it was changed",
    file: accepted,
    find: "entries = write((now) =>",
    replace: "write((now) =>",
    test: acceptedTest,
  },
  {
    what: "pins of one project that are accepted at once take one another back",
    file: "cli/project/pin-record.ts",
    find: "const kept = Object.entries(known)",
    replace: "const kept = Object.entries({} as typeof known)",
    test: atOnceTest,
  },
  {
    what: "the first use of a pin takes back its acceptance",
    file: "cli/project/pin-record.ts",
    find: "(now) => now ?? pins",
    replace: "() => pins",
    test: atOnceTest,
  },
  {
    what: "the first use of rules takes back their acceptance",
    file: "cli/project/rules-record.ts",
    find: "(now) => now ?? rulesOf(project)",
    replace: "() => rulesOf(project)",
    test: atOnceTest,
  },
  {
    what: "a step to the next certificate takes back the acceptance of it",
    file: "cli/project/pin-record.ts",
    find: "isDeepStrictEqual(ownOf(now, cluster.name), accepted) ?",
    replace: "now !== null ?",
    test: atOnceTest,
  },
  {
    what: "the first use of recipients takes back their acceptance",
    file: "cli/sops/recipient-record.ts",
    find: "(now) => now ?? rulesOf(file)",
    replace: "() => rulesOf(file)",
    test: "test/cli/sops/recipients.test.ts",
  },
  {
    what: "certificates that two processes remember at once take one another's place",
    file: "cli/certificate-record.ts",
    find: "    withLock(path, io.files, () => {\n      const records = { ...readRecords(io), [keyOf(controller)]: record };",
    replace:
      "    const records = { ...readRecords(io), [keyOf(controller)]: record };\n    withLock(path, io.files, () => {",
    test: "test/cli/certificate-record.test.ts",
  },
  {
    what: "an interruption leaves a lock behind",
    file: "cli/system-io.ts",
    find: "  systemFiles.create(...file);\n  endBetweenFiles();",
    replace: "  systemFiles.create(...file);",
    test: "test/cli/system-interruption.test.ts",
    named: "a file that is made and removed in one go is not left behind",
  },
];
