import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { SEALING_KEY_ANNOTATION } from "../../../shared/resource.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { Canaries } from "../../support/canary.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { pairSecret, sealedManifest, sealingPair } from "../sealing-key.ts";
import { type ControllerScene, controllerScene, guardKeys } from "./controller-scene.ts";

/** A bound for what the controller finds out by looking once a minute, which passes in three seconds. */
const NEXT_LOOK_MS = 30_000;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const [old, current, later, future] = await Promise.all([
  sealingPair(new Date(Date.now() - 2 * DAY)),
  sealingPair(new Date(Date.now() - DAY)),
  sealingPair(),
  sealingPair(new Date(Date.now() + DAY)),
]);
const place = { namespace: "team", name: "db" };

function relabel({ cluster }: ControllerScene, name: string, value: string): void {
  const secret = cluster.store.get("secrets", "kube-system", name) ?? assert.fail();
  cluster.store.put({ ...secret, metadata: { ...secret.metadata, labels: { [KEY_LABEL]: value } } });
}
const certificate = async (scene: ControllerScene) => (await scene.ask("/v1/cert.pem")).text;
const published = ({ cluster }: ControllerScene) =>
  (cluster.store.get("configmaps", "kube-system", "sealed-secrets-certificate")?.["data"] ?? {}) as Record<
    string,
    string
  >;

test("key Secrets that are no good are reported by name, by event and in the log, and skipped", async (context) => {
  const canaries = new Canaries();
  canaries.guardPrivateKey("refused key", future.privateKeyPem);
  const garbage = canaries.text("garbage");
  const good = pairSecret(current, "good");
  const bad: Record<string, SecretObject> = {
    garbage: { ...pairSecret(old, "garbage"), data: { "tls.key": btoa(garbage), "tls.crt": btoa(garbage) } },
    mismatch: pairSecret({ ...old, certificatePem: later.certificatePem }, "mismatch"),
    future: pairSecret(future, "future"),
    empty: { ...pairSecret(old, "empty"), data: {} },
    "without-certificate": {
      ...pairSecret(old, "without-certificate"),
      data: { "tls.key": btoa(old.privateKeyPem) },
    },
    nulls: { ...pairSecret(old, "nulls"), data: null },
  };
  const scene = await controllerScene(context, { keys: [...Object.values(bad), good] });
  assert.equal(
    await scene.until("a certificate", async () => {
      const { status, text } = await scene.ask("/v1/cert.pem");
      return status === 200 && text;
    }),
    current.certificatePem,
  );
  for (const name of Object.keys(bad)) {
    const event = await scene.until(`an event on ${name}`, () =>
      scene.events().find((one) => one.name === name && one.reason === "SealingKeyRefused"),
    );
    assert.equal(event.type, "Warning");
    assert.match(event.message, /^This sealing key is not used: /);
    assert.ok(
      scene.lines.some((line) => line.includes("level=ERROR") && line.includes(`secretname=${name} `)),
      `${name} in the log`,
    );
  }
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  assert.match(await scene.metrics(), /^signet_sealing_keys\{state="loaded"\} 1$/m);
  assert.match(await scene.metrics(), /^signet_sealing_keys\{state="refused"\} 6$/m);
  assert.equal(scene.keySecrets().length, 7, "none made, none removed");
  guardKeys(canaries, { ...scene, keySecrets: () => [good as ApiObject] });
  await scene.stop();
  canaries.assertSilent(await scene.evidence());
});

test("with nothing but bad key Secrets a good one is made", async (context) => {
  const bad = pairSecret(future, "future");
  const scene = await controllerScene(context, { keys: [bad] });
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  assert.equal(scene.keySecrets().length, 2);
});

test("a bad key Secret that comes while running is reported once and hurts nobody", async (context) => {
  const scene = await controllerScene(context, { keys: [pairSecret(current, "good")] });
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  const bad = pairSecret({ ...old, certificatePem: later.certificatePem }, "bad");
  for (let times = 0; times < 3; times++) {
    scene.cluster.store.put({
      ...(bad as ApiObject),
      metadata: { ...(bad as ApiObject).metadata, annotations: { times: `${times}` } },
    });
  }
  await scene.until("the event", () => scene.events().some(({ reason }) => reason === "SealingKeyRefused"));
  await scene.seal("db", { a: "2" });
  await scene.untilSynced("db", { a: "2" });
  assert.equal(scene.events().filter(({ reason }) => reason === "SealingKeyRefused").length, 1);
  assert.equal(await certificate(scene), current.certificatePem);
});

