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
  /** Which of them start Vault, which takes longest to build. */
  withVault: string[];
  /** Which of them start moto, which takes a Python. */
  withMoto: string[];
};

const waits =
  /^test\/interop\/(?:faults-|leader-election|key-succession|keys\.|key-services-faults|key-crashes|bench-smoke|canary|events|log-lines|listed-namespace-gone|stopping|api-contract|vault-references)/;

const componentsModule = "test/tools/real-components.ts";
const vaultModule = "test/support/vault-server.ts";
const motoModule = "test/tools/moto.ts";

/** Sorts every test file below test/ into the part that runs it: by folder, and by whether it imports the real components. */
export async function planTests(root: string): Promise<Plan> {
  const files = await readSourceTree(root);
  const imports = new Map(
    files.map(({ path, imports: all }) => [
      path,
      all.flatMap(({ to, ours, typeOnly }) => (ours && !typeOnly && to !== null ? [to] : [])),
    ]),
  );
  const plan: Plan = {
    alone: [],
    withComponents: [],
    inNetbox: [],
    waiting: [],
    withVault: [],
    withMoto: [],
  };
  for (const path of imports.keys()) {
    if (!/^test\/.*\.test\.ts$/.test(path)) continue;
    if (reaches(vaultModule, path, imports)) plan.withVault.push(path);
    if (reaches(motoModule, path, imports)) plan.withMoto.push(path);
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
  return keep(plan, (path) => wanted.some((want) => fits(path, want)));
}

/** @returns the plan without the files given. */
export function leaveOut(plan: Plan, files: readonly string[]): Plan {
  return keep(plan, (path) => !files.includes(path));
}

function keep(plan: Plan, stays: (path: string) => boolean): Plan {
  return {
    alone: plan.alone.filter(stays),
    withComponents: plan.withComponents.filter(stays),
    inNetbox: plan.inNetbox.filter(stays),
    waiting: plan.waiting.filter(stays),
    withVault: plan.withVault.filter(stays),
    withMoto: plan.withMoto.filter(stays),
  };
}

function reaches(target: string, from: string, imports: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set([from]);
  for (const path of seen) {
    for (const next of imports.get(path) ?? []) seen.add(next);
  }
  return seen.has(target);
}
