import assert from "node:assert/strict";
import { test } from "node:test";
import { NAMESPACE_WIDE_ANNOTATION, type ScopeKind } from "../../../shared/scope.ts";
import { kmsSealer } from "../../../shared/seal/kms-sealer.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { aliasArn } from "../../support/memory-kms.ts";
import type { ControllerScene } from "../faults/controller-scene.ts";
import {
  KMS_KEY,
  manifest,
  OTHER_KMS_KEY,
  PERMITTED,
  pair,
  RemoteKeys,
  remoteScene,
  sealedValues,
} from "./remote-scene.ts";

test("items of all backends in one object, with a template that uses them; five items of a sealing are one call", async (context) => {
  const keys = new RemoteKeys();
  const { kms, vault } = keys.sealers();
  const scene = await remoteScene(context, keys);
  const at = { name: "mixed" };
  const five = { a: "1", b: "2", c: "3", d: "4", e: "5" };
  const values = {
    ...(await sealedValues(kms, at, five)),
    ...(await sealedValues(vault, at, { token: "t", other: "o" })),
    ...(await sealedValues(pair.sealer, at, { password: "p" })),
  };
  keys.forgetCalls();
  const template = { data: { url: "{{ .a }}:{{ .token }}@{{ .password }}" } };
  scene.cluster.store.put(manifest(at, values, template));
  const wanted = { ...five, token: "t", other: "o", password: "p", url: "1:t@p" };
  await scene.until("in sync", () => scene.condition("mixed", "Ready")?.status === "True");
  assert.deepEqual(scene.items("mixed"), wanted);
  assert.deepEqual(keys.opened, { kms: 1, vault: 1 });
  assert.equal(keys.transit.count("describeKey"), 1, "what the key is, is asked of Vault");
  assert.deepEqual(keys.kms.calls[0]?.context, {
    "signet-format": "kms:1",
    "signet-cluster": "cluster-one",
    "signet-scope": "strict",
    "signet-namespace": "team",
    "signet-name": "mixed",
  });
  const status = scene.cluster.store.get("sealedsecrets.bitnami.com", "team", "mixed")?.["status"];
  const { keys: named } = (status as { signet: { keys: string[] } }).signet;
  assert.deepEqual(named, [pair.fingerprint, `kms:${KMS_KEY}`, "vault:transit/app"].sort());
});

for (const kind of ["strict", "namespace-wide", "cluster-wide"] satisfies ScopeKind[]) {
  test(`${kind}: opens where the scope says, and the places it does not name open nothing`, async (context) => {
    const keys = new RemoteKeys();
    const scene = await remoteScene(context, keys, {
      prepare: ({ store }) => void store.ensureNamespace("other"),
    });
    const { kms, vault } = keys.sealers();
    const values = {
      ...(await sealedValues(kms, { name: "db", kind }, { a: "1" })),
      ...(await sealedValues(vault, { name: "db", kind }, { b: "2" })),
    };
    const places = [
      { name: "db", opens: true },
      { name: "copy", opens: kind !== "strict" },
      { name: "db", namespace: "other", opens: kind === "cluster-wide" },
    ];
    for (const { opens: _, ...place } of places)
      scene.cluster.store.put(manifest({ ...place, kind }, values));
    for (const { name, namespace, opens } of places) {
      if (opens) await scene.untilSynced(name, { a: "1", b: "2" }, namespace);
      else
        await refused(
          scene,
          name,
          "UnsealFailed",
          /does not open under kms:.*damaged, or sealed for/,
          namespace,
        );
    }
  });
}

/** Waits until an object is refused for that reason, and sees that there is no Secret. */
async function refused(
  scene: ControllerScene,
  name: string,
  reason: string,
  message: RegExp,
  namespace = "team",
): Promise<void> {
  const condition = await scene.until(`${name} refused`, () => {
    const stalled = scene.condition(name, "Stalled", namespace);
    return stalled?.status === "True" && stalled;
  });
  assert.equal(condition.reason, reason);
  assert.match(condition.message ?? "", message);
  assert.equal(scene.condition(name, "Synced", namespace)?.status, "False");
  assert.equal(scene.items(name, namespace), null);
}

const MOVED = /damaged, or sealed for another cluster, scope, namespace, name or item/;

test("attacks on values: each is refused with its reason, and nothing is written", async (context) => {
  const keys = new RemoteKeys();
  const scene = await remoteScene(context, keys);
  const { kms, vault } = keys.sealers();
  const put = (object: ApiObject) => void scene.cluster.store.put(object);
  for (const [backend, sealer] of [
    ["kms", kms],
    ["vault", vault],
  ] as const) {
    const home = { name: `${backend}-home` };
    const values = await sealedValues(sealer, home, { a: "1", b: "2" });
    put(manifest({ name: `${backend}-copy` }, values));
    const widened = manifest({ name: `${backend}-widened` }, values);
    widened.metadata.annotations = { [NAMESPACE_WIDE_ANNOTATION]: "true" };
    put(widened);
    const own = { name: `${backend}-swap` };
    const [swapped, foreign] = await Promise.all([
      sealedValues(sealer, own, { a: "1", b: "2" }),
      sealedValues(sealer, { name: `${backend}-cluster`, clusterId: "cluster-two" }, { a: "1" }),
    ]);
    put(manifest(own, { a: swapped["b"] ?? "", b: swapped["a"] ?? "" }));
    put(manifest({ name: `${backend}-cluster` }, foreign));
    for (const name of ["copy", "widened", "swap", "cluster"])
      await refused(scene, `${backend}-${name}`, "UnsealFailed", MOVED);
  }
  const edited = await sealedValues(kms, { name: "edited" }, { a: "1" });
  const to = (key: string) => ({ a: (edited["a"] ?? "").replace(KMS_KEY, key) });
  put(manifest({ name: "edited" }, to(OTHER_KMS_KEY)));
  await refused(
    scene,
    "edited",
    "KeyNotAllowed",
    /key .*key\/other is not allowed here; .*--kms-allowed-keys/,
  );
  const lifted = await sealedValues(vault, { name: "lifted" }, { a: "1" });
  put(manifest({ name: "lifted" }, { a: (lifted["a"] ?? "").replace("transit/app", "transit/team") }));
  await refused(
    scene,
    "lifted",
    "KeyNotAllowed",
    /transit\/team is not allowed here; .*--vault-allowed-keys/,
  );
  put(manifest({ name: "newer" }, { a: (edited["a"] ?? "").replace("kms:1:", "kms:2:") }));
  await refused(scene, "newer", "UnsealFailed", /values of format kms:2 are not opened by this version/);
  assert.equal(scene.secretWrites.length, 0);
});

