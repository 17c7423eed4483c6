import {
  type EventRecorder,
  type Happening,
  openEventRecorder,
  type RecorderParts,
} from "../../../controller/events.ts";
import { openLog } from "../../../controller/log.ts";
import { createMetrics } from "../../../controller/metrics.ts";
import { KubeApiError } from "../../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject, KubeRequest } from "../../../shared/kube/client.ts";

/** The object that events are about. */
export const ABOUT: KubeObject = {
  apiVersion: "bitnami.com/v1alpha1",
  kind: "SealedSecret",
  metadata: { namespace: "team", name: "db", uid: "u1", resourceVersion: "7" },
};
/** A good thing that happened to it. */
export const UNSEALED: Happening = {
  type: "Normal",
  reason: "Unsealed",
  message: "SealedSecret unsealed successfully",
};
/** A bad one. */
export const FAILED: Happening = {
  type: "Warning",
  reason: "ErrUnsealFailed",
  message: "Failed to unseal: no key",
};

/** The same object under another number. */
export function objectNumber(number: number): KubeObject {
  return { ...ABOUT, metadata: { ...ABOUT.metadata, name: `db-${number}`, uid: `u${number}` } };
}

/** An answer of the API server with this status. */
export const refusal = (status: number, fields: readonly string[] = []) =>
  new KubeApiError({ request: "create events", status, reason: "", retryAfterSeconds: null, fields });

/**
 * A recorder over a client that answers as told, the last answer for ever.
 * @param hold what each answer waits for.
 */
export function recorderScene(
  answers: readonly (Error | null)[] = [null],
  hold?: Promise<void>,
  busy?: NonNullable<RecorderParts["busy"]>,
) {
  const requests: KubeRequest[] = [];
  const lines: string[] = [];
  const state = { now: new Date("2030-01-01T00:00:01.250Z"), inFlight: 0, mostInFlight: 0 };
  let at = 0;
  const client = {
    async request(request: KubeRequest) {
      requests.push(request);
      state.inFlight += 1;
      state.mostInFlight = Math.max(state.mostInFlight, state.inFlight);
      await hold;
      state.inFlight -= 1;
      const answer = answers[Math.min(at++, answers.length - 1)] ?? null;
      if (answer !== null) throw answer;
      return { metadata: {} };
    },
  } as unknown as KubeClient;
  const push = (line: string) => lines.push(line);
  const log = openLog({ level: "INFO", format: "text", infoToStdout: true }, { out: push, err: push });
  const metrics = createMetrics({ version: "1", omitNames: false });
  const events: EventRecorder = openEventRecorder(client, log, () => state.now, {
    countEvent: metrics.countEvent,
    ...(busy === undefined ? {} : { busy }),
  });
  /** How many events came out how. */
  const counted = async () => {
    const text = await metrics.registry.metrics();
    const one = (result: string) =>
      Number(new RegExp(`signet_events_total\\{result="${result}"\\} (\\d+)`).exec(text)?.[1]);
    return { written: one("written"), failed: one("failed"), dropped: one("dropped") };
  };
  return { events, requests, lines, state, counted };
}
