import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyRing } from "../../../controller/keys/key-ring.ts";
import { ACTIVE, keySecret } from "../../../controller/keys/key-secret.ts";
import { fromUtf8, utf8 } from "../../../shared/bytes.ts";
import { classicUnsealer } from "../../../shared/seal/rsa-hybrid.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { sealingPair } from "../sealing-key.ts";
import { noneWrapped } from "./memory-wrapping.ts";

const pair = await sealingPair();
const place = { namespace: "vault", name: "mine-x7k2p", labels: {}, annotations: {} };
const scope = { kind: "cluster-wide" } as const;

test("a key's Secret reads back as the same key and certificate", async () => {
  const secret = keySecret(pair, place);
  // As it comes from the API server.
  const ring = new KeyRing("CertNotBefore", () => new Date(), noneWrapped);
  await ring.put(JSON.parse(JSON.stringify(secret)));
  assert.equal(ring.refused.size, 0);
  assert.equal(ring.primary?.certificate.pem, pair.certificatePem);
  const sealed = await pair.sealer.sealAll(new Map([["a", utf8("plain")]]), { clusterId: null, scope });
  const outcomes = await classicUnsealer(ring.openingKeys(), { diagnose: false }).unsealAll(
    sealed,
    { clusterId: null, scope },
    AbortSignal.timeout(60_000),
  );
  const outcome = outcomes.get("a");
  assert.equal(outcome?.kind, "opened");
  assert.equal(fromUtf8(outcome.plaintext), "plain");
});

test("a key's Secret stands where it should, with the labels and annotations asked for", () => {
  const labels = { "example.com/team.name": "ops.1", plain: "x", [KEY_LABEL]: "compromised" };
  const annotations = { "backup.example.com/copy-to.next": "a/b.c, d", note: "" };
  const { apiVersion, kind, metadata, type } = keySecret(pair, { ...place, labels, annotations });
  assert.deepEqual([apiVersion, kind, type], ["v1", "Secret", "kubernetes.io/tls"]);
  assert.deepEqual(metadata, {
    namespace: "vault",
    name: "mine-x7k2p",
    labels: { ...labels, [KEY_LABEL]: ACTIVE },
    annotations,
  });
});
