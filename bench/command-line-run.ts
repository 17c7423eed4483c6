import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeScratchFolder } from "../test/support/control-plane/scratch-folder.ts";
import { ensureRealComponents } from "../test/tools/real-components.ts";
import { loopedOf } from "./figures.ts";
import { type Measurement, median } from "./measurement.ts";

const signetFile = join(import.meta.dirname, "..", "dist", "signet.cjs");

type Command = { subject: string; command: string; args: string[] };

/**
 * Times whole processes that seal offline.
 * @param repeats how often each is run for one Secret.
 * @param many how many Secrets are sealed at once; the loop of kubeseal runs over a tenth of them and is scaled.
 */
export async function runCommandLine(
  certificatePem: string,
  { repeats, many }: { repeats: number; many: number },
): Promise<Measurement[]> {
  const { kubeseal } = await ensureRealComponents(["kubeseal"]);
  const scratch = await makeScratchFolder("bench-cli");
  try {
    const certificate = join(scratch.path, "cert.pem");
    await writeFile(certificate, certificatePem);
    const env = { PATH: process.env["PATH"], HOME: scratch.path };
    const time = ({ command, args }: Command, input: string): number => {
      const start = performance.now();
      const result = spawnSync(command, args, { input, env, maxBuffer: 256 * 1024 * 1024 });
      const elapsed = performance.now() - start;
      if (result.status !== 0)
        throw new Error(`${command} ${args.join(" ")}: ${result.status} ${result.stderr}`);
      return elapsed;
    };
    const bare = { subject: "node -e 0", command: process.execPath, args: ["-e", "0"] };
    const reference = { subject: "reference", command: kubeseal, args: ["--cert", certificate] };
    const signet = {
      subject: "Signet",
      command: process.execPath,
      args: [signetFile, "--cert", certificate],
    };

    const found: Measurement[] = [];
    const commands = [bare, reference, signet];
    const times = new Map(commands.map(({ subject }) => [subject, [] as number[]]));
    // One after the other in turn, so that whatever else the machine does meets all alike; the first turn warms up.
    for (let turn = 0; turn <= repeats; turn += 1) {
      for (const command of commands) {
        const elapsed = time(command, secrets(1));
        if (turn > 0) times.get(command.subject)?.push(elapsed);
      }
    }
    for (const [subject, values] of times)
      found.push({
        figure: "oneSecret",
        subject,
        value: median(values),
      });

    const loop = loopedOf(many);
    let looped = 0;
    for (let i = 0; i < loop; i += 1) looped += time(reference, secrets(1));
    found.push({ figure: "manySecrets", subject: "reference", value: ((looped / loop) * many) / 1000 });
    found.push({ figure: "manySecrets", subject: "Signet", value: time(signet, secrets(many)) / 1000 });
    return found;
  } finally {
    await scratch.remove();
  }
}

/** A stream of Secrets in YAML. */
function secrets(count: number): string {
  return Array.from(
    { length: count },
    (_, i) =>
      `apiVersion: v1\nkind: Secret\nmetadata:\n  name: secret-${i}\n  namespace: default\nstringData:\n  user: admin\n  password: secret ${i}\n`,
  ).join("---\n");
}
