import { hostname } from "node:os";
import { SealError } from "../shared/errors.ts";
import { KubeApiError } from "../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../shared/kube/client.ts";
import { corePath } from "../shared/kube/paths.ts";
import type { Log } from "./log.ts";
import { wholeSeconds } from "./timestamp.ts";

/** Source of our events, as filters on it know it. */
const COMPONENT = "sealed-secrets";
/** Bound of the memory of events to count up, and of the queue. */
const MAX_REMEMBERED = 5000;
const MAX_MESSAGE_CHARACTERS = 1024;
const MAX_STEM_CHARACTERS = 230;

/** One thing that happened to an object. */
export type Happening = {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
};

/** Writes core/v1 Events in the background; repeats of one event count it up. */
export interface EventRecorder {
  /** Queues an event about an object; returns at once. */
  record(about: KubeObject, happening: Happening): void;
  /** Resolves when the queue is empty or the time is up. */
  flush(timeoutMs: number): Promise<void>;
}

type Remembered = { name: string; count: number };

/** Opens a recorder that writes one event after the other, each tried up to three times. */
export function openEventRecorder(client: KubeClient, log: Log, now: () => Date): EventRecorder {
  const remembered = new Map<string, Remembered>();
  const queue: { about: KubeObject; happening: Happening; at: Date }[] = [];
  let draining: Promise<void> | null = null;

  async function drain(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { about, happening, at } = next;
      try {
        await write(about, happening, at);
      } catch (error) {
        const code = error instanceof SealError ? error.code : "unexpected";
        log.warn({ reason: happening.reason, code }, "Event could not be written");
      }
    }
    draining = null;
  }

  async function write(about: KubeObject, happening: Happening, at: Date): Promise<void> {
    const { namespace = "default", uid = "" } = about.metadata;
    const key = [uid, happening.type, happening.reason, happening.message].join("\n");
    const earlier = remembered.get(key);
    if (earlier !== undefined && (await countUp(namespace, earlier, at))) return;
    const name = eventName(about.metadata.name ?? "object", at);
    await withRetries(() =>
      client.request({
        method: "POST",
        path: corePath("events", namespace),
        body: eventObject(about, happening, name, at),
      }),
    );
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(key, { name, count: 1 });
  }

  async function countUp(namespace: string, earlier: Remembered, at: Date): Promise<boolean> {
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

  return {
    record(about, happening) {
      const message = happening.message.slice(0, MAX_MESSAGE_CHARACTERS);
      log[happening.type === "Normal" ? "info" : "warn"](
        { sealedsecret: `${about.metadata.namespace}/${about.metadata.name}`, reason: happening.reason },
        `Event: ${message}`,
      );
      if (queue.length >= MAX_REMEMBERED) return;
      queue.push({ about, happening: { ...happening, message }, at: now() });
      draining ??= drain();
    },
    async flush(timeoutMs) {
      const timeout = new Promise<void>((resolve) => setTimeout(resolve, timeoutMs).unref());
      await Promise.race([draining ?? Promise.resolve(), timeout]);
    },
  };
}

function eventObject(about: KubeObject, happening: Happening, name: string, at: Date): KubeObject {
  const { namespace, uid, resourceVersion } = about.metadata;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name: about.metadata.name,
      namespace,
      uid,
      resourceVersion,
    },
    type: happening.type,
    reason: happening.reason,
    message: happening.message,
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: hostname(),
    firstTimestamp: wholeSeconds(at),
    lastTimestamp: wholeSeconds(at),
    count: 1,
  };
}

async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 2; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || !(error instanceof SealError) || !error.retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * (3 - left)));
    }
  }
}

/** Unique; at most 253 characters, however long the object's own name is. */
function eventName(object: string, at: Date): string {
  const stem = object.slice(0, MAX_STEM_CHARACTERS).replace(/[^a-z0-9]+$/, "");
  return `${stem}.${at.getTime().toString(16)}${suffix()}`;
}

function suffix(): string {
  return crypto.getRandomValues(new Uint16Array(1))[0]?.toString(16).padStart(4, "0") ?? "0000";
}
