import { SealError } from "../../shared/errors.ts";
import { runAtMost } from "../../shared/seal/concurrently.ts";
import { type DocumentTask, requireOtherPlace, type Worked, workOnFile } from "../file-work.ts";
import { type InputFile, inputFiles, readInput } from "../input-files.ts";
import type { Io } from "../io.ts";
import { placeBelow, writeResult } from "../output-folder.ts";
import { startProgress } from "../progress.ts";
import { requireInRepository } from "../repository-links.ts";
import { rotateDocument } from "./rotate-document.ts";
import type { RotateOptions } from "./rotate-options.ts";
import type { RotatedFile, RotatedObject } from "./rotated-file.ts";
import type { RotationMeans } from "./rotation-means.ts";
import { fileLine, interruptedLine, whyLeft } from "./rotation-report.ts";

/** Files that are worked on side by side: while keys open the values of some, others are read and written. */
const FILES_AT_A_TIME = 8;

const SAME_FOLDER = {
  refusal: "--output-dir leads back to it",
  hint: "leave --output-dir out if that is meant, or give another folder",
};

/**
 * Seals the values of all SealedSecrets in the files given anew, file by file: each is written as soon as it is done, whole or
 * not at all, and one that fails is left as it is. A line for each, in their order, goes to standard error; when interrupted,
 * a last one says how far this came.
 * @returns what became of each, in their order.
 * @throws SealError where nothing can be done at all.
 */
export async function rotateFiles(
  args: readonly string[],
  means: RotationMeans,
  options: RotateOptions,
  io: Io,
): Promise<RotatedFile[]> {
  const folder = options["output-dir"];
  const files = inputFiles(args, io.files, folder);
  const targets = files.map((file) =>
    folder === null ? file.path : placeBelow(folder, file.target, io.files),
  );
  if (folder !== null)
    for (const [at, { path }] of files.entries())
      requireOtherPlace({ inPlace: SAME_FOLDER }, path, targets[at] ?? null, io);
  const results = new Map<number, RotatedFile>();
  const progress = startProgress(io, files.length);
  let told = 0;
  const tell = () => {
    for (let next = results.get(told); next !== undefined; next = results.get(told)) {
      progress.line(fileLine(next, options));
      told += 1;
    }
  };
  const works = files.map((file, at) => async () => {
    results.set(at, await rotateFile(file, targets[at] ?? file.path, means, options, io));
    tell();
    progress.step();
    // A turn of the event loop: now the program may be interrupted.
    await new Promise(setImmediate);
    return true;
  });
  const goOn = await io.whenInterrupted?.(() => {
    const done = [...results].sort(([a], [b]) => a - b);
    // Lines keep the files' order: these waited for one that is under way.
    for (const [at, result] of done) if (at >= told) progress.line(fileLine(result, options));
    const soFar = done.map(([, result]) => result);
    progress.line(interruptedLine(soFar, files.length, options));
    progress.end();
  });
  try {
    await runAtMost(FILES_AT_A_TIME, works);
  } finally {
    await goOn?.();
    progress.end();
  }
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}

async function rotateFile(
  file: InputFile,
  target: string,
  means: RotationMeans,
  options: RotateOptions,
  io: Io,
): Promise<RotatedFile> {
  const objects: RotatedObject[] = [];
  const task: DocumentTask = {
    done: "rotated",
    kind: "SealedSecret",
    inPlace: true,
    hasProduct: true,
    async perform(document) {
      const { performed, object } = await rotateDocument(document, options.namespace, means);
      objects.push(object);
      return performed;
    },
  };
  const { path } = file;
  try {
    if (options["output-dir"] === null) requireInRepository(path, io.files);
    const why = means.whyNot(path);
    if (why !== null) {
      deliver({ content: readInput(path, io) }, target, false, options, io);
      return { path, state: "left", why, hint: null, objects };
    }
    const worked = await workOnFile(task, file, target, io);
    const isChanged = objects.some(({ changed }) => changed);
    deliver(worked, target, isChanged, options, io);
    if (isChanged) return { path, state: "rotated", why: null, hint: null, objects };
    return { path, state: "left", why: worked.left ?? whyLeft(objects), hint: null, objects };
  } catch (error) {
    if (!(error instanceof SealError) || means.endsRun(error)) throw error;
    const { message, hint } = error;
    return { path, state: "failed", why: message, hint, objects: [] };
  }
}

/** Below an output folder all files go, changed or not, so that it holds the whole tree. */
function deliver(
  { content }: Pick<Worked, "content">,
  target: string,
  isChanged: boolean,
  { "dry-run": isTrial, "output-dir": folder }: RotateOptions,
  { files }: Io,
): void {
  if (isTrial || (folder === null && !isChanged)) return;
  writeResult(target, content, files, { makesFolder: folder !== null });
}
