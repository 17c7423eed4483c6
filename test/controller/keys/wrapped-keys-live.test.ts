import assert from "node:assert/strict";
import { test } from "node:test";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { withBegin } from "../edited-certificate.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { type KeyScene, keyScene, promoted, seals } from "./key-scene.ts";
import { MemoryWrapping, WRAPPING_KEY } from "./memory-wrapping.ts";
import type { Replica } from "./replica.ts";

const DAY = 86_400_000;
const [old, current, newer] = await Promise.all([
  sealingPair(new Date(Date.now() - 2 * DAY)),
  sealingPair(new Date(Date.now() - DAY)),
  sealingPair(new Date(Date.now() - DAY / 2)),
]);
const opens = ({ manager }: Replica) => manager.ring.openingKeys().map(({ fingerprint }) => fingerprint);
const secretNames = (scene: KeyScene) => scene.keySecrets().map(({ metadata }) => metadata.name ?? "");
const waitingIn = ({ manager }: Replica) => [...manager.ring.waiting.keys()];
const lineWith = ({ lines }: Replica, text: string) => lines.find((line) => line.includes(text));
const known = (scene: KeyScene) => scene.lease.annotations["signet.dev/sealing-key"];
async function series(replica: Replica, name: string): Promise<string | undefined> {
  return (await replica.metrics()).split("\n").find((line) => line.startsWith(`${name} `));
}
/** Fails unwrapping, until it is told to stop. */
function down(wrapping: MemoryWrapping, fault: "unavailable" | "denied" = "unavailable"): () => void {
  wrapping.before = () => {
    throw serviceFault(fault, "AWS KMS key one does not answer");
  };
  return () => {
    wrapping.before = () => undefined;
  };
}

test("the first key is wrapped before it is written, and proven to unwrap", async (context) => {
  const scene = await keyScene(context);
  const wrapping = new MemoryWrapping();
  const replica = await scene.start({ wrapping });
  replica.lead(scene.lease);
  await scene.untilReady(replica);
  assert.equal(replica.manager.ready, true);
  const [secret] = scene.keySecrets();
  assert.equal(secret?.metadata.labels?.[KEY_LABEL], "wrapped");
  assert.deepEqual(secret?.metadata.annotations, { "signet.dev/wrapped-by": WRAPPING_KEY });
  const data = (secret as SecretObject).data ?? {};
  assert.match(Buffer.from(data["tls.key"] ?? "", "base64").toString(), /^kms-key:1:/);
  assert.doesNotMatch(replica.lines.join(""), /PRIVATE KEY/);
  await scene.until("the lease to name it", () => known(scene) === seals(replica));
  assert.deepEqual([wrapping.wrapped.length, wrapping.unwrapped.length], [1, 1]);
  assert.ok(
    wrapping.handedOut.every((bytes) => bytes.every((byte) => byte === 0)),
    "it is wiped",
  );
});

test("a key that does not unwrap after it was wrapped is not written", async (context) => {
  const scene = await keyScene(context);
  const wrapping = new MemoryWrapping();
  let isBroken = true;
  wrapping.unwrap = async (...call) =>
    isBroken ? { refused: "it opens nowhere" } : MemoryWrapping.prototype.unwrap.apply(wrapping, call);
  const replica = await scene.start({ wrapping });
  replica.lead(scene.lease);
  await scene.until("a failure", () => lineWith(replica, "Failed to generate new key"));
  assert.ok(lineWith(replica, "does not unwrap after it was wrapped"));
  assert.deepEqual(scene.keySecrets(), []);
  isBroken = false;
  await scene.untilReady(replica);
  assert.equal(scene.keySecrets().length, 1);
});

