import { readSourceTree } from "../../scripts/imports/source-tree.ts";

/** Test files by the surroundings they need; paths from the repository's root. */
export type Plan = {
  /** Need nothing but Node. */
  alone: string[];
  /** Start real components, such as etcd or kubeseal. */
  withComponents: string[];
  /** Start real components inside a network of their own. */
  inNetbox: string[];
  /** The same, but wait most of their time, for leases to run out, for servers to come back: they run beside the others. */
  waiting: string[];
};

const waits = /^test\/interop\/(?:faults-|leader-election|key-succession|bench-smoke)/;

const componentsModule = "test/tools/real-components.ts";

/** Sorts every test file below test/ into the part that runs it: by folder, and by whether it imports the real components. */
export async function planTests(root: string): Promise<Plan> {
  const files = await readSourceTree(root);
  const imports = new Map(
    files.map(({ path, imports: all }) => [
      path,
      all.flatMap(({ to, ours, typeOnly }) => (ours && !typeOnly && to !== null ? [to] : [])),
    ]),
  );
  const plan: Plan = { alone: [], withComponents: [], inNetbox: [], waiting: [] };
  for (const path of imports.keys()) {
    if (!/^test\/.*\.test\.ts$/.test(path)) continue;
    if (waits.test(path)) plan.waiting.push(path);
    else if (path.startsWith("test/interop/")) plan.inNetbox.push(path);
    else if (reaches(componentsModule, path, imports)) plan.withComponents.push(path);
    else plan.alone.push(path);
  }
  return plan;
}

/**
 * Keeps the files asked for: by their path, or by a folder they are in.
 * @throws Error when something asked for matches no test file.
 */
export function narrow(plan: Plan, asked: readonly string[]): Plan {
  if (asked.length === 0) return plan;
  const wanted = asked.map((path) => path.replace(/^\.\//, "").replace(/\/+$/, ""));
  const fits = (path: string, want: string): boolean => path === want || path.startsWith(`${want}/`);
  const all = Object.values(plan).flat();
  for (const want of wanted) {
    if (!all.some((path) => fits(path, want))) throw new Error(`no test file fits ${want}`);
  }
  const keep = (paths: string[]): string[] => paths.filter((path) => wanted.some((want) => fits(path, want)));
  return {
    alone: keep(plan.alone),
    withComponents: keep(plan.withComponents),
    inNetbox: keep(plan.inNetbox),
    waiting: keep(plan.waiting),
  };
}

function reaches(target: string, from: string, imports: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set([from]);
  for (const path of seen) {
    for (const next of imports.get(path) ?? []) seen.add(next);
  }
  return seen.has(target);
}
