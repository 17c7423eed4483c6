import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { SealedSecret } from "../../../shared/sealed-secret.ts";
import {
  PAIR_UID,
  pairSecret,
  type SealingPair,
  sealedManifest,
  sealingPair,
} from "../../controller/sealing-key.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { KMS_KEY, keysWorld, UNWRAPPING } from "./keys-world.ts";

const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const HINT = "signet.dev/sealing-key";
const HOUR_MS = 3_600_000;
const [oldest, older, newest] = await Promise.all([
  sealingPair(new Date(Date.now() - 3 * HOUR_MS)),
  sealingPair(new Date(Date.now() - 2 * HOUR_MS)),
  sealingPair(),
]);
const sealed = (pair: SealingPair, name: string) =>
  sealedManifest(pair, { namespace: "team", name }, { password: "pw", token: "tok" });

const byForce = ({ fingerprint }: SealingPair) =>
  `to retire old all the same, whatever needs it: the same command with --force ${fingerprint}`;

/** Three keys, of which `new` seals, and these objects. */
async function world(
  context: TestContext,
  objects: readonly SealedSecret[],
  more: Parameters<typeof keysWorld>[1] = [],
) {
  const keys = [pairSecret(oldest, "old"), pairSecret(older, "mid"), pairSecret(newest, "new"), ...more];
  const made = await keysWorld(context, keys);
  made.publish({ certificatePem: newest.certificatePem });
  for (const object of objects) made.cluster.store.put(object as ApiObject);
  return { ...made, label: (name: string) => made.secret(name).metadata.labels?.[KEY_LABEL] };
}

test("a key that nothing needs is relabelled and nothing else, and the line that takes it back does", async (context) => {
  const { keys, label, secret, writes } = await world(context, [
    await sealed(newest, "a"),
    await sealed(older, "b"),
  ]);
  const before = secret("old");
  const { code, stdout, stderr } = await keys("retire", "old");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  assert.ok(stderr.includes(`sealing key old (${oldest.fingerprint}) is retired\n`), stderr);
  assert.match(
    stderr,
    /^to take old back: kubectl -n kube-system label secret old --overwrite sealedsecrets\.bitnami\.com\/sealed-secrets-key=active$/m,
  );
  assert.ok(stderr.indexOf("to take old back") < stderr.indexOf("sealing key old"), "it is there in time");
  assert.deepEqual([label("old"), label("mid"), label("new")], ["retired", "active", "active"]);
  assert.deepEqual(secret("old")["data"], before["data"]);
  assert.deepEqual(writes(), ["PUT /api/v1/namespaces/kube-system/secrets/old"]);
  const again = await keys("retire", "old");
  assert.equal(again.code, 0);
  assert.match(again.stderr, /sealing key old \(SHA256:\S+\) is retired already/);
  assert.equal(writes().length, 1);
});

test("a key that one value needs stays, and the value is named", async (context) => {
  const { spec, ...object } = await sealed(newest, "b");
  const { password } = (await sealed(older, "b")).spec.encryptedData;
  const encryptedData = { ...spec.encryptedData, password: password ?? "" };
  const mixed = { ...object, spec: { encryptedData } };
  const { keys, writes } = await world(context, [await sealed(newest, "a"), mixed]);
  const refused = await keys("retire", "mid", "old");
  assert.deepEqual([refused.code, writes()], [1, []]);
  assert.ok(
    refused.stderr.includes(`SealedSecret team/b in the cluster: password needs ${older.fingerprint}\n`),
    refused.stderr,
  );
  assert.doesNotMatch(refused.stderr, /team\/a|token/);
  assert.match(
    refused.stderr,
    /error: no key was retired: 1 value of 1 object does not open with the keys that stay; mid is needed by SealedSecret team\/b in the cluster$/m,
  );
  assert.match(
    refused.stderr,
    /^hint: the other one can go now: the same command without mid; seal those values anew \(signet rotate\), .* or delete them; to retire mid all/m,
  );
  const alone = await keys("retire", "old");
  assert.equal(alone.code, 0, alone.stderr);
});

test("what an annotation says of a value counts for nothing", async (context) => {
  const lying = await sealed(older, "b");
  lying.metadata.annotations = { [HINT]: newest.fingerprint };
  const { keys, writes } = await world(context, [lying]);
  const refused = await keys("retire", older.fingerprint.slice(0, 16));
  assert.deepEqual([refused.code, writes()], [1, []]);
  assert.ok(refused.stderr.includes(`password, token need ${older.fingerprint}`), refused.stderr);
});

