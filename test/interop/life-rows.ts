import type { ShownBy } from "../support/shown-by.ts";

/** What may stand in the way of a command. */
export type Trouble = "bad input" | "no cluster" | "no rights" | "interrupted";

/** The tests that show what a command does then, each of them needed; or why there is nothing to show. */
export type LifeCell = readonly [ShownBy, ...ShownBy[]] | string;

const interrupted = "interop/life-of-keys-interrupted.test.ts";
const keyLife = "interop/key-life.test.ts";
const backups = "interop/key-backups.test.ts";
const crashes = "interop/key-crashes.test.ts";
const singleItems = "interop/single-items.test.ts";
const standing = "interop/status-wait-doctor.test.ts";
const rotate = "interop/rotate.test.ts";
const handOver = "interop/hand-over.test.ts";
const keysTests = "cli/keys/keys.test.ts";

const telling = (...says: string[]): ShownBy => [
  interrupted,
  "what tells and changes nothing ends at once, prints no half of it, and leaves all as it was",
  "readsOnly(",
  ...says,
];
const writingFiles = (...says: string[]): ShownBy => [
  interrupted,
  "what writes files ends at once, and leaves each as it was; run again it is done",
  "readsOnly(",
  ...says,
];
const askingNobody = (...says: string[]): ShownBy => [
  interrupted,
  "what asks nobody ends while it reads its input, and amid its writing leaves a whole file",
  ...says,
];
const nowhere = (...says: string[]): ShownBy => [
  interrupted,
  "without a cluster each says what it could not reach, prints nothing and writes nothing",
  ...says,
];
const noKeyRights = (...says: string[]): ShownBy => [
  keyLife,
  "without rights: words that help, and nothing written",
  ...says,
];
const noBackupRights = (...says: string[]): ShownBy => [
  backups,
  "without rights: words that help, nothing written, no file left",
  ...says,
];
const noRightsToWrap = (...says: string[]): ShownBy => [
  interrupted,
  "without rights keys are neither wrapped nor unwrapped; whoever seals needs none",
  ...says,
];
const sealsWithoutRights: ShownBy = [
  singleItems,
  "an account without rights seals as anybody may, and reads no sealing key",
];
const wrongKeysLine: ShownBy = [
  keysTests,
  "wrong command lines are refused by name, and nothing is asked",
  "of wrong)",
  '"unwrap"',
];
const wrongBackupLine = (...says: string[]): ShownBy => [
  "cli/keys/backup.test.ts",
  "what cannot be meant is refused before the cluster is asked",
  ...says,
];
const noStateRights = (...says: string[]): ShownBy => [
  standing,
  "an account without rights is told which one it lacks; nothing fails for want of it in doctor",
  ...says,
];

