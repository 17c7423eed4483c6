import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { readSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import type { KnownKeys } from "./known-keys.ts";
import type { LintProblem } from "./problem.ts";

/** An object and where it stands. */
type Placed = { path: string; line: number; sealedSecret: SealedSecret };

/**
 * Finds objects of one namespace and name, and tells of all but the first. Trees often hold a folder for each cluster, so
 * that only within a folder it is an error; nor is it one there where their keys are pinned for different clusters.
 */
export function duplicateNames<Object extends Placed>(
  objects: readonly Object[],
  known: KnownKeys,
): { object: Object; problem: LintProblem }[] {
  const byName = Map.groupBy(objects, ({ sealedSecret: { metadata } }) =>
    JSON.stringify([metadata.namespace ?? "", metadata.name]),
  );
  return [...byName.values()].flatMap((alike) =>
    alike.slice(1).map((object, before) => {
      const earlier = alike.slice(0, before + 1);
      const near = earlier.find(
        (other) => folderOf(other.path) === folderOf(object.path) && !areForOthers(other, object, known),
      );
      const { path, line } = near ?? alike[0] ?? object;
      const problem: LintProblem = {
        rule: "duplicate-name",
        level: near === undefined ? "note" : "error",
        item: null,
        at: ["metadata", "name"],
        what: `${path}:${line} has another SealedSecret of this namespace and name`,
      };
      return { object, problem };
    }),
  );
}

/** Whether all that is said of both is that they are for different clusters. */
function areForOthers(one: Placed, other: Placed, known: KnownKeys): boolean {
  const [ours, theirs] = [notedClusters(one, known), notedClusters(other, known)];
  return ours.length > 0 && theirs.length > 0 && !ours.some((cluster) => theirs.includes(cluster));
}

/** The clusters that the project pins those keys for which an object names as its own; a key may be pinned for several. */
function notedClusters({ sealedSecret: { metadata, spec } }: Placed, known: KnownKeys): string[] {
  const hint = readSealingKeyHint(metadata.annotations, Object.keys(spec.encryptedData));
  const noted = new Set(hint.values());
  return (known ?? []).flatMap(({ fingerprint, cluster }) =>
    cluster !== null && noted.has(fingerprint) ? [cluster] : [],
  );
}

function folderOf(path: string): string {
  return path.replace(/[^\\/]*$/, "");
}