test("garbage, damage and strange values in a tenant's hands keep no key, whatever they claim", async (context) => {
  const stranger = await sealingPair();
  const foreign = await sealed(stranger, "b");
  foreign.metadata.annotations = { [HINT]: oldest.fingerprint };
  const renamed = await sealed(oldest, "c");
  renamed.metadata.name = "d";
  const cut = await sealed(oldest, "e");
  const { password = "", token = "" } = cut.spec.encryptedData;
  cut.spec.encryptedData = {
    password: `${password.slice(0, -8)}AAAAAAA=`,
    token: "%%%",
    third: token.slice(4),
  };
  const { keys, label } = await world(context, [foreign, renamed, cut]);
  const { code, stderr } = await keys("retire", "old");
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /^note: 5 values of 2 objects open with no key at hand, nor with any that is to go: /m,
  );
  assert.ok(
    stderr.includes(
      `  SealedSecret team/b in the cluster: password, token open with no key at hand (they say they need ${oldest.fingerprint})\n`,
    ),
    stderr,
  );
  assert.match(stderr, /team\/e in the cluster: password was sealed under SHA256:\S+, and damaged: /);
  assert.match(stderr, /; (?:token is no sealed value|token, third are no sealed values)/);
  assert.doesNotMatch(stderr, /team\/d/);
  assert.equal(label("old"), "retired");
});

test("of many objects that no key opens ten are named", async (context) => {
  const stranger = await sealingPair();
  const value = await sealed(stranger, "b");
  const many = Array.from({ length: 13 }, (_, at) => ({
    ...value,
    metadata: { ...value.metadata, name: `b${at}` },
  }));
  const { keys } = await world(context, many);
  const { code, stderr } = await keys("retire", "--dry-run", "old");
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/^ {2}SealedSecret team\/b/gm)?.length, 10);
  assert.match(stderr, /^ {2}and 3 more objects; signet audit --open lists them all$/m);
});

test("where a key that is to go is not at hand, what no other opens keeps it", async (context) => {
  const { keys, writes } = await world(context, [await sealed(await sealingPair(), "b")]);
  const wrapped = await keys("wrap", "--with", KMS_KEY, "--without-backup", "old");
  assert.equal(wrapped.code, 0, wrapped.stderr);
  const refused = await keys("retire", "mid", "old");
  assert.deepEqual([refused.code, writes().length], [1, 1]);
  assert.match(refused.stderr, /team\/b in the cluster: password, token open with no key at hand$/m);
  assert.match(refused.stderr, /2 values of 1 object do not open/);
  const alone = await keys("retire", "--dry-run", "mid");
  assert.equal(alone.code, 0, "that one is at hand");
});

test("what could not be looked at keeps every key", async (context) => {
  const { keys, keysWith, writes, cluster } = await world(context, []);
  const broken = await keysWith(
    { files: { "a.yaml": "kind: SealedSecret\nspec: [" } },
    "retire",
    "--in",
    "a.yaml",
    "old",
  );
  assert.deepEqual([broken.code, writes()], [1, []]);
  assert.match(broken.stderr, /a\.yaml\S*: not looked at: /);
  cluster.faults.add({ method: "GET", path: /\/sealedsecrets$/, status: 403, times: 10 });
  const closed = await keys("retire", "old");
  assert.deepEqual([closed.code, writes()], [1, []]);
  assert.match(closed.stderr, /^error: no key was retired: .*cannot list sealedsecrets.* 403/m);
  assert.ok(
    closed.stderr.endsWith(`may list the SealedSecrets of all namespaces; ${byForce(oldest)}\n`),
    closed.stderr,
  );
  assert.ok(broken.stderr.endsWith(`\nhint: see to it that what is named can be read; ${byForce(oldest)}\n`));
});

