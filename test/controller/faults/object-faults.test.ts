import assert from "node:assert/strict";
import { test } from "node:test";
import { MANAGED_ANNOTATION } from "../../../controller/reconcile/secret-object.ts";
import { API_VERSION, KIND } from "../../../shared/resource.ts";
import { NAMESPACE_WIDE_ANNOTATION } from "../../../shared/scope.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { Canaries } from "../../support/canary.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { pairSecret, sealedManifest, sealingPair } from "../sealing-key.ts";
import { type ControllerScene, controllerScene, guardKeys } from "./controller-scene.ts";

const [pair, stranger] = await Promise.all([sealingPair(), sealingPair()]);
const key = pairSecret(pair, "sealed-secrets-key1");
const at = (name: string, fields: object, metadata: object = {}): ApiObject => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { namespace: "team", name, ...metadata },
  ...fields,
});

const malformed: Record<string, ApiObject> = {
  "no-spec": at("no-spec", {}),
  "null-spec": at("null-spec", { spec: null }),
  "text-spec": at("text-spec", { spec: "text" }),
  "no-items": at("no-items", { spec: {} }),
  "number-item": at("number-item", { spec: { encryptedData: { a: 5 } } }),
  "nested-item": at("nested-item", { spec: { encryptedData: { a: { b: ["c"] } } } }),
  "list-of-items": at("list-of-items", { spec: { encryptedData: ["a"] } }),
  "bad-data": at("bad-data", { spec: { encryptedData: {}, data: "!!!" } }),
  "number-type": at("number-type", { spec: { encryptedData: {}, template: { type: 7 } } }),
  "text-template": at("text-template", { spec: { encryptedData: {}, template: "x" } }),
  "number-label": at("number-label", {
    spec: { encryptedData: {}, template: { metadata: { labels: { a: 1 } } } },
  }),
  "odd-status": at("odd-status", { spec: {}, status: { conditions: "none" } }),
};

test("malformed objects get a condition each, the good ones among them are carried out", async (context) => {
  const scene = await controllerScene(context, {
    keys: [key],
    prepare: ({ store }) => {
      for (const object of Object.values(malformed)) store.put(object);
    },
  });
  await scene.seal("aaa", { a: "1" });
  await scene.seal("zzz", { z: "1" });
  await scene.untilSynced("aaa", { a: "1" });
  await scene.untilSynced("zzz", { z: "1" });
  for (const name of Object.keys(malformed)) {
    const condition = await scene.until(`a condition on ${name}`, () => scene.condition(name, "Synced"));
    assert.equal(condition.status, "False", name);
    assert.equal(condition.reason, "MalformedSealedSecret", name);
    assert.match(condition.message ?? "", /^the object is not a valid SealedSecret: spec/);
    assert.equal(scene.condition(name, "Stalled")?.status, "True", name);
    assert.equal(scene.items(name), null, name);
  }
  await scene.until("events", () => {
    const told = scene.events().filter(({ reason }) => reason === "ErrUnsealFailed");
    return new Set(told.map(({ name }) => name)).size === Object.keys(malformed).length;
  });
});

test("a malformed object is told of once, not at each retry, and mended it is carried out", async (context) => {
  const scene = await controllerScene(context, {
    keys: [key],
    prepare: ({ store }) => void store.put(at("db", { spec: { encryptedData: { a: 5 } } })),
  });
  await scene.until("some attempts", async () => {
    const attempts = /unseal_requests_total (\d+)/.exec(await scene.metrics())?.[1];
    return Number(attempts) >= 3;
  });
  const writes = scene.cluster.requests.filter(({ path }) => path.endsWith("/db/status"));
  assert.equal(writes.length, 1);
  assert.equal(scene.events().length, 1);
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
});