test("each key is unwrapped once by each replica; lists, labels and promotions unwrap none anew", async (context) => {
  const [one, two] = [new MemoryWrapping(), new MemoryWrapping()];
  const scene = await keyScene(context);
  // Both know what either wrapped.
  two.unwrap = async (text, place, ...rest) => {
    two.unwrapped.push(place.name);
    const count = one.unwrapped.length;
    const answer = await one.unwrap(text, place, ...rest);
    one.unwrapped.length = count;
    return answer;
  };
  scene.put(one.secretOf(old, "old"));
  scene.put(one.secretOf(current, "current"));
  const leader = await scene.start({ wrapping: one });
  const standby = await scene.start({ wrapping: two });
  await Promise.all([scene.untilReady(leader), scene.untilReady(standby)]);
  leader.lead(scene.lease);
  await scene.until("the lease to name it", () => known(scene) === current.fingerprint);
  scene.annotate("old", { ...promoted(60), "signet.dev/wrapped-by": WRAPPING_KEY });
  scene.relabel("current", { [KEY_LABEL]: "wrapped", team: "ops" });
  await scene.until("the promotion", () => [leader, standby].every((one) => seals(one) === old.fingerprint));
  scene.cluster.dropWatches("reset", "secrets");
  await leader.manager.generate();
  await scene.until("the third key", () => [leader, standby].every((one) => opens(one).length === 3));
  const third = secretNames(scene).find((name) => name !== "old" && name !== "current") ?? "";
  assert.deepEqual([...one.unwrapped].sort(), ["current", "old", third].sort());
  assert.deepEqual([...two.unwrapped].sort(), ["current", "old", third].sort());
  assert.deepEqual(
    [...leader.told].filter(({ type }) => type === "Warning"),
    [],
  );
});

for (const [what, overdue] of [
  ["its age", { renewPeriodMs: 3_600_000 }],
  ["the cutoff", { cutoffTimeMs: Date.now() }],
] as const) {
  test(`a key service that is away at the start, with a key overdue by ${what}: not ready, no key made, told why; ready by itself`, async (context) => {
    const wrapping = new MemoryWrapping();
    const scene = await keyScene(context, [
      wrapping.secretOf(old, "old"),
      wrapping.secretOf(current, "current"),
    ]);
    let isAway = true;
    // It would wrap others.
    wrapping.before = (doing, { name }) => {
      if (isAway && doing === "unwrap" && ["old", "current"].includes(name))
        throw serviceFault("unavailable", "AWS KMS key one does not answer");
    };
    const replica = await scene.start({ wrapping, ...overdue });
    replica.lead(scene.lease);
    await scene.untilReady(replica);
    await scene.until("both told", () => replica.told.length >= 2);
    assert.equal(replica.manager.notReady, "sealing keys not unwrapped yet");
    assert.deepEqual([opens(replica), seals(replica)], [[], null]);
    assert.deepEqual(waitingIn(replica).sort(), ["current", "old"]);
    assert.match(lineWith(replica, "Cannot unwrap a sealing key") ?? "", /AWS KMS key one does not answer/);
    const told = replica.told.find(({ name }) => name === "current");
    assert.deepEqual([told?.type, told?.reason], ["Warning", "SealingKeyNotUnwrapped"]);
    assert.match(told?.message ?? "", /not unwrapped yet: AWS KMS key one does not answer/);
    assert.equal(
      await series(replica, 'signet_sealing_keys{state="waiting"}'),
      'signet_sealing_keys{state="waiting"} 2',
    );
    const { missing } = replica.manager;
    assert.deepEqual([missing?.fault, missing?.retryable], ["unavailable", true]);
    assert.match(
      missing?.message ?? "",
      /sealing key current is not unwrapped yet \(nor are 1 more\): AWS KMS key one/,
    );
    await scene.until("retries", () => wrapping.unwrapped.length >= 6);
    assert.equal(replica.told.length, 2, "told once each");
    assert.deepEqual(secretNames(scene).sort(), ["current", "old"]);
    isAway = false;
    await scene.until("a key", () => replica.manager.ready && opens(replica).length >= 2);
    assert.equal(replica.manager.missing, null);
    // That it is overdue is looked at now.
    await scene.until("the renewal", () => scene.keySecrets().length === 3);
    await scene.until(
      "it to seal",
      () => ![old.fingerprint, current.fingerprint, null].includes(seals(replica)),
    );
    assert.deepEqual(
      replica.told.filter(({ reason }) => reason === "SealingKeyChanged"),
      [],
    );
  });
}