test("by force, with the whole fingerprint, it goes whatever needs it", async (context) => {
  const { keys, label, writes, cluster } = await world(context, [await sealed(older, "b")]);
  assert.equal((await keys("retire", "mid", "--force", "mid")).code, 2);
  assert.equal((await keys("retire", "mid", "--force", older.fingerprint.slice(0, 30))).code, 2);
  assert.equal((await keys("retire", "old", "mid", "--force", newest.fingerprint)).code, 1);
  const half = await keys("retire", "old", "mid", "--force", older.fingerprint);
  assert.deepEqual([half.code, writes()], [1, []], "the other one was not forced");
  const forced = await keys("retire", "mid", "--force", older.fingerprint);
  assert.equal(forced.code, 0, forced.stderr);
  assert.match(
    forced.stderr,
    /warning: 2 values of 1 object do not open with the keys that stay; the keys go all the same/,
  );
  assert.equal(label("mid"), "retired");
  cluster.faults.add({ method: "GET", path: /\/sealedsecrets$/, status: 403, times: 10 });
  const unread = await keys("retire", "old", "--force", oldest.fingerprint);
  assert.equal(unread.code, 0, unread.stderr);
  assert.match(unread.stderr, /^the cluster: not looked at: /m);
});

test("the key that seals stays, and the one that is to, and the last one, whatever is forced", async (context) => {
  const promoted = { annotations: { "signet.dev/primary": `2026-01-01T00:00:00Z ${PAIR_UID}` } };
  const { keys, put, writes } = await world(context, []);
  put(pairSecret(older, "mid", promoted));
  const seals = await keys("retire", "new", "--force", newest.fingerprint);
  assert.match(seals.stderr, /sealing key new \(SHA256:\S+\) is the one that seals$/m);
  const toSeal = await keys("retire", "mid");
  assert.match(
    toSeal.stderr,
    /sealing key mid \(SHA256:\S+\) is the one to seal by what the key Secrets say$/m,
  );
  const all = await keys("retire", "old", "mid", "new");
  assert.match(all.stderr, /no sealing key would be left in use/);
  assert.deepEqual([seals.code, toSeal.code, all.code, writes()], [1, 1, 1, []]);
});

test("of a key that lies in two Secrets one may go, the one that seals too", async (context) => {
  const { keys, label, writes } = await world(
    context,
    [await sealed(newest, "a")],
    [pairSecret(newest, "copy")],
  );
  const one = await keys("retire", "copy");
  assert.equal(one.code, 0, one.stderr);
  assert.deepEqual([label("copy"), label("new")], ["retired", "active"]);
  const both = await keys("retire", newest.fingerprint);
  assert.match(both.stderr, /is the one that seals/);
  assert.equal(writes().length, 1);
});

test("trees count as the cluster does", async (context) => {
  const { keysWith, writes } = await world(context, []);
  const files = { "tree/a.yaml": JSON.stringify(await sealed(older, "a")) };
  const keys = (...args: string[]) => keysWith({ files }, ...args);
  const refused = await keys("retire", "--in", "tree", "mid");
  assert.deepEqual([refused.code, writes()], [1, []]);
  assert.match(refused.stderr, /a\.yaml:1 \(SealedSecret team\/a\): password, token need SHA256:/);
  assert.equal((await keys("retire", "--in", "tree", "old")).code, 0);
  const renamed = { ...(await sealed(older, "b")), metadata: { namespace: "team", name: "c" } };
  const moved = await keysWith(
    { files: { "c.yaml": JSON.stringify(renamed) } },
    "retire",
    "--in",
    "c.yaml",
    "mid",
  );
  assert.equal(moved.code, 1, moved.stderr);
  assert.match(moved.stderr, /password, token were sealed under SHA256:\S+, for another place$/m);
});

test("a dry run opens all, and writes nothing; other values need no sealing key", async (context) => {
  const remote = await sealed(newest, "a");
  remote.spec.encryptedData["password"] = "kms:1:AAAA";
  const { keys, writes } = await world(context, [remote]);
  const { code, stderr } = await keys("retire", "--dry-run", "mid");
  assert.deepEqual([code, writes()], [0, []], stderr);
  assert.match(stderr, /sealing key mid \(SHA256:\S+\) would be retired$/m);
});

