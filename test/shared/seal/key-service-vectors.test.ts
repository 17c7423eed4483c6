import assert from "node:assert/strict";
import { createDecipheriv, hkdfSync } from "node:crypto";
import { suite, test } from "node:test";
import { toBase64 } from "../../../shared/bytes.ts";
import type { KmsApi } from "../../../shared/seal/kms-api.ts";
import { kmsUnsealer } from "../../../shared/seal/kms-unsealer.ts";
import { RemoteValueError } from "../../../shared/seal/remote-value-error.ts";
import type { Outcome, Unsealer } from "../../../shared/seal/sealer.ts";
import type { TransitApi } from "../../../shared/seal/transit-api.ts";
import { vaultUnsealer } from "../../../shared/seal/vault-unsealer.ts";
import { unwrapSealingKey } from "../../../shared/seal/wrapped-key.ts";
import {
  bytesOf,
  type KeyPlace,
  type KmsVector,
  kmsOf,
  kmsVectors,
  openByHand,
  transitOf,
  type ValuePlace,
  vaultVectors,
} from "../../support/key-service-vectors.ts";
import { signal } from "../../support/remote-values.ts";

const notCalled = () => assert.fail("not to be called");
const UNBOUND = { encryptUnbound: notCalled, decryptUnbound: notCalled };
const [kms, vault] = [kmsVectors(), vaultVectors()];

function kmsApi(vector: KmsVector<unknown>): KmsApi {
  return { ...kmsOf(vector), generateDataKey: notCalled, encrypt: notCalled, reEncrypt: notCalled };
}

function transitApi(vector: Parameters<typeof transitOf>[0]): TransitApi {
  return { ...transitOf(vector), encrypt: notCalled, rewrap: notCalled, ...UNBOUND };
}

async function outcomeOf(unsealer: Unsealer, sealed: string, at: ValuePlace): Promise<object> {
  const outcomes = await unsealer.unsealAll(new Map([[at.item, sealed]]), at, signal);
  return spelled(outcomes.get(at.item) ?? assert.fail());
}

function spelled(outcome: Outcome): object {
  if (outcome.kind === "opened") return { outcome: "opened", plaintext: toBase64(outcome.plaintext) };
  assert.ok(outcome.kind === "malformed" && outcome.error instanceof RemoteValueError, outcome.kind);
  return { outcome: "malformed", problem: outcome.error.problem };
}

suite("what vectors say comes of a value", () => {
  for (const vector of kms.values) {
    test(`kms/${vector.name}: ${vector.point}`, async () => {
      const unsealer = kmsUnsealer(kmsApi(vector), { allowed: () => true });
      assert.deepEqual(await outcomeOf(unsealer, vector.sealed, vector.at), vector.expect);
    });
  }
  for (const vector of vault.values) {
    test(`vault/${vector.name}: ${vector.point}`, async () => {
      const unsealer = vaultUnsealer(transitApi(vector), { allowed: () => true });
      assert.deepEqual(await outcomeOf(unsealer, vector.sealed, vector.at), vector.expect);
    });
  }
});

suite("what vectors say comes of a wrapped sealing key", () => {
  const cases: [string, string, KeyPlace, object, { kms: KmsApi | null; transit: TransitApi | null }][] = [
    ...kms.keys.map(
      (one) =>
        [`kms/${one.name}`, one.sealed, one.at, one.expect, { kms: kmsApi(one), transit: null }] as const,
    ),
    ...vault.keys.map(
      (one) =>
        [
          `vault/${one.name}`,
          one.sealed,
          one.at,
          one.expect,
          { kms: null, transit: transitApi(one) },
        ] as const,
    ),
  ].map((row) => [...row]);
  for (const [name, sealed, at, expect, services] of cases) {
    test(name, async () => {
      const pem = await unwrapSealingKey(services, sealed, at, () => true, signal);
      assert.deepEqual({ outcome: "opened", plaintext: toBase64(pem) }, expect);
    });
  }

  test("there are some of each", () => assert.ok(kms.keys.length >= 1 && vault.keys.length >= 2));
});

suite("vectors hold without a line of the code under test", () => {
  /** Place bytes, by an encoding of the tests' own. */
  const spell = (...fields: string[]) =>
    fields
      .map((field) => {
        const hex = Buffer.from(field).toString("hex");
        return (hex.length / 2).toString(16).padStart(8, "0") + hex;
      })
      .join("");
  const placeOf = (format: string, { clusterId, scope, item }: ValuePlace) => {
    const { namespace = "", name = "" } = { namespace: undefined, name: undefined, ...scope };
    return spell(format, clusterId, scope.kind, namespace, name, item);
  };
  const keyPlaceOf = (format: string, at: KeyPlace) =>
    spell(format, at.clusterId, "sealing-key", at.namespace, at.name, at.fingerprint, at.certificate);

  const openedByKms: [KmsVector<unknown>, string, string][] = [
    ...kms.values.map((one) => [one, placeOf("kms:1", one.at), "kms:1"] as const),
    ...kms.keys.map((one) => [one, keyPlaceOf("kms-key:1", one.at), "kms-key:1"] as const),
  ].map((row) => [...row]);
  for (const [vector, place, format] of openedByKms) {
    const { expect } = vector;
    if (expect.outcome !== "opened") continue;
    test(`kms/${vector.name}`, () => {
      const [blob, text = ""] = vector.sealed.split(":").slice(-2);
      assert.deepEqual([vector.place, vector.blob], [place, blob]);
      assert.ok(vector.sealed.startsWith(`${format}:${vector.key}:`));
      const sealed = Buffer.from(text, "base64");
      assert.equal(sealed.toString("hex", 0, 12), vector.nonce);
      const key = Buffer.from(hkdfSync("sha256", bytesOf(vector.dataKey), "", `signet ${format}`, 32));
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12));
      decipher.setAAD(Buffer.from(place, "hex")).setAuthTag(sealed.subarray(-16));
      const plaintext = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      assert.equal(plaintext.toString("base64"), expect.plaintext);
    });
  }

  const openedByVault = [
    ...vault.values.map((one) => [one, placeOf("vault:1", one.at)] as const),
    ...vault.keys.map((one) => [one, keyPlaceOf("vault-key:1", one.at)] as const),
  ];
  for (const [vector, place] of openedByVault) {
    const { expect } = vector;
    if (expect.outcome !== "opened") continue;
    test(`vault/${vector.name}`, () => {
      assert.equal(vector.place, place);
      const ciphertext = vector.sealed.slice(vector.sealed.indexOf(":vault:") + 1);
      const opened = openByHand(vector, { ciphertext, place: new Uint8Array(Buffer.from(place, "hex")) });
      assert.ok("plaintext" in opened);
      assert.equal(toBase64(opened.plaintext), expect.plaintext);
    });
  }
});
