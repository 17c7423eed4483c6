import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder, private to this user, that goes when it is removed or when this process ends. */
export type ScratchFolder = { readonly path: string; remove(): Promise<void> };

const present = new Set<string>();
process.on("exit", () => {
  for (const path of present) rmSync(path, { recursive: true, force: true });
});

/** Makes one; `purpose` becomes part of its name. */
export async function makeScratchFolder(purpose: string): Promise<ScratchFolder> {
  const path = await mkdtemp(join(tmpdir(), `signet-${purpose}-`));
  present.add(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      present.delete(path);
    },
  };
}
