import type { Fault } from "./fault.ts";

const file = "cli/render/render-alone.ts";
const test = "test/cli/render/render-alone.test.ts";

/** Faults in rendering by a bundle that leaves some things to the whole program. */
export const renderAloneFaults: readonly Fault[] = [
  {
    what: "render's own bundle writes what it could not open",
    file,
    find: 'if (wholeProgram.isNeeded) throw new Error("the whole program writes");',
    replace: "",
    test,
  },
  {
    what: "render's own bundle tells the whole program's work as done",
    file,
    find: "if (wholeProgram.isNeeded) return false;",
    replace: "",
    test,
  },
  {
    what: "render's own bundle says twice what the whole program says",
    file,
    find: "stderr: { isTerminal: io.stderr.isTerminal, write: say },",
    replace: "",
    test,
  },
  {
    what: "render's own bundle writes files that the whole program writes",
    file,
    find: "replace(...file) {\n        beforeWriting();",
    replace: "replace(...file) {",
    test,
  },
  {
    what: "render's own bundle keeps a failure to itself",
    file,
    find: "if (failure !== null) throw failure.error;",
    replace: "",
    test,
  },
  {
    what: "render's own bundle renders folders, and begins anew in their midst",
    file,
    find: '!positionals.every((path) => io.files.kindOf(path) === "file")',
    replace: "false",
    test,
  },
  {
    what: "render's own bundle takes a file for a flag",
    file,
    find: " || rest.some((word) => /^-./.test(word) && isThere(word, io))",
    replace: "",
    test,
  },
  {
    what: "render's own bundle renders where help was asked for",
    file,
    find: " || read.options.help",
    replace: "",
    test,
  },
];
