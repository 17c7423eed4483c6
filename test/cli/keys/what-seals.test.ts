import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { withBegin } from "../../controller/edited-certificate.ts";
import { PAIR_UID, pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import {
  BACKED_UP,
  type KeysWorld,
  KMS_KEY,
  keysWorld,
  type Published,
  UNWRAPPING,
  VAULT_KEY,
  WRAPPING,
} from "./keys-world.ts";

const DAY = 86_400_000;
const LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const ago = (days: number) => new Date(Date.now() - days * DAY);
const begin = ago(5);
const [old, current, planted] = await Promise.all([
  sealingPair(ago(9)),
  sealingPair(begin),
  sealingPair(ago(1)),
]);
const secretOf = (
  pair: typeof old,
  name: string,
  annotations: Record<string, string> = {},
  createdAt = ago(3),
) =>
  pairSecret(pair, name, {
    annotations: { ...BACKED_UP, ...annotations },
    creationTimestamp: `${createdAt.toISOString().slice(0, 19)}Z`,
  });
const promotion = (at: Date) => ({ "signet.dev/primary": `${at.toISOString()} ${PAIR_UID}` });
const state = (world: KeysWorld, name: string) => world.secret(name).metadata.labels?.[LABEL];

/** A world where `current` is wrapped and seals, and a controller that wraps says so. */
async function worldWith(context: TestContext, secrets: SecretObject[], published: Published = {}) {
  const world = await keysWorld(context, [secretOf(current, "current"), ...secrets]);
  world.publish({ settings: WRAPPING, certificatePem: current.certificatePem });
  const { code, stderr } = await world.keys("wrap", "--with", KMS_KEY, "current");
  assert.equal(code, 0, stderr);
  world.publish({ settings: WRAPPING, certificatePem: current.certificatePem, ...published });
  return world;
}

test("a key that would seal once it is wrapped is left out, told of, and wrapped for who vouches for it", async (context) => {
  const world = await worldWith(context, [secretOf(old, "old"), secretOf(planted, "planted")]);
  const writes = world.writes().length;
  const dry = await world.keys("wrap", "--all", "--with", KMS_KEY, "--dry-run");
  assert.equal(dry.code, 1);
  assert.match(dry.stderr, /sealing key old would be wrapped by/);
  assert.match(dry.stderr, /sealing key planted \(SHA256:\S+\) would be left as it is: /);
  assert.equal(world.writes().length, writes);
  for (const which of ["--all", "planted"]) {
    const { code, stderr } = await world.keys("wrap", which, "--with", KMS_KEY);
    assert.equal(code, 1);
    const { fingerprint } = current;
    assert.ok(stderr.includes(`is left as it is: the key that seals is ${fingerprint}, and wrapped`), stderr);
    assert.match(stderr, /it is not the older one \(it began \d{4}-/);
    assert.match(stderr, /error: planted: not wrapped, since wrapping is not to change which key seals/);
    assert.match(stderr, /hint: .*--accept-fingerprint SHA256:…/);
    assert.deepEqual([state(world, "planted"), state(world, "old")], ["active", "wrapped"]);
  }
  const other = await world.keys(
    "wrap",
    "planted",
    "--with",
    KMS_KEY,
    `--accept-fingerprint=${old.fingerprint}`,
  );
  assert.equal(other.code, 1);
  assert.ok(other.stderr.includes(`${old.fingerprint} is the fingerprint of no key that is named`));
  assert.equal(state(world, "planted"), "active");
  const accept = `--accept-fingerprint=${planted.fingerprint}`;
  world.put(forged(secretOf(old, "forged"), new Date()));
  const done = await world.keys("wrap", "planted", "forged", "--with", KMS_KEY, accept);
  assert.deepEqual([done.code, state(world, "forged")], [1, "active"], "one word is for one key");
  assert.match(done.stderr, /note: sealing key planted may seal from then on/);
  assert.equal(state(world, "planted"), "wrapped");
});

const before: [what: string, secrets: SecretObject[], isLeft: boolean][] = [
  ["an older one", [secretOf(old, "x")], false],
  ["an older one that was promoted", [secretOf(old, "x", promotion(ago(1)))], true],
  ["an older one whose promotion is for a time to come", [secretOf(old, "x", promotion(ago(-9)))], true],
  ["an older one whose promotion is none", [secretOf(old, "x", { "signet.dev/primary": "2030" })], false],
  ["one that began in the same second", [secretOf(await sealingPair(begin), "x")], true],
  ["one whose certificate was given a later begin", [forged(secretOf(old, "x"), ago(2))], true],
];
for (const [what, secrets, isLeft] of before) {
  test(`${what} ${isLeft ? "is left out" : "is wrapped"}`, async (context) => {
    const world = await worldWith(context, secrets);
    const { code, stderr } = await world.keys("wrap", "--all", "--with", KMS_KEY);
    assert.deepEqual([code, state(world, "x")], isLeft ? [1, "active"] : [0, "wrapped"], stderr);
  });
}

function forged(secret: SecretObject, begin: Date): SecretObject {
  const pem = Buffer.from(secret.data?.["tls.crt"] ?? "", "base64").toString();
  return {
    ...secret,
    data: { ...secret.data, "tls.crt": Buffer.from(withBegin(pem, begin)).toString("base64") },
  };
}

/** Changes the annotations, or the begin, of the key that seals, as whoever may write Secrets can. */
function change(world: KeysWorld, annotations: Record<string, string>, begin?: Date): void {
  const secret = world.secret("current") as SecretObject;
  const metadata = { ...secret.metadata, annotations: { ...secret.metadata.annotations, ...annotations } };
  const changed = { ...secret, metadata };
  world.put(begin === undefined ? changed : forged(changed, begin));
}

test("a promotion that a later one has overtaken holds nothing back; one for a time to come is no such", async (context) => {
  const world = await worldWith(context, [secretOf(old, "x", promotion(ago(2)))]);
  change(world, promotion(ago(-1)));
  assert.equal((await world.keys("wrap", "--all", "--with", KMS_KEY)).code, 1);
  change(world, promotion(ago(1)));
  const { code, stderr } = await world.keys("wrap", "--all", "--with", KMS_KEY);
  assert.deepEqual([code, state(world, "x")], [0, "wrapped"], stderr);
});

for (const [what, published] of [
  ["the ConfigMap", { certificatePem: current.certificatePem }],
  ["the Lease", { known: current.fingerprint }],
  ["both", { certificatePem: current.certificatePem, known: current.fingerprint }],
] as const) {
  test(`the key that seals is known by ${what}, and seems no newer by an edit of its Secret`, async (context) => {
    const world = await worldWith(context, [secretOf(old, "old"), secretOf(planted, "planted")]);
    world.publish({ settings: WRAPPING, ...published });
    // One Secret more with the same key, or rather with its certificate.
    const copy = { ...(world.secret("current") as SecretObject) };
    const metadata = { ...copy.metadata, name: "copy", uid: "another" };
    world.put(forged({ ...copy, metadata }, new Date()));
    if (!("known" in published)) change(world, {}, new Date());
    const { code, stderr } = await world.keys("wrap", "--with", KMS_KEY, "old", "planted");
    assert.deepEqual([code, state(world, "old"), state(world, "planted")], [1, "wrapped", "active"], stderr);
  });
}

for (const [what, published, says] of [
  ["nothing tells", {}, /not known which key seals \(ConfigMap \S+ holds no certificate\)/],
  [
    "ConfigMap and Lease differ",
    { certificatePem: planted.certificatePem, known: current.fingerprint },
    /not known which key seals \(ConfigMap \S+ and Lease sealed-secrets-controller name different ones\)/,
  ],
  [
    "the certificate is none",
    { certificatePem: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
    /not known which key seals/,
  ],
] as const) {
  test(`where ${what}, keys older than all wrapped ones are wrapped`, async (context) => {
    const world = await worldWith(context, [secretOf(old, "old"), secretOf(planted, "planted")]);
    world.publish({ settings: WRAPPING, ...published });
    const { code, stderr } = await world.keys("wrap", "--all", "--with", KMS_KEY);
    assert.deepEqual([code, state(world, "old"), state(world, "planted")], [1, "wrapped", "active"], stderr);
    assert.match(stderr, says);
  });
}

test("where nothing tells and no key is wrapped, none is without a word for it", async (context) => {
  const world = await keysWorld(context, [secretOf(old, "old")]);
  world.publish({});
  const { code, stderr } = await world.keys("wrap", "--all", "--with", KMS_KEY);
  assert.deepEqual([code, state(world, "old")], [1, "active"], stderr);
  assert.deepEqual(world.kms.calls, []);
  const accept = `--accept-fingerprint=${old.fingerprint}`;
  assert.equal((await world.keys("wrap", "old", "--with", KMS_KEY, accept)).code, 0);
});

const orders: [order: string | null, expected: { lateSecret: string; lateBegin: string }][] = [
  ["CertNotBefore", { lateSecret: "wrapped", lateBegin: "active" }],
  ["SecretCreationTimestamp", { lateSecret: "active", lateBegin: "wrapped" }],
  [null, { lateSecret: "active", lateBegin: "active" }],
];
for (const [order, expected] of orders) {
  test(`the newest is told by ${order ?? "either order where none is published"}`, async (context) => {
    const world = await worldWith(context, [
      secretOf(old, "late-secret", {}, ago(1)),
      secretOf(planted, "late-begin", {}, ago(8)),
    ]);
    const { "signet.dev/key-order-priority": _, ...names } = WRAPPING;
    const settings = { ...names, ...(order === null ? {} : { "signet.dev/key-order-priority": order }) };
    world.publish({ settings, certificatePem: current.certificatePem });
    const { stderr } = await world.keys("wrap", "--all", "--with", KMS_KEY, "--ahead-of-controller");
    const found = { lateSecret: state(world, "late-secret"), lateBegin: state(world, "late-begin") };
    assert.deepEqual(found, expected, stderr);
  });
}

test("keys are wrapped by none that the controller does not name, unless somebody is ahead of it", async (context) => {
  const world = await keysWorld(context, [secretOf(current, "current")]);
  const wrap = (...more: string[]) => world.keys("wrap", "--all", "--with", VAULT_KEY, ...more);
  const unfit: [settings: Record<string, string>, says: RegExp][] = [
    [
      { "signet.dev/key-order-priority": "CertNotBefore", "signet.dev/sealing-key-wrap": KMS_KEY },
      /the controller names no wrapping key vault:transit\/sealing: at its next start/,
    ],
    [
      { "signet.dev/sealing-key-wrap": VAULT_KEY },
      /is not known .*: ConfigMap \S+certificate says nothing of them/,
    ],
  ];
  for (const [settings, says] of unfit) {
    world.publish({ settings, certificatePem: current.certificatePem });
    const { code, stderr } = await wrap();
    assert.equal(code, 1);
    assert.match(stderr, says);
    assert.match(
      stderr,
      /hint: start it with --sealing-key-wrap=vault:transit\/sealing or .*--ahead-of-controller/,
    );
  }
  for (const [status, says] of [
    [404, /is not known which wrapping keys .*: ConfigMap \S+ is not there/],
    [403, /is not known which wrapping keys .*: ConfigMap \S+ may not be read/],
  ] as const) {
    const fault = world.cluster.faults.add({ method: "GET", path: /configmaps/, status });
    const { code, stderr } = await wrap();
    fault.remove();
    assert.equal(code, 1);
    assert.match(stderr, says);
  }
  assert.deepEqual([world.writes(), world.transit.calls], [[], []]);
  const ahead = await wrap("--ahead-of-controller");
  assert.deepEqual([ahead.code, state(world, "current")], [0, "wrapped"], ahead.stderr);
});

const ALLOWED = "--kms-allowed-keys=arn:aws:kms:*:*:key/*";
test("the last wrapped key of a controller that wraps stays so, and others open there from then on", async (context) => {
  const world = await worldWith(context, [secretOf(old, "old")]);
  assert.equal((await world.keys("wrap", "--all", "--with", KMS_KEY)).code, 0);
  const writes = world.writes().length;
  for (const which of [["--all"], ["old", "current"]]) {
    const { code, stderr } = await world.keys("unwrap", ...which, ALLOWED);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /has --sealing-key-wrap=kms:\S+, so only wrapped keys seal: no key would be left that does/,
    );
    assert.match(stderr, /hint: start it without --sealing-key-wrap and with --sealing-key-unwrap=kms:/);
  }
  world.publish({ settings: WRAPPING });
  assert.equal((await world.keys("unwrap", "--all", ALLOWED)).code, 1, "whichever seals");
  world.publish({ settings: WRAPPING, certificatePem: current.certificatePem });
  const sealing = await world.keys("unwrap", "current", ALLOWED);
  assert.equal(sealing.code, 1);
  assert.match(sealing.stderr, /only wrapped keys seal: current, which does now, would not/);
  assert.equal(world.writes().length, writes);
  const other = await world.keys("unwrap", "old", ALLOWED);
  assert.equal(other.code, 0, other.stderr);
  assert.match(
    other.stderr,
    /note: the controller has --sealing-key-wrap=kms:\S+, so these keys open there, and do/,
  );
  assert.deepEqual([state(world, "old"), state(world, "current")], ["active", "wrapped"]);
  const ahead = await world.keys("unwrap", "--all", ALLOWED, "--ahead-of-controller");
  assert.deepEqual([ahead.code, state(world, "current")], [0, "active"], ahead.stderr);
});

test("keys of a controller that does not wrap are unwrapped without more ado", async (context) => {
  const world = await worldWith(context, [secretOf(old, "old")], { settings: UNWRAPPING });
  const { code, stderr } = await world.keys("unwrap", "--all", ALLOWED);
  assert.equal(code, 0);
  assert.match(stderr, /sealing key old is not wrapped, left as it is/);
  assert.match(stderr, /sealing key current is not wrapped\n/);
  assert.doesNotMatch(stderr, /note: /);
});

test("fingerprints that are none, or come with --all, are refused", async (context) => {
  const world = await keysWorld(context, [secretOf(old, "old")]);
  const asked = world.cluster.requests.length;
  const short = await world.keys("wrap", "old", "--with", KMS_KEY, "--accept-fingerprint=SHA256:abc");
  assert.deepEqual(
    [short.code, short.stderr.split("\n")[0]],
    [2, "error: --accept-fingerprint is no fingerprint of a key"],
  );
  const accept = `--accept-fingerprint=${old.fingerprint}`;
  for (const args of [
    ["wrap", "--all", "--with", KMS_KEY],
    ["unwrap", "old"],
  ])
    assert.equal((await world.keys(...args, accept)).code, 2);
  assert.equal(world.cluster.requests.length, asked);
});
