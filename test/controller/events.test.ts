import assert from "node:assert/strict";
import { test } from "node:test";
import { KubeUnreachableError } from "../../shared/kube/api-error.ts";
import type { KubeObject, KubeRequest } from "../../shared/kube/client.ts";
import { settledWithin } from "../support/look-until.ts";
import { patienceMs } from "../support/patience.ts";
import { ABOUT, FAILED, refusal, recorderScene as scene, UNSEALED } from "./events/recorder-scene.ts";

function bodyOf(request: KubeRequest | undefined): KubeObject {
  return request?.body as KubeObject;
}

test("an event names the object, what happened, when and by whom", async () => {
  const { events, requests } = scene();
  events.record(ABOUT, FAILED);
  await events.flush(5000);
  assert.equal(requests.length, 1);
  const { method, path, body } = requests[0] ?? assert.fail();
  assert.deepEqual([method, path], ["POST", "/api/v1/namespaces/team/events"]);
  const { metadata, reportingInstance, ...event } = body as KubeObject;
  assert.match(metadata.name ?? "", /^db\.[0-9a-f]+$/);
  assert.equal(metadata.namespace, "team");
  assert.ok(typeof reportingInstance === "string" && reportingInstance.length > 0);
  assert.deepEqual(event, {
    apiVersion: "v1",
    kind: "Event",
    involvedObject: {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      name: "db",
      namespace: "team",
      uid: "u1",
      resourceVersion: "7",
    },
    type: "Warning",
    reason: "ErrUnsealFailed",
    message: "Failed to unseal: no key",
    source: { component: "sealed-secrets" },
    reportingComponent: "sealed-secrets",
    firstTimestamp: "2030-01-01T00:00:01Z",
    lastTimestamp: "2030-01-01T00:00:01Z",
    count: 1,
  });
});

test("a repeat counts the event up", async () => {
  const { events, requests } = scene();
  for (let times = 0; times < 3; times++) events.record(ABOUT, FAILED);
  await events.flush(5000);
  const name = bodyOf(requests[0]).metadata.name;
  assert.deepEqual(
    requests.map(({ method, path, body }) => [
      method,
      path.split("/").at(-1),
      (body as { count: number }).count,
    ]),
    [
      ["POST", "events", 1],
      ["PATCH", name, 2],
      ["PATCH", name, 3],
    ],
  );
});

test("another message, reason, type or object is another event", async () => {
  const { events, requests } = scene();
  events.record(ABOUT, FAILED);
  events.record(ABOUT, { ...FAILED, message: "Failed to unseal: other" });
  events.record(ABOUT, { ...FAILED, reason: "ErrUpdateFailed" });
  events.record(ABOUT, { ...FAILED, type: "Normal" });
  events.record({ ...ABOUT, metadata: { ...ABOUT.metadata, uid: "u2" } }, FAILED);
  await events.flush(5000);
  assert.deepEqual(
    requests.map(({ method }) => method),
    ["POST", "POST", "POST", "POST", "POST"],
  );
  assert.equal(new Set(requests.map(({ body }) => (body as KubeObject).metadata.name)).size, 5);
});

test("an event that expired meanwhile is written anew, and counted up from there", async () => {
  const { events, requests } = scene([null, refusal(404), null, null]);
  for (let times = 0; times < 3; times++) events.record(ABOUT, FAILED);
  await events.flush(5000);
  assert.deepEqual(
    requests.map(({ method }) => method),
    ["POST", "PATCH", "POST", "PATCH"],
  );
  assert.equal(bodyOf(requests[2])["count"], 1);
  assert.equal(bodyOf(requests[3])["count"], 2);
});

test("a passing fault is tried again, and then given up without a word of the answer", async () => {
  const passing = scene([refusal(503), new KubeUnreachableError("http://x", "connection refused"), null]);
  passing.events.record(ABOUT, FAILED);
  await passing.events.flush(10_000);
  assert.equal(passing.requests.length, 3);
  assert.ok(!passing.lines.some((line) => line.includes("could not be written")));

  const lasting = scene([refusal(500)]);
  lasting.events.record(ABOUT, FAILED);
  await lasting.events.flush(10_000);
  assert.equal(lasting.requests.length, 3);
  assert.match(
    lasting.lines.find((line) => line.includes("could not be written")) ?? "",
    /level=WARN .* reason=ErrUnsealFailed code=kube-api/,
  );
});

test("a refusal for good is not tried again, and the next event is written all the same", async () => {
  const { events, requests } = scene([refusal(403), null]);
  events.record(ABOUT, FAILED);
  events.record(ABOUT, UNSEALED);
  await events.flush(5000);
  assert.equal(requests.length, 2);
});

test("an error that is not ours is named by kind only", async () => {
  const { events, lines } = scene([new Error("plaintext-of-somebody")]);
  events.record(ABOUT, FAILED);
  await events.flush(5000);
  assert.match(lines.find((line) => line.includes("could not be written")) ?? "", /code=unexpected/);
  assert.ok(!lines.some((line) => line.includes("plaintext-of-somebody")));
});

test("flushing gives up when its time is up", async () => {
  const never = new Promise<void>(() => undefined);
  const { events, requests } = scene([null], never);
  events.record(ABOUT, FAILED);
  await settledWithin({ what: "the end", boundMs: patienceMs(10_000) }, events.flush(50));
  assert.equal(requests.length, 1);
});

test("flushing an idle recorder ends at once", async () => {
  await scene().events.flush(60_000);
});

test("a message is cut to what an event holds", async () => {
  const { events, requests } = scene();
  events.record(ABOUT, { ...FAILED, message: "x".repeat(5000) });
  await events.flush(5000);
  assert.equal(String(bodyOf(requests[0])["message"]).length, 1024);
});

test("an object with the longest of names gets events with names the API server takes", async () => {
  const { events, requests } = scene();
  for (const name of ["a".repeat(253), `${"a".repeat(229)}.${"b".repeat(23)}`]) {
    events.record({ ...ABOUT, metadata: { ...ABOUT.metadata, name, uid: name } }, FAILED);
  }
  await events.flush(5000);
  for (const { body } of requests) {
    const name = (body as KubeObject).metadata.name ?? "";
    assert.ok(name.length <= 253, `${name.length}`);
    assert.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  }
});
