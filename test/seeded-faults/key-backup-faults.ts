import type { Fault } from "./fault.ts";

const ring = "test/controller/keys/held-back.test.ts";
const live = "test/controller/keys/require-backup.test.ts";
const backup = "test/cli/keys/backup.test.ts";
const restore = "test/cli/keys/restore.test.ts";

/** Faults in backups of sealing keys, in restoring them, and in what the controller makes of both. */
export const keyBackupFaults: readonly Fault[] = [
  {
    what: "a restored key seals before anybody promoted it",
    file: "controller/keys/key-ring.ts",
    find: "return marks.isRestored && promotedAt === null;",
    replace: "return marks.isRestored && promotedAt === undefined;",
    test: ring,
  },
  {
    what: "a key is made in the stead of restored ones that nobody has promoted yet",
    file: "controller/keys/key-ring.ts",
    find: "newestFirst.length > 0 && newestFirst.every(isUnpromoted)",
    replace: "newestFirst.length < 0",
    test: ring,
  },
  {
    what: "a key that waits for its backup seals",
    file: "controller/keys/key-ring.ts",
    find: "lastPromoted(eligible.filter((key) => this.#wantsBackup(key) === null)) ?? heir",
    replace: "heir",
    test: ring,
  },
  {
    what: "where all others are gone, the key that waits for its backup does not seal either",
    file: "controller/keys/key-ring.ts",
    find: "(key) => this.#wantsBackup(key) === null)) ?? heir;",
    replace: "(key) => this.#wantsBackup(key) === null));",
    test: ring,
  },
  {
    what: "key after key is made while one waits for its backup",
    file: "controller/keys/key-ring.ts",
    find: ": heir !== foremost;",
    replace: ": false;",
    test: ring,
  },
  {
    what: "an empty annotation confirms a backup",
    file: "controller/keys/key-marks.ts",
    find: ' && metadata.annotations?.[BACKUP_ANNOTATION] !== ""',
    replace: "",
    test: ring,
  },
  {
    what: "the first key of a cluster waits for its backup, with nothing to seal in its stead",
    file: "controller/keys/key-maker.ts",
    find: "requireBackup && ring.foremost !== null",
    replace: "requireBackup",
    test: live,
    named: "the first key of an empty cluster seals at once, and the one made after it waits",
  },
  {
    what: "a renewal without a backup is not told",
    file: "controller/keys/key-term.ts",
    find: "if (ring.isHeldUp) return;\n    if (seals",
    replace: "if (seals !== undefined) return;\n    if (seals",
    test: live,
    named: "without them a renewal is told of, and seals at once",
  },
  {
    what: "a backup that only the wrapping key opens counts",
    file: "cli/keys/backup/independent-recipients.ts",
    find: "if (a.account !== b.account) return false;",
    replace: "if (a.account === b.account) return false;",
    test: backup,
    named: "a backup for what wraps the keys alone is none",
  },
  {
    what: "certificates are encrypted too, so that nobody sees which keys a backup holds",
    file: "cli/keys/backup/backup-document.ts",
    find: 'pattern: "^tls\\\\.key$"',
    replace: 'pattern: "^data$"',
    test: backup,
    named: "copies all keys into one file: certificates in the open, private keys for the recipients alone",
  },
  {
    what: "a backup counts before anybody said that it is stored",
    file: "cli/keys/backup-keys.ts",
    find: "const annotations = options.confirm\n",
    replace: "const annotations = !options.confirm\n",
    test: backup,
    named: "copies all keys into one file: certificates in the open, private keys for the recipients alone",
  },
  {
    what: "a file that was changed since it was written confirms the backup",
    file: "cli/keys/backup/confirm-backup.ts",
    find: '?.split(" ").includes(mark)',
    replace: '?.includes("sha256:")',
    test: backup,
    named: "what was stored confirms the backup, byte for byte and without any key of a recipient",
  },
  {
    what: "the file itself is not looked at once it is written",
    file: "cli/keys/backup-keys.ts",
    find: "  await requireSame(bytes, file, unwrapper, copies);\n",
    replace: "",
    test: backup,
    named: "a file that cannot be written, or reads otherwise, marks nothing",
  },
  {
    what: "a restored key is not marked as one",
    file: "cli/keys/backup/restored-secret.ts",
    find: "        [RESTORED_ANNOTATION]: now.toISOString(),\n",
    replace: "",
    test: restore,
    named: "into an empty cluster: the same bytes under the same names, marked, and promoted by nobody",
  },
  {
    what: "a key that is there is written once more",
    file: "cli/keys/restore-keys.ts",
    find: "if (there === undefined) return false;",
    replace: "if (there !== null) return false;",
    test: restore,
    named: "twice over, and beside other keys: what is there is left, byte for byte",
  },
  {
    what: "a private key is restored with the certificate of another",
    file: "cli/keys/backup/canary.ts",
    find: 'if (outcome?.kind === "opened" && ',
    replace: 'if (outcome?.kind !== "opened" || ',
    test: restore,
    named: "one that is unfit stops all, before anything is written",
  },
];
