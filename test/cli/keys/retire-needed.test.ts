import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pairSecret, type SealingPair, sealedManifest, sealingPair } from "../../controller/sealing-key.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { KMS_KEY, keysWorld } from "./keys-world.ts";

const MINUTE_MS = 60_000;
const pairs = await Promise.all(
  Array.from({ length: 9 }, (_, at) => sealingPair(new Date(Date.now() - at * MINUTE_MS))),
);
const [newest, ...rest] = pairs as [SealingPair, ...SealingPair[]];
const names = rest.map((_, at) => `k${at}`);

/** The newest key seals; of the others, k0 to k7, some are needed by an object each. */
async function world(context: TestContext, needed: readonly number[]) {
  const made = await keysWorld(context, [
    pairSecret(newest, "new"),
    ...rest.map((pair, at) => pairSecret(pair, `k${at}`)),
  ]);
  made.publish({ certificatePem: newest.certificatePem });
  for (const at of needed) {
    const place = { namespace: "team", name: `needs-k${at}` };
    made.cluster.store.put(
      (await sealedManifest(rest[at] ?? newest, place, { password: "pw" })) as ApiObject,
    );
  }
  return made;
}

const lineOf = (stderr: string, word: string) =>
  stderr.split("\n").find((line) => line.startsWith(`${word}: `)) ?? "";

test("of many keys the ones in the way are named, and left out; only they are forced", async (context) => {
  const { keys, writes } = await world(context, [2, 5]);
  const { code, stderr } = await keys("retire", ...names);
  assert.deepEqual([code, writes()], [1, []]);
  assert.ok(
    lineOf(stderr, "error").endsWith(
      "; k2 is needed by SealedSecret team/needs-k2 in the cluster; k5 is needed by SealedSecret team/needs-k5 in the cluster",
    ),
    stderr,
  );
  const hint = lineOf(stderr, "hint");
  assert.ok(hint.startsWith("hint: the other 6 can go now: the same command without k2, k5; "), hint);
  const force = `${rest[2]?.fingerprint},${rest[5]?.fingerprint}`;
  const how = `the same command with them alone and --force ${force}`;
  assert.ok(hint.endsWith(`; to retire k2, k5 all the same, whatever needs them: ${how}`), hint);
  const others = await keys("retire", ...names.filter((name) => name !== "k2" && name !== "k5"));
  assert.equal(others.code, 0, others.stderr);
  const forced = await keys("retire", "k2", "k5", "--force", force);
  assert.equal(forced.code, 0, forced.stderr);
});

test("whichever are fewer are named: those to leave out, or those to go alone; many are not forced by the line", async (context) => {
  const { keys, writes } = await world(context, [0, 1, 2, 3, 4, 5]);
  const { code, stderr } = await keys("retire", ...names);
  assert.deepEqual([code, writes()], [1, []]);
  const hint = lineOf(stderr, "hint");
  const alone = "hint: the other 2 can go now: the same command with k6, k7 alone; ";
  assert.ok(hint.startsWith(alone), hint);
  assert.match(lineOf(stderr, "error"), /; k4 is needed by [^;]*; so is 1 more key$/);
  assert.match(hint, /: --force with the whole fingerprint of each key named$/);
});

test("a key that could not be tried may be needed by what no other opens; the tried ones go", async (context) => {
  const { keys, cluster } = await world(context, []);
  const place = { namespace: "team", name: "lost" };
  cluster.store.put((await sealedManifest(await sealingPair(), place, { password: "pw" })) as ApiObject);
  const wrapped = await keys("wrap", "--with", KMS_KEY, "--without-backup", "k0");
  assert.equal(wrapped.code, 0, wrapped.stderr);
  const { code, stderr } = await keys("retire", "k0", "k1");
  assert.equal(code, 1, stderr);
  assert.match(lineOf(stderr, "error"), /; k0 may be needed by SealedSecret team\/lost in the cluster$/);
  assert.match(stderr, /^hint: the other one can go now: the same command without k0; /m);
});

const ALLOWED = "--kms-allowed-keys=arn:aws:kms:*:*:key/*";
for (const [what, given] of [
  [
    "the namespace and private keys of this one",
    ["--in", "a.yaml", "-n", "team", "--private-key", "my k0.pem"],
  ],
  ["the keys that were allowed here", [ALLOWED]],
] as const)
  test(`the command for the others has ${what}, without which it would be refused`, async (context) => {
    const { keys, keysWith, cluster } = await world(context, [1]);
    const place = { namespace: "team", name: "lost" };
    cluster.store.put((await sealedManifest(await sealingPair(), place, { password: "pw" })) as ApiObject);
    assert.equal((await keys("wrap", "--with", KMS_KEY, "--without-backup", "k0")).code, 0);
    const files = { "my k0.pem": rest[0]?.privateKeyPem ?? "", "a.yaml": "kind: ConfigMap" };
    const { code, stderr } = await keysWith({ files }, "retire", ...given, "k0", "k1");
    assert.equal(code, 1, stderr);
    const hint = "hint: the other one can go now: the same command without k1; ";
    assert.ok(lineOf(stderr, "hint").startsWith(hint), stderr);
    assert.equal((await keys("retire", "k0")).code, 1);
    const others = await keysWith({ files }, "retire", ...given, "k0");
    assert.equal(others.code, 0, others.stderr);
  });

test("where some were to be forced, the command for the others forces none", async (context) => {
  const { keys } = await world(context, [1]);
  const force = ["--force", rest[1]?.fingerprint ?? ""];
  const { code, stderr } = await keys("retire", "k0", "k1", ...force);
  assert.equal(code, 1, stderr);
  const hint = "hint: the other one can go now: the same command without k1, and without --force; ";
  assert.ok(lineOf(stderr, "hint").startsWith(hint), stderr);
  assert.equal((await keys("retire", "k0", ...force)).code, 1);
  assert.equal((await keys("retire", "k0")).code, 0);
});
