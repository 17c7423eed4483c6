import { InputError, SealError } from "../../shared/errors.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { sealedSecretPath } from "../../shared/kube/paths.ts";
import { API_VERSION, KIND } from "../../shared/resource.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import { argumentsFor, nextStep } from "./next-step.ts";
import { syncStateOf, whyNotInSync } from "./sync-state.ts";
import { holdsWanted, type WaitTarget } from "./wait-targets.ts";

/** How it is waited. */
export type Waiting = {
  client: Pick<KubeClient, "watch">;
  /** `synced` is content with an object whose Secret is in sync though the last look at it failed. */
  until: "ready" | "synced";
  /** Ends the wait. */
  signal: AbortSignal;
  /** Told of each object when what keeps it changes, and when it is in sync; of a cluster that is away once. */
  tell: (line: string) => void;
  /** Waits before a watch that ended is opened anew. */
  pause: (signal: AbortSignal) => Promise<void>;
};

/** Why an object is not in sync, and what to do about it; clauses without a full stop. */
export type Unready = { why: string; next: string };

/** What is not in sync yet, by `NAMESPACE/NAME`. */
type Open = Map<string, Unready>;

/** A watch without a byte for so long is opened anew; the server sends bookmarks each minute. */
const IDLE_MS = 180_000;

/**
 * Waits until all objects are in sync at the generation that they have.
 * @returns those that are not, by `NAMESPACE/NAME`, when the signal ended the wait; empty when all are.
 * @throws InputError for an object that will not come to be in sync until somebody changes something; SealError when they
 *   may not be watched.
 */
export async function waitForSync(
  targets: readonly WaitTarget[],
  waiting: Waiting,
): Promise<ReadonlyMap<string, Unready>> {
  const open: Open = new Map(targets.map((target) => [placeOf(target), notThere(target)]));
  const tell = withoutRepeats(waiting.tell);
  const failed = new AbortController();
  const signal = AbortSignal.any([waiting.signal, failed.signal]);
  const byNamespace = Map.groupBy(targets, ({ namespace }) => namespace);
  const watches = [...byNamespace].map(async ([namespace, those]) => {
    try {
      await watchNamespace(namespace, those, open, { ...waiting, signal, tell });
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

/** Each of several watches is told once a second that the cluster is away. */
function withoutRepeats(tell: (line: string) => void): (line: string) => void {
  let last = "";
  return (line) => {
    if (line !== last) tell(line);
    last = line;
  };
}

function placeOf({ namespace, name }: WaitTarget): string {
  return `${namespace}/${name}`;
}

/**
 * A watch without a version begins with what is there, so that nothing is missed between a list and it; what it has not named by its
 * first bookmark was deleted while there was none.
 */
async function watchNamespace(
  namespace: string,
  targets: readonly WaitTarget[],
  open: Open,
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
    const unseen = new Set(targets);
    try {
      for await (const { type, object } of client.watch({
        method: "GET",
        path,
        query,
        signal,
        idleMs: IDLE_MS,
      })) {
        if (type === "ERROR") break;
        if (type === "BOOKMARK") for (const gone of unseen) judge(gone, null, open, waiting);
        const target = type === "BOOKMARK" ? undefined : byName.get(object.metadata.name ?? "");
        if (target !== undefined) {
          unseen.delete(target);
          judge(target, type === "DELETED" ? null : object, open, waiting);
        }
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
function judge(target: WaitTarget, object: KubeObject | null, open: Open, { until, tell }: Waiting): void {
  const place = placeOf(target);
  const before = open.get(place);
  if (before === undefined) return;
  const after = object === null ? notThere(target) : unready(target, object, until);
  const isGone = object === null && target.mayGo;
  if (after === null || isGone) {
    open.delete(place);
    tell(`${place}: ${isGone ? "deleted" : "in sync"}`);
    return;
  }
  open.set(place, after);
  if (after.why !== before.why) tell(`${place}: waits: ${after.why}`);
}

function notThere(target: WaitTarget): Unready {
  const next = `see that it was applied: kubectl get sealedsecret ${argumentsFor(target)}`;
  return { why: "it is not there", next };
}

/** @returns null where there is nothing to wait for. */
function unready(target: WaitTarget, object: KubeObject, until: Waiting["until"]): Unready | null {
  const place = placeOf(target);
  // Items of a watch say both; a list's do not.
  const document = { ...object, apiVersion: API_VERSION, kind: KIND };
  const sealedSecret = parseSealedSecret(document, `the cluster's SealedSecret ${place}`);
  if (!holdsWanted(target, sealedSecret)) {
    const next = `apply the file, or see why that was not done: kubectl get sealedsecret ${argumentsFor(target)} -o yaml`;
    return { why: "the cluster holds another version than the file", next };
  }
  const state = syncStateOf(sealedSecret);
  // Its Secret stands, and no waiting brings a key back.
  if (state.kind === "in sync" || state.kind === "not opening" || (until === "synced" && state.isSynced))
    return null;
  if (state.kind === "failed") {
    throw new InputError(
      `${place} will not come to be in sync: ${whyNotInSync(state)}`,
      `correct what it names and apply it again; ${nextStep(target, state.kind)}`,
    );
  }
  const next =
    state.kind === "retrying"
      ? `signet status ${argumentsFor(target)}, and the controller's log`
      : nextStep(target, state.kind);
  return { why: whyNotInSync(state), next };
}