test("values that do not open: the cause by item, the Secret as it was, nothing secret anywhere", async (context) => {
  const canaries = new Canaries();
  const scene = await controllerScene(context, { keys: [key] });
  const place = { namespace: "team", name: "db" };
  const plain = { password: canaries.text("password"), user: canaries.text("user") };
  await scene.seal("db", plain);
  await scene.untilSynced("db", plain);
  const before = scene.cluster.store.get("secrets", "team", "db");
  const theirs = { password: canaries.text("neighbour") };
  await scene.seal("neighbour", theirs);
  await scene.untilSynced("neighbour", theirs);
  const good = await sealedManifest(pair, place, plain);
  const ofNeighbour = await sealedManifest(
    pair,
    { namespace: "team", name: "neighbour" },
    { a: canaries.text("a") },
  );
  const foreign = await sealedManifest(stranger, place, { b: canaries.text("b") });
  scene.cluster.store.put({
    ...(good as unknown as ApiObject),
    spec: {
      encryptedData: {
        ...good.spec.encryptedData,
        a: ofNeighbour.spec.encryptedData["a"],
        b: foreign.spec.encryptedData["b"],
        c: "!!!!",
      },
    },
  });
  const condition = await scene.until("the failure", () => {
    const synced = scene.condition("db", "Synced");
    return synced?.status === "False" && synced;
  });
  assert.equal(condition.reason, "UnsealFailed");
  assert.match(
    condition.message ?? "",
    /^illegal base64 data at input byte 0 \(c\)\nno key could decrypt secret \(a\): sealed for team\/neighbour, not for team\/db;.*\nno key could decrypt secret \(b\): sealed with a key this cluster does not have/,
  );
  assert.deepEqual(scene.cluster.store.get("secrets", "team", "db"), before);
  await scene.until("the event", () =>
    scene
      .events()
      .some(
        ({ reason, message }) =>
          reason === "ErrUnsealFailed" && message.startsWith("Failed to unseal: illegal base64"),
      ),
  );
  const metrics = await scene.metrics();
  assert.match(metrics, /unseal_errors_total\{reason="unseal",namespace="team"\} [1-9]/);
  await scene.seal("db", { ...plain, a: "1" });
  await scene.untilSynced("db", { ...plain, a: "1" });
  guardKeys(canaries, scene);
  await scene.stop();
  canaries.assertSilent([...(await scene.evidence()), { where: "the metrics", content: metrics }]);
});

test("the same failure counts up one event and writes one status, however often it is tried", async (context) => {
  const scene = await controllerScene(context, { keys: [key] });
  const manifest = await sealedManifest(
    stranger,
    { namespace: "team", name: "db" },
    { b: "1", a: "2", c: "3" },
  );
  scene.cluster.store.put(manifest as unknown as ApiObject);
  await scene.until("some attempts", async () => {
    const attempts = /unseal_requests_total (\d+)/.exec(await scene.metrics())?.[1];
    return Number(attempts) >= 4;
  });
  assert.equal(scene.events().length, 1);
  assert.equal(scene.cluster.requests.filter(({ path }) => path.endsWith("/status")).length, 1);
});

test("a scope annotation that was missing is noticed when it comes", async (context) => {
  const scene = await controllerScene(context, { keys: [key], haste: 0.01 });
  const place = { namespace: "team", name: "db" };
  const manifest = await sealedManifest(pair, place, { a: "1" }, "namespace-wide");
  const stored = scene.cluster.store.put({ ...(manifest as unknown as ApiObject), metadata: place });
  const condition = await scene.until("the failure", () => scene.condition("db", "Synced"));
  assert.match(
    condition.message ?? "",
    /lacks the annotation sealedsecrets\.bitnami\.com\/namespace-wide: "true"/,
  );
  const { generation = 1 } = stored.metadata;
  const now = scene.cluster.store.get("sealedsecrets.bitnami.com", "team", "db") ?? assert.fail();
  scene.cluster.store.put({
    ...now,
    metadata: { ...now.metadata, generation, annotations: { [NAMESPACE_WIDE_ANNOTATION]: "true" } },
  });
  await scene.untilSynced("db", { a: "1" });
});

test("a Secret of somebody else is left alone, and once it is gone ours comes", async (context) => {
  const foreign: ApiObject = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "team", name: "db" },
    type: "Opaque",
    data: { theirs: btoa("kept") },
  };
  const scene = await controllerScene(context, {
    keys: [key],
    prepare: ({ store }) => void store.put(foreign),
  });
  await scene.seal("db", { a: "1" });
  const condition = await scene.until("the refusal", () => scene.condition("db", "Synced"));
  assert.equal(
    condition.message,
    'failed update: Resource "db" already exists and is not managed by SealedSecret',
  );
  assert.deepEqual(scene.items("db"), { theirs: "kept" });
  assert.match(await scene.metrics(), /unseal_errors_total\{reason="unmanaged",namespace="team"\} [1-9]/);
  scene.cluster.store.delete("secrets", "team", "db");
  await scene.untilSynced("db", { a: "1" });
});

