import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { readKmsValue, writeKmsValue } from "../../../shared/seal/kms-value.ts";
import { VaultKeyProofs } from "../../../shared/seal/vault-key-proofs.ts";
import {
  type SealingKeyPlace,
  unwrapSealingKey,
  WrappedKeyError,
  wrapSealingKey,
} from "../../../shared/seal/wrapped-key.ts";
import {
  looksWrapped,
  parseWrappingKey,
  type WrappingKey,
  wrappingKeyOf,
  wrappingKeyText,
} from "../../../shared/seal/wrapping-key.ts";
import { aliasArn, keyArn, MemoryKms, serviceFault } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";
import { here, kmsCodec, sealedText, signal, vaultCodec } from "../../support/remote-values.ts";

const pem = utf8("-----BEGIN PRIVATE KEY-----\nnot a real one\n-----END PRIVATE KEY-----\n");
const place: SealingKeyPlace = {
  clusterId: here.clusterId,
  namespace: "kube-system",
  name: "sealed-secrets-key-abc",
  fingerprint: "SHA256:abcdefg",
  certificate: "00ff00ff",
};

function services() {
  const kms = new MemoryKms("k", "other");
  kms.setAlias("ring", "k");
  const transit = new MemoryTransit();
  transit.createKey("transit/ring", "context");
  transit.createKey("transit/plain", "associated-data");
  return { kms, transit };
}

function wrappingKey(text: string): WrappingKey {
  return parseWrappingKey(text) ?? assert.fail(text);
}

const kinds: [by: string, named: string][] = [
  [`kms:${keyArn("k")}`, `kms:${keyArn("k")}`],
  [`kms:${aliasArn("ring")}`, `kms:${aliasArn("ring")}`],
  ["vault:transit/ring", "vault:transit/ring"],
  ["vault:transit/plain", "vault:transit/plain"],
];

