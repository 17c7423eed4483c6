import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { KeyRing } from "../../../controller/keys/key-ring.ts";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import type { KeyOrder } from "../../../shared/key-publication.ts";
import { Canaries } from "../../support/canary.ts";
import { PAIR_UID, pairSecret, type SealingPair, sealingPair } from "../sealing-key.ts";
import { noneWrapped } from "./memory-wrapping.ts";

const NOW = new Date("2030-06-01T00:00:00Z");
const at = (day: number) => new Date(Date.UTC(2030, 4, day));
const [first, second, third, tied] = await Promise.all([
  sealingPair(at(1)),
  sealingPair(at(2)),
  sealingPair(at(3)),
  sealingPair(at(3)),
]);
const created = (day: number) => ({ creationTimestamp: at(day).toISOString().replace(".000", "") });

function ring(order: KeyOrder = "CertNotBefore"): KeyRing {
  return new KeyRing(order, () => NOW, noneWrapped);
}
const fingerprints = (keys: KeyRing) => keys.openingKeys().map(({ fingerprint }) => fingerprint);

test("an empty ring has no primary and opens nothing", () => {
  const keys = ring();
  assert.equal(keys.primary, null);
  assert.equal(keys.newestTime, null);
  assert.deepEqual(keys.openingKeys(), []);
});

test("the newest certificate seals, all open, newest first, in whatever order they came", async () => {
  const order = [
    [first, second, third],
    [third, second, first],
    [second, third, first],
  ];
  for (const pairs of order) {
    const keys = ring();
    for (const [index, pair] of pairs.entries()) await keys.put(pairSecret(pair, `key-${index}`));
    assert.equal(keys.primary?.certificate.fingerprint, third.fingerprint);
    assert.equal(keys.newestTime?.getTime(), at(3).getTime());
    assert.deepEqual(fingerprints(keys), [third.fingerprint, second.fingerprint, first.fingerprint]);
  }
});

test("by creation of the Secret, the newest Secret seals", async () => {
  const keys = ring("SecretCreationTimestamp");
  await keys.put(pairSecret(third, "a", created(10)));
  await keys.put(pairSecret(first, "b", created(12)));
  await keys.put(pairSecret(second, "c", created(11)));
  assert.deepEqual(fingerprints(keys), [first.fingerprint, second.fingerprint, third.fingerprint]);
  assert.equal(keys.newestTime?.getTime(), at(12).getTime());
  const byCertificate = ring("CertNotBefore");
  for (const [name, pair, day] of [
    ["a", third, 10],
    ["b", first, 12],
  ] as const) {
    await byCertificate.put(pairSecret(pair, name, created(day)));
  }
  assert.equal(byCertificate.primary?.certificate.fingerprint, third.fingerprint);
});

test("a tie is broken by the Secret's name, so that restarts and replicas agree", async () => {
  for (const pairs of [
    [third, tied],
    [tied, third],
  ]) {
    const keys = ring();
    for (const pair of pairs) await keys.put(pairSecret(pair, pair === third ? "a" : "b"));
    assert.equal(keys.primary?.secretName, "a");
  }
});

test("two Secrets with the same key count once; one may go and the key stays", async () => {
  const keys = ring();
  assert.equal((await keys.put(pairSecret(first, "a"))).added, true);
  const again = await keys.put(pairSecret(first, "b"));
  assert.deepEqual(again, { added: false, primary: null, problem: null, promotionProblem: null });
  assert.deepEqual(fingerprints(keys), [first.fingerprint]);
  keys.remove("a");
  assert.deepEqual(fingerprints(keys), [first.fingerprint]);
  keys.remove("b");
  assert.deepEqual(fingerprints(keys), []);
});

