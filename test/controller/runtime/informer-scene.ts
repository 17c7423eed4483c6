import assert from "node:assert/strict";
import { Informer, type InformerOptions } from "../../../controller/runtime/informer.ts";
import { KubeApiError, KubeUnreachableError } from "../../../shared/kube/api-error.ts";
import type { KubeObject, WatchEvent } from "../../../shared/kube/client.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { ScriptedClient } from "./scripted-client.ts";

function parse(from: KubeObject): string {
  if (from["value"] === "bad") throw new Error("this value is bad");
  return String(from["value"]);
}

/** An informer that follows what a scripted client answers. */
export type Rig = {
  client: ScriptedClient;
  clock: FakeClock;
  informer: Informer<string>;
  /** What subscribers were told, in order. */
  told: string[];
  errors: [error: unknown, retryInMs: number][];
  stop: () => Promise<void>;
};

/** Runs an informer for the length of `during`, and sees that it ends. @param script what its lists are answered, in turn. */
export async function following(
  script: Parameters<ScriptedClient["willList"]>,
  during: (rig: Rig) => Promise<void>,
  options: Partial<InformerOptions<string>> = {},
): Promise<void> {
  const client = new ScriptedClient();
  client.willList(...script);
  const clock = new FakeClock();
  const told: string[] = [];
  const errors: [unknown, number][] = [];
  const informer = new Informer<string>({
    client,
    clock,
    path: "/api/v1/things",
    parse,
    random: () => 0,
    onError: (error, retryInMs) => errors.push([error, retryInMs]),
    ...options,
  });
  informer.subscribe({
    onAdd: (key, now, initial) => told.push(`add ${key} ${now}${initial ? " initial" : ""}`),
    onUpdate: (key, before, now) => told.push(`update ${key} ${before} ${now}`),
    onDelete: (key, last) => told.push(`delete ${key} ${last}`),
    onInvalid: (key, error, last) => told.push(`invalid ${key} ${(error as Error).message} ${last}`),
  });
  await whileFollowing({ informer, clock }, (stop) =>
    during({ client, clock, informer, told, errors, stop }),
  );
}

/** Runs an informer for the length of `during`, which may stop it before, and sees that it leaves no wait behind. */
export async function whileFollowing(
  { informer, clock }: { informer: Informer<string>; clock: FakeClock },
  during: (stop: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const stopping = new AbortController();
  const run = informer.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await run;
  };
  try {
    await settle();
    await during(stop);
  } finally {
    await stop();
  }
  assert.equal(clock.sleepers, 0);
}

export const event = (type: WatchEvent["type"], from: KubeObject): WatchEvent => ({ type, object: from });
export const bookmark = (resourceVersion: number): WatchEvent =>
  event("BOOKMARK", { metadata: { resourceVersion: `${resourceVersion}` } });
export const apiError = (status: number, reason = "", retryAfterSeconds: number | null = null) =>
  new KubeApiError({ request: "list things", status, reason, retryAfterSeconds, fields: [] });
export const errorEvent = (code: number, reason: string): WatchEvent =>
  event("ERROR", { metadata: {}, kind: "Status", code, reason });
export const broken = () => new KubeUnreachableError("https://s", "the connection broke");