test("nobody seals himself a key of the controller, in whatever way", async (context) => {
  const scene = await controllerScene(context, {
    keys: [key],
    prepare: ({ store }) => {
      const metadata = { namespace: "kube-system", annotations: { [MANAGED_ANNOTATION]: "true" } };
      store.put({
        ...(key as ApiObject),
        metadata: { ...metadata, name: "annotated", labels: { [KEY_LABEL]: "active" } },
      });
    },
  });
  const forged = {
    "tls.key": stranger.privateKeyPem,
    "tls.crt": stranger.certificatePem,
  };
  const byLabel = await sealedManifest(pair, { namespace: "kube-system", name: "innocent" }, forged);
  byLabel.spec.template = { metadata: { labels: { [KEY_LABEL]: "active" } } };
  const byName = await sealedManifest(
    pair,
    { namespace: "kube-system", name: "sealed-secrets-key9" },
    forged,
  );
  const overKey = await sealedManifest(
    pair,
    { namespace: "kube-system", name: "sealed-secrets-key1" },
    forged,
  );
  const overAnnotated = await sealedManifest(pair, { namespace: "kube-system", name: "annotated" }, forged);
  for (const manifest of [byLabel, byName, overKey, overAnnotated]) {
    scene.cluster.store.put(manifest as unknown as ApiObject);
  }
  for (const { metadata } of [byLabel, byName, overKey]) {
    const condition = await scene.until(metadata.name, () =>
      scene.condition(metadata.name, "Synced", "kube-system"),
    );
    assert.equal(condition.reason, "SecretForbidden", metadata.name);
  }
  const marked = await scene.until("annotated", () => scene.condition("annotated", "Synced", "kube-system"));
  assert.equal(marked.reason, "NotManaged");
  assert.deepEqual(scene.secretWrites, []);
  assert.equal((await scene.ask("/v1/cert.pem")).text, pair.certificatePem);
  await scene.seal("plain", { a: "1" }, "kube-system");
  await scene.untilSynced("plain", { a: "1" }, "kube-system");
});

/** An object at team/db with templates. */
async function templated(data: Record<string, string | null>, generation = 1): Promise<ApiObject> {
  const manifest = await sealedManifest(pair, { namespace: "team", name: "db" }, { a: "1" });
  manifest.spec.template = { data };
  manifest.metadata.generation = generation;
  return manifest as unknown as ApiObject;
}

/** Fails when the version of `db` at hand was carried out or refused; another object put later is through by then. */
async function waits(scene: ControllerScene): Promise<void> {
  const name = `beside-${crypto.randomUUID()}`;
  await scene.seal(name, { a: "1" });
  await scene.untilSynced(name, { a: "1" });
  assert.equal(scene.condition("db", "Stalled"), undefined);
  assert.notEqual(scene.condition("db", "Ready")?.status, "True");
}

test("templates turned off by --templates=false are refused, and nothing is written", async (context) => {
  const scene = await controllerScene(context, { keys: [key], args: ["--templates=false"] });
  scene.cluster.store.put(await templated({ b: "{{ .a }}" }));
  const condition = await scene.until("the refusal", () => scene.condition("db", "Synced"));
  assert.equal(condition.reason, "TemplateFailed");
  assert.deepEqual(scene.secretWrites, []);
});

test("a template that fails names itself, line and function, never a value or fail's own text", async (context) => {
  const canaries = new Canaries();
  const secret = canaries.text("value in a template");
  const scene = await controllerScene(context, { keys: [key] });
  const manifest = await sealedManifest(pair, { namespace: "team", name: "db" }, { a: secret });
  manifest.spec.template = { data: { b: `x\n{{ fail .a }}`, c: `{{ atoi (printf "%s" .a) | fail }}` } };
  scene.cluster.store.put(manifest as unknown as ApiObject);
  const condition = await scene.until("the failure", () => scene.condition("db", "Stalled"));
  assert.equal(condition.reason, "TemplateFailed");
  assert.match(condition.message ?? "", /template: b:2:\d+: .*fail/);
  assert.ok(!/template: c:/.test(condition.message ?? ""), "one failure while running is told, no more");
  await scene.until("the event", () => scene.events().some(({ reason }) => reason === "ErrUnsealFailed"));
  canaries.assertSilent(await scene.evidence());
  assert.deepEqual(scene.secretWrites, []);
});