for (const value of ["compromised", "retired", "wrapped", "Active", ""]) {
  test(`a key relabelled ${JSON.stringify(value)} is taken out live, and back in when it is active again`, async (context) => {
    const scene = await controllerScene(context, {
      keys: [pairSecret(old, "old"), pairSecret(current, "current")],
    });
    const manifest = await sealedManifest(old, place, { a: "1" });
    scene.cluster.store.put(manifest as unknown as ApiObject);
    await scene.untilSynced("db", { a: "1" });
    const verify = async () =>
      (await scene.ask("/v1/verify", { method: "POST", body: JSON.stringify(manifest) })).status;
    relabel(scene, "old", value);
    await scene.until("refused", async () => (await verify()) === 409);
    const other = await sealedManifest(old, { ...place, name: "other" }, { a: "1" });
    scene.cluster.store.put(other as unknown as ApiObject);
    await scene.until("a failure", () => scene.condition("other", "Synced")?.status === "False");
    assert.deepEqual(scene.items("db"), { a: "1" }, "what was opened stays");
    relabel(scene, "old", "active");
    await scene.untilSynced("other", { a: "1" });
  });
}

test("a key deleted live opens nothing any more; added again, what failed is retried at once", async (context) => {
  const scene = await controllerScene(context, {
    keys: [pairSecret(old, "old"), pairSecret(current, "current")],
    // No retry by time ends within the test.
    haste: 0.01,
  });
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  scene.cluster.store.delete("secrets", "kube-system", "old");
  await scene.until("taken out", () => scene.lines.some((line) => line.includes("Sealing key taken out")));
  const manifest = await sealedManifest(old, place, { a: "1" });
  scene.cluster.store.put(manifest as unknown as ApiObject);
  await scene.until("a failure", () => scene.condition("db", "Synced")?.status === "False");
  scene.cluster.store.put(pairSecret(old, "restored") as ApiObject);
  await scene.untilSynced("db", { a: "1" });
  assert.equal(
    await certificate(scene),
    current.certificatePem,
    "an older key does not become the one that seals",
  );
});

test("another primary from outside raises event, warning and metric; everything follows it", async (context) => {
  const scene = await controllerScene(context, { keys: [pairSecret(current, "current")] });
  await scene.until("published", () => published(scene)["cert.pem"] === current.certificatePem);
  scene.cluster.store.put(pairSecret(later, "planted") as ApiObject);
  const event = await scene.until("the event", () =>
    scene.events().find(({ reason }) => reason === "SealingKeyChanged"),
  );
  assert.deepEqual([event.type, event.name], ["Warning", "planted"]);
  assert.ok(event.message.includes(later.fingerprint) && event.message.includes(current.fingerprint));
  assert.ok(
    scene.lines.some(
      (line) => line.includes("level=WARN") && line.includes("The sealing key changed without renewal"),
    ),
  );
  assert.match(await scene.metrics(), /^signet_sealing_key_changes_total\{cause="found"\} 1$/m);
  assert.equal(await certificate(scene), later.certificatePem);
  await scene.until("published", () => published(scene)["cert.pem"] === later.certificatePem);
  const manifest = await sealedManifest(current, place, { a: "1" });
  const { text } = await scene.ask("/v1/rotate", { method: "POST", body: JSON.stringify(manifest) });
  assert.equal(JSON.parse(text).metadata.annotations[SEALING_KEY_ANNOTATION], later.fingerprint);
});

test("falling back to an older key raises the event too", async (context) => {
  const scene = await controllerScene(context, { keys: [pairSecret(old, "old")] });
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  await scene.controller.generateKey();
  await scene.controller.generateKey();
  assert.deepEqual(
    scene.events().filter(({ reason }) => reason === "SealingKeyChanged"),
    [],
  );
  const made = scene
    .keySecrets()
    .map(({ metadata }) => metadata.name ?? "")
    .filter((name) => name !== "old");
  assert.equal(made.length, 2);
  const before = await certificate(scene);
  const primary = made.find((name) => {
    const data = (scene.cluster.store.get("secrets", "kube-system", name)?.["data"] ?? {}) as Record<
      string,
      string
    >;
    return data["tls.crt"] === btoa(before);
  });
  scene.cluster.store.delete("secrets", "kube-system", primary ?? assert.fail("no primary"));
  const event = await scene.until("the event", () =>
    scene.events().find(({ reason }) => reason === "SealingKeyChanged"),
  );
  assert.equal(event.name, primary);
  await scene.until("published", async () => published(scene)["cert.pem"] === (await certificate(scene)));
  assert.notEqual(await certificate(scene), before);
  assert.match(await scene.metrics(), /^signet_sealing_key_changes_total\{cause="found"\} 1$/m);
});