test("without allowed keys no service is asked, nor connected, and the refusal names the option", async (context) => {
  const keys = new RemoteKeys();
  const values = {
    kms: await sealedValues(keys.sealers().kms, { name: "kms" }, { a: "1" }),
    vault: await sealedValues(keys.sealers().vault, { name: "vault" }, { a: "1" }),
  };
  keys.forgetCalls();
  const scene = await remoteScene(context, keys, { args: [] });
  for (const [backend, value] of Object.entries(values)) {
    scene.cluster.store.put(manifest({ name: backend }, value));
    await refused(scene, backend, "KeyNotAllowed", new RegExp(`--${backend}-allowed-keys`));
  }
  assert.deepEqual(keys.connected, { kms: 0, transit: 0, closed: 0 });
  assert.deepEqual([...keys.kms.calls, ...keys.transit.calls], []);
});

test("{namespace} in a pattern lets each namespace name its own key, and no other's", async (context) => {
  const keys = new RemoteKeys();
  keys.kms.setAlias("tenants/team", "app");
  keys.kms.setAlias("tenants/other", "other");
  const [own, foreign] = [aliasArn("tenants/team"), aliasArn("tenants/other")];
  const scene = await remoteScene(context, keys, {
    args: [`--kms-allowed-keys=${aliasArn("tenants/{namespace}")}`],
  });
  for (const [name, key] of [
    ["own", own],
    ["foreign", foreign],
  ] as const)
    scene.cluster.store.put(
      manifest({ name }, await sealedValues(kmsSealer(keys.kms, key), { name }, { a: "1" })),
    );
  await scene.untilSynced("own", { a: "1" });
  await refused(scene, "foreign", "KeyNotAllowed", /alias\/tenants\/other is not allowed here/);
});

test("a value that does not open anyway costs no call", async (context) => {
  const keys = new RemoteKeys();
  const at = { name: "half" };
  const values = {
    ...(await sealedValues(keys.sealers().kms, at, { a: "1" })),
    ...(await sealedValues(pair.sealer, { name: "elsewhere" }, { b: "2" })),
  };
  const scene = await remoteScene(context, keys);
  scene.cluster.store.put(manifest(at, values));
  await refused(scene, "half", "UnsealFailed", /sealed for another name, .*1 more items were not tried/s);
  assert.equal(keys.opened.kms, 0);
});

test("/v1/verify and /v1/rotate never ask a key service, whatever is posted, and answer all alike", async (context) => {
  const keys = new RemoteKeys();
  const { kms, vault } = keys.sealers();
  const scene = await remoteScene(context, keys, { args: [...PERMITTED, "--rate-limit=1000"] });
  const at = { name: "db" };
  const [a, b, c] = await Promise.all([
    sealedValues(kms, at, { a: "1" }),
    sealedValues(vault, at, { b: "2" }),
    sealedValues(pair.sealer, at, { c: "3" }),
  ]);
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  keys.forgetCalls();
  const documents: Record<string, Record<string, string>> = {
    "KMS alone": a,
    "Vault alone": b,
    "KMS and classic": { ...c, ...a },
    all: { ...a, ...b, ...c },
    "a version that nobody knows": { a: "kms:9:x:y:z" },
  };
  for (const path of ["/v1/verify", "/v1/rotate"]) {
    const answers = new Set<string>();
    for (const encryptedData of Object.values(documents)) {
      const body = JSON.stringify(manifest(at, encryptedData));
      const { status, text } = await scene.ask(path, { method: "POST", body });
      answers.add(`${status} ${text}`);
    }
    assert.equal(answers.size, 1, [...answers].join(" | "));
    assert.doesNotMatch([...answers].join(), /^200/);
  }
  assert.deepEqual([...keys.kms.calls, ...keys.transit.calls], []);
  assert.deepEqual(keys.connected, { kms: 0, transit: 0, closed: 0 });
});

test("the end of the controller closes the connections", async (context) => {
  const keys = new RemoteKeys();
  const scene = await remoteScene(context, keys);
  await scene.stop();
  assert.equal(keys.connected.closed, 1);
});

test("a controller that may not know its cluster opens no such value, and says by which option it would", async (context) => {
  const keys = new RemoteKeys();
  const values = await sealedValues(keys.sealers().kms, { name: "db" }, { a: "1" });
  const scene = await remoteScene(context, keys, {
    args: [...PERMITTED, "--cluster-id="],
    prepare: ({ faults }) => void faults.add({ path: /\/namespaces\/kube-system$/, status: 403 }),
  });
  scene.cluster.store.put(manifest({ name: "db" }, values));
  await refused(scene, "db", "KeyServiceRefused", /--cluster-id/);
  assert.equal(keys.opened.kms, 0);
});
