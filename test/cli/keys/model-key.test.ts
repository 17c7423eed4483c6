import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { type TestContext, test } from "node:test";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { certifyKey } from "../../../shared/seal/issue-certificate.node.ts";
import { writeWrapped } from "../../../shared/seal/kms-value.ts";
import { PAIR_UID, pairSecret, type SealingPair, sealingPair } from "../../controller/sealing-key.ts";
import { keyArn } from "../../support/memory-kms.ts";
import { pooledRsaKey } from "../../support/rsa-key-pool.ts";
import { KMS_KEY, keysWorld, UNWRAPPING, WRAPPING } from "./keys-world.ts";

const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const HOUR_MS = 3_600_000;
const mine = await sealingPair(new Date(Date.now() - 2 * HOUR_MS));
const strangeKey = pooledRsaKey();
const nonsense = `kms-key:1:${writeWrapped({
  wrapped: { key: keyArn("one"), blob: utf8("x") },
  sealed: new Uint8Array(32),
})}`;
const wrapped = { label: "wrapped", keyText: nonsense };

type Planted = { label?: string; keyText?: string; begin?: Date; of?: SealingPair; created?: string };

/** A Secret with a certificate that names `evil.example` and ends in an hour, and this text for its private half. */
async function planted(name: string, { label, keyText, begin, of, created }: Planted): Promise<SecretObject> {
  const publicKey = createPublicKey(of?.certificatePem ?? strangeKey);
  const certified = await certifyKey(
    { privateKey: strangeKey, publicKey },
    { commonName: "evil.example", ttlMs: HOUR_MS },
    begin ?? new Date(),
  );
  const secret = pairSecret(certified, name, {
    labels: { [KEY_LABEL]: label ?? "active" },
    ...(created === undefined ? {} : { creationTimestamp: created }),
  });
  const text = Buffer.from(keyText ?? "nonsense").toString("base64");
  return { ...secret, data: { ...secret.data, "tls.key": text } };
}

/** What becomes of `keys new` in a cluster of these keys, of which `mine` seals. */
async function made(
  context: TestContext,
  secrets: readonly SecretObject[],
  { isWrapping = false, isKnown = true } = {},
) {
  const { keys, item, publish } = await keysWorld(context, secrets);
  const settings = isWrapping ? WRAPPING : UNWRAPPING;
  publish({ settings, ...(isKnown ? { certificatePem: mine.certificatePem } : {}) });
  const { code, stderr } = await keys("new", ...(isWrapping ? ["--with", KMS_KEY] : []));
  assert.equal(code, 0, stderr);
  const [, name = ""] = /^sealing key (\S+) .* is made/m.exec(stderr) ?? [];
  const { subject, validFrom, validTo } = new X509Certificate(item(name, "tls.crt"));
  assert.doesNotMatch(stderr, /evil/);
  const begin = Date.parse(validFrom);
  return { subject, hours: (Date.parse(validTo) - begin) / HOUR_MS, isAhead: begin > Date.now() + HOUR_MS };
}
const asMine = { subject: "", hours: 24, isAhead: false };
const flat = ({ subject, ...rest }: Awaited<ReturnType<typeof made>>) => ({
  ...rest,
  subject: subject ?? "",
});

test("a new key takes nothing from a certificate that has no private half", async (context) => {
  const evil = await planted("zz", {});
  assert.deepEqual(flat(await made(context, [pairSecret(mine, "mine"), evil])), asMine);
});

test("nor does it begin after one that begins some day", async (context) => {
  const evil = await planted("zz", { ...wrapped, begin: new Date(Date.now() + 3000 * HOUR_MS) });
  assert.deepEqual(flat(await made(context, [pairSecret(mine, "mine"), evil], { isWrapping: true })), asMine);
});

test("nor from a wrapped one that nobody promoted, be it for the very key that seals", async (context) => {
  const old = pairSecret(mine, "mine", { creationTimestamp: "2026-01-01T00:00:00Z" });
  const other = await planted("zz", wrapped);
  const twin = await planted("aa", { ...wrapped, of: mine, created: "2026-02-01T00:00:00Z" });
  for (const isKnown of [true, false])
    assert.deepEqual(flat(await made(context, [old, other, twin], { isWrapping: true, isKnown })), asMine);
});

test("what was promoted goes before what seals", async (context) => {
  const privateKey = pooledRsaKey();
  const pair = await certifyKey(
    { privateKey, publicKey: createPublicKey(privateKey) },
    { commonName: "ours", ttlMs: 48 * HOUR_MS },
    new Date(Date.now() - 5 * HOUR_MS),
  );
  const annotations = { "signet.dev/primary": `2026-01-01T00:00:00Z ${PAIR_UID}` };
  const secrets = [pairSecret(mine, "mine"), pairSecret(pair, "ours", { annotations })];
  assert.deepEqual(flat(await made(context, secrets)), { subject: "CN=ours", hours: 48, isAhead: false });
});
