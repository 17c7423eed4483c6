import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";
import { BACKED_UP, KMS_KEY, keysWorld, OTHER_KMS_KEY, WRAPPING } from "./keys-world.ts";

const [first, second] = await Promise.all([sealingPair(new Date(Date.now() - 86_400_000)), sealingPair()]);
const owner = await newAgeIdentity();
const withIdentity = { env: { SOPS_AGE_KEY: owner.text } };
const AGE = ["--age", owner.recipient];
const CONFIRMED = "signet.dev/backup-confirmed";
const WRITTEN = "signet.dev/backup-written";

/** Neither private key, in any of the forms it may take. */
function requireNoKey(text: string): void {
  for (const { privateKeyPem } of [first, second]) {
    const [, line = ""] = privateKeyPem.split("\n");
    assert.ok(!text.includes(line), "a private key stands there");
    assert.ok(!text.includes(Buffer.from(privateKeyPem).toString("base64").slice(0, 200)));
  }
}

function twoKeys(context: Parameters<typeof keysWorld>[0]) {
  return keysWorld(context, [pairSecret(first, "one"), pairSecret(second, "two")]);
}

test("copies all keys into one file: certificates in the open, private keys for the recipients alone", async (context) => {
  const world = await twoKeys(context);
  const { code, stdout, stderr, files } = await world.keysWith(
    withIdentity,
    "backup",
    ...AGE,
    "-w",
    "keys.yaml",
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  const text = files.get("keys.yaml") ?? "";
  requireNoKey(text + stderr);
  for (const { certificatePem, fingerprint } of [first, second]) {
    assert.ok(text.includes(Buffer.from(certificatePem).toString("base64").slice(0, 60)), "its certificate");
    assert.ok(stderr.includes(`(${fingerprint}) is in the backup`), stderr);
  }
  assert.match(text, /encrypted_regex: \^tls\\\.key\$/);
  assert.match(stderr, new RegExp(`encrypted for age ${owner.recipient}`));
  assert.match(stderr, /keys\.yaml was read back, and opened with a key of yours/);
  assert.match(stderr, /not confirmed yet: store it, then .* signet keys backup --confirm FILE/);
  const digest = createHash("sha256").update(text).digest("hex");
  for (const name of ["one", "two"]) {
    const annotations = world.secret(name).metadata.annotations ?? {};
    assert.equal(annotations[CONFIRMED], undefined);
    assert.match(annotations[WRITTEN] ?? "", new RegExp(`^20\\S+Z sha256:${digest} ${owner.recipient}$`));
    assert.equal(world.item(name, "tls.key"), (name === "one" ? first : second).privateKeyPem);
  }
});

test("only the keys that are named, by Secret or by fingerprint", async (context) => {
  const world = await twoKeys(context);
  for (const [name, other] of [
    ["one", second.fingerprint],
    [first.fingerprint, second.fingerprint],
  ] as const) {
    const { stdout, stderr, code } = await world.keys("backup", name, ...AGE);
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes("name: one") && !stdout.includes("name: two"));
    assert.ok(!stderr.includes(other));
  }
  const unknown = await world.keys("backup", "three", ...AGE);
  assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
  assert.match(unknown.stderr, /there is no sealing key "three" in the namespace kube-system/);
});

test("what was stored confirms the backup, byte for byte and without any key of a recipient", async (context) => {
  const world = await twoKeys(context);
  const { stdout } = await world.keys("backup", ...AGE);
  const changed = await world.keysWith(
    { stdin: stdout.replace("name: one", "name: uno") },
    "backup",
    "--confirm",
  );
  assert.equal(changed.code, 1);
  assert.match(changed.stderr, /is not the file that was written for a key here, and it does not open here/);
  assert.equal(world.secret("one").metadata.annotations?.[CONFIRMED], undefined);
  const { code, stderr } = await world.keysWith(
    { files: { "stored.yaml": stdout } },
    "backup",
    "--confirm",
    "stored.yaml",
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the backup of sealing key one \(SHA256:\S+\) is confirmed/);
  for (const name of ["one", "two"]) {
    const annotations = world.secret(name).metadata.annotations ?? {};
    assert.match(annotations[CONFIRMED] ?? "", new RegExp(`^20\\S+Z ${owner.recipient}$`));
    assert.match(annotations[WRITTEN] ?? "", / confirmed$/);
  }
  const writes = world.writes().length;
  const again = await world.keysWith({ stdin: stdout }, "backup", "--confirm");
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /the backup of sealing key two \(SHA256:\S+\) is confirmed already/);
  assert.equal(world.writes().length, writes);
  // Where it is taken back, it is confirmed anew.
  const { metadata, ...rest } = world.secret("one");
  const annotations = { ...metadata.annotations };
  delete annotations[CONFIRMED];
  world.cluster.store.put({ ...rest, metadata: { ...metadata, annotations } });
  const anew = await world.keysWith({ stdin: stdout }, "backup", "--confirm");
  assert.match(anew.stderr, /sealing key one \(SHA256:\S+\) is confirmed\n/);
  assert.match(world.secret("one").metadata.annotations?.[WRITTEN] ?? "", /[^d] confirmed$/);
});

