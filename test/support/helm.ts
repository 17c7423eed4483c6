import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { ensureRealComponents } from "../tools/real-components.ts";
import { asKubeObject, type KubeObject } from "./control-plane/kube-object.ts";
import { type CommandResult, runProgram } from "./run-program.ts";

/** This product's chart. */
export const chartFolder = join(import.meta.dirname, "../../chart");

/** How a chart is rendered. */
export type RenderOptions = {
  /** Folder of the chart; this product's by default. */
  chart?: string;
  /** Values files, later ones over earlier ones. */
  files?: readonly string[];
  /** Values over those of the files. */
  values?: Record<string, unknown>;
  /** Name of the release; sealed-secrets by default. */
  release?: string;
  /** The release's namespace; kube-system by default. */
  namespace?: string;
  /** Further arguments of `helm template`. */
  args?: readonly string[];
};

/** Runs the real Helm with nothing of the user's settings. */
export async function runHelm(
  args: readonly string[],
  { env = {}, boundMs = 120_000 }: { env?: Readonly<Record<string, string>>; boundMs?: number } = {},
): Promise<CommandResult> {
  const { helm } = await ensureRealComponents(["helm"]);
  const home = await mkdtemp(join(tmpdir(), "signet-helm-test-"));
  try {
    // Collecting garbage is a third of a run this short.
    const fixed = { HOME: home, PATH: process.env["PATH"], GOGC: "off" };
    return await runProgram(helm, args, { env: { ...fixed, ...env }, boundMs });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Renders a chart and tells how that went, `stdout` holding the objects as YAML. */
export async function helmTemplate(options: RenderOptions = {}): Promise<CommandResult> {
  const { chart = chartFolder, files = [], values = {}, release = "sealed-secrets", args = [] } = options;
  const folder = await mkdtemp(join(tmpdir(), "signet-values-test-"));
  try {
    const last = join(folder, "values.json");
    await writeFile(last, JSON.stringify(values));
    return await runHelm([
      "template",
      release,
      chart,
      `--namespace=${options.namespace ?? "kube-system"}`,
      "--kube-version=1.36.3",
      ...[...files, last].map((file) => `--values=${file}`),
      ...args,
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Renders a chart, without its custom resource definitions.
 * @throws Error with Helm's message when that fails.
 */
export async function renderChart(options: RenderOptions = {}): Promise<KubeObject[]> {
  const { code, stdout, stderr } = await helmTemplate(options);
  if (code !== 0) throw new Error(`helm template failed: ${stderr}`);
  return objectsIn(stdout);
}

/** @returns the Kubernetes objects of a YAML stream. */
export function objectsIn(text: string): KubeObject[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents
    .map((document): unknown => {
      if (document.errors.length > 0) throw new Error(`no YAML: ${document.errors[0]?.message}`);
      return document.toJS();
    })
    .filter((value) => value !== null)
    .map(asKubeObject);
}

/** The one object of a kind and a name. @throws Error when there is none, or several. */
export function objectOf(objects: readonly KubeObject[], kind: string, name?: string): KubeObject {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  const [object] = found;
  if (object === undefined || found.length > 1)
    throw new Error(`${found.length} objects are ${kind} ${name ?? ""}`);
  return object;
}

/** What stands at a path of fields and indexes in a value; undefined when nothing does. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === "object" && inner !== null
        ? (inner as Record<string | number, unknown>)[step]
        : undefined,
    value,
  );
}

/** The arguments of the controller in a rendering. */
export function argumentsOf(objects: readonly KubeObject[]): string[] {
  const found = at(objectOf(objects, "Deployment"), "spec", "template", "spec", "containers", 0, "args");
  return Array.isArray(found) ? found.map(String) : [];
}
