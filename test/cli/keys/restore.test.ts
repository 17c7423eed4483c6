import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pairSecret, type SealingPair, sealingPair } from "../../controller/sealing-key.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";
import { type KeysWorld, KMS_KEY, keysWorld, WRAPPING } from "./keys-world.ts";

const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const RESTORED = "signet.dev/restored";
const DAY = 86_400_000;
const [first, second, third, coming] = await Promise.all([
  sealingPair(new Date(Date.now() - 2 * DAY)),
  sealingPair(new Date(Date.now() - DAY)),
  sealingPair(),
  sealingPair(new Date(Date.now() + DAY)),
]);
const owner = await newAgeIdentity();
const env = { SOPS_AGE_KEY: owner.text };

/** A backup of keys, as it was written in another cluster. */
async function backupOf(context: TestContext, keys: Record<string, SealingPair>): Promise<string> {
  const secrets = Object.entries(keys).map(([name, pair]) =>
    pairSecret(pair, name, { annotations: { "signet.dev/primary": "2020-01-01T00:00:00Z" } }),
  );
  const world = await keysWorld(context, secrets);
  const { code, stdout, stderr } = await world.keys("backup", "--age", owner.recipient);
  assert.equal(code, 0, stderr);
  return stdout;
}
const restore = (world: KeysWorld, text: string, ...flags: string[]) =>
  world.keysWith({ env, files: { "keys.yaml": text } }, "restore", "keys.yaml", ...flags);
const names = (world: KeysWorld) =>
  world.cluster.store.list("secrets", "kube-system").map(({ metadata }) => metadata.name);

test("into an empty cluster: the same bytes under the same names, marked, and promoted by nobody", async (context) => {
  const world = await keysWorld(context, []);
  const text = await backupOf(context, { one: first, two: second });
  const { code, stdout, stderr } = await restore(world, text);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  for (const [name, pair] of [["one", first] as const, ["two", second] as const]) {
    assert.equal(world.item(name, "tls.key"), pair.privateKeyPem);
    assert.equal(world.item(name, "tls.crt"), pair.certificatePem);
    const { labels, annotations } = world.secret(name).metadata;
    assert.deepEqual(labels, { [KEY_LABEL]: "active" });
    assert.deepEqual(Object.keys(annotations ?? {}).sort(), ["signet.dev/backup-confirmed", RESTORED]);
    assert.match(annotations?.[RESTORED] ?? "", /^20\d\d-\d\d-\d\dT\S+Z$/);
    assert.ok(annotations?.["signet.dev/backup-confirmed"]?.endsWith(` ${owner.recipient}`));
    assert.ok(stderr.includes(`sealing key ${name} (${pair.fingerprint}) is restored, and opens`), stderr);
    assert.ok(stderr.includes(`signet keys promote ${pair.fingerprint}\n`));
    assert.ok(!stderr.includes(pair.privateKeyPem.split("\n")[1] ?? ""));
  }
});

test("twice over, and beside other keys: what is there is left, byte for byte", async (context) => {
  const world = await keysWorld(context, [pairSecret(third, "other"), pairSecret(first, "elsewhere")]);
  const text = await backupOf(context, { one: first, two: second });
  const { code, stderr } = await restore(world, text);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /sealing key one \(SHA256:\S+\) is in the Secret elsewhere already: left as it is/);
  assert.deepEqual(names(world).sort(), ["elsewhere", "other", "two"]);
  const before = JSON.stringify(world.cluster.store.list("secrets", "kube-system"));
  const writes = world.writes().length;
  const again = await restore(world, text);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(JSON.stringify(world.cluster.store.list("secrets", "kube-system")), before);
  assert.equal(world.writes().length, writes);
});

test("another key under that name is never touched: the restored one is named beside it, each time the same", async (context) => {
  const world = await keysWorld(context, [pairSecret(third, "one")]);
  const text = await backupOf(context, { one: first });
  const { code, stderr } = await restore(world, text);
  assert.equal(code, 0, stderr);
  const [beside = ""] = names(world).filter((name) => name !== "one");
  assert.match(beside, /^one-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  assert.ok(stderr.includes(`is restored, as ${beside}, since another key has its name`));
  assert.equal(world.item("one", "tls.key"), third.privateKeyPem);
  assert.equal(world.item(beside, "tls.key"), first.privateKeyPem);
  world.cluster.store.delete("secrets", "kube-system", beside);
  assert.equal((await restore(world, text)).code, 0);
  assert.deepEqual(names(world).sort(), ["one", beside].sort());
  // Taken by what is no key, too.
  world.cluster.store.delete("secrets", "kube-system", beside);
  for (const name of ["one", beside])
    world.cluster.store.put({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "kube-system", name },
    });
  const refused = await restore(world, text);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /the names one and one-\S+ in the namespace kube-system are taken by other Secrets/,
  );
});

