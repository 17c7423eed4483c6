import { createHash } from "node:crypto";
import { SealError } from "../shared/errors.ts";
import { KubeApiError } from "../shared/kube/api-error.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import { corePath } from "../shared/kube/paths.ts";
import { Budget } from "./budget.ts";
import {
  eventLine,
  eventObject,
  type Happening,
  type Occurrence,
  occurrence,
  type Subject,
} from "./events/event-object.ts";
import { EventQueue } from "./events/event-queue.ts";
import type { Log } from "./log.ts";
import type { EventResult } from "./metrics/event-metrics.ts";
import { RecentMap } from "./recent-map.ts";
import { NotLeadingError } from "./runtime/term.ts";
import { wholeSeconds } from "./timestamp.ts";

export type { Happening, Subject } from "./events/event-object.ts";

/** Events that wait at most: more than a cold start of a big cluster brings. */
const MAX_WAITING = 20_000;
/** Events that are remembered, to count them up when they come again. */
const MAX_REMEMBERED = 4096;
/** Events that one object has at once, and one more for each such time: as the reference's client library. */
const OBJECT_BUDGET = { burst: 25, refillMs: 300_000, holders: 4096 };
/** While there is other work, rest this many times as long as a write took, within bounds. */
const REST_FACTOR = 20;
const REST_MS = { least: 20, most: 500 };
/** Time between two lines that say that events cannot be written. */
const QUIET_MS = 60_000;

/** Writes core/v1 Events in the background; repeats of one event count it up. */
export interface EventRecorder {
  /** Logs an event about an object and queues it; returns at once. */
  record(about: Subject, happening: Happening): void;
  /** Resolves when the queue is empty or the time is up; what is left then is dropped. */
  flush(timeoutMs: number): Promise<void>;
}

/** What a recorder takes from the rest of the controller. */
export type RecorderParts = {
  /** Told of each event what became of it. */
  countEvent?: (result: EventResult) => void;
  /** Whether there is more important work: events then leave the API server alone most of the time. */
  busy?: () => boolean;
};

type Remembered = { name: string; count: number };

/** Opens a recorder that writes one event after the other, in turn for each namespace, each tried up to three times. */
export function openEventRecorder(
  client: KubeClient,
  log: Log,
  now: () => Date,
  { countEvent = () => undefined, busy = () => false }: RecorderParts = {},
): EventRecorder {
  const remembered = new RecentMap<Remembered>(MAX_REMEMBERED);
  const budget = new Budget({ ...OBJECT_BUDGET, now: () => now().getTime() });
  const waiting = new EventQueue(MAX_WAITING);
  let draining: Promise<void> | null = null;
  let flushing = false;
  let endRest: () => void = () => undefined;
  let told = { at: Number.NEGATIVE_INFINITY, unsaid: 0 };

  async function drain(): Promise<void> {
    for (let next = waiting.take(); next !== undefined; next = waiting.take()) {
      const began = performance.now();
      await handle(next);
      if (waiting.size > 0) await rest(performance.now() - began);
    }
    draining = null;
  }

  async function handle(event: Occurrence): Promise<void> {
    try {
      await write(event);
      countEvent("written");
    } catch (error) {
      if (error instanceof NotLeadingError) {
        // The other replica tells what it does itself.
        countEvent("dropped");
        dropWaiting();
      } else {
        countEvent("failed");
        if (!(error instanceof KubeApiError && isEndOfNamespace(error))) tellFailure(event, error);
      }
    }
  }

  function tellFailure({ reason }: Occurrence, error: unknown): void {
    const at = performance.now();
    told.unsaid += 1;
    if (at - told.at < QUIET_MS) return;
    const code = error instanceof SealError ? error.code : "unexpected";
    log.warn({ reason, code, count: told.unsaid }, "Event could not be written");
    told = { at, unsaid: 0 };
  }

  async function rest(tookMs: number): Promise<void> {
    if (flushing || !busy()) return;
    const ms = Math.min(REST_MS.most, Math.max(REST_MS.least, REST_FACTOR * tookMs));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function write(event: Occurrence): Promise<void> {
    const key = keyOf(event);
    const earlier = remembered.get(key);
    if (earlier !== undefined && (await countUp(event, earlier))) return;
    const body = eventObject(event);
    const path = corePath("events", event.namespace);
    await withRetries(() => client.request({ method: "POST", path, body }));
    remembered.set(key, { name: body.metadata.name, count: 1 });
  }

  async function countUp({ namespace, at }: Occurrence, earlier: Remembered): Promise<boolean> {
    try {
      const body = { count: earlier.count + 1, lastTimestamp: wholeSeconds(at) };
      const path = corePath("events", namespace, earlier.name);
      await withRetries(() => client.request({ method: "PATCH", path, body }));
      earlier.count++;
      return true;
    } catch (error) {
      // Events live for an hour; one that is gone is written anew.
      if (error instanceof KubeApiError && error.status === 404) return false;
      throw error;
    }
  }

  function dropWaiting(): number {
    const dropped = waiting.clear();
    for (let count = 0; count < dropped; count++) countEvent("dropped");
    return dropped;
  }

  return {
    record(about, happening) {
      const event = occurrence(about, happening, now());
      log.info(eventLine(event));
      if (!budget.take(`${event.namespace}/${event.name}/${event.uid}`)) {
        countEvent("dropped");
        return;
      }
      if (!waiting.put(event)) countEvent("dropped");
      draining ??= drain();
    },
    async flush(timeoutMs) {
      flushing = true;
      endRest();
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([draining ?? Promise.resolve(), timeout]);
      clearTimeout(timer);
      flushing = false;
      const count = dropWaiting();
      if (count > 0) log.warn({ count }, "Events were not written in time");
    },
  };
}

/** What makes two events the same; short, since many are remembered. */
function keyOf({ namespace, name, uid, type, reason, message }: Occurrence): string {
  const text = [namespace, name, uid, type, reason, message].join("\n");
  return createHash("sha256").update(text).digest("base64");
}

/** The namespace is being deleted, or gone: its events go with it. */
function isEndOfNamespace({ status, fields }: KubeApiError): boolean {
  return status === 404 || (status === 403 && fields.includes("metadata.namespace"));
}

async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 2; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      const lasting = !(error instanceof SealError) || !error.retryable || error instanceof NotLeadingError;
      if (left === 0 || lasting) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * (3 - left)));
    }
  }
}
