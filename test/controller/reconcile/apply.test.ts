import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPlan, writeStatus } from "../../../controller/reconcile/apply.ts";
import type { Plan } from "../../../controller/reconcile/plan.ts";
import { replace } from "../../../controller/reconcile/secret-change.ts";
import { KubeApiError, KubeUnreachableError } from "../../../shared/kube/api-error.ts";
import type { KubeObject } from "../../../shared/kube/client.ts";
import { type Step, scriptedClient } from "../../support/scripted-client.ts";
import { existing, OUR_UID, wanted } from "./objects.ts";

const SECRETS = "/api/v1/namespaces/team/secrets";
const signal = new AbortController().signal;
const next = replace(null, wanted());
const replaces = { uid: "22222222", resourceVersion: "41" };
const anew: Plan = { kind: "recreate", secret: next, replaces };
const gone = { kind: "Status", status: "Success" };
const unreachable = new KubeUnreachableError("https://cluster.example", "connection refused");

const trial = (answer: Step["answer"] = {}): Step => ({ method: "POST", path: SECRETS, answer });
const remove = (answer: Step["answer"] = gone): Step => ({ method: "DELETE", path: `${SECRETS}/db`, answer });
const create = (answer: Step["answer"] = { metadata: { uid: "new" } }): Step => ({
  method: "POST",
  path: SECRETS,
  answer,
});

async function run(plan: Plan, steps: readonly Step[]) {
  const script = scriptedClient(steps);
  const applied = await applyPlan(plan, script.client, signal);
  script.done();
  return { applied, requests: script.requests };
}

async function failureOf(steps: readonly Step[]) {
  const { applied } = await run(anew, steps);
  return applied.ok ? assert.fail("not refused") : applied.failure;
}

test("what is written stands under our name in the server's record", async () => {
  const created = await run({ kind: "create", secret: next }, [create()]);
  const put: Step = { method: "PUT", path: `${SECRETS}/db`, answer: existing() };
  const updated = await run({ kind: "update", secret: existing() }, [put]);
  for (const { requests } of [created, updated]) {
    assert.deepEqual(requests[0]?.query, { fieldManager: "signet-controller" });
  }
  assert.deepEqual(created.requests[0]?.body, next);
});

test("nothing is asked for where nothing is to be done", async () => {
  assert.deepEqual((await run({ kind: "in-sync" }, [])).applied, { ok: true, written: null });
});

test("to create anew: tried out first, then deleted in the version that was read, then created", async () => {
  const { applied, requests } = await run(anew, [trial(), remove(), create()]);
  assert.deepEqual(applied, { ok: true, written: { metadata: { uid: "new" } } });
  const [first, second, third] = requests;
  assert.deepEqual(first?.query, { fieldManager: "signet-controller", dryRun: "All" });
  const { name: _name, ...metadata } = next.metadata;
  assert.deepEqual(first?.body, { ...next, metadata: { ...metadata, generateName: "signet-trial-" } });
  assert.deepEqual(second?.body, { apiVersion: "v1", kind: "DeleteOptions", preconditions: replaces });
  assert.deepEqual(third?.query, { fieldManager: "signet-controller" });
  assert.deepEqual(third?.body, next);
});

test("to create anew: what the server would not take leaves the old Secret standing", async () => {
  for (const [answer, stalled] of [
    [422, true],
    [403, true],
    [503, false],
    [unreachable, false],
  ] as const) {
    const failure = await failureOf([trial(answer)]);
    assert.match(
      failure.message,
      /^Secret "db" must be created anew and stays as it is, since that would fail: cannot /,
    );
    assert.equal(failure.reason, "UpdateFailed");
    assert.equal(failure.stalled, stalled);
  }
});

test("to create anew: a refused deletion leaves the old Secret standing", async () => {
  const failure = await failureOf([trial(), remove(403)]);
  assert.match(failure.message, /^Secret "db" must be created anew: cannot delete secrets "db" .* 403/);
});

test("to create anew: one that is gone by then is no obstacle", async () => {
  assert.equal((await run(anew, [trial(), remove(404), create()])).applied.ok, true);
});

test("to create anew: one that changed meanwhile is looked at once more, and not deleted", async () => {
  const conflict = (error: unknown) => error instanceof KubeApiError && error.status === 409;
  await assert.rejects(run(anew, [trial(), remove(409)]), conflict);
  await assert.rejects(run(anew, [trial(), remove(), create(409)]), conflict);
});

test("to create anew: finalizers are waited for", async () => {
  const metadata = {
    name: "db",
    deletionTimestamp: "2030-01-01T00:00:00Z",
    finalizers: ["example.com/hold"],
  };
  const failure = await failureOf([trial(), remove({ kind: "Secret", metadata })]);
  assert.equal(failure.stalled, false);
  assert.match(
    failure.message,
    /^Secret "db" is being deleted, held back by its finalizers \(example\.com\/hold\)/,
  );
});

test("to create anew: a failure in between says that the old one is gone", async () => {
  for (const [answer, stalled] of [
    [500, false],
    [422, true],
    [unreachable, false],
  ] as const) {
    const failure = await failureOf([trial(), remove(), create(answer)]);
    assert.match(
      failure.message,
      /^Secret "db" was deleted to be created anew, which is tried again: cannot /,
    );
    assert.equal(failure.stalled, stalled);
    assert.equal(failure.event.message, failure.message);
  }
});

test("to create anew: what is no answer of the server is passed on", async () => {
  const lost = new Error("no longer leading");
  for (const steps of [[trial(lost)], [trial(), remove(lost)], [trial(), remove(), create(lost)]]) {
    await assert.rejects(run(anew, steps), lost);
  }
});

test("a status is sent alone, for the very version that was reconciled; what was stored is handed back", async () => {
  const path = "/apis/bitnami.com/v1alpha1/namespaces/team/sealedsecrets/db/status";
  const stored = { metadata: { name: "db" }, status: { observedGeneration: 1 } };
  const script = scriptedClient([{ method: "PUT", path, answer: stored }]);
  const object: KubeObject = existing({ uid: OUR_UID, labels: { a: "1" }, finalizers: ["x"] });
  const status = { observedGeneration: 1, conditions: [] };
  assert.deepEqual(await writeStatus(object, status, script.client, signal), stored);
  assert.deepEqual(script.requests[0]?.body, {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { name: "db", namespace: "team", uid: OUR_UID, resourceVersion: "41" },
    status,
  });
});