test("what a change means is told: added, and from which primary to which", async () => {
  const keys = ring();
  assert.deepEqual(await keys.put(pairSecret(second, "b")), {
    added: true,
    primary: { from: null, to: second.fingerprint },
    problem: null,
    promotionProblem: null,
  });
  assert.deepEqual(await keys.put(pairSecret(first, "a")), {
    added: true,
    primary: null,
    problem: null,
    promotionProblem: null,
  });
  assert.deepEqual(await keys.put(pairSecret(first, "a")), {
    added: false,
    primary: null,
    problem: null,
    promotionProblem: null,
  });
  assert.deepEqual(await keys.put(pairSecret(third, "c")), {
    added: true,
    primary: { from: second.fingerprint, to: third.fingerprint },
    problem: null,
    promotionProblem: null,
  });
  assert.deepEqual(keys.remove("c"), {
    added: false,
    primary: { from: third.fingerprint, to: second.fingerprint },
    problem: null,
    promotionProblem: null,
  });
  assert.deepEqual(keys.remove("a"), { added: false, primary: null, problem: null, promotionProblem: null });
  assert.deepEqual(keys.remove("unknown"), {
    added: false,
    primary: null,
    problem: null,
    promotionProblem: null,
  });
});

test("a key that is taken out opens nothing from then on", async () => {
  const keys = ring();
  await keys.put(pairSecret(first, "a"));
  keys.remove("a");
  assert.deepEqual(keys.openingKeys(), []);
  assert.equal(keys.primary, null);
});

test("a Secret whose key is replaced gives the new one only", async () => {
  const keys = ring();
  await keys.put(pairSecret(first, "a"));
  const change = await keys.put(pairSecret(second, "a"));
  assert.deepEqual(change.primary, { from: first.fingerprint, to: second.fingerprint });
  assert.deepEqual(fingerprints(keys), [second.fingerprint]);
});

const withItems = (changes: Record<string, string | null>): SecretObject => {
  const secret = pairSecret(first, "bad");
  const encoded = Object.entries(changes).map(([item, text]) => [item, text === null ? null : btoa(text)]);
  return { ...secret, data: { ...secret.data, ...Object.fromEntries(encoded) } };
};
const without = (item: string): SecretObject => {
  const secret = pairSecret(first, "bad");
  const data = Object.fromEntries(Object.entries(secret.data ?? {}).filter(([key]) => key !== item));
  return { ...secret, data };
};
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const short = generateKeyPairSync("rsa", { modulusLength: 512 }).privateKey;
const future = await sealingPair(new Date(NOW.getTime() + 3_600_000));
const skewed = await sealingPair(new Date(NOW.getTime() + 60_000));
const pem = (key: typeof ec) => key.export({ type: "pkcs8", format: "pem" }).toString();

