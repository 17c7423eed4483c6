import assert from "node:assert/strict";
import { test } from "node:test";
import { NAMESPACE_WIDE_ANNOTATION, type ScopeKind } from "../../../shared/scope.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { OTHER_KMS_KEY, RemoteKeys } from "../key-services/remote-scene.ts";
import { testIdentity } from "./identity-secrets.ts";
import {
  ageRecipient,
  kmsRecipient,
  SOPS_PERMITTED,
  sopsManifest,
  sopsScene,
  untilRefused,
  vaultRecipient,
} from "./sops-scene.ts";

const identity = await testIdentity();
const byAge = [[ageRecipient(identity)]];
const served = [[identity, {}]] as const;

test("an age identity opens it without any call, templates use it, and the item that says its place stays out", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, served);
  const template = { data: { url: "{{ .user }}@db" } };
  const plain = { "10": "ten", "2": "two", a: "hunter2", user: "u" };
  scene.cluster.store.put(await sopsManifest(keys, { name: "db", groups: byAge, template }, plain));
  await scene.until("in sync", () => scene.condition("db", "Ready")?.status === "True");
  assert.deepEqual(scene.items("db"), { ...plain, url: "u@db" });
  assert.equal(scene.condition("db", "Ready")?.message, undefined);
  const status = scene.cluster.store.get("sealedsecrets.bitnami.com", "team", "db")?.["status"];
  assert.deepEqual((status as { signet: { keys: string[] } }).signet.keys, [
    `sops:age:${identity.recipient}`,
  ]);
  assert.deepEqual(keys.connected, { kms: 0, transit: 0, closed: 0 });
});

for (const kind of ["strict", "namespace-wide", "cluster-wide"] satisfies ScopeKind[]) {
  test(`${kind}: opens where its scope item says; a copy or another name elsewhere is refused, and nothing is written`, async (context) => {
    const keys = new RemoteKeys();
    const scene = await sopsScene(context, keys, served, {
      prepare: ({ store }) => void store.ensureNamespace("other"),
    });
    const object = await sopsManifest(keys, { name: "db", kind, groups: byAge }, { a: "1" });
    const places = [
      { name: "db", namespace: "team", opens: true, differs: "" },
      { name: "copy", namespace: "team", opens: kind !== "strict", differs: "name" },
      { name: "db", namespace: "other", opens: kind === "cluster-wide", differs: "namespace" },
    ];
    for (const { name, namespace } of places)
      scene.cluster.store.put({ ...object, metadata: { ...object.metadata, name, namespace } } as ApiObject);
    for (const { name, namespace, opens, differs } of places) {
      if (opens) await scene.untilSynced(name, { a: "1" }, namespace);
      else {
        const message = await untilRefused(scene, name, "UnsealFailed", namespace);
        assert.match(
          message,
          new RegExp(`made for another place: .*signet\\.dev/scope differs in ${differs};`),
        );
        assert.equal(scene.condition(name, "Stalled", namespace)?.status, "True");
        assert.equal(scene.items(name, namespace), null);
      }
    }
  });
}

test("attacks on a document: each is refused with its reason, and nothing is written", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, served);
  const make = (name: string, more = {}) =>
    sopsManifest(keys, { name, groups: byAge, ...more }, { a: "1", b: "2" });
  const put = (object: object) => void scene.cluster.store.put(object as ApiObject);
  const widened = await make("widened");
  widened.metadata.annotations = { ...widened.metadata.annotations, [NAMESPACE_WIDE_ANNOTATION]: "true" };
  put(widened);
  put(await make("foreign", { clusterId: "cluster-two" }));
  const swapped = await make("swapped");
  const { a = "", b = "" } = swapped.spec.encryptedData;
  Object.assign(swapped.spec.encryptedData, { a: b, b: a });
  put(swapped);
  const cut = await make("cut");
  delete cut.spec.encryptedData["b"];
  put(cut);
  const unbound = await make("unbound");
  delete unbound.spec.encryptedData["signet.dev/scope"];
  put(unbound);
  const mixed = await make("mixed");
  mixed.spec.encryptedData["c"] = "vault:1:transit/app:vault:v1:AAAA";
  put(mixed);
  const unhashed = await make("unhashed");
  delete unhashed.sops["mac"];
  put(unhashed);
  for (const [name, words] of [
    ["widened", /differs in scope/],
    ["foreign", /differs in cluster/],
    ["swapped", /encryptedData\.a does not open: it was changed, moved/],
    ["cut", /its MAC does not fit its values/],
    ["unbound", /its MAC does not fit its values/],
    ["mixed", /values of its own kind only, and these are not: c/],
    ["unhashed", /\bmac\b/i],
  ] as const) {
    const message = await untilRefused(scene, name, "UnsealFailed");
    assert.match(message, words, name);
    assert.doesNotMatch(message, /hunter|AAAA|cluster-one|cluster-two/);
  }
  assert.deepEqual(scene.secretWrites, []);
});

