import { InputError, UsageError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/shell-word.ts";
import type { Command } from "../command.ts";
import { fileFailure } from "../file-failure.ts";
import { type GitOptions, gitOptions } from "../git/git-options.ts";
import { page } from "../help/pages/git.ts";
import type { Io } from "../io.ts";
import { writeProduct } from "../output-file.ts";
import { shownText } from "../shown-text.ts";

/** `signet git`: what Git compares and merges files of sealed values by. No connection is opened. */
export const git: Command<typeof gitOptions> = {
  name: "git",
  summary: "compare and merge sealed files in Git, item by item",
  options: gitOptions,
  words: ["textconv", "merge", "setup"],
  page,
  async run({ options, positionals, io }) {
    const [action, ...paths] = positionals;
    requireFitting(action, options);
    if (action === "textconv" && paths.length === 1) return textconv(paths[0] ?? "", options, io);
    if (action === "merge" && (paths.length === 3 || paths.length === 4)) return merge(paths, options, io);
    if (action === "setup") return setup(paths, options, io);
    throw new UsageError(
      action === undefined
        ? "it is not said what to do"
        : "git knows textconv FILE, merge BASE OURS THEIRS, and setup",
      "write signet git setup, and let Git call the others",
    );
  },
};

function requireFitting(action: string | undefined, { open, key, write }: GitOptions): void {
  const unfit =
    (write && action !== "setup" && "--write goes with git setup") ||
    (open && action === "setup" && "--open goes with git textconv and git merge") ||
    (key.length > 0 && (action !== "textconv" || !open) && "--key goes with git textconv --open");
  if (unfit !== false) throw new UsageError(unfit, "leave it out");
}

async function textconv(path: string, { open, key }: GitOptions, io: Io): Promise<void> {
  const { readableForm } = await import("../git/readable-form.ts");
  const bytes = read(path, io);
  const plain = open ? await (await import("../git/plain-texts.ts")).plainTexts(bytes, path, key, io) : null;
  writeProduct(readableForm(bytes, path, plain), { format: null, "sealed-secret-file": null }, io);
}

/** As Git calls it: the file of our side is replaced by the result; exit 1 says that somebody has to look at it. */
async function merge(paths: readonly string[], { open }: GitOptions, io: Io): Promise<void> {
  const [base = "", ours = "", theirs = "", name = ours] = paths;
  const versions = { base: read(base, io), ours: read(ours, io), theirs: read(theirs, io) };
  const { mergeFiles } = await import("../git/merge/merge-files.ts");
  const { mergedByLines } = await import("../git/merge/by-lines.ts");
  const say = (text: string) => io.stderr.write(`${shownText(`${name}: ${text}`)}\n`);
  const inClear = open ? await mergedInClear(versions, name, io) : null;
  if (inClear?.bytes != null) return put(ours, inClear.bytes, io);
  const merged = await mergeFiles(versions, () => mergedByLines({ base, ours, theirs }, io));
  put(ours, merged.bytes, io);
  if (merged.isClean) return;
  for (const words of new Set([...(inClear?.words ?? []), ...merged.words])) say(words);
  throw new InputError(
    `${name} has to be merged by hand`,
    merged.isIndivisible
      ? wholeSideHint(name)
      : "take one of the versions between the markers; values that are lost are sealed anew with --merge-into",
  );
}

/** Under a MAC over all values, either side's lines beside those of the other are a document that does not open. */
function wholeSideHint(name: string): string {
  const file = shellWord(name);
  return `take one side whole, git checkout --ours -- ${file} or --theirs, and set what the other has anew, with sops set or --merge-into; no mixture of the lines opens`;
}

async function mergedInClear(
  versions: { base: Uint8Array; ours: Uint8Array; theirs: Uint8Array },
  name: string,
  io: Io,
) {
  const { mergeSopsFiles } = await import("../git/merge/merge-sops.ts");
  const { localUnwrapper } = await import("../git/local-unwrapper.ts");
  const format = /\.json$/i.test(name) ? "json" : "yaml";
  const { SealError } = await import("../../shared/errors.ts");
  try {
    return await mergeSopsFiles(versions, { format, unwrapper: await localUnwrapper(io), now: io.now() });
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return { bytes: null, words: [error.message] };
  }
}

async function setup(patterns: readonly string[], { write }: GitOptions, io: Io): Promise<void> {
  const { setUp, setupText } = await import("../git/setup.ts");
  if (write) await setUp(patterns, io);
  else writeProduct(setupText(patterns), { format: null, "sealed-secret-file": null }, io);
}

function read(path: string, io: Io): Uint8Array {
  try {
    return io.files.read(path);
  } catch (error) {
    throw fileFailure(`cannot read ${path}`, "let Git call this, or name an existing file", error);
  }
}

function put(path: string, bytes: Uint8Array, io: Io): void {
  try {
    io.files.replace(path, bytes);
  } catch (error) {
    throw fileFailure(`cannot write ${path}`, "check the folder and its permissions", error);
  }
}
