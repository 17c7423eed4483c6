import type { Finding } from "./rules.ts";
import type { SourceFile } from "./source-tree.ts";

/**
 * Finds cycles of imports, type-only and dynamic ones included.
 * @returns one finding for each group of files that reach each other, with a shortest way round.
 */
export function findCycles(files: readonly SourceFile[]): Finding[] {
  const graph = new Map(files.map(({ path, imports }) => [path, ownTargets(imports)]));
  const reported = new Set<string>();
  const findings: Finding[] = [];
  for (const path of graph.keys()) {
    if (reported.has(path)) continue;
    const round = shortestRound(path, graph);
    if (round === null) continue;
    for (const member of round) reported.add(member);
    findings.push({ path, line: 1, message: `import cycle: ${round.join(" -> ")}`, fails: true });
  }
  return findings;
}

function ownTargets(imports: SourceFile["imports"]): string[] {
  return imports.flatMap(({ to, ours }) => (ours && to !== null ? [to] : []));
}

/** Breadth first from `start` back to it. */
function shortestRound(start: string, graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const path of queue) {
    for (const next of graph.get(path) ?? []) {
      if (next === start) return wayTo(path, start, cameFrom);
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, path);
      queue.push(next);
    }
  }
  return null;
}

function wayTo(last: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way = [start];
  for (let at: string | undefined = last; at !== undefined && at !== start; at = cameFrom.get(at))
    way.splice(1, 0, at);
  return [...way, start];
}