test("a backup that opens here confirms the keys that it holds, whoever wrote it", async (context) => {
  const world = await twoKeys(context);
  const { stdout } = await world.keys("backup", "one", ...AGE);
  world.put(pairSecret(first, "one"));
  const { code, stderr } = await world.keysWith({ ...withIdentity, stdin: stdout }, "backup", "--confirm");
  assert.equal(code, 0, stderr);
  assert.match(world.secret("one").metadata.annotations?.[CONFIRMED] ?? "", / age1/);
  assert.equal(world.secret("two").metadata.annotations?.[CONFIRMED], undefined);
});

test("with --confirm the file that was written and read back is the backup", async (context) => {
  const world = await twoKeys(context);
  const { code, stderr, files } = await world.keys("backup", ...AGE, "-w", "keys.yaml", "--confirm");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /no key at hand here opens it, so try it where one is: sops decrypt keys\.yaml/);
  assert.match(stderr, /the backup is confirmed/);
  for (const name of ["one", "two"]) assert.ok(world.secret(name).metadata.annotations?.[CONFIRMED]);
  const stdin = files.get("keys.yaml") ?? "";
  const again = await world.keysWith({ stdin }, "backup", "--confirm");
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /is confirmed already/);
  const spaced = await world.keys("backup", ...AGE, "-w", "my keys.yaml");
  assert.match(spaced.stderr, /: sops decrypt 'my keys\.yaml'$/m);
  const empty = await world.keysWith({ stdin: "" }, "backup", "--confirm");
  assert.equal(empty.code, 1);
  assert.equal(
    empty.stderr,
    "error: standard input is empty\nhint: name the file of the backup, or give it on standard input\n",
  );
});

test("a file that cannot be written, or reads otherwise, marks nothing", async (context) => {
  const world = await twoKeys(context);
  const { code, stderr } = await world.keys("backup", ...AGE, "-w", "folder/", "--confirm");
  assert.equal(code, 1);
  assert.match(stderr, /cannot write folder\//);
  const lossy = await world.keysWith(
    { damages: "keys.yaml" },
    "backup",
    ...AGE,
    "-w",
    "keys.yaml",
    "--confirm",
  );
  assert.equal(lossy.code, 1);
  assert.match(lossy.stderr, /keys\.yaml: its mac is not that of its content/);
  assert.deepEqual(world.writes(), []);
});

test("wrapped keys are unwrapped for it, as far as their wrapping keys are allowed", async (context) => {
  const marked = { annotations: BACKED_UP };
  const world = await keysWorld(context, [
    pairSecret(first, "one", marked),
    pairSecret(second, "two", marked),
  ]);
  assert.equal((await world.keys("wrap", "--with", KMS_KEY, "one")).code, 0);
  const refused = await world.keys("backup", ...AGE);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /is wrapped by kms:arn:\S+key\/one, which is not allowed/);
  const allowed = "--kms-allowed-keys=arn:aws:kms:*:*:key/one";
  const { stdout, code, stderr } = await world.keys("backup", ...AGE, allowed);
  assert.equal(code, 0, stderr);
  requireNoKey(stdout);
  const other = await keysWorld(context, []);
  const restored = await other.keysWith({ ...withIdentity, stdin: stdout }, "restore");
  assert.equal(restored.code, 0, restored.stderr);
  assert.equal(other.item("one", "tls.key"), first.privateKeyPem);
  assert.equal(
    other.secret("one").metadata.labels?.["sealedsecrets.bitnami.com/sealed-secrets-key"],
    "active",
  );
});

