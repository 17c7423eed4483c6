import { SealError } from "../../shared/errors.ts";
import { inputFiles, readInput } from "../input-files.ts";
import type { Io } from "../io.ts";
import { type FileReading, readInventoriedFile } from "./read-file.ts";
import type { Inventory, InventoryProblem, SealedObject } from "./sealed-object.ts";

/**
 * Every SealedSecret of files, folders with all manifests below them, and patterns.
 * @param namespace of objects that name none; null to leave them without one: a strict value opens nowhere then.
 * @returns the objects in the order of the paths and of the files in them, and what could not be read.
 * @throws FileError, UsageError for a path that gives no file at all.
 */
export async function objectsInTrees(
  paths: readonly string[],
  io: Io,
  namespace: string | null = null,
): Promise<Inventory> {
  const objects: SealedObject[] = [];
  const problems: InventoryProblem[] = [];
  for (const { file, problems: found } of filesInTrees(paths, io, namespace)) {
    if (file !== null) objects.push(...file.objects);
    problems.push(...found);
  }
  return { objects, problems };
}

/** The same file by file, for whoever changes them: one that holds no SealedSecret comes where something of it could not be read. */
export function* filesInTrees(
  paths: readonly string[],
  io: Io,
  namespace: string | null = null,
): Generator<FileReading> {
  for (const input of inputFiles(paths, io.files)) {
    const reading = readOne(input.path, () =>
      readInventoriedFile(readInput(input.path, io), { ...input, namespace }),
    );
    if (reading.file !== null || reading.problems.length > 0) yield reading;
  }
}

function readOne(where: string, read: () => FileReading): FileReading {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return { file: null, problems: [{ where, problem: error.message, next: error.hint }] };
  }
}
