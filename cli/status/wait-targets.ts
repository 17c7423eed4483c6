import { isDeepStrictEqual } from "node:util";
import { InputError, UsageError } from "../../shared/errors.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { annotatedScopeKind } from "../../shared/scope.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { objectsInCluster } from "../inventory/cluster.ts";
import { objectsInTrees } from "../inventory/trees.ts";
import type { Io } from "../io.ts";

/** An object that is waited for. */
export type WaitTarget = {
  namespace: string;
  name: string;
  /** What it is to hold, as a file has it; null where whatever it holds will do. */
  wanted: SealedSecret | null;
  /** Whether it is waited for no longer once it is deleted: it was there, and nobody named it. */
  mayGo: boolean;
};

/** What says which objects are waited for. */
export type TargetWords = { names: readonly string[]; filename: readonly string[]; all: boolean };

/**
 * The objects that a command line names: by name, from files, or all that a namespace has now.
 * @param namespace of names, and of objects in files that name none.
 * @throws UsageError when it names none, or in two ways; InputError for what cannot be read.
 */
export async function waitTargets(
  { names, filename, all }: TargetWords,
  { namespace, client, timeoutMs }: { namespace: string; client: KubeClient; timeoutMs: number | null },
  io: Io,
): Promise<WaitTarget[]> {
  if ([names.length > 0, filename.length > 0, all].filter(Boolean).length !== 1) {
    throw new UsageError(
      "it is not said what to wait for, or in several ways",
      "write signet wait NAME…, signet wait -f PATH, or signet wait --all",
    );
  }
  if (names.length > 0)
    return [...new Set(names)].map((name) => ({ namespace, name, wanted: null, mayGo: false }));
  const { objects, problems } = all
    ? await objectsInCluster(client, [namespace], timeoutMs)
    : await objectsInTrees(filename, io, namespace);
  const [problem] = problems;
  if (problem !== undefined) throw new InputError(problem.problem, problem.next);
  if (objects.length === 0) {
    throw new InputError(
      all ? `no SealedSecret in the namespace ${namespace}` : "no SealedSecret in the files given",
      "check the namespace (-n) and the paths",
    );
  }
  const targets = objects.map(({ sealedSecret }) => ({
    namespace: sealedSecret.metadata.namespace ?? namespace,
    name: sealedSecret.metadata.name,
    wanted: all ? null : sealedSecret,
    mayGo: all,
  }));
  requireDistinct(targets);
  return targets;
}

function requireDistinct(targets: readonly WaitTarget[]): void {
  const places = targets.map(({ namespace, name }) => `${namespace}/${name}`);
  const twice = places.find((place, index) => places.indexOf(place) !== index);
  if (twice === undefined) return;
  throw new InputError(
    `the files hold two SealedSecrets ${twice}: the cluster can hold one`,
    "give the files of one cluster alone",
  );
}

/** Whether an object of the cluster holds what is wanted of it. */
export function holdsWanted({ wanted }: WaitTarget, object: SealedSecret): boolean {
  return (
    wanted === null ||
    (isDeepStrictEqual(object.spec, wanted.spec) &&
      isDeepStrictEqual(object.sops ?? null, wanted.sops ?? null) &&
      annotatedScopeKind(object.metadata.annotations) === annotatedScopeKind(wanted.metadata.annotations))
  );
}