test("templates that fail edit after edit are held back; the version at hand then runs by itself", async (context) => {
  const clock = new FakeClock(Date.now());
  const scene = await controllerScene(context, { keys: [key], clock });
  for (let generation = 1; generation <= 3; generation++) {
    scene.cluster.store.put(await templated({ b: `{{ fail "${generation}" }}` }, generation));
    await scene.until(`failure ${generation}`, () => {
      const condition = scene.condition("db", "Stalled");
      return condition?.observedGeneration === generation;
    });
  }
  scene.cluster.store.put(await templated({ b: "{{ .a }}" }, 4));
  await waits(scene);
  await clock.advance(4999);
  await waits(scene);
  await clock.advance(1);
  await scene.untilSynced("db", { a: "1", b: "1" });
});

test("a Secret that is refused counts as a failure of the templates that made it", async (context) => {
  const clock = new FakeClock(Date.now());
  const scene = await controllerScene(context, { keys: [key], clock });
  const metadata = { namespace: "team", name: "db", labels: { owner: "somebody" } };
  scene.cluster.store.put({ apiVersion: "v1", kind: "Secret", metadata, data: {} });
  for (let generation = 1; generation <= 3; generation++) {
    scene.cluster.store.put(await templated({ b: `{{ .a }}${generation}` }, generation));
    await scene.until(`failure ${generation}`, () => {
      const condition = scene.condition("db", "Stalled");
      return condition?.observedGeneration === generation;
    });
  }
  scene.cluster.store.put(await templated({ b: "{{ .a }}" }, 4));
  await waits(scene);
  await clock.advance(5000);
  await scene.until("failure 4", () => scene.condition("db", "Stalled")?.observedGeneration === 4);
});

test("without --update-status no status is written, the Secret is", async (context) => {
  const scene = await controllerScene(context, { keys: [key], args: ["--update-status=false"] });
  await scene.seal("db", { a: "1" });
  await scene.until("the Secret", () => scene.items("db"));
  await scene.until("the event", () => scene.events().some(({ reason }) => reason === "Unsealed"));
  await scene.stop();
  assert.ok(!scene.cluster.requests.some(({ path }) => path.endsWith("/status")));
});

test("a status that somebody else wrote meanwhile is not overwritten blindly", async (context) => {
  const scene = await controllerScene(context, { keys: [key] });
  const { promise: heldUntil, resolve: letGo } = Promise.withResolvers<void>();
  const slow = scene.cluster.faults.add({ method: "PUT", path: /\/db\/status$/, heldUntil, times: 1 });
  await scene.seal("db", { a: "1" });
  await scene.until("the status write under way", () => slow.struck === 1);
  const object = scene.cluster.store.get("sealedsecrets.bitnami.com", "team", "db") ?? assert.fail();
  const theirs = { type: "Audited", status: "True" };
  scene.cluster.store.put({ ...object, status: { conditions: [theirs] } });
  letGo();
  await scene.untilSynced("db", { a: "1" });
  assert.equal(scene.condition("db", "Audited")?.status, "True");
});

test("a failing Secret write shows as retrying and leaves Synced alone when it was in sync", async (context) => {
  const scene = await controllerScene(context, { keys: [key] });
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  const secret = scene.cluster.store.get("secrets", "team", "db") ?? assert.fail();
  scene.cluster.faults.add({ method: "GET", path: /\/team\/secrets\/db$/, status: 503, times: 3 });
  // Somebody else's change gives work.
  scene.cluster.store.put({ ...secret, data: { a: btoa("theirs") } });
  await scene.until("retrying", () => scene.condition("db", "Reconciling")?.status === "True");
  assert.equal(scene.condition("db", "Synced")?.status, "True");
  assert.equal(scene.condition("db", "Ready")?.status, "False");
  await scene.untilSynced("db", { a: "1" });
  assert.equal(scene.condition("db", "Reconciling"), undefined);
});

test("without status writes an object in sync is told of once, not at every look", async (context) => {
  const scene = await controllerScene(context, { args: ["--update-status=false"] });
  const unsealed = () => scene.events().filter(({ reason }) => reason === "Unsealed");
  await scene.seal("db", { a: "1" });
  await scene.until("the event", () => unsealed().length === 1);
  for (const name of ["one", "two"]) {
    // Any change of the annotations asks for a look.
    const stored = scene.cluster.store.get("sealedsecrets.bitnami.com", "team", "db") ?? assert.fail();
    const annotations = { ...stored.metadata.annotations, look: name };
    scene.cluster.store.put({ ...stored, metadata: { ...stored.metadata, annotations } });
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.equal(unsealed().length, 1);
});
