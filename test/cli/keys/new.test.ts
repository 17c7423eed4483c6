import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type TestContext, test } from "node:test";
import { judgeKeySecret } from "../../../controller/keys/judge-key.ts";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { successorName } from "../../../shared/seal/successor-name.node.ts";
import { unwrapSealingKey } from "../../../shared/seal/wrapped-key.ts";
import { PAIR_UID, pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { KMS_KEY, keysWorld, UNWRAPPING, WRAPPING } from "./keys-world.ts";

const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const HOUR_MS = 3_600_000;
const [older, newer] = await Promise.all([sealingPair(new Date(Date.now() - HOUR_MS)), sealingPair()]);
const after = (predecessor: string | null, counter = 0) =>
  successorName("sealed-secrets-key", { cluster: "cluster-1", predecessor, counter });
const refuse = () => ({ state: "refused" as const, problem: "it is wrapped" });
const judged = (secret: object) => judgeKeySecret(secret as SecretObject, new Date(), refuse);

async function world(context: TestContext, more: Parameters<typeof keysWorld>[1] = []) {
  const made = await keysWorld(context, [pairSecret(older, "one"), pairSecret(newer, "two"), ...more]);
  made.publish({ certificatePem: newer.certificatePem });
  return made;
}

test("the new key has the name and the form that the controller gives one, and a promotion", async (context) => {
  const { keys, secret, writes, item } = await world(context, [
    pairSecret(older, "three", { annotations: { "signet.dev/primary": `2026-01-01T00:00:00Z ${PAIR_UID}` } }),
  ]);
  const { code, stdout, stderr } = await keys("new");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  const name = after(newer.fingerprint);
  const secrets = "/api/v1/namespaces/kube-system/secrets";
  assert.deepEqual(writes(), [`POST ${secrets}`, `PUT ${secrets}/${name}`]);
  const { metadata, type } = secret(name);
  assert.deepEqual([type, metadata.labels], ["kubernetes.io/tls", { [KEY_LABEL]: "active" }]);
  const [at = "", uid] = metadata.annotations?.["signet.dev/primary"]?.split(" ") ?? [];
  assert.ok(Date.parse(at) > Date.parse("2026-01-01T00:00:00Z"));
  assert.equal(uid, metadata.uid);
  assert.ok(!("signet.dev/awaits-promotion" in (metadata.annotations ?? {})));
  const verdict = await judged(secret(name));
  assert.ok(verdict.ok);
  const { fingerprint, notBefore, notAfter, publicKey } = readCertificate(item(name, "tls.crt"));
  assert.ok(notBefore > readCertificate(newer.certificatePem).notBefore);
  assert.equal(notAfter.getTime() - notBefore.getTime(), 24 * HOUR_MS);
  assert.equal(publicKey.asymmetricKeyDetails?.modulusLength, 2048);
  assert.ok(stderr.includes(`sealing key ${name} (${fingerprint}) is made\n`), stderr);
  assert.match(stderr, /^before: SHA256:\S+ \(two\) seals$/m);
  assert.match(stderr, /note: it seals as soon as the controller has seen it/);
  assert.doesNotMatch(stderr, /PRIVATE/);
});

test("until it is promoted it waits, and whoever could not promote it is told how", async (context) => {
  const { keys, secret, cluster } = await world(context);
  cluster.faults.add({ method: "PUT", path: /\/secrets\//, status: 409, times: 1 });
  const { code, stderr } = await keys("new", "--key-size=2048");
  const name = after(newer.fingerprint);
  assert.equal(code, 1);
  assert.ok(stderr.includes(`sealing key ${name} is made, and could not be promoted: `), stderr);
  assert.ok(stderr.includes(`hint: have it seal with: signet keys promote ${name}`), stderr);
  assert.deepEqual(Object.keys(secret(name).metadata.annotations ?? {}).sort(), [
    "signet.dev/awaits-backup",
    "signet.dev/awaits-promotion",
  ]);
  const list = await keys("list");
  assert.match(list.stdout, new RegExp(`^${name} .*waits for promotion`, "m"));
  assert.equal((await keys("promote", name)).code, 0);
  assert.deepEqual(Object.keys(secret(name).metadata.annotations ?? {}).sort(), [
    "signet.dev/awaits-backup",
    "signet.dev/primary",
  ]);
});

test("the length can be chosen, within bounds, and a dry run writes nothing", async (context) => {
  const { keys, writes } = await world(context);
  for (const bits of ["1024", "16385", "many"])
    assert.equal((await keys("new", `--key-size=${bits}`)).code, 2, bits);
  const dry = await keys("new", "--dry-run", "--key-size=2048");
  assert.deepEqual([dry.code, writes()], [0, []]);
  assert.match(dry.stderr, /would be made$/m);
  assert.equal((await keys("new", "name")).code, 2);
});

test("validity, common name and prefix are as of the newest key and the controller's default, or as asked for", async (context) => {
  const { keys, item, cluster } = await keysWorld(context, []);
  const made = async (...args: string[]) => {
    const { code, stderr } = await keys("new", "--key-size=2048", "--without-backup", ...args);
    assert.equal(code, 0, stderr);
    const [, name = ""] = /^sealing key (\S+) /m.exec(stderr) ?? [];
    const certificate = new X509Certificate(item(name, "tls.crt"));
    const validMs = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom);
    return { name, hours: validMs / HOUR_MS, subject: certificate.subject };
  };
  const first = await made("--key-ttl=8760h", "--my-cn=sealing, one", "--key-prefix=mine");
  assert.match(first.name, /^mine[a-z0-9]{5}$/);
  assert.deepEqual([first.hours, first.subject], [8760, "CN=sealing\\, one"]);
  const second = await made();
  assert.match(second.name, /^sealed-secrets-key[a-z0-9]{5}$/);
  assert.deepEqual([second.hours, second.subject], [8760, first.subject]);
  const third = await made("--key-ttl=1h30m", "--my-cn=two");
  assert.deepEqual([third.hours, third.subject], [1.5, "CN=two"]);
  const asked = cluster.requests.length;
  for (const wrong of [
    "--key-ttl=59m",
    "--key-ttl=8766001h",
    "--key-ttl=30d",
    "--my-cn=a\nb",
    `--my-cn=${"a".repeat(65)}`,
    "--key-prefix=Mine",
  ])
    assert.equal((await keys("new", wrong)).code, 2, wrong);
  assert.equal(cluster.requests.length, asked, "nobody was asked");
});

test("it is wrapped as the controller has it, by a key that is allowed, and unwraps there", async (context) => {
  const { keys, secret, item, publish, writes, kms, transit } = await world(context);
  publish({ settings: WRAPPING, certificatePem: newer.certificatePem });
  const refused = await keys("new");
  assert.deepEqual([refused.code, writes(), kms.calls.length], [1, [], 0]);
  assert.match(refused.stderr, /wrapped by kms:\S+, which is not allowed/);
  const { code, stderr } = await keys("new", "--with", KMS_KEY);
  assert.equal(code, 0, stderr);
  const name = after(newer.fingerprint);
  const { metadata } = secret(name);
  assert.equal(metadata.labels?.[KEY_LABEL], "wrapped");
  assert.equal(metadata.annotations?.["signet.dev/wrapped-by"], KMS_KEY);
  assert.ok(metadata.annotations["signet.dev/primary"]);
  const { fingerprint, digest } = readCertificate(item(name, "tls.crt"));
  const place = { clusterId: "cluster-1", namespace: "kube-system", name, fingerprint, certificate: digest };
  const text = item(name, "tls.key");
  const pem = await unwrapSealingKey({ kms, transit }, text, place, () => true, new AbortController().signal);
  assert.match(Buffer.from(pem).toString(), /^-----BEGIN RSA PRIVATE KEY-----/);
});

test("where it is not known how keys are wrapped, none is made beside wrapped ones", async (context) => {
  const { keys, publish, writes } = await world(context);
  assert.equal((await keys("wrap", "--with", KMS_KEY, "--without-backup", "two")).code, 0);
  publish({ settings: { ...UNWRAPPING, "signet.dev/key-order-priority": "" } });
  const { code, stderr } = await keys("new");
  assert.deepEqual([code, writes().length], [1, 1]);
  assert.match(stderr, /it is not known by which key the controller has new keys wrapped/);
});

test("where backups are required, it waits for its own", async (context) => {
  const { keys, secret, publish } = await world(context);
  publish({
    settings: { ...UNWRAPPING, "signet.dev/require-backup": "true" },
    certificatePem: newer.certificatePem,
  });
  const { code, stderr } = await keys("new");
  assert.equal(code, 0, stderr);
  assert.equal(secret(after(newer.fingerprint)).metadata.annotations?.["signet.dev/awaits-backup"], "true");
  assert.match(
    stderr,
    /seals once its backup is confirmed: signet keys backup --age RECIPIENT -w FILE, then/,
  );
});

test("while one waits for its backup, none is made beside it but where that is asked for", async (context) => {
  const { keys, secret, publish, writes } = await world(context);
  publish({
    settings: { ...UNWRAPPING, "signet.dev/require-backup": "true" },
    certificatePem: newer.certificatePem,
  });
  assert.equal((await keys("new", "--key-size=2048")).code, 0);
  const name = after(newer.fingerprint);
  const before = writes().length;
  for (const args of [["new"], ["new", "--dry-run"]]) {
    const { code, stderr } = await keys(...args);
    assert.deepEqual([code, writes().length], [1, before]);
    assert.ok(stderr.includes(`no key is made: ${name} waits for a backup already`), stderr);
    assert.match(
      stderr,
      /^hint: .*signet keys backup -w FILE .*signet keys backup --confirm FILE.*--without-backup$/m,
    );
  }
  assert.equal((await keys("new", "--without-backup", "--key-size=2048")).code, 0);
  // The one that seals has nothing to wait for, and a controller that does not ask has none wait.
  const { "tls.crt": crt = "" } = secret(name)["data"] as Record<string, string>;
  const certificatePem = Buffer.from(crt, "base64").toString();
  publish({ settings: UNWRAPPING, certificatePem });
  assert.equal((await keys("new", "--dry-run")).code, 0);
});

test("of a key that waits, and that nobody promoted, it is to be found out who made it before it is helped to seal", async (context) => {
  const waiting = { "signet.dev/awaits-backup": "true", "signet.dev/awaits-promotion": "true" };
  const { keys, put, publish, writes } = await world(context);
  publish({
    settings: { ...UNWRAPPING, "signet.dev/require-backup": "true" },
    certificatePem: newer.certificatePem,
  });
  const strange = await sealingPair();
  put(pairSecret(strange, "planted", { annotations: waiting }));
  const { code, stderr } = await keys("new");
  assert.deepEqual([code, writes()], [1, []]);
  assert.match(
    stderr,
    /^hint: nobody promoted planted, .*: find out first who did, and if nobody did: signet keys retire planted; if it is yours, back it up: .*signet keys promote planted; /m,
  );
  const known = { "signet.dev/primary": `2026-01-01T00:00:00Z ${PAIR_UID}` };
  put(pairSecret(strange, "planted", { annotations: { ...known, "signet.dev/awaits-backup": "true" } }));
  const promoted = await keys("new");
  assert.equal(promoted.code, 1);
  assert.match(promoted.stderr, /^hint: back it up: /m);
});

test("it is marked to wait whatever the ConfigMap says, so that nobody has it seal at once by writing there", async (context) => {
  const { keys, secret, cluster } = await world(context);
  const marked = () => {
    const { metadata } = secret(after(newer.fingerprint));
    cluster.store.delete("secrets", "kube-system", after(newer.fingerprint));
    return metadata.annotations?.["signet.dev/awaits-backup"];
  };
  const stripped = await keys("new", "--key-size=2048");
  assert.deepEqual([stripped.code, marked()], [0, "true"]);
  assert.match(stripped.stderr, /note: it seals as soon as the controller has seen it/);
  cluster.store.delete("configmaps", "kube-system", "sealed-secrets-certificate");
  const gone = await keys("new", "--key-size=2048");
  assert.deepEqual([gone.code, marked()], [0, "true"]);
  assert.match(gone.stderr, /if the controller has --require-backup, it seals once its backup is confirmed/);
});

test("no plain key is made beside wrapped ones, whatever the ConfigMap says", async (context) => {
  const { keys, publish, writes } = await world(context);
  publish({ settings: WRAPPING, certificatePem: newer.certificatePem });
  assert.equal((await keys("wrap", "--with", KMS_KEY, "--without-backup", "one")).code, 0);
  publish({ settings: UNWRAPPING, certificatePem: newer.certificatePem });
  const { code, stderr } = await keys("new", "--key-size=2048");
  assert.deepEqual([code, writes().length], [1, 1]);
  assert.match(stderr, /sealing key one is wrapped, and the controller's ConfigMap names no key/);
  assert.match(
    stderr,
    /^hint: find out who made that Secret, and if nobody did: signet keys retire one; else who changed the ConfigMap/m,
  );
});

test("a name that another Secret has is passed over, and who made a key at the same time is told of", async (context) => {
  const name = after(newer.fingerprint);
  const { keys, secret, item, put, writes } = await world(context);
  put({ ...pairSecret(older, name), metadata: { namespace: "kube-system", name } });
  const { code, stderr } = await keys("new");
  assert.equal(code, 0, stderr);
  assert.equal(secret(after(newer.fingerprint, 1)).metadata.labels?.[KEY_LABEL], "active");
  assert.ok(stderr.includes(after(newer.fingerprint, 1)));
  const third = readCertificate(item(after(newer.fingerprint, 1), "tls.crt"));
  const next = after(third.fingerprint);
  put(pairSecret(older, next));
  const late = await keys("new");
  assert.equal(late.code, 1, late.stderr);
  assert.ok(late.stderr.includes(`somebody else made a key at the same time: ${next}`), late.stderr);
  assert.equal(writes().length, 3, "one that met another Secret, one that was written, its promotion");
});

test("the first key of a cluster has the name that its controller would choose", async (context) => {
  const { keys, secret } = await keysWorld(context, []);
  const { code, stderr } = await keys("new", "--key-size=2048");
  assert.equal(code, 0, stderr);
  assert.ok((await judged(secret(after(null)))).ok);
  assert.ok(!("signet.dev/awaits-backup" in (secret(after(null)).metadata.annotations ?? {})));
});