test("a renewal raises nothing, even where the watch is faster than the answer", async (context) => {
  const scene = await controllerScene(context, {
    keys: [pairSecret(old, "old")],
    answerDelayMs: ({ method, path }) => (method === "POST" && path.endsWith("/secrets") ? 300 : 0),
  });
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  await scene.controller.generateKey();
  await scene.until("published", async () => published(scene)["cert.pem"] === (await certificate(scene)));
  assert.notEqual(await certificate(scene), old.certificatePem);
  assert.match(await scene.metrics(), /^signet_sealing_key_changes_total\{cause="generated"\} 1$/m);
  assert.match(await scene.metrics(), /^signet_sealing_key_changes_total\{cause="found"\} 0$/m);
  assert.deepEqual(
    scene.events().filter(({ reason }) => reason === "SealingKeyChanged"),
    [],
  );
});

test("a key whose answer was lost is not made twice, nor does the next one go missing", async (context) => {
  const scene = await controllerScene(context, { keys: [pairSecret(old, "old")] });
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  // The watch cannot bring it either.
  const blind = scene.cluster.faults.add({
    method: "GET",
    path: /\/kube-system\/secrets$/,
    query: /watch=/,
    status: 503,
  });
  scene.cluster.dropWatches("reset", "secrets");
  const lost = scene.cluster.faults.add({
    method: "POST",
    path: /\/kube-system\/secrets$/,
    effect: "reset",
    afterServing: true,
    times: 1,
  });
  await assert.rejects(scene.controller.generateKey());
  assert.equal(lost.struck, 1);
  assert.equal(scene.keySecrets().length, 2);
  await scene.controller.generateKey();
  assert.equal(scene.keySecrets().length, 2, "found, not made again");
  blind.remove();
  await scene.controller.generateKey();
  assert.equal(scene.keySecrets().length, 3);
});

test("a key whose answer was lost but that the watch brought is done with", async (context) => {
  const scene = await controllerScene(context, { keys: [pairSecret(old, "old")] });
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  const fault = { path: /\/kube-system\/secrets$/, effect: "reset", afterServing: true, times: 1 } as const;
  scene.cluster.faults.add({ method: "POST", ...fault });
  await assert.rejects(scene.controller.generateKey());
  await scene.until("the new key", async () => (await certificate(scene)) !== old.certificatePem);
  await scene.controller.generateKey();
  assert.equal(scene.keySecrets().length, 3, "another key, not the same one found again");
});

test("a new certificate for the same key is published", async (context) => {
  const scene = await controllerScene(context, { keys: [pairSecret(current, "current")] });
  await scene.until("published", () => published(scene)["cert.pem"] === current.certificatePem);
  const chained = `${current.certificatePem.replace(/\n/g, "\r\n")}`;
  scene.cluster.store.put(pairSecret({ ...current, certificatePem: chained }, "current") as ApiObject);
  await scene.until(
    "published",
    async () =>
      published(scene)["cert.pem"] === (await certificate(scene)) &&
      published(scene)["cert.pem"] !== current.certificatePem,
  );
  assert.deepEqual(
    scene.events().filter(({ reason }) => reason === "SealingKeyChanged"),
    [],
  );
});

test("the last key taken out: nothing is sealed, and before long a new key is made", async (context) => {
  const clock = new FakeClock(Date.now());
  const scene = await controllerScene(context, { keys: [pairSecret(current, "current")], clock });
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  relabel(scene, "current", "compromised");
  await scene.until("no certificate", async () => (await scene.ask("/v1/cert.pem")).status === 500);
  assert.equal((await scene.ask("/readyz")).status, 503);
  const pem = await scene.until("another certificate", async () => {
    await clock.advance(1000);
    const { status, text } = await scene.ask("/v1/cert.pem");
    return status === 200 && text;
  });
  assert.notEqual(pem, current.certificatePem);
  assert.deepEqual(scene.items("db"), { a: "1" }, "what was opened stays");
  assert.equal(scene.keySecrets().length, 1);
});

test("the last key spoilt: before long a new key is made beside it", async (context) => {
  const clock = new FakeClock(Date.now());
  const scene = await controllerScene(context, { keys: [pairSecret(current, "current")], clock });
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  const spoilt = pairSecret(current, "current");
  scene.cluster.store.put({ ...spoilt, data: { ...spoilt.data, "tls.key": "AAAA" } } as ApiObject);
  await scene.until("no certificate", async () => (await scene.ask("/v1/cert.pem")).status === 500);
  await scene.until("a new one", async () => {
    await clock.advance(1000);
    return (await scene.ask("/v1/cert.pem")).status === 200;
  });
  assert.equal(scene.keySecrets().length, 2);
});

