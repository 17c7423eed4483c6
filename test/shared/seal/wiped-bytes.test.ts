import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { certificateSealer } from "../../../shared/seal/classic-sealer.node.ts";
import { Envelope } from "../../../shared/seal/envelope.ts";
import { readOpeningKey } from "../../../shared/seal/opening-key.node.ts";
import { judgeBlockHere } from "../../../shared/seal/raw-block.node.ts";
import type { TransitApi } from "../../../shared/seal/transit-api.ts";
import { renewVaultValues } from "../../../shared/seal/vault-renewal.ts";
import { vaultSealer } from "../../../shared/seal/vault-sealer.ts";
import { unwrapSealingKey, wrapSealingKey } from "../../../shared/seal/wrapped-key.ts";
import { seal, sealer2048, strict } from "../../support/classic-codec.ts";
import { HeldBytes, heldAtImport, heldFrom } from "../../support/held-bytes.ts";
import { keyArn, MemoryKms, serviceFault } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";
import { here, plain, signal } from "../../support/remote-values.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const pair = testCertificate();
const allowed = () => true;

/** Vault in memory; what it decrypts is held. */
class HeldTransit extends MemoryTransit {
  readonly held = new HeldBytes();

  override async decrypt(...call: Parameters<TransitApi["decrypt"]>) {
    const answers = await super.decrypt(...call);
    for (const answer of answers) if ("plaintext" in answer) this.held.hold(answer.plaintext);
    return answers;
  }
}

/** AWS KMS in memory; the data keys that it hands out are held. */
class HeldKms extends MemoryKms {
  readonly held = new HeldBytes();

  override async generateDataKey(...call: Parameters<MemoryKms["generateDataKey"]>) {
    const answer = await super.generateDataKey(...call);
    this.held.hold(answer.dataKey);
    return answer;
  }

  override async decrypt(...call: Parameters<MemoryKms["decrypt"]>) {
    const dataKey = await super.decrypt(...call);
    return dataKey === null ? null : this.held.hold(dataKey);
  }
}

suite("a data key that wraps a sealing key", () => {
  const place = {
    clusterId: here.clusterId,
    namespace: "kube-system",
    name: "key",
    fingerprint: "SHA256:abc",
    certificate: "00ff",
  };
  const by = { service: "kms", key: keyArn("k") } as const;

  test("is wiped once the key is wrapped, and once it is unwrapped", async () => {
    const kms = new HeldKms("k");
    const services = { kms, transit: null };
    const text = await wrapSealingKey(services, by, place, utf8("a key"), signal);
    kms.held.requireWiped(1);
    await unwrapSealingKey(services, text, place, allowed, signal);
    kms.held.requireWiped(2);
  });

  test("is wiped where the text does not open", async () => {
    const kms = new HeldKms("k");
    const services = { kms, transit: null };
    const text = await wrapSealingKey(services, by, place, utf8("a key"), signal);
    const elsewhere = unwrapSealingKey(services, text, { ...place, certificate: "00fe" }, allowed, signal);
    await assert.rejects(elsewhere, { code: "wrapped-key" });
    kms.held.requireWiped(2);
  });
});

suite("plain values that Vault decrypted", () => {
  const first = { mount: "transit", key: "first" };
  const to = { mount: "transit", key: "second" };

  async function world() {
    const transit = new HeldTransit();
    transit.createKey("transit/first", "associated-data");
    transit.createKey("transit/second", "associated-data");
    const values = await vaultSealer(transit, first).sealAll(plain({ a: "1", b: "2" }), here);
    return { transit, values };
  }

  test("are wiped once they are encrypted under another key", async () => {
    const { transit, values } = await world();
    await renewVaultValues(transit, values, here, { to, allowed }, signal);
    transit.held.requireWiped(2);
  });

  test("are wiped where that fails", async () => {
    const { transit, values } = await world();
    transit.before = ({ operation }) => {
      if (operation === "encrypt") throw serviceFault("denied");
    };
    const renewing = renewVaultValues(transit, values, here, { to, allowed }, signal);
    await assert.rejects(renewing, { fault: "denied" });
    transit.held.requireWiped(2);
  });

  test("are wiped where a key that seals opens them at a wrong place", async () => {
    const transit = new HeldTransit();
    transit.createKey("transit/first", "associated-data", { ignoresPlace: true });
    const sealing = vaultSealer(transit, first).sealAll(plain({ a: "1" }), here);
    await assert.rejects(sealing, { fault: "unusable" });
    transit.held.requireWiped(1);
  });
});

suite("what keys are made of", () => {
  test("the copy of a data key that is imported is wiped", async (context) => {
    const held = heldAtImport(context);
    const dataKey = new Uint8Array(randomBytes(32));
    const kept = dataKey.slice();
    await Envelope.of(dataKey, "kms:1");
    held.requireWiped(1);
    assert.deepEqual(dataKey, kept);
  });

  test("the session key of a classic value is wiped once it has sealed, in a browser and in Node", async (context) => {
    const imported = heldAtImport(context);
    await seal(sealer2048, utf8("value"));
    imported.requireWiped(1);
    const drawn = heldFrom(context, "randomBytes");
    const sealer = certificateSealer(readCertificate(pair.certificatePem));
    await sealer.sealAll(plain({ a: "1", b: "2" }), { clusterId: null, scope: strict });
    drawn.requireWiped(2);
  });

  test("a private key is wiped once it is imported", async (context) => {
    const held = heldAtImport(context);
    await readOpeningKey(utf8(pair.privateKeyPem));
    held.requireWiped(1);
  });

  test("what the bare RSA operation gives is wiped once it is copied", async (context) => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const held = heldFrom(context, "privateDecrypt");
    await judgeBlockHere(privateKey, new Uint8Array(128).fill(1));
    held.requireWiped(1);
  });
});