test("a key service that refuses is asked again slowly, no other key seals in the stead of what it holds", async (context) => {
  const wrapping = new MemoryWrapping();
  const scene = await keyScene(context, [
    wrapping.secretOf(old, "old"),
    wrapping.secretOf(current, "current"),
  ]);
  let isDenied = true;
  wrapping.before = (_doing, { name }) => {
    if (isDenied && name === "current") throw serviceFault("denied", "AWS KMS does not let us use key one");
  };
  const replica = await scene.start({ wrapping });
  replica.lead(scene.lease);
  await scene.untilReady(replica);
  await scene.until("both settled", () => opens(replica).length === 1 && replica.told.length > 0);
  assert.deepEqual([opens(replica), seals(replica)], [[old.fingerprint], null]);
  assert.equal(replica.manager.notReady, "the sealing key is not unwrapped yet");
  assert.equal(replica.manager.missing?.fault, "denied");
  assert.match(lineWith(replica, "Cannot unwrap a sealing key") ?? "", /does not let us use key one/);
  isDenied = false;
  await scene.until("it to seal", () => seals(replica) === current.fingerprint);
  assert.deepEqual(
    replica.told.map(({ reason }) => reason),
    ["SealingKeyNotUnwrapped"],
  );
  assert.equal(scene.keySecrets().length, 2);
});

test("switched on over keys that lie open: they open and do not seal; the leader makes one that is wrapped at once", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current", { annotations: promoted(60) })]);
  const before = await scene.start();
  const first = before.lead(scene.lease);
  await scene.until("the lease to name it", () => known(scene) === current.fingerprint);
  const wrapping = new MemoryWrapping();
  const next = await scene.start({ wrapping });
  await scene.untilReady(next);
  assert.deepEqual([opens(next), seals(next)], [[current.fingerprint], null]);
  // Else whoever leads, and does not wrap, would be waited for while he waits for us.
  assert.equal(next.manager.ready, true);
  await first.end();
  next.lead(scene.lease);
  await scene.until("a wrapped key", () => seals(next) !== null);
  assert.notEqual(seals(next), current.fingerprint);
  assert.equal(scene.keySecrets().length, 2);
  const made = scene.keySecrets().find(({ metadata }) => metadata.name !== "current");
  assert.equal(made?.metadata.labels?.[KEY_LABEL], "wrapped");
  assert.equal(made?.metadata.annotations?.["signet.dev/primary"], undefined);
  await scene.until("the lease to name it", () => known(scene) === seals(next));
  assert.deepEqual(
    next.told.map(({ reason, name }) => `${reason} ${name}`),
    ["PromotionIgnored current"],
  );
  assert.match(lineWith(next, "Promotion of a sealing key ignored") ?? "", /only wrapped keys seal/);
});

test("a plain key that somebody plants never seals, newer or promoted as it may be", async (context) => {
  const wrapping = new MemoryWrapping();
  const scene = await keyScene(context, [wrapping.secretOf(current, "current")]);
  const replica = await scene.start({ wrapping });
  replica.lead(scene.lease);
  await scene.until("the lease to name it", () => known(scene) === current.fingerprint);
  scene.put(pairSecret(newer, "planted", { annotations: promoted(1) }));
  await scene.until("it to open", () => opens(replica).includes(newer.fingerprint));
  assert.equal(seals(replica), current.fingerprint);
  await scene.until("it to be told", () => replica.told.length === 1);
  assert.deepEqual([replica.told[0]?.reason, replica.told[0]?.name], ["PromotionIgnored", "planted"]);
  scene.remove("current");
  await scene.until("another wrapped one", () => ![null, current.fingerprint].includes(seals(replica)));
  assert.notEqual(seals(replica), newer.fingerprint);
});

test("a newer key that the service does not unwrap now: the one before it goes on sealing, and we stay ready", async (context) => {
  const wrapping = new MemoryWrapping();
  const scene = await keyScene(context, [wrapping.secretOf(old, "old")]);
  const replica = await scene.start({ wrapping });
  await scene.untilReady(replica);
  const comesBack = down(wrapping);
  scene.put(wrapping.secretOf(current, "current"));
  await scene.until("it to wait", () => replica.manager.ring.waiting.get("current")?.problem);
  assert.deepEqual(
    [seals(replica), opens(replica), replica.manager.ready],
    [old.fingerprint, [old.fingerprint], true],
  );
  comesBack();
  await scene.until("it to seal", () => seals(replica) === current.fingerprint);
});

