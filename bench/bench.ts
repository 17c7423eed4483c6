// npm run bench: Signet against the Go reference, side by side on control planes of the same build.
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { version } from "../shared/version.ts";
import { isInsideNetbox } from "../test/support/control-plane/host-network.ts";
import { ensureRealComponents, realComponentsAvailable } from "../test/tools/real-components.ts";
import { runWithOwnLimits } from "./client-limits-run.ts";
import { runCommandLine } from "./command-line-run.ts";
import { runController } from "./controller-run.ts";
import { makeCorpus } from "./corpus.ts";
import { figuresOf } from "./figures.ts";
import { runGuard } from "./guard-run.ts";
import { runKeyRings } from "./key-ring-run.ts";
import { runKeyService } from "./key-service-run.ts";
import type { Measurement } from "./measurement.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { resultsTable } from "./results-table.ts";
import { runRotate } from "./rotate-run.ts";
import { runSops } from "./sops-run.ts";
import { reference, signet } from "./subject.ts";

const root = join(import.meta.dirname, "..");
const components = ["netbox", "etcd", "kube-apiserver", "kubeseal", "sealed-secrets-controller"] as const;
const withoutLimits = ["--kubeclient-qps=-1"];
/** Scenes that need no SealedSecrets in a cluster. */
const ownObjects: ReadonlySet<string> = new Set(["kms", "vault", "sops", "guard", "rotate"]);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}\nhint: ${usage}`);
    return 2;
  }
  if (isInsideNetbox()) {
    await measure(options);
    return 0;
  }
  const needed = [
    ...components,
    ...(["vault", "sops"] as const).filter((component) => options.only.has(component)),
  ];
  const availability = await realComponentsAvailable(needed);
  if (!availability.available) {
    console.error(`error: there is nothing to compare with: ${availability.reason}`);
    console.error(
      "hint: install Go, then run it again; the reference and a control plane are built from source",
    );
    return 1;
  }
  const { netbox } = await ensureRealComponents(needed);
  const built = spawnSync(process.execPath, [join(root, "scripts", "build.ts")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (built.status !== 0) return 1;
  // The rest runs in a network of its own, where the controllers have addresses as pods have.
  const again = [netbox, "run", "--", process.execPath, join(import.meta.dirname, "bench.ts"), ...args];
  return spawnSync(netbox, again.slice(1), { stdio: "inherit" }).status ?? 1;
}

async function measure(options: BenchOptions): Promise<void> {
  const { objects, items, keyBits, rounds, samples, starts, many, only } = options;
  const found: Measurement[] = [];
  for (const service of ["kms", "vault"] as const) {
    if (!only.has(service)) continue;
    found.push(...(await runKeyService(service, options, (what) => console.error(`${service}: ${what}`))));
  }
  const isCompared = [...only].some((scene) => !ownObjects.has(scene));
  if (isCompared) console.error(`sealing ${objects} objects of ${items} items`);
  // Of one object where it is not asked for: what follows does nothing then.
  const corpus = await makeCorpus({ objects: isCompared ? objects : 1, items, keyBits, keys: 1 });

  const inCluster = (["cold", "restart", "fresh", "idle"] as const).some((scene) => only.has(scene));
  // The reference first and last: what drifts over the time then weighs on both alike.
  const order = Array.from({ length: rounds }, (_, i) =>
    i % 2 === 0 ? [reference, signet] : [signet, reference],
  ).flat();
  for (const [i, subject] of (inCluster ? order : []).entries()) {
    const progress = (what: string): void =>
      console.error(`${i + 1}/${order.length} ${subject.name}: ${what}`);
    found.push(...(await runController({ subject, flags: withoutLimits, corpus, options, progress })));
  }
  for (const subject of only.has("limits") ? [reference, signet] : []) {
    console.error(`${subject.name}: cold start without flags`);
    found.push(...(await runWithOwnLimits(subject, corpus)));
  }
  if (only.has("keys")) {
    found.push(...(await runKeyRings(options, (what) => console.error(`key ring: ${what}`))));
  }
  if (only.has("cli")) {
    console.error("command line");
    found.push(...(await runCommandLine(corpus.certificatePem, { repeats: starts, many })));
  }
  if (only.has("sops")) {
    console.error("SOPS documents");
    found.push(...(await runSops({ repeats: starts, many })));
  }
  if (only.has("guard")) {
    console.error("guard");
    found.push(...runGuard({ repeats: starts }));
  }
  if (only.has("rotate")) {
    console.error("rotate");
    found.push(...(await runRotate({ keyBits, many })));
  }

  const heading = [
    `Signet ${version} against Sealed Secrets 0.40.0: ${objects} SealedSecrets of ${items} items, one key of RSA ${keyBits} where no other is named;`,
    `${order.map(({ name }) => name).join(", ")}, a clean etcd each, both without limits on their requests; ${samples} idle samples.`,
    `${cpus().length} × ${cpus()[0]?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}, ${new Date().toISOString()}.`,
  ].join("\n");
  const report = `${heading}\n\n${resultsTable(figuresOf(options), found)}\n`;
  console.log(report);
  await mkdir(options.results, { recursive: true });
  const name = join(options.results, new Date().toISOString().replaceAll(":", "-"));
  await writeFile(`${name}.md`, report);
  await writeFile(`${name}.json`, `${JSON.stringify({ heading, measurements: found }, null, 2)}\n`);
}