test("a compromised key is labelled so, also after it was retired, and no key goes back from there", async (context) => {
  const { keys, label, writes } = await world(context, []);
  const { code, stderr } = await keys("retire", "--compromised", "old");
  assert.equal(code, 0, stderr);
  assert.equal(label("old"), "compromised");
  assert.ok(stderr.includes(`signet audit --compromised ${oldest.fingerprint} --history`), stderr);
  assert.equal((await keys("retire", "mid")).code, 0);
  const turned = await keys("retire", "--compromised", "mid");
  assert.equal(turned.code, 0, turned.stderr);
  assert.equal(label("mid"), "compromised");
  for (const again of [turned, await keys("retire", "--compromised", "old", "mid")]) {
    assert.match(again.stderr, /^warning: whoever has such a key opens all/m);
    assert.ok(again.stderr.includes(`\n  signet audit --compromised ${older.fingerprint} --history\n`));
  }
  const back = await keys("retire", "mid");
  assert.doesNotMatch(back.stderr, /warning/);
  assert.match(back.stderr, /sealing key mid \(SHA256:\S+\) is compromised already/);
  assert.deepEqual([back.code, label("mid"), writes().length], [0, "compromised", 3]);
});

test("wrapped keys are unwrapped to open what stays; one that cannot be keeps all that needs it", async (context) => {
  const { keys, label, secret, writes, kms } = await world(context, [await sealed(older, "b")]);
  const allowed = "--kms-allowed-keys=arn:aws:kms:*:*:key/*";
  const wrapped = await keys("wrap", "--with", KMS_KEY, "--without-backup", "mid", "old");
  assert.equal(wrapped.code, 0, wrapped.stderr);
  const refused = await keys("retire", "old");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /note: what needs sealing key mid cannot be opened here: .*not allowed/);
  assert.match(refused.stderr, /team\/b in the cluster: password, token open with no key at hand/);
  const retired = await keys("retire", allowed, "old");
  assert.equal(retired.code, 0, retired.stderr);
  assert.equal(label("old"), "retired");
  assert.match(retired.stderr, /to take old back: kubectl .*=wrapped$/m);
  assert.match(
    String(Buffer.from((secret("old")["data"] as Record<string, string>)["tls.key"] ?? "", "base64")),
    /^kms-key:1:/,
  );
  assert.ok(kms.count("Decrypt") > 0 && writes().length === 3);
});

test("a private key in a file stands in for a wrapped one, and no key service is asked", async (context) => {
  const { keys, keysWith, label, kms } = await world(context, [await sealed(older, "b")]);
  assert.equal((await keys("wrap", "--with", KMS_KEY, "--without-backup", "mid")).code, 0);
  const asked = kms.calls.length;
  const files = { "mid.pem": older.privateKeyPem };
  const retire = ["retire", "--private-key", "mid.pem"];
  const { code, stderr } = await keysWith({ files }, ...retire, "--dry-run", "old");
  assert.equal(code, 0, stderr);
  // Nor is there anything to tell of its service, which is not allowed.
  assert.doesNotMatch(stderr, /cannot be opened here|no key at hand/);
  const allowed = "--kms-allowed-keys=arn:aws:kms:*:*:key/*";
  const retired = await keysWith({ files }, ...retire, allowed, "old");
  assert.equal(retired.code, 0, retired.stderr);
  assert.deepEqual([label("old"), kms.calls.length], ["retired", asked]);
});

test("files that name no namespace are taken for those of -n", async (context) => {
  const { keysWith } = await world(context, []);
  const { metadata, ...object } = await sealed(newest, "a");
  const { namespace: _namespace, ...place } = metadata;
  const files = { "a.yaml": JSON.stringify({ ...object, metadata: place }) };
  const elsewhere = await keysWith({ files }, "retire", "--in", "a.yaml", "--dry-run", "old");
  assert.match(elsewhere.stderr, /were sealed under SHA256:\S+, for another place$/m);
  assert.equal(elsewhere.code, 0, "under a key that stays");
  const named = await keysWith({ files }, "retire", "--in", "a.yaml", "-n", "team", "--dry-run", "old");
  assert.equal(named.code, 0, named.stderr);
  assert.doesNotMatch(named.stderr, /another place/);
});

test("where it is not known which key seals, each that might is kept", async (context) => {
  const created = (day: number) => ({ creationTimestamp: `2026-01-0${day}T00:00:00Z` });
  const made = await keysWorld(context, [
    pairSecret(oldest, "old", created(1)),
    pairSecret(older, "mid", created(3)),
    pairSecret(newest, "new", created(2)),
  ]);
  made.publish({ settings: { ...UNWRAPPING, "signet.dev/key-order-priority": "" } });
  for (const name of ["mid", "new"]) {
    const { code, stderr } = await made.keys("retire", name);
    assert.equal(code, 1);
    assert.match(stderr, /is the one to seal by what the key Secrets say/);
  }
  assert.equal((await made.keys("retire", "old")).code, 0);
});