test("the key in use goes on from memory when its Secret is wrapped, and while it cannot be unwrapped", async (context) => {
  const wrapping = new MemoryWrapping({ wraps: false });
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const replica = await scene.start({ wrapping });
  replica.lead(scene.lease);
  await scene.until("the lease to name it", () => known(scene) === current.fingerprint);
  const comesBack = down(wrapping);
  const added = replica.added;
  scene.put(wrapping.secretOf(current, "current"));
  await scene.until("it to wait", () => waitingIn(replica).length === 1);
  assert.deepEqual(
    [seals(replica), opens(replica), replica.manager.ready],
    [current.fingerprint, [current.fingerprint], true],
  );
  comesBack();
  await scene.until("it to be unwrapped", () => waitingIn(replica).length === 0);
  assert.equal(seals(replica), current.fingerprint);
  scene.put(pairSecret(current, "current"));
  await scene.until("it to lie open", () => replica.manager.ring.primary?.isWrapped === false);
  assert.deepEqual([replica.added - added, scene.keySecrets().length], [0, 1]);
  assert.deepEqual(
    replica.told.map(({ reason }) => reason),
    ["SealingKeyNotUnwrapped"],
  );
});

test("a key that somebody asks for is made all the same, and seals", async (context) => {
  const wrapping = new MemoryWrapping();
  const scene = await keyScene(context, [wrapping.secretOf(current, "current")]);
  wrapping.before = (_doing, { name }) => {
    if (name === "current") throw serviceFault("denied", "the key that wraps it is gone");
  };
  const replica = await scene.start({ wrapping });
  replica.lead(scene.lease);
  await scene.until("it to be told", () => replica.told.length === 1);
  await replica.manager.generate();
  await scene.until("it to seal", () => ![null, current.fingerprint].includes(seals(replica)));
  assert.deepEqual([replica.manager.ready, waitingIn(replica)], [true, ["current"]]);
});

test("a key that waits does not hold up the renewal of a newer one that seals", async (context) => {
  const wrapping = new MemoryWrapping();
  const keys = [wrapping.secretOf(old, "old"), wrapping.secretOf(current, "current")];
  const scene = await keyScene(context, keys);
  wrapping.before = (_doing, { name }) => {
    if (name === "old") throw serviceFault("unavailable", "Vault is gone for good");
  };
  const replica = await scene.start({ wrapping, renewPeriodMs: 3_600_000 });
  replica.lead(scene.lease);
  await scene.until("the new key", () => scene.keySecrets().length === 3);
  await scene.until("it to seal", () => ![null, current.fingerprint].includes(seals(replica)));
  assert.deepEqual(waitingIn(replica), ["old"]);
  assert.deepEqual(
    replica.told.filter(({ reason }) => reason === "SealingKeyChanged"),
    [],
  );
});

test("a renewal waits for the key service, says so, and comes by itself", async (context) => {
  const wrapping = new MemoryWrapping();
  const scene = await keyScene(context, [wrapping.secretOf(current, "current")]);
  const replica = await scene.start({ wrapping, renewPeriodMs: 3_600_000 });
  await scene.untilReady(replica);
  const comesBack = down(wrapping);
  replica.lead(scene.lease);
  await scene.until("a failure", () => lineWith(replica, "Failed to generate new key"));
  assert.match(
    lineWith(replica, "Failed to generate new key") ?? "",
    /AWS KMS key one does not answer.*look there/,
  );
  assert.deepEqual([seals(replica), replica.manager.ready], [current.fingerprint, true]);
  comesBack();
  await scene.until("the new key", () => ![null, current.fingerprint].includes(seals(replica)));
  assert.equal(scene.keySecrets().length, 2);
});