test("a key that was taken out of use stays out", async (context) => {
  const world = await keysWorld(context, [
    pairSecret(first, "one", { labels: { [KEY_LABEL]: "compromised" } }),
  ]);
  const { code, stderr } = await restore(world, await backupOf(context, { one: first }));
  assert.equal(code, 0, stderr);
  assert.match(stderr, /taken out of use there \(compromised\), left as it is/);
  assert.deepEqual([names(world), world.writes()], [["one"], []]);
});

test("an interrupted run is run again", async (context) => {
  const world = await keysWorld(context, []);
  const text = await backupOf(context, { one: first, two: second });
  world.cluster.faults.add({ method: "POST", path: /\/secrets$/, times: 1, delayMs: 0 });
  world.cluster.faults.add({ method: "POST", path: /\/secrets$/, status: 503, times: 10 });
  const broken = await restore(world, text);
  assert.equal(broken.code, 1);
  assert.deepEqual(names(world), ["one"]);
  world.cluster.faults.clear();
  const { code, stderr } = await restore(world, text);
  assert.equal(code, 0, stderr);
  assert.deepEqual(names(world).sort(), ["one", "two"]);
});

test("a dry run judges all, and writes nothing", async (context) => {
  const world = await keysWorld(context, []);
  const { code, stderr } = await restore(world, await backupOf(context, { one: first }), "--dry-run");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /sealing key one \(SHA256:\S+\) would be restored/);
  assert.deepEqual(world.writes(), []);
});

test("wrapped from the start, where it is said by which key, and told where the controller wraps", async (context) => {
  const world = await keysWorld(context, []);
  world.publish({ settings: WRAPPING });
  const text = await backupOf(context, { one: first, two: second });
  const plain = await restore(world, await backupOf(context, { three: third }));
  assert.match(plain.stderr, /the controller wraps its keys by kms:\S+key\/one, and these lie open/);
  const { code, stderr } = await restore(world, text, "--with", KMS_KEY);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /lie open/);
  const { labels, annotations } = world.secret("one").metadata;
  assert.equal(labels?.[KEY_LABEL], "wrapped");
  assert.equal(annotations?.["signet.dev/wrapped-by"], KMS_KEY);
  assert.ok(annotations?.[RESTORED]);
  assert.match(world.item("one", "tls.key"), /^kms-key:1:/);
});

test("key Secrets in the open are taken as kubectl prints them, and told of", async (context) => {
  const world = await keysWorld(context, []);
  const list = {
    apiVersion: "v1",
    kind: "List",
    items: [pairSecret(first, "one"), pairSecret(second, "two")],
  };
  const { code, stderr } = await restore(world, JSON.stringify(list));
  assert.equal(code, 0, stderr);
  assert.match(stderr, /warning: that file is not encrypted/);
  assert.equal(world.secret("one").metadata.annotations?.["signet.dev/backup-confirmed"], undefined);
  assert.ok(world.secret("two").metadata.annotations?.[RESTORED]);
});

test("one that is unfit stops all, before anything is written", async (context) => {
  const world = await keysWorld(context, []);
  const good = await backupOf(context, { one: first });
  const open = (secret: object) =>
    JSON.stringify({ kind: "List", items: [pairSecret(second, "two"), secret] });
  const mixed = pairSecret({ ...first, certificatePem: third.certificatePem }, "one");
  for (const [text, words] of [
    [good.replace("name: one", "name: uno"), /its mac is not that of its content/],
    [open(mixed), /keys\.yaml: one is no sealing key to use: the key in tls\.key does not open/],
    [open(pairSecret(coming, "one")), /its certificate is not valid yet/],
    [open({ kind: "ConfigMap" }), /keys\.yaml: object 2 is no Secret/],
    [open({ kind: "Secret", metadata: { name: "../x" } }), /object 2 has no name of a Secret/],
    [open({ kind: "Secret", metadata: { name: "x" }, data: { "tls.crt": "eA==" } }), /has no item tls\.key/],
    ["items: []\nkind: List\n", /keys\.yaml holds no Secret/],
    ["a: [", /keys\.yaml: line 1/],
  ] as const) {
    const { code, stderr } = await restore(world, text);
    assert.equal(code, 1, stderr);
    assert.match(stderr, words);
    assert.ok(!stderr.includes(first.privateKeyPem.split("\n")[1] ?? ""));
  }
  const stranger = await world.keysWith({ files: { "keys.yaml": good } }, "restore", "keys.yaml");
  assert.equal(stranger.code, 1);
  assert.match(stranger.stderr, /its data key does not open: there is no age identity/);
  assert.deepEqual(world.writes(), []);
});
