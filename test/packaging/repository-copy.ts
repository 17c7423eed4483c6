import { cp, symlink } from "node:fs/promises";
import { join, relative } from "node:path";

/** Absolute path of the repository. */
export const repository = join(import.meta.dirname, "..", "..");

const generated = /^(?:\.git|node_modules|dist|\.dist-.*|toolchain\/[^/]+\/node_modules|bench\/results)$/;

/** Copies the repository's sources, without history, dependencies and what is built from them. */
export async function copySources(target: string): Promise<void> {
  await cp(repository, target, {
    recursive: true,
    filter: (source) => !generated.test(relative(repository, source)),
  });
}

/** Lets a copy use the dependencies that are installed here. */
export async function linkDependencies(copy: string): Promise<void> {
  await symlink(join(repository, "node_modules"), join(copy, "node_modules"));
}
