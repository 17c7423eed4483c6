import { InputError, SealError } from "../../shared/errors.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { sealedSecretPath } from "../../shared/kube/paths.ts";
import { API_VERSION, KIND } from "../../shared/resource.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import { syncStateOf, whyNotInSync } from "./sync-state.ts";
import { holdsWanted, type WaitTarget } from "./wait-targets.ts";

/** How it is waited. */
export type Waiting = {
  client: Pick<KubeClient, "watch">;
  /** `synced` is content with an object whose Secret is in sync though the last look at it failed. */
  until: "ready" | "synced";
  /** Ends the wait. */
  signal: AbortSignal;
  /** Told of each object when what keeps it changes, and when it is in sync. */
  tell: (line: string) => void;
  /** Waits before a watch that ended is opened anew. */
  pause: (signal: AbortSignal) => Promise<void>;
};

/** A watch without a byte for so long is opened anew; the server sends bookmarks each minute. */
const IDLE_MS = 180_000;

/**
 * Waits until all objects are in sync at the generation that they have.
 * @returns those that are not, by `NAMESPACE/NAME` with the reason, when the signal ended the wait; empty when all are.
 * @throws InputError for an object that will not come to be in sync until somebody changes something; SealError when they
 *   may not be watched.
 */
export async function waitForSync(
  targets: readonly WaitTarget[],
  waiting: Waiting,
): Promise<ReadonlyMap<string, string>> {
  const open = new Map(targets.map((target) => [placeOf(target), "it is not there"]));
  const failed = new AbortController();
  const signal = AbortSignal.any([waiting.signal, failed.signal]);
  const byNamespace = Map.groupBy(targets, ({ namespace }) => namespace);
  const watches = [...byNamespace].map(async ([namespace, those]) => {
    try {
      await watchNamespace(namespace, those, open, { ...waiting, signal });
    } catch (error) {
      failed.abort();
      throw error;
    }
  });
  const outcomes = await Promise.allSettled(watches);
  const refused = outcomes.find((outcome) => outcome.status === "rejected");
  if (refused !== undefined) throw refused.reason;
  return open;
}

function placeOf({ namespace, name }: WaitTarget): string {
  return `${namespace}/${name}`;
}

/** A watch without a version begins with what is there, so that nothing is missed between a list and it. */
async function watchNamespace(
  namespace: string,
  targets: readonly WaitTarget[],
  open: Map<string, string>,
  waiting: Waiting,
): Promise<void> {
  const { client, signal, tell, pause } = waiting;
  const [only, another] = targets;
  const selector = another === undefined ? { fieldSelector: `metadata.name=${only?.name}` } : {};
  const path = sealedSecretPath(namespace);
  const query = { ...selector, allowWatchBookmarks: "true" };
  const byName = new Map(targets.map((target) => [target.name, target]));
  const isDone = () => targets.every((target) => !open.has(placeOf(target)));
  while (!isDone() && !signal.aborted) {
    try {
      for await (const { type, object } of client.watch({
        method: "GET",
        path,
        query,
        signal,
        idleMs: IDLE_MS,
      })) {
        if (type === "ERROR") break;
        const target = type === "BOOKMARK" ? undefined : byName.get(object.metadata.name ?? "");
        if (target !== undefined) judge(target, type === "DELETED" ? null : object, open, waiting);
        if (isDone()) return;
      }
    } catch (error) {
      if (!(error instanceof SealError) || error.retryable !== true) throw error;
      if (!signal.aborted) tell(`watching again: ${error.message}`);
    }
    if (!signal.aborted) await pause(signal);
  }
}

/** @throws InputError where the object failed for good. */
function judge(
  target: WaitTarget,
  object: KubeObject | null,
  open: Map<string, string>,
  { until, tell }: Waiting,
): void {
  const place = placeOf(target);
  const before = open.get(place);
  if (before === undefined) return;
  const why = object === null ? "it is not there" : whyWait(target, object, until);
  if (why === null) {
    open.delete(place);
    tell(`${place}: in sync`);
    return;
  }
  open.set(place, why);
  if (why !== before) tell(`${place}: waits: ${why}`);
}

/** @returns null where there is nothing to wait for. */
function whyWait(target: WaitTarget, object: KubeObject, until: Waiting["until"]): string | null {
  const place = placeOf(target);
  // Items of a watch say both; a list's do not.
  const document = { ...object, apiVersion: API_VERSION, kind: KIND };
  const sealedSecret = parseSealedSecret(document, `the cluster's SealedSecret ${place}`);
  if (!holdsWanted(target, sealedSecret)) return "the cluster holds another version than the file";
  const state = syncStateOf(sealedSecret);
  // Its Secret stands, and no waiting brings a key back.
  if (state.kind === "in sync" || state.kind === "not opening" || (until === "synced" && state.isSynced))
    return null;
  if (state.kind === "failed") {
    throw new InputError(
      `${place} will not come to be in sync: ${whyNotInSync(state)}`,
      "correct what it names and apply it again; signet explain tells of each item",
    );
  }
  return whyNotInSync(state);
}