test("a backup for what wraps the keys alone is none", async (context) => {
  const world = await keysWorld(context, [pairSecret(first, "one")]);
  const arn = KMS_KEY.slice("kms:".length);
  world.publish({ settings: WRAPPING });
  const alone = await world.keys("backup", "--kms", arn, "-w", "keys.yaml");
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /wrapped by kms:\S+key\/one, and no recipient of the backup is another key/);
  assert.deepEqual([alone.files.get("keys.yaml"), world.writes()], [undefined, []]);
  const both = await world.keys("backup", "--kms", arn, ...AGE, "-w", "keys.yaml", "--confirm");
  assert.equal(both.code, 0, both.stderr);
  assert.match(
    world.secret("one").metadata.annotations?.[CONFIRMED] ?? "",
    new RegExp(`Z ${owner.recipient}$`),
  );
  const other = await world.keys("backup", "--kms", OTHER_KMS_KEY.slice("kms:".length), "-w", "keys.yaml");
  assert.equal(other.code, 0, other.stderr);
  // Wrapped by another key meanwhile, it is one no more.
  world.publish({ settings: { ...WRAPPING, "signet.dev/sealing-key-wrap": OTHER_KMS_KEY } });
  const late = await world.keysWith(
    { files: { "k.yaml": other.files.get("keys.yaml") ?? "" } },
    "backup",
    "--confirm",
    "k.yaml",
  );
  assert.equal(late.code, 1);
  assert.match(late.stderr, /no recipient of the backup is another key/);
});

test("keys of AWS KMS and Vault open backups, under the rights of whoever restores", async (context) => {
  const world = await keysWorld(context, [pairSecret(first, "one")]);
  world.transit.createKey("transit/backups", "associated-data");
  const kms = KMS_KEY.slice("kms:".length);
  const vault = "https://vault.test:8200/v1/transit/keys/backups";
  for (const [flags, allowed] of [
    [["--kms", kms], "--kms-allowed-keys=arn:aws:kms:*:*:key/one"],
    [["--hc-vault-transit", vault], "--vault-allowed-keys=transit/*"],
  ] as const) {
    const { stdout, code, stderr } = await world.keys("backup", ...flags);
    assert.equal(code, 0, stderr);
    world.cluster.store.delete("secrets", "kube-system", "one");
    const refused = await world.keysWith({ stdin: stdout }, "restore");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /not allowed/);
    const restored = await world.keysWith({ stdin: stdout }, "restore", allowed);
    assert.equal(restored.code, 0, restored.stderr);
    assert.equal(world.item("one", "tls.key"), first.privateKeyPem);
  }
});

test("a key that does not open what its certificate seals stops the backup", async (context) => {
  const mixed = { ...first, certificatePem: second.certificatePem };
  const world = await keysWorld(context, [pairSecret(mixed, "one")]);
  const { code, stdout, stderr } = await world.keys("backup", ...AGE);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /Secret kube-system\/one is no sealing key to use/);
  assert.deepEqual(world.writes(), []);
});

test("what cannot be meant is refused before the cluster is asked", async (context) => {
  const world = await twoKeys(context);
  world.cluster.faults.add({ method: "GET", path: /./, status: 503, times: 100 });
  for (const [args, words] of [
    [["backup"], /it is not said who is to open the backup/],
    [["backup", "-w", "keys.yaml", "--confirm"], /it is not said who is to open the backup/],
    [["backup", "--age", "age1nothing"], /--age, recipient 1/],
    [["backup", "--confirm", ...AGE], /on standard output cannot be confirmed/],
    [["backup", "--confirm", "a", "b"], /one backup at a time/],
    [["restore", "a", "b"], /one backup at a time/],
    [["restore", ...AGE, "a"], /--age does not go with keys restore/],
    [["restore", "--with", "x", "a"], /--with is no key of AWS KMS or Vault/],
  ] as const) {
    const { code, stderr } = await world.keys(...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, words);
  }
});

test("no rights and no cluster: words, and nothing is written", async (context) => {
  const world = await twoKeys(context);
  world.kms.before = () => {
    throw serviceFault("denied", "AWS KMS refuses");
  };
  const denied = await world.keys("backup", "--kms", KMS_KEY.slice("kms:".length), "-w", "keys.yaml");
  assert.equal(denied.code, 1);
  assert.match(denied.stderr, /AWS KMS refuses/);
  assert.equal(denied.files.get("keys.yaml"), undefined);
  world.cluster.faults.add({ method: "GET", path: /\/secrets/, status: 403, times: 10 });
  const forbidden = await world.keys("backup", ...AGE, "-w", "keys.yaml");
  assert.equal(forbidden.code, 1);
  assert.match(forbidden.stderr, /secrets/);
  assert.deepEqual([forbidden.files.get("keys.yaml"), world.writes()], [undefined, []]);
});
