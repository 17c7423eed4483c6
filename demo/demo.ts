// npm run demo [-- --kubeconfig FILE]: seals a Secret, applies it, shows what the controller makes of it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDocuments } from "../shared/document/read-documents.ts";
import { SealError } from "../shared/errors.ts";
import type { KubeObject } from "../shared/kube/client.ts";
import { sealedSecretPath } from "../shared/kube/paths.ts";
import { runSignet } from "./programs.ts";
import { embeddedStage, eventually, readObject, realStage, type Stage, secretPath } from "./stage.ts";

const SECRET = `apiVersion: v1
kind: Secret
metadata:
  name: database
stringData:
  user: shop
  password: correct horse battery staple
`;

type Condition = { type: string; status: string; message?: string };

async function play(stage: Stage): Promise<void> {
  const { client, namespace } = stage;
  say(`Signet's controller runs on ${stage.title}.`);

  say("1. A Secret that must not be committed:");
  show(SECRET);

  const command = ["--namespace", namespace, "--format", "yaml", ...stage.certificateArguments];
  say(`2. Sealed:  signet ${command.join(" ")} < secret.yaml > sealed.yaml`);
  const sealed = await runSignet(command, SECRET, { KUBECONFIG: stage.kubeconfig });
  if (sealed.code !== 0) throw new Error(`signet failed:\n${sealed.stderr}`);
  say("This can be committed; only the cluster can open it:");
  show(sealed.stdout.replace(/^(\s+\w+: [\w+/]{44})[\w+/=]+$/gm, "$1…"));

  say("3. Applied. The controller makes the Secret:");
  const [document] = readDocuments(sealed.stdout, "sealed.yaml");
  const sealedSecret = document?.value as KubeObject;
  await client.request({ method: "POST", path: sealedSecretPath(namespace), body: sealedSecret });
  const secret = await eventually("the Secret", () => readObject(client, secretPath(namespace, "database")));
  for (const [item, value] of Object.entries((secret["data"] ?? {}) as Record<string, string>)) {
    show(`${item}: ${Buffer.from(value, "base64").toString("utf8")}`);
  }

  say("4. Copied under another name, to be read there. The controller refuses:");
  const copy = { ...sealedSecret, metadata: { ...sealedSecret.metadata, name: "stolen" } };
  await client.request({ method: "POST", path: sealedSecretPath(namespace), body: copy });
  const refused = await eventually("the refusal", () => conditionOf(stage, "stolen", "Synced"));
  show(`Synced=${refused.status}: ${refused.message ?? ""}`);
  if (refused.status !== "False" || (await readObject(client, secretPath(namespace, "stolen"))) !== null) {
    throw new Error("the renamed copy was opened");
  }
  show(`kubectl get secret stolen: not found`);
}

async function conditionOf(stage: Stage, name: string, type: string): Promise<Condition | null> {
  const object = await readObject(stage.client, sealedSecretPath(stage.namespace, name));
  const status = (object?.["status"] ?? {}) as { conditions?: Condition[] };
  return status.conditions?.find((condition) => condition.type === type) ?? null;
}

function say(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

function show(text: string): void {
  process.stdout.write(`${text.replace(/\n+$/, "").replace(/^/gm, "    ")}\n`);
}

function kubeconfigArgument(args: readonly string[]): string | null {
  const [first, second, ...rest] = args;
  if (first === undefined) return null;
  if (first === "--kubeconfig" && second !== undefined && rest.length === 0) return second;
  const value = /^--kubeconfig=(.+)$/.exec(first)?.[1];
  if (value !== undefined && second === undefined) return value;
  process.stderr.write("error: unknown arguments\nhint: npm run demo -- --kubeconfig FILE\n");
  process.exit(2);
}

const kubeconfig = kubeconfigArgument(process.argv.slice(2));
const folder = await mkdtemp(join(tmpdir(), "signet-demo-"));
// The CLI keeps a record of certificates it saw; the demo's belong to the demo.
process.env["XDG_STATE_HOME"] = folder;
const started = performance.now();
try {
  const stage = kubeconfig === null ? await embeddedStage(folder) : await realStage(kubeconfig);
  const interrupted = new Promise<never>((_resolve, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
    }
  });
  try {
    await Promise.race([play(stage), interrupted]);
  } finally {
    await stage.close();
  }
  say(`Done in ${((performance.now() - started) / 1000).toFixed(1)} s; nothing was left behind.`);
} catch (error) {
  const words = error instanceof Error ? error.message : String(error);
  process.stderr.write(`error: ${words}\n`);
  if (error instanceof SealError) process.stderr.write(`hint: ${error.hint}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