const at = (name: string) => ({
  namespace: "kube-system",
  name,
  fingerprint: current.fingerprint,
  certificate: current.digest,
});
const withItem = (secret: SecretObject, item: string, text: string) => ({
  ...secret,
  data: { ...secret.data, [item]: Buffer.from(text).toString("base64") },
});
const attacks: [what: string, secret: (wrapping: MemoryWrapping) => SecretObject, says: RegExp][] = [
  [
    "copied under another name",
    (wrapping) =>
      withItem(
        wrapping.secretOf(current, "copy"),
        "tls.key",
        wrapping.textOf(current.privateKeyPem, at("current")),
      ),
    /wrapped for another place/,
  ],
  [
    "with another certificate",
    (wrapping) => withItem(wrapping.secretOf(current, "copy"), "tls.crt", newer.certificatePem),
    /wrapped for another place/,
  ],
  [
    "whose certificate was given another begin",
    (wrapping) => {
      const edited = withBegin(current.certificatePem, new Date());
      return withItem(wrapping.secretOf(current, "copy"), "tls.crt", edited);
    },
    /wrapped for another place/,
  ],
  [
    "labelled active",
    (wrapping) => {
      const secret = wrapping.secretOf(current, "copy");
      return { ...secret, metadata: { ...secret.metadata, labels: { [KEY_LABEL]: "active" } } };
    },
    /tls.key holds a wrapped key, and the label does not say so/,
  ],
  [
    "labelled wrapped that lies open",
    () => pairSecret(current, "copy", { labels: { [KEY_LABEL]: "wrapped" } }),
    /labelled as wrapped, and tls.key holds no wrapped key/,
  ],
  [
    "that unwraps to another key than its certificate's",
    (wrapping) =>
      withItem(
        wrapping.secretOf(current, "copy"),
        "tls.key",
        wrapping.textOf(newer.privateKeyPem, at("copy")),
      ),
    /the certificate in tls.crt is for another key/,
  ],
  [
    "that unwraps to no key",
    (wrapping) =>
      withItem(wrapping.secretOf(current, "copy"), "tls.key", wrapping.textOf("nothing", at("copy"))),
    /holds no private key in PEM form/,
  ],
];
for (const [what, secret, says] of attacks) {
  test(`a wrapped key ${what} is refused, told, and asked for no more`, async (context) => {
    const wrapping = new MemoryWrapping();
    const scene = await keyScene(context, [wrapping.secretOf(old, "old"), secret(wrapping)]);
    const replica = await scene.start({ wrapping });
    replica.lead(scene.lease);
    await scene.until("it to be told", () => replica.told.length === 1);
    assert.deepEqual([replica.told[0]?.reason, replica.told[0]?.name], ["SealingKeyRefused", "copy"]);
    assert.match(replica.told[0]?.message ?? "", says);
    assert.deepEqual([seals(replica), opens(replica)], [old.fingerprint, [old.fingerprint]]);
    const asked = wrapping.unwrapped.length;
    scene.annotate("copy", { note: "x" });
    scene.put(wrapping.secretOf(newer, "newer"));
    await scene.until("what came later", () => opens(replica).includes(newer.fingerprint));
    assert.deepEqual(wrapping.unwrapped.slice(asked), ["newer"]);
    assert.ok(replica.manager.ring.refused.has("copy"));
    assert.equal(replica.manager.ready, true);
  });
}

test("an older key that is in memory does not come to seal by another begin in its certificate", async (context) => {
  const wrapping = new MemoryWrapping();
  const secret = wrapping.secretOf(old, "old");
  const scene = await keyScene(context, [secret, wrapping.secretOf(current, "current")]);
  const replica = await scene.start({ wrapping });
  await scene.untilReady(replica);
  replica.lead(scene.lease);
  await scene.until("the record", () => known(scene) === current.fingerprint);
  scene.put(withItem(secret, "tls.crt", withBegin(old.certificatePem, new Date())));
  await scene.until("it to be refused", () => replica.manager.ring.refused.has("old"));
  assert.deepEqual([seals(replica), opens(replica)], [current.fingerprint, [current.fingerprint]]);
  assert.equal(known(scene), current.fingerprint);
});
