import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { SealedSecretCache } from "../../controller/sealed-secret-cache.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { page, ScriptedClient } from "./runtime/scripted-client.ts";

const failure = (status: number, reason: string): KubeApiError =>
  new KubeApiError({ request: "list sealedsecrets", status, reason, retryAfterSeconds: null, fields: [] });
const forbidden = () => failure(403, "Forbidden");

/** A running cache over a scripted client. */
function running(context: TestContext, client: ScriptedClient, namespaces: string[] | null) {
  const told: unknown[] = [];
  const clock = new FakeClock();
  const options = {
    clock,
    namespaces,
    labelSelector: "",
    onError: (error: unknown) => void told.push(error),
  };
  const cache = new SealedSecretCache({ ...options, client: client as unknown as KubeClient });
  const stopping = new AbortController();
  context.after(() => stopping.abort());
  void cache.run(stopping.signal);
  return { cache, clock, told };
}

function sealedSecret(namespace: string): KubeObject {
  return {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { namespace, name: "db", uid: "u", resourceVersion: "5" },
    spec: { encryptedData: {} },
  };
}

test("of several namespaces one that may not be listed keeps nobody waiting, and is served once it may", async (context) => {
  const client = new ScriptedClient();
  client.willList(
    page(10, [sealedSecret("a")]),
    forbidden,
    forbidden,
    forbidden,
    page(11, [sealedSecret("b")]),
  );
  const { cache, clock, told } = running(context, client, ["a", "b"]);
  await settle();
  assert.equal(cache.hasSynced, true);
  assert.ok(cache.get("a/db") !== undefined);
  assert.equal(cache.get("b/db"), undefined);
  await clock.advance(10_000);
  assert.deepEqual(
    client.lists.map(({ path }) => path.split("/")[5]),
    ["a", "b", "b", "b", "b"],
  );
  assert.ok(cache.get("b/db") !== undefined);
  assert.equal(told.length, 1, "told once");
});

test("where no namespace may be listed, nothing is", async (context) => {
  const client = new ScriptedClient();
  client.willList(forbidden, forbidden, forbidden, forbidden);
  const { cache } = running(context, client, ["a", "b"]);
  await settle();
  assert.equal(cache.hasSynced, false);
});

for (const namespaces of [null, ["a"]]) {
  test(`the only list, of ${namespaces ?? "all"}, is waited for, and each refusal is told`, async (context) => {
    const client = new ScriptedClient();
    client.willList(forbidden, forbidden, page(10, []));
    const { cache, clock, told } = running(context, client, namespaces);
    await settle();
    assert.equal(cache.hasSynced, false);
    await clock.advance(10_000);
    assert.equal(cache.hasSynced, true);
    assert.equal(told.length, 2);
  });
}

test("any other failure of one namespace is waited out", async (context) => {
  const client = new ScriptedClient();
  client.willList(page(10, []), () => failure(500, "InternalError"), page(11, []));
  const { cache, clock, told } = running(context, client, ["a", "b"]);
  await settle();
  assert.equal(cache.hasSynced, false);
  await clock.advance(2000);
  assert.equal(cache.hasSynced, true);
  assert.equal(told.length, 1);
});
