import { spawnSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { certifyKey } from "../shared/seal/issue-certificate.node.ts";
import { makeScratchFolder } from "../test/support/control-plane/scratch-folder.ts";
import { ensureRealComponents } from "../test/tools/real-components.ts";
import { loopedOf, rotatedOf } from "./figures.ts";
import type { Measurement } from "./measurement.ts";

const signetFile = join(import.meta.dirname, "..", "dist", "signet.cjs");

/**
 * Times bringing a tree of SealedSecrets offline from one key under another: one run of `signet rotate`, and what people
 * do with kubeseal where there is no controller, file by file: `--recovery-unseal`, then sealing what came out. That loop runs over
 * a tenth of the files and is scaled.
 * @param many how many values are rotated, two of them in a file.
 */
export async function runRotate({
  keyBits,
  many,
}: {
  keyBits: number;
  many: number;
}): Promise<Measurement[]> {
  const { kubeseal } = await ensureRealComponents(["kubeseal"]);
  const scratch = await makeScratchFolder("bench-rotate");
  try {
    const at = (name: string) => join(scratch.path, name);
    const env = { PATH: process.env["PATH"], HOME: scratch.path };
    const run = (command: string, args: readonly string[], input = ""): string => {
      const result = spawnSync(command, args, {
        input,
        env,
        cwd: scratch.path,
        maxBuffer: 256 * 1024 * 1024,
        encoding: "utf8",
      });
      if (result.status !== 0)
        throw new Error(`${command} ${args.join(" ")}: ${result.status} ${result.stderr}`);
      return result.stdout;
    };
    const timed = (work: () => void): number => {
      const start = performance.now();
      work();
      return (performance.now() - start) / 1000;
    };

    for (const name of ["old", "new"]) await writeKey(at(name), keyBits);
    await mkdir(at("tree"));
    const files = Array.from({ length: rotatedOf(many) }, (_, i) => at(`tree/sealed-${i}.yaml`));
    for (const [i, file] of files.entries()) await writeFile(file, secret(i));
    run(process.execPath, [signetFile, "--cert", "old.pem", "--in-place", "tree"]);

    const looped = files.slice(0, loopedOf(files.length));
    const texts = await Promise.all(looped.map((file) => readFile(file, "utf8")));
    const loop = timed(() => {
      for (const text of texts) {
        const opened = run(kubeseal, ["--recovery-unseal", "--recovery-private-key", "old.key"], text);
        run(kubeseal, ["--cert", "new.pem", "-o", "yaml"], opened);
      }
    });
    const rotate = ["rotate", "--private-key", "old.key,new.key", "--cert", "new.pem", "tree"];
    const ours = timed(() => run(process.execPath, [signetFile, ...rotate]));
    const again = timed(() => run(process.execPath, [signetFile, ...rotate]));
    return [
      { figure: "rotate", subject: "reference", value: (loop / looped.length) * files.length },
      { figure: "rotate", subject: "Signet", value: ours },
      { figure: "rotateAgain", subject: "Signet", value: again },
    ];
  } finally {
    await scratch.remove();
  }
}

/** A private key as `PATH.key`, and its certificate as `PATH.pem`. */
async function writeKey(path: string, modulusLength: number): Promise<void> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength });
  const pair = { privateKey, publicKey: createPublicKey(privateKey) };
  const { privateKeyPem, certificatePem } = await certifyKey(
    pair,
    { commonName: "", ttlMs: 24 * 3_600_000 },
    new Date(),
  );
  await writeFile(`${path}.key`, privateKeyPem);
  await writeFile(`${path}.pem`, certificatePem);
}

function secret(i: number): string {
  return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: secret-${i}\n  namespace: shop\nstringData:\n  user: admin\n  password: secret ${i}\n`;
}