test("a key whose certificate begins later is used once it has begun, without anybody touching it", async (context) => {
  // Refused while it begins more than five minutes from now; the scene's clock is hurried, its date is not.
  const soon = await sealingPair(new Date(Date.now() + 300_000 + HOUR));
  const scene = await controllerScene(context, {
    keys: [pairSecret(current, "current"), pairSecret(soon, "soon")],
  });
  await scene.until("refused", () => scene.events().some(({ reason }) => reason === "SealingKeyRefused"));
  assert.equal(await certificate(scene), current.certificatePem);
  scene.moveOn(HOUR);
  await scene.until("used", async () => (await certificate(scene)) === soon.certificatePem, NEXT_LOOK_MS);
});

test("a key replaced by deletion and creation is not replaced by one of ours in between", async (context) => {
  const clock = new FakeClock(Date.now());
  const scene = await controllerScene(context, { keys: [pairSecret(current, "current")], clock });
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  scene.cluster.store.delete("secrets", "kube-system", "current");
  await scene.until("no certificate", async () => (await scene.ask("/v1/cert.pem")).status === 500);
  // One of ours would come after ten seconds.
  await clock.advance(9000);
  await sleep(500);
  scene.cluster.store.put(pairSecret(old, "mine") as ApiObject);
  await scene.until("mine", async () => (await certificate(scene)) === old.certificatePem);
  for (let second = 0; second < 30; second++) {
    await clock.advance(1000);
    await sleep(10);
  }
  assert.equal(scene.keySecrets().length, 1);
});

test("a ConfigMap that somebody deletes comes back", async (context) => {
  const scene = await controllerScene(context, { keys: [pairSecret(current, "current")] });
  await scene.until("published", () => published(scene)["cert.pem"] === current.certificatePem);
  scene.cluster.store.delete("configmaps", "kube-system", "sealed-secrets-certificate");
  const isPublished = () => published(scene)["cert.pem"] === current.certificatePem;
  await scene.until("published again", isPublished, NEXT_LOOK_MS);
});

test("the ConfigMap holds the certificate and the cluster's identity, and keeps what others added", async (context) => {
  const scene = await controllerScene(context, {
    keys: [pairSecret(current, "current")],
    prepare: ({ store }) =>
      void store.put({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { namespace: "kube-system", name: "sealed-secrets-certificate" },
        data: { theirs: "kept", "cert.pem": "stale" },
      }),
  });
  const uid = scene.cluster.store.get("namespaces", undefined, "kube-system")?.metadata.uid;
  await scene.until("published", () => published(scene)["cert.pem"] === current.certificatePem);
  assert.deepEqual(published(scene), {
    theirs: "kept",
    "cert.pem": current.certificatePem,
    "cluster-id": uid,
  });
});

test("the options for new keys reach the Secret and the certificate", async (context) => {
  const scene = await controllerScene(context, {
    args: [
      "--key-prefix=mine",
      "--privatekey-labels=team=a",
      "--privatekey-annotations=note=b",
      "--my-cn=ours",
    ],
  });
  await scene.until("a key", () => scene.keySecrets()[0]);
  const [secret] = scene.keySecrets();
  assert.match(secret?.metadata.name ?? "", /^mine[a-z0-9]{5}$/);
  assert.deepEqual(secret?.metadata.labels, { team: "a", [KEY_LABEL]: "active" });
  assert.deepEqual(secret?.metadata.annotations, { note: "b" });
  assert.equal(secret?.["type"], "kubernetes.io/tls");
});

test("labels for new keys cannot take the key label's place", async (context) => {
  const scene = await controllerScene(context, { args: [`--privatekey-labels=${KEY_LABEL}=compromised`] });
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  assert.equal(scene.keySecrets().length, 1);
});

test("keys are renewed when they are due, never faster than once a second, and old values still open", async (context) => {
  const scene = await controllerScene(context, {
    keys: [pairSecret(old, "old")],
    args: ["--key-renew-period=24h"],
  });
  const manifest = await sealedManifest(old, place, { a: "1" });
  scene.cluster.store.put(manifest as unknown as ApiObject);
  await scene.untilSynced("db", { a: "1" });
  await scene.until("a second key", () => scene.keySecrets().length === 2);
  await scene.until("published", async () => published(scene)["cert.pem"] === (await certificate(scene)));
  assert.notEqual(await certificate(scene), old.certificatePem);
  await sleep(300);
  assert.equal(scene.keySecrets().length, 2, "and no third");
});