/** Every command on keys and sealed files, and what shows that it stands each trouble. */
export const lifeRows: Readonly<Record<string, Readonly<Record<Trouble, LifeCell>>>> = {
  "keys list": {
    "bad input": [
      wrongKeysLine,
      ["cli/keys/list-and-show.test.ts", "no key, two, and formats that are none are refused"],
    ],
    "no cluster": [nowhere('["keys", "list"]')],
    "no rights": [noKeyRights('["list"]')],
    interrupted: [telling('["keys", "list"]')],
  },
  "keys show": {
    "bad input": [
      ["cli/keys/list-and-show.test.ts", "no key, two, and formats that are none are refused", '"show"'],
    ],
    "no cluster": [nowhere('["keys", "show"')],
    "no rights": [noKeyRights('["show", "key-old"]')],
    interrupted: [telling('["keys", "show", "--open"')],
  },
  "keys new": {
    "bad input": [
      [
        "cli/keys/new.test.ts",
        "the length can be chosen, within bounds, and a dry run writes nothing",
        '"new", "name"',
      ],
    ],
    "no cluster": [nowhere('["keys", "new"]')],
    "no rights": [noKeyRights('["new", "--key-size=2048"]')],
    interrupted: [
      [
        interrupted,
        "a new key is there as a whole or not at all, and those before it are as they were",
        "writes(",
      ],
    ],
  },
  "keys promote": {
    "bad input": [
      ["cli/keys/promote.test.ts", "a dry run writes nothing, and two names, none, or another's are refused"],
    ],
    "no cluster": [nowhere('["keys", "promote"')],
    "no rights": [noKeyRights('["promote", "key-old"]')],
    interrupted: [
      [interrupted, "a promotion was made or not; run again it is", "writes("],
      [crashes, "promotion", "atEachStep"],
    ],
  },
  "keys retire": {
    "bad input": [
      ["cli/keys/retire.test.ts", "by force, with the whole fingerprint, it goes whatever needs it"],
      ["cli/keys/retire.test.ts", "where a key that is to go is not at hand, what no other opens keeps it"],
    ],
    "no cluster": [nowhere('["keys", "retire"')],
    "no rights": [noKeyRights('["retire", "key-old"]')],
    interrupted: [
      [interrupted, "a key was retired or not, and lies there in either case", "writes("],
      [crashes, "retirement", "atEachStep"],
    ],
  },
  "keys backup": {
    "bad input": [wrongBackupLine('["backup"]', '"age1nothing"')],
    "no cluster": [nowhere('["keys", "backup"')],
    "no rights": [noBackupRights("...backup, other", '"--confirm", file')],
    interrupted: [
      [interrupted, "a backup is a whole file or none, and confirms nothing but what is stored", "writes("],
      [
        backups,
        "killed at any step, a backup leaves a whole file or none, and confirms nothing that is not stored",
      ],
    ],
  },
  "keys restore": {
    "bad input": [
      wrongBackupLine('["restore", "a", "b"]'),
      ["cli/keys/restore.test.ts", "one that is unfit stops all, before anything is written"],
    ],
    "no cluster": [nowhere('["keys", "restore"')],
    "no rights": [noBackupRights('["restore", file]')],
    interrupted: [
      [interrupted, "a restore brought the key back or not, once; run again it is back", "writes("],
      [
        backups,
        "killed after each Secret that it writes, a restore is run again: no key lost, none changed, none twice",
      ],
    ],
  },
  "keys wrap": {
    "bad input": [wrongKeysLine],
    "no cluster": [nowhere('["keys", "wrap"')],
    "no rights": [noRightsToWrap('["keys", "wrap"')],
    interrupted: [
      [
        interrupted,
        "a key is wrapped or lies open, and opens in either case; the same the way back",
        "[...wrap,",
      ],
      [keysTests, "an interrupted run is run again: what is wrapped already is left alone"],
    ],
  },
  "keys unwrap": {
    "bad input": [wrongKeysLine],
    "no cluster": [nowhere('["keys", "unwrap"')],
    "no rights": [noRightsToWrap('["keys", "unwrap"')],
    interrupted: [
      [
        interrupted,
        "a key is wrapped or lies open, and opens in either case; the same the way back",
        "writes(unwrap",
      ],
    ],
  },
  audit: {
    "bad input": [
      ["cli/audit/audit.test.ts", "a wrong command line is refused before anything is looked at"],
      ["cli/audit/audit.test.ts", "what cannot be read fails the run, unless it is said otherwise"],
    ],
    "no cluster": [["interop/audit.test.ts", "without a cluster it says what it could not reach"]],
    "no rights": [
      ["interop/audit.test.ts", "a ServiceAccount without rights is told what it lacks, and gets nothing"],
    ],
    interrupted: [telling('["audit", "--open"]', '["audit", "--compromised"')],
  },
  rotate: {
    "bad input": [
      ["cli/rotate/rotate-offline.test.ts", "rotate refuses", "no paths"],
      ["cli/rotate/rotate-trees.test.ts", "writes what it can, leaves what fails, names each, and exits 1"],
    ],
    "no cluster": [
      [rotate, "without a cluster nothing is changed, and the run ends at once"],
      nowhere('["rotate", "sealed"]'),
    ],
    "no rights": [[rotate, "without rights nothing is changed, and it is said which are missing"]],
    interrupted: [
      writingFiles('["rotate", "sealed"]', '["rotate", "--open"'),
      [
        "cli/rotate/rotate-interrupted.test.ts",
        "leaves whole files, old and new, and nothing else; the next run does the rest",
      ],
    ],
  },
  set: {
    "bad input": [
      ["cli/items/set.test.ts", "says what is wrong before any value is read or any cluster asked"],
    ],
    "no cluster": [nowhere('"set"')],
    "no rights": [sealsWithoutRights],
    interrupted: [writingFiles('"set"'), askingNobody('["set"')],
  },
  unset: {
    "bad input": [
      ["cli/items/unset-and-rename.test.ts", "names what there is where an item is not, and changes nothing"],
    ],
    "no cluster": "it asks no cluster: a classic value is taken out without being opened",
    "no rights": [sealsWithoutRights],
    interrupted: [askingNobody('["unset"')],
  },
  rename: {
    "bad input": [
      ["cli/items/unset-and-rename.test.ts", "a name that is taken, or that no item may have, is refused"],
    ],
    "no cluster": "it asks no cluster: a classic value is not bound to its item",
    "no rights": [sealsWithoutRights],
    interrupted: [askingNobody('["rename"')],
  },
  edit: {
    "bad input": [
      [
        "cli/items/edit.test.ts",
        "what cannot be read is shown again with what is wrong, until it is right or saved as it was",
      ],
      ["cli/items/edit.test.ts", "says what keeps an editor from being had, and changes nothing"],
    ],
    "no cluster": [nowhere('["edit"')],
    "no rights": [[...sealsWithoutRights, '"edit", "--open"'] as const],
    interrupted: [
      [
        singleItems,
        "interrupted while it waits for a value or an editor, nothing is changed and nothing left",
        '["edit"',
      ],
      ["cli/system-editor.test.ts", "Ctrl-C is the editor's; where it ends by it, so do we", "SIGINT"],
    ],
  },
  generate: {
    "bad input": [["cli/items/generate.test.ts", "what makes no sense is refused before anything is made"]],
    "no cluster": [nowhere('"generate"')],
    "no rights": [noRightsToWrap('["generate"')],
    interrupted: [writingFiles('"generate"'), askingNobody('["generate"')],
  },
  pin: {
    "bad input": [["cli/project/pin-command.test.ts", "tells what is missing"]],
    "no cluster": [nowhere('["pin", "update", "prod"]')],
    "no rights": [[handOver, "without rights a pin stays as it is, and sealing goes on offline", '"update"']],
    interrupted: [
      writingFiles('["pin", "update"'),
      ["cli/project/pin-command.test.ts", "update that was ended between its two files is repeated"],
    ],
  },
  lint: {
    "bad input": [["cli/lint/lint.test.ts", "refuses …"]],
    "no cluster": [["cli/lint/lint.test.ts", "nothing is asked of a network, nor of a program"]],
    "no rights": "it asks no cluster, so that there is no right to lack",
    interrupted: [askingNobody('["lint", pipe]')],
  },
  status: {
    "bad input": [["cli/status/status.test.ts", "refuses …"]],
    "no cluster": [
      ["cli/status/status.test.ts", "without the right, and without a cluster, it says what to do"],
    ],
    "no rights": [noStateRights('["status"')],
    interrupted: [telling('["status", "-A"]')],
  },
  wait: {
    "bad input": [["cli/status/wait.test.ts", "refuses …"]],
    "no cluster": [["cli/status/wait.test.ts", "without a cluster it does not wait for one"]],
    "no rights": [noStateRights('["wait"')],
    interrupted: [
      [standing, "wait interrupted by SIGINT ends at once, leaves nothing, and can be run again", '"SIGINT"'],
    ],
  },
  doctor: {
    "bad input": [["cli/doctor/doctor.test.ts", "refuses …"]],
    "no cluster": [["cli/doctor/doctor.test.ts", "without a cluster it says so"]],
    "no rights": [noStateRights('["doctor", "-o", "json"]', '"--leave"')],
    interrupted: [telling('["doctor", "--leave"', '["doctor"]')],
  },
  "sealing in a project": {
    "bad input": [
      [
        "cli/project/project-file.test.ts",
        "is refused by field where it is not as it has to be, and quotes nothing",
      ],
      ["cli/project/sealing.test.ts", "asks which cluster is meant where several are, and does what is said"],
    ],
    "no cluster": [
      [
        "cli/project/sealing.test.ts",
        "takes the certificate that is pinned for the one cluster, and asks nobody",
      ],
    ],
    "no rights": [[handOver, "without rights a pin stays as it is, and sealing goes on offline"]],
    interrupted: [
      askingNobody('["-f", pipe, "-w"'),
      [
        "cli/main.test.ts",
        "an interruption ends it at once, by that signal, between two files and with nothing left behind",
      ],
    ],
  },
};