for (const [by, named] of kinds) {
  suite(`a sealing key wrapped by ${by}`, () => {
    const allowed = (key: WrappingKey) => wrappingKeyText(key) === named;

    test("opens at its place, by the key that its text names", async () => {
      const both = services();
      const text = await wrapSealingKey(both, wrappingKey(by), place, pem, signal);
      assert.equal(wrappingKeyText(wrappingKeyOf(text) ?? assert.fail()), named);
      assert.ok(looksWrapped(text) && !text.includes("PRIVATE"));
      assert.deepEqual(await unwrapSealingKey(both, text, place, allowed, signal), pem);
    });

    test("opens nowhere else", async () => {
      const both = services();
      const text = await wrapSealingKey(both, wrappingKey(by), place, pem, signal);
      for (const other of [
        { clusterId: "another" },
        { namespace: "default" },
        { name: "sealed-secrets-key-abd" },
        { fingerprint: "SHA256:other" },
        { certificate: "00ff00fe" },
        { namespace: "kube-systems", name: "ealed-secrets-key-abc" },
      ]) {
        const unwrapping = unwrapSealingKey(both, text, { ...place, ...other }, allowed, signal);
        await assert.rejects(unwrapping, isRefusal(named), JSON.stringify(other));
      }
    });

    test("is not asked for where its key is not allowed", async () => {
      const both = services();
      const text = await wrapSealingKey(both, wrappingKey(by), place, pem, signal);
      both.kms.calls.length = 0;
      both.transit.calls.length = 0;
      await assert.rejects(
        unwrapSealingKey(both, text, place, (key) => !allowed(key), signal),
        (error) =>
          error instanceof KeyServiceError &&
          error.fault === "not-allowed" &&
          error.message.includes(named) &&
          error.hint.includes("--sealing-key-unwrap"),
      );
      assert.deepEqual([...both.kms.calls, ...both.transit.calls], []);
    });

    test("does not open when a letter of it was changed", async () => {
      const both = services();
      const text = await wrapSealingKey(both, wrappingKey(by), place, pem, signal);
      for (let at = text.length - 12; at > text.length - 60; at -= 5) {
        const changed = `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
        const unwrapping = unwrapSealingKey(both, changed, place, allowed, signal);
        await assert.rejects(unwrapping, (error) => error instanceof WrappedKeyError);
      }
    });

    test("belongs to no cluster without an id", async () => {
      const both = services();
      const text = await wrapSealingKey(both, wrappingKey(by), place, pem, signal);
      both.kms.calls.length = 0;
      both.transit.calls.length = 0;
      const nowhere = { ...place, clusterId: "" };
      for (const attempt of [
        wrapSealingKey(both, wrappingKey(by), nowhere, pem, signal),
        unwrapSealingKey(both, text, nowhere, allowed, signal),
      ])
        await assert.rejects(
          attempt,
          (error) => error instanceof KeyServiceError && error.hint.includes("--cluster-id"),
        );
      assert.deepEqual([...both.kms.calls, ...both.transit.calls], []);
    });

    test("a service that is not configured is named", async () => {
      const both = services();
      const text = await wrapSealingKey(both, wrappingKey(by), place, pem, signal);
      const none = { kms: null, transit: null };
      for (const attempt of [
        wrapSealingKey(none, wrappingKey(by), place, pem, signal),
        unwrapSealingKey(none, text, place, allowed, signal),
      ])
        await assert.rejects(
          attempt,
          (error) =>
            error instanceof KeyServiceError && error.fault === "misused" && error.message.includes(named),
        );
    });

    test("a failure of the service is its own", async () => {
      const both = services();
      const text = await wrapSealingKey(both, wrappingKey(by), place, pem, signal);
      const fault = serviceFault("unavailable");
      both.kms.before = () => Promise.reject(fault);
      both.transit.before = () => Promise.reject(fault);
      await assert.rejects(unwrapSealingKey(both, text, place, allowed, signal), fault);
      await assert.rejects(wrapSealingKey(both, wrappingKey(by), place, pem, signal), fault);
    });
  });
}

suite("wrapping keys of Vault", () => {
  test("one that opens at wrong places neither wraps nor unwraps", async () => {
    const { kms, transit } = services();
    const text = await wrapSealingKey(
      { kms, transit },
      wrappingKey("vault:transit/plain"),
      place,
      pem,
      signal,
    );
    const loose = new MemoryTransit();
    loose.createKey("transit/plain", "associated-data", { ignoresPlace: true });
    const by = wrappingKey("vault:transit/plain");
    await assert.rejects(wrapSealingKey({ kms, transit: loose }, by, place, pem, signal), {
      fault: "unusable",
    });
    transit.decrypt = async () => [{ plaintext: pem }, { plaintext: pem.slice() }];
    await assert.rejects(
      unwrapSealingKey({ kms, transit }, text, place, () => true, signal),
      { fault: "unusable" },
    );
  });

  test("what is known of one is kept where the caller says", async () => {
    const both = { ...services(), proofs: new VaultKeyProofs({ now: () => 0 }) };
    const by = wrappingKey("vault:transit/ring");
    const text = await wrapSealingKey(both, by, place, pem, signal);
    await unwrapSealingKey(both, text, place, () => true, signal);
    assert.equal(both.transit.count("describeKey"), 1);
  });

  test("a version that is no longer decrypted with is told as that", async () => {
    const both = services();
    const text = await wrapSealingKey(both, wrappingKey("vault:transit/ring"), place, pem, signal);
    both.transit.rotate("transit/ring");
    both.transit.setMinDecryptionVersion("transit/ring", 2);
    await assert.rejects(
      unwrapSealingKey(both, text, place, () => true, signal),
      (error) => error instanceof WrappedKeyError && error.hint.includes("min_decryption_version"),
    );
  });
});

suite("formats do not stand in for each other", () => {
  test("the context of a wrapped key names its format, cluster, Secret and fingerprint", async () => {
    const both = services();
    await wrapSealingKey(both, wrappingKey(`kms:${keyArn("k")}`), place, pem, signal);
    assert.deepEqual(both.kms.calls[0]?.context, {
      "signet-format": "kms-key:1",
      "signet-cluster": here.clusterId,
      "signet-namespace": "kube-system",
      "signet-secret": "sealed-secrets-key-abc",
      "signet-fingerprint": "SHA256:abcdefg",
    });
  });

  test("a wrapped key is no value, and a value no wrapped key", async () => {
    const both = services();
    for (const by of [`kms:${keyArn("k")}`, "vault:transit/ring"]) {
      const text = await wrapSealingKey(both, wrappingKey(by), place, pem, signal);
      const [word = "", codec] = by.startsWith("kms")
        ? (["kms", kmsCodec(both.kms, "k")] as const)
        : (["vault", vaultCodec(both.transit, { mount: "transit", key: "ring" })] as const);
      const asValue = text.replace(`${word}-key:1:`, `${word}:1:`);
      assert.deepEqual(await codec.open(new Map([["tls.key", asValue]])), { "tls.key": "not-authentic" });
      const value = sealedText(await codec.seal({ "tls.key": "x" }), "tls.key");
      const asKey = value.replace(`${word}:1:`, `${word}-key:1:`);
      await assert.rejects(
        unwrapSealingKey(both, asKey, place, () => true, signal),
        isRefusal(by),
      );
    }
  });

  test("a data key of one format, wrapped for the other's context, opens nothing there", async () => {
    // Whoever may use the KMS key can wrap a known data key for any context: the label in HKDF still keeps formats apart.
    const { kms, transit } = services();
    const text = await wrapSealingKey(
      { kms, transit },
      wrappingKey(`kms:${keyArn("k")}`),
      place,
      pem,
      signal,
    );
    const { wrapped, sealed } = readKmsValue("v", text.replace("kms-key:1:", "kms:1:"));
    const dataKey = await kms.decrypt(wrapped, kms.calls[0]?.context ?? {}, signal);
    assert.ok(dataKey !== null);
    const context = {
      "signet-format": "kms:1",
      "signet-cluster": here.clusterId,
      "signet-scope": "cluster-wide",
    };
    const forged = writeKmsValue({ wrapped: kms.wrap("k", dataKey, context), sealed });
    const outcomes = await kmsCodec(kms, "k").open(new Map([["v", forged]]), {
      ...here,
      scope: { kind: "cluster-wide" },
    });
    assert.deepEqual(outcomes, { v: "not-authentic" });
  });
});

suite("texts of wrapping keys", () => {
  for (const [text] of kinds) {
    test(`${text} is one`, () => assert.equal(wrappingKeyText(wrappingKey(text)), text));
  }
  for (const text of [
    "",
    "kms:",
    "kms:alias/ring",
    "kms:1234",
    `kms:${keyArn("*")}`,
    `KMS:${keyArn("k")}`,
    keyArn("k"),
    "vault:",
    "vault:ring",
    "vault:transit/../ring",
    "vault:transit/{namespace}",
    "transit/ring",
  ]) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(parseWrappingKey(text), null));
  }

  const unreadable: [string, RegExp][] = [
    ["kms-key:2:x", /format kms-key:2 are not opened/],
    ["vault-key:7:x", /format vault-key:7 are not opened/],
    ["kms-key:1:x", /not a wrapped sealing key/],
    [`kms-key:1:${keyArn("k")}:AAAA`, /not a wrapped sealing key/],
    ["vault-key:1:transit/ring:AAAA", /not a wrapped sealing key/],
    [`kms:1:${keyArn("k")}:AAAA:${Buffer.alloc(40).toString("base64")}`, /not a wrapped sealing key/],
    ["-----BEGIN PRIVATE KEY-----", /not a wrapped sealing key/],
    ["", /not a wrapped sealing key/],
  ];
  for (const [text, words] of unreadable) {
    test(`${JSON.stringify(text.slice(0, 20))} is unwrapped by no service`, async () => {
      const both = services();
      assert.equal(wrappingKeyOf(text), null);
      await assert.rejects(
        unwrapSealingKey(both, text, place, () => true, signal),
        (error) => error instanceof WrappedKeyError && words.test(error.message),
      );
      assert.deepEqual([...both.kms.calls, ...both.transit.calls], []);
    });
  }

  test("what looks wrapped is told by its first word", () => {
    assert.deepEqual(
      ["kms-key:9:", "vault-key:1:x", "kms:1:x", "-----BEGIN", "kms-keys:1:", " kms-key:1:"].map(
        looksWrapped,
      ),
      [true, true, false, false, false, false],
    );
  });
});

function isRefusal(named: string): (error: unknown) => boolean {
  return (error) => error instanceof WrappedKeyError && error.message.includes(named);
}
