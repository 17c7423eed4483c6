import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { writeWrapped } from "../../../shared/seal/kms-value.ts";
import { pairSecret, type SealingPair, sealedManifest, sealingPair } from "../../controller/sealing-key.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { keyArn } from "../../support/memory-kms.ts";
import { KMS_KEY, keysWorld } from "./keys-world.ts";

const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const [old, fresh] = await Promise.all([sealingPair(new Date(Date.now() - 7_200_000)), sealingPair()]);
const ALLOWED = "--kms-allowed-keys=arn:aws:kms:*:*:key/*";
const nonsense = `kms-key:1:${writeWrapped({
  wrapped: { key: keyArn("one"), blob: utf8("x") },
  sealed: new Uint8Array(32),
})}`;

/** A Secret with the certificate of a key, labelled so, and this text for its private half. */
function twinOf(pair: SealingPair, label: string, keyText: string): SecretObject {
  const secret = pairSecret(pair, "twin", { labels: { [KEY_LABEL]: label } });
  return { ...secret, data: { ...secret.data, "tls.key": Buffer.from(keyText).toString("base64") } };
}

/** Two keys, of which `fresh` seals, a twin, and a value that needs the old one. */
async function world(context: TestContext, twin: SecretObject) {
  const made = await keysWorld(context, [pairSecret(old, "old"), pairSecret(fresh, "fresh"), twin]);
  made.publish({ certificatePem: fresh.certificatePem });
  const needing = await sealedManifest(old, { namespace: "team", name: "a" }, { password: "pw" });
  made.cluster.store.put(needing as ApiObject);
  const files = { "old.pem": old.privateKeyPem, "fresh.pem": fresh.privateKeyPem };
  const retire = (...args: string[]) => made.keysWith({ files }, "retire", ...args);
  return { ...made, retire };
}

test("a Secret with the certificate of a key that goes, and nonsense for its private half, keeps nothing open", async (context) => {
  for (const [label, text] of [
    ["wrapped", nonsense],
    ["active", "nonsense"],
  ] as const) {
    const { retire, writes } = await world(context, twinOf(old, label, text));
    const { code, stderr } = await retire("old", "--private-key", "old.pem", ALLOWED);
    assert.deepEqual([code, writes()], [1, []], stderr);
    assert.match(stderr, /^note: twin has the certificate of a key that is to go, and its own Secret could/m);
    assert.ok(stderr.includes(`SealedSecret team/a in the cluster: password needs ${old.fingerprint}\n`));
  }
});

test("nor may the key that seals go for it, by force either", async (context) => {
  for (const [label, text] of [
    ["wrapped", nonsense],
    ["active", "nonsense"],
  ] as const) {
    const { retire, writes } = await world(context, twinOf(fresh, label, text));
    const files = ["--private-key", "fresh.pem", "--force", fresh.fingerprint];
    const { code, stderr } = await retire("fresh", ...files);
    assert.deepEqual([code, writes()], [1, []], stderr);
    assert.match(stderr, /sealing key fresh \(SHA256:\S+\) is the one that seals$/m);
  }
});

test("a wrapped twin that its key service opens does count", async (context) => {
  const { keys, retire, secret } = await world(context, pairSecret(old, "twin"));
  assert.equal((await keys("wrap", "--with", KMS_KEY, "--without-backup", "twin")).code, 0);
  const closed = await retire("old", "--private-key", "old.pem");
  assert.equal(closed.code, 1, "nobody allowed its wrapping key");
  const { code, stderr } = await retire("old", ALLOWED);
  assert.equal(code, 0, stderr);
  assert.equal(secret("old").metadata.labels?.[KEY_LABEL], "retired");
});