test("what an entry names is allowed by the options, or nobody is asked: keys, roles, profiles, contexts and Vaults", async (context) => {
  const keys = new RemoteKeys();
  const role = "arn:aws:iam::123456789012:role/admin";
  const context_ = (pair: object) => kmsRecipient(undefined, { context: pair as Record<string, string> });
  const rows = [
    ["key", kmsRecipient(OTHER_KMS_KEY), /KMS key .*key\/other is not allowed here; .*--kms-allowed-keys/],
    ["role", kmsRecipient(undefined, { role }), /role .*role\/admin of .* is not allowed here; .*own name/],
    ["profile", kmsRecipient(undefined, { awsProfile: "admin" }), /profile admin of .* not allowed here/],
    [
      "pair",
      context_({ team: "red" }),
      /context pair team of .* not allowed here; .*--kms-allowed-contexts=team=red/,
    ],
    [
      "address",
      vaultRecipient("https://evil.example"),
      /is at https:\/\/evil\.example, and Vault is https:\/\/vault\.example here/,
    ],
    [
      "vault-key",
      vaultRecipient(undefined, "app"),
      /Vault key transit\/app is not allowed here; .*--vault-allowed-keys/,
    ],
  ] as const;
  const scene = await sopsScene(context, keys, [], { args: SOPS_PERMITTED });
  for (const [name, recipient, words] of rows) {
    // Sealed for what is allowed, since nobody wraps for the rest here; then its entry is edited.
    const allowed =
      recipient.type === "kms" ? kmsRecipient(undefined, { context: recipient.context }) : vaultRecipient();
    const object = await sopsManifest(keys, { name, groups: [[allowed]] }, { a: "1" });
    const [entry = {}] = object.sops[recipient.type] as Record<string, string>[];
    if (recipient.type === "kms") {
      const { arn, role: named, awsProfile } = recipient;
      Object.assign(entry, { arn, aws_profile: awsProfile, ...(named === "" ? {} : { role: named }) });
    }
    if (recipient.type === "hc_vault")
      Object.assign(entry, { vault_address: recipient.vaultAddress, key_name: recipient.keyName });
    keys.forgetCalls();
    scene.cluster.store.put(object);
    assert.match(await untilRefused(scene, name, "KeyNotAllowed"), words);
    assert.deepEqual([...keys.kms.calls, ...keys.transit.calls], [], name);
  }
  assert.deepEqual(scene.secretWrites, []);
});

test("pairs of a context that an option lists are allowed, with the namespace of the object", async (context) => {
  const keys = new RemoteKeys();
  const args = [...SOPS_PERMITTED, "--kms-allowed-contexts=app=db,team={namespace}"];
  const scene = await sopsScene(context, keys, [], { args });
  const sealed = (name: string, pairs: Record<string, string>) =>
    sopsManifest(keys, { name, groups: [[kmsRecipient(undefined, { context: pairs })]] }, { a: "1" });
  scene.cluster.store.put(await sealed("own", { app: "db", team: "team" }));
  scene.cluster.store.put(await sealed("other", { team: "other" }));
  await scene.untilSynced("own", { a: "1" });
  assert.match(await untilRefused(scene, "other", "KeyNotAllowed"), /pair team of/);
});

test("a KMS entry of another place is no entry of this one, whatever KMS would say", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [], { args: SOPS_PERMITTED });
  const object = await sopsManifest(keys, { name: "home", groups: [[kmsRecipient()]] }, { a: "1" });
  keys.forgetCalls();
  scene.cluster.store.put({ ...object, metadata: { ...object.metadata, name: "copy" } } as ApiObject);
  const message = await untilRefused(scene, "copy", "UnsealFailed");
  assert.match(message, /encryption context of its KMS entry does not name this place: name/);
  assert.deepEqual(keys.kms.calls, []);
});

test("/v1/verify and /v1/rotate open no such document, and ask nobody", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, served, { args: [...SOPS_PERMITTED, "--rate-limit=1000"] });
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  const groups = [[ageRecipient(identity), kmsRecipient(), vaultRecipient()]];
  const opens = await sopsManifest(keys, { name: "db", groups }, { a: "1" });
  keys.forgetCalls();
  const broken = { ...opens, spec: { encryptedData: { a: "kms:9:x:y:z" } }, sops: undefined };
  for (const path of ["/v1/verify", "/v1/rotate"]) {
    const answers = new Set<string>();
    for (const document of [opens, broken]) {
      const { status, text } = await scene.ask(path, { method: "POST", body: JSON.stringify(document) });
      answers.add(`${status} ${text}`);
    }
    assert.equal(answers.size, 1, [...answers].join(" | "));
    assert.doesNotMatch([...answers].join(), /^200/);
  }
  assert.deepEqual([...keys.kms.calls, ...keys.transit.calls], []);
});
