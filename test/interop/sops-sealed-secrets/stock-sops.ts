import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { asKubeObject, type KubeObject } from "../../support/control-plane/kube-object.ts";
import { runProgram } from "../../support/run-program.ts";
import { ensureRealComponents } from "../../tools/real-components.ts";

/** The stock tool, in a folder of its own. */
export type StockSops = {
  /** Runs it on a file of that name and content. @returns the file as it is then, and what it printed. */
  run(args: readonly string[], file: string, content: string): Promise<{ file: string; stdout: string }>;
  /** The object of a document that it decrypts. @throws AssertionError when it refuses, as for a MAC that does not fit. */
  decrypt(file: string, content: string): Promise<KubeObject>;
};

/** @param env beside PATH: identities, credentials. It finds nothing else. */
export async function stockSops(folder: string, env: Readonly<Record<string, string>>): Promise<StockSops> {
  const { sops } = await ensureRealComponents(["sops"]);
  const run: StockSops["run"] = async (args, file, content) => {
    const path = join(folder, file);
    await writeFile(path, content);
    const asked = args.map((arg) => (arg === "FILE" ? path : arg));
    const { code, stdout, stderr } = await runProgram(sops, asked, {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, ...env },
    });
    assert.equal(code, 0, `sops ${args.join(" ")}: ${stderr}`);
    return { file: await readFile(path, "utf8"), stdout };
  };
  return {
    run,
    async decrypt(file, content) {
      const { stdout } = await run(["decrypt", "FILE"], file, content);
      return asKubeObject(parse(stdout));
    },
  };
}
