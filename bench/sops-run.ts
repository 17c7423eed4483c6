import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encryptSopsDocuments } from "../shared/document/sops/encrypt-document.ts";
import { sopsWrapper } from "../shared/document/sops/keys/wrapper.ts";
import { readSopsTree } from "../shared/document/sops/read-tree.ts";
import { writeSopsTree } from "../shared/document/sops/write-tree.ts";
import { makeScratchFolder } from "../test/support/control-plane/scratch-folder.ts";
import { newAgeIdentity } from "../test/support/sops-keys.ts";
import { ensureRealComponents } from "../test/tools/real-components.ts";
import { loopedOf } from "./figures.ts";
import { type Measurement, median } from "./measurement.ts";

const signetFile = join(import.meta.dirname, "..", "dist", "signet.cjs");

/**
 * Times whole processes that open Secrets encrypted for an age identity: `signet render`, and `sops decrypt`.
 * @param repeats how often each is run for one document.
 * @param many how many documents are opened in one run of ours; the loop of sops runs over a tenth of them and is scaled.
 */
export async function runSops({ repeats, many }: { repeats: number; many: number }): Promise<Measurement[]> {
  const { sops } = await ensureRealComponents(["sops"]);
  const scratch = await makeScratchFolder("bench-sops");
  try {
    const { text: identity, recipient } = await newAgeIdentity();
    const tree = join(scratch.path, "tree");
    await mkdir(tree);
    const files = Array.from({ length: many }, (_, i) => join(tree, `secret-${i}.yaml`));
    for (const [i, file] of files.entries()) await writeFile(file, await encryptedSecret(i, recipient));
    const [first = ""] = files;
    const env = { PATH: process.env["PATH"], HOME: scratch.path, SOPS_AGE_KEY: identity };
    const time = (command: string, args: readonly string[]): number => {
      const start = performance.now();
      const result = spawnSync(command, args, { env, maxBuffer: 256 * 1024 * 1024 });
      const elapsed = performance.now() - start;
      if (result.status !== 0)
        throw new Error(`${command} ${args.join(" ")}: ${result.status} ${result.stderr}`);
      return elapsed;
    };
    const render = (path: string) =>
      time(process.execPath, [signetFile, "render", "--strict", "--allow-unbound", path]);
    const subjects: Record<string, () => number> = {
      "node -e 0": () => time(process.execPath, ["-e", "0"]),
      reference: () => time(sops, ["decrypt", first]),
      Signet: () => render(first),
    };

    const times = new Map(Object.keys(subjects).map((subject) => [subject, [] as number[]]));
    // One after the other in turn, so that whatever else the machine does meets all alike; the first turn warms up.
    for (let turn = 0; turn <= repeats; turn += 1) {
      for (const [subject, run] of Object.entries(subjects)) {
        const elapsed = run();
        if (turn > 0) times.get(subject)?.push(elapsed);
      }
    }
    const found = [...times].map(
      ([subject, values]): Measurement => ({ figure: "oneSops", subject, value: median(values) }),
    );
    const looped = files.slice(0, loopedOf(many));
    let elapsed = 0;
    for (const file of looped) elapsed += time(sops, ["decrypt", file]);
    const scaled = ((elapsed / looped.length) * many) / 1000;
    found.push({ figure: "manySops", subject: "reference", value: scaled });
    found.push({ figure: "manySops", subject: "Signet", value: render(tree) / 1000 });
    return found;
  } finally {
    await scratch.remove();
  }
}

/** A Secret of two items, as sops encrypts one. */
async function encryptedSecret(index: number, recipient: string): Promise<string> {
  const plain = `apiVersion: v1\nkind: Secret\nmetadata:\n    name: secret-${index}\n    namespace: default\nstringData:\n    user: admin\n    password: secret ${index}\n`;
  const encrypted = await encryptSopsDocuments(readSopsTree(plain, "yaml", "plain"), {
    groups: [[{ type: "age", recipient }]],
    shamirThreshold: 0,
    selection: { rule: "encrypted_regex", pattern: "^(data|stringData)$" },
    macOnlyEncrypted: false,
    wrapper: sopsWrapper({ kms: null, vault: null, now: () => new Date() }),
    now: new Date(),
    signal: new AbortController().signal,
  });
  return writeSopsTree(encrypted, "yaml");
}