const refused: [string, SecretObject, RegExp][] = [
  ["no data", { ...pairSecret(first, "bad"), data: null }, /^it has no item tls\.key$/],
  ["no private key", without("tls.key"), /^it has no item tls\.key$/],
  ["no certificate", without("tls.crt"), /^it has no item tls\.crt$/],
  ["a null private key", withItems({ "tls.key": null }), /^it has no item tls\.key$/],
  ["a null certificate", withItems({ "tls.crt": null }), /^it has no item tls\.crt$/],
  ["an empty private key", withItems({ "tls.key": "" }), /^tls\.key holds no private key in PEM form$/],
  [
    "an empty certificate",
    withItems({ "tls.crt": "" }),
    /^tls\.crt does not contain any valid RSA certificate$/,
  ],
  ["garbage for a private key", withItems({ "tls.key": "garbage" }), /^tls\.key holds no private key/],
  [
    "a PEM of garbage for a private key",
    withItems({ "tls.key": "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n" }),
    /^tls\.key holds no private key/,
  ],
  [
    "a PEM of garbage for a certificate",
    withItems({ "tls.crt": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" }),
    /^tls\.crt does not contain any valid RSA certificate$/,
  ],
  [
    "a private key cut in half",
    withItems({ "tls.key": first.privateKeyPem.slice(0, 900) }),
    /^tls\.key holds no/,
  ],
  ["an EC key", withItems({ "tls.key": pem(ec) }), /^tls\.key holds a key of type ec, not RSA$/],
  ["a short RSA key", withItems({ "tls.key": pem(short) }), /^tls\.key holds an RSA key of only 512 bits$/],
  [
    "a certificate for another key",
    withItems({ "tls.crt": second.certificatePem }),
    /^the certificate in tls\.crt is for another key than the one in tls\.key$/,
  ],
  [
    "a certificate from the future",
    pairSecret(future, "bad"),
    /^the certificate in tls\.crt is not valid before 2030-06-01T01:00:00\.000Z$/,
  ],
];
for (const [name, secret, words] of refused) {
  test(`refused, by name and item, without a word of its content: ${name}`, async () => {
    const keys = ring();
    await keys.put(pairSecret(second, "good"));
    const change = await keys.put(secret);
    assert.match(change.problem ?? "", words);
    assert.equal(change.added, false);
    assert.equal(change.primary, null);
    assert.match(keys.refused.get("bad") ?? "", words);
    assert.deepEqual(fingerprints(keys), [second.fingerprint]);
    const canaries = new Canaries();
    for (const pair of [first, future]) canaries.guardPrivateKey("key", pair.privateKeyPem);
    canaries.assertSilent([{ where: "the problem", content: change.problem ?? "" }]);
  });
}

test("a certificate that begins within the difference of clocks is taken", async () => {
  const keys = ring();
  assert.equal((await keys.put(pairSecret(skewed, "a"))).problem, null);
});

test("an expired certificate still opens and seals, as with the reference", async () => {
  const keys = ring();
  assert.equal((await keys.put(pairSecret(first, "a"))).problem, null);
  assert.ok((keys.primary?.certificate.notAfter ?? NOW) < NOW);
});

test("PKCS#8 keys, certificate chains and text around PEM blocks are read", async () => {
  const secret = pairSecret(first, "a");
  const pkcs8 = createPrivateKey(first.privateKeyPem).export({ type: "pkcs8", format: "pem" }).toString();
  const data = {
    "tls.key": btoa(`# key\n${pkcs8}`),
    "tls.crt": btoa(`# ours\n${first.certificatePem}# issuer\n${second.certificatePem}`),
  };
  const keys = ring();
  assert.equal((await keys.put({ ...secret, data })).problem, null);
  assert.equal(keys.primary?.certificate.pem, first.certificatePem);
});

test("a good Secret that turns bad takes its key out; mended, it comes back", async () => {
  const keys = ring();
  await keys.put(pairSecret(first, "bad"));
  const turned = await keys.put(withItems({ "tls.key": "garbage" }));
  assert.notEqual(turned.problem, null);
  assert.deepEqual(fingerprints(keys), []);
  const mended = await keys.put(pairSecret(first, "bad"));
  assert.equal(mended.added, true);
  assert.equal(keys.refused.size, 0);
});

test("a refused Secret that is deleted is no longer reported", async () => {
  const keys = ring();
  await keys.put(withItems({ "tls.key": "garbage" }));
  keys.remove("bad");
  assert.equal(keys.refused.size, 0);
});

test("the type of a key Secret does not matter", async () => {
  const keys = ring();
  const pair: SealingPair = first;
  assert.equal((await keys.put({ ...pairSecret(pair, "a"), type: "Opaque" })).problem, null);
});

test("of two Secrets created within one second the one whose certificate begins later is the newer", async () => {
  for (const names of [
    ["a", "b"],
    ["b", "a"],
  ] as const) {
    const keys = ring("SecretCreationTimestamp");
    await keys.put(pairSecret(first, names[0], created(10)));
    await keys.put(pairSecret(second, names[1], created(10)));
    assert.equal(keys.newest?.certificate.fingerprint, second.fingerprint);
  }
});

test("a promoted key seals, the newest stays the newest, and the promotion counts as its time", async () => {
  const keys = ring();
  await keys.put(
    pairSecret(first, "a", { annotations: { "signet.dev/primary": `${at(20).toISOString()} ${PAIR_UID}` } }),
  );
  await keys.put(pairSecret(third, "c"));
  assert.equal(keys.primary?.secretName, "a");
  assert.equal(keys.newest?.secretName, "c");
  assert.equal(keys.newestTime?.getTime(), at(20).getTime());
  assert.equal(keys.latestBegin?.getTime(), at(3).getTime());
  assert.deepEqual(fingerprints(keys), [first.fingerprint, third.fingerprint]);
  await keys.put(
    pairSecret(first, "a", { annotations: { "signet.dev/primary": `${at(2).toISOString()} ${PAIR_UID}` } }),
  );
  assert.equal(keys.newestTime?.getTime(), at(2).getTime(), "what is not to seal postpones no renewal");
});

test("of promotions at one moment the newer key's counts", async () => {
  for (const pairs of [
    [first, second],
    [second, first],
  ]) {
    const keys = ring();
    for (const pair of pairs) {
      const annotations = { "signet.dev/primary": `${at(20).toISOString()} ${PAIR_UID}` };
      await keys.put(pairSecret(pair, pair.fingerprint, { annotations }));
    }
    assert.equal(keys.primary?.certificate.fingerprint, second.fingerprint);
  }
});

test("a promotion that counts for nothing is told, and kept until it is mended", async () => {
  const keys = ring();
  const change = await keys.put(pairSecret(first, "a", { annotations: { "signet.dev/primary": "now" } }));
  assert.equal(change.problem, null);
  assert.match(change.promotionProblem ?? "", /no time/);
  assert.deepEqual([...keys.ignoredPromotions.keys()], ["a"]);
  assert.equal((await keys.put(pairSecret(first, "a"))).promotionProblem, null);
  assert.equal(keys.ignoredPromotions.size, 0);
});

test("the id follows the set of keys that open, and nothing else", async () => {
  const keys = ring();
  const ids = [keys.id];
  await keys.put(pairSecret(first, "a"));
  ids.push(keys.id);
  await keys.put(pairSecret(second, "b"));
  ids.push(keys.id);
  assert.equal(new Set(ids).size, 3);
  const both = keys.id;
  await keys.put(pairSecret(first, "again"));
  await keys.put(withItems({ "tls.key": "garbage" }));
  await keys.put(
    pairSecret(first, "a", { annotations: { "signet.dev/primary": `${at(20).toISOString()} ${PAIR_UID}` } }),
  );
  assert.equal(keys.id, both, "a copy, a refused one and a promotion open nothing more");
  const elsewhere = ring();
  await elsewhere.put(pairSecret(second, "x"));
  await elsewhere.put(pairSecret(first, "y"));
  assert.equal(elsewhere.id, both, "the same on another replica");
  keys.remove("a");
  keys.remove("again");
  assert.notEqual(keys.id, both);
  keys.remove("b");
  assert.equal(keys.id, ids[0]);
});

test("a key is newer than another one by the order in force", async () => {
  const keys = ring("SecretCreationTimestamp");
  await keys.put(pairSecret(third, "a", created(10)));
  await keys.put(pairSecret(first, "b", created(12)));
  const [newer, older] = [keys.newest ?? assert.fail(), keys.newest ?? assert.fail()];
  assert.equal(newer.secretName, "b");
  assert.equal(keys.isNewer(newer, { ...older, secretName: "c", createdAt: at(11) }), true);
  assert.equal(keys.isNewer({ ...older, createdAt: at(11) }, newer), false);
  assert.equal(keys.holds(third.fingerprint), true);
  assert.equal(keys.holds(second.fingerprint), false);
});

test("a key is outdone where one that is newer seals", async () => {
  const keys = ring("SecretCreationTimestamp");
  assert.equal(keys.isOutdone(first.fingerprint), false);
  await keys.put(pairSecret(first, "a", created(10)));
  assert.equal(keys.isOutdone(first.fingerprint), false, "it seals");
  await keys.put(pairSecret(second, "b", created(11)));
  assert.deepEqual(
    [first, second, third].map(({ fingerprint }) => keys.isOutdone(fingerprint)),
    [true, false, false],
  );
  keys.remove("b");
  assert.equal(keys.isOutdone(first.fingerprint), false);

  const promoted = ring("SecretCreationTimestamp");
  const annotations = { "signet.dev/primary": `${at(20).toISOString()} ${PAIR_UID}` };
  await promoted.put(pairSecret(first, "a", { ...created(10), annotations }));
  await promoted.put(pairSecret(second, "b", created(11)));
  assert.equal(promoted.primary?.secretName, "a");
  assert.equal(promoted.isOutdone(second.fingerprint), false, "it may have its time yet");
});
