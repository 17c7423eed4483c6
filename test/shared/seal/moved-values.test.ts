import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { Scope } from "../../../shared/scope.ts";
import { readKmsValue, writeKmsValue } from "../../../shared/seal/kms-value.ts";
import type { ClusterBinding } from "../../../shared/seal/place-binding.ts";
import { readVaultValue, writeVaultValue } from "../../../shared/seal/vault-value.ts";
import { aliasArn, keyArn, MemoryKms } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";
import { here, kmsCodec, type RemoteCodec, sealedText, vaultCodec } from "../../support/remote-values.ts";

const backends: [string, () => RemoteCodec][] = [
  ["kms", () => kmsCodec(new MemoryKms("k"), "k")],
  ["vault, derived key", () => vaultOf("context")],
  ["vault, associated data", () => vaultOf("associated-data")],
];

function vaultOf(binding: "context" | "associated-data"): RemoteCodec {
  const transit = new MemoryTransit();
  return vaultCodec(transit, transit.createKey("transit/app", binding));
}

function at(scope: Scope, clusterId = here.clusterId): ClusterBinding {
  return { clusterId, scope };
}

const strict = { kind: "strict", namespace: "team-a", name: "db" } as const;
const wide = { kind: "namespace-wide", namespace: "team-a" } as const;
const cluster = { kind: "cluster-wide" } as const;

/** Where a value was sealed for, and where somebody puts it. */
const moves: [what: string, from: ClusterBinding, to: ClusterBinding][] = [
  ["to another name", at(strict), at({ ...strict, name: "web" })],
  ["to another namespace", at(strict), at({ ...strict, namespace: "team-b" })],
  ["to another cluster", at(strict), at(strict, "another")],
  [
    "namespace and name written the other way round",
    at(strict),
    at({ ...strict, namespace: "db", name: "team-a" }),
  ],
  [
    "a letter moved from the namespace to the name",
    at({ ...strict, namespace: "ab", name: "c" }),
    at({ ...strict, namespace: "a", name: "bc" }),
  ],
  ["strict, under an annotation that widens to the namespace", at(strict), at(wide)],
  ["strict, under an annotation that widens to the cluster", at(strict), at(cluster)],
  ["namespace-wide, to another namespace", at(wide), at({ ...wide, namespace: "team-b" })],
  ["namespace-wide, to another cluster", at(wide), at(wide, "another")],
  ["namespace-wide, widened to the cluster", at(wide), at(cluster)],
  ["namespace-wide, as a strict one", at(wide), at(strict)],
  ["cluster-wide, to another cluster", at(cluster), at(cluster, "another")],
  ["cluster-wide, as a strict one", at(cluster), at(strict)],
];

for (const [backend, make] of backends) {
  suite(`${backend}: a value opens at its place alone`, () => {
    for (const [what, from, to] of moves) {
      test(what, async () => {
        const codec = make();
        const values = await codec.seal({ password: "x" }, from);
        assert.deepEqual(await codec.open(values, from), { password: "opened x" });
        assert.deepEqual(await codec.open(values, to), { password: "not-authentic" });
      });
    }

    test("a scope binds no more than it says", async () => {
      const codec = make();
      const inNamespace = await codec.seal({ a: "x" }, at(wide));
      const inCluster = await codec.seal({ a: "y" }, at(cluster));
      assert.deepEqual(await codec.open(inNamespace, at(wide)), { a: "opened x" });
      assert.deepEqual(await codec.open(inCluster, at(cluster)), { a: "opened y" });
    });

    test("items that were swapped, or have other names, do not open", async () => {
      const codec = make();
      const values = await codec.seal({ user: "u", password: "p" });
      const [user, password] = [sealedText(values, "user"), sealedText(values, "password")];
      assert.deepEqual(await codec.open(new Map([["user", password]])), { user: "not-authentic" });
      assert.deepEqual(await codec.open(new Map([["password", user]])), { password: "not-authentic" });
      assert.deepEqual(await codec.open(new Map([["User", user]])), { User: "not-authentic" });
      assert.deepEqual(await codec.open(new Map([["user.old", user]])), { "user.old": "not-authentic" });
      const both = Object.values(
        await codec.open(new Map(Object.entries({ user: password, password: user }))),
      );
      assert.ok(!both.some((outcome) => outcome.startsWith("opened")), String(both));
    });

    test("a letter changed anywhere: not opened, or not a value", async () => {
      const codec = make();
      const text = sealedText(await codec.seal({ a: "secret" }), "a");
      const start = text.indexOf(":", 6);
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: start, max: text.length - 1 }),
          fc.constantFrom(..."Aa9/+="),
          async (where, put) => {
            fc.pre(text[where] !== put);
            const changed = text.slice(0, where) + put + text.slice(where + 1);
            try {
              const { a } = await codec.open(new Map([["a", changed]]));
              assert.ok(a === "not-authentic" || a === "malformed", a);
            } catch (error) {
              // The key's name was changed, or the version of a Vault key.
              assert.ok(error instanceof Error && "fault" in error && error.fault === "unusable");
            }
          },
        ),
        { numRuns: 150 },
      );
    });
  });
}

suite("kms: parts of two values make no third", () => {
  /** Two values, taken apart. */
  async function two() {
    const kms = new MemoryKms("k", "other");
    kms.setAlias("db", "k");
    const codec = kmsCodec(kms, "k");
    const read = async (binding: ClusterBinding, key = "k") =>
      readKmsValue("a", sealedText(await kmsCodec(kms, key).seal({ a: "x" }, binding), "a"));
    return { kms, codec, read };
  }

  test("the blob of another sealing of the same place", async () => {
    const { codec, read } = await two();
    const [one, other] = [await read(here), await read(here)];
    const mixed = writeKmsValue({ wrapped: other.wrapped, sealed: one.sealed });
    assert.deepEqual(await codec.open(new Map([["a", mixed]])), { a: "not-authentic" });
  });

  test("the blob of one's own place with the sealed part of another's, and the other way round", async () => {
    const { codec, read } = await two();
    const [own, foreign] = [await read(here), await read(at({ ...strict, namespace: "team-b" }))];
    for (const mixed of [
      { wrapped: own.wrapped, sealed: foreign.sealed },
      { wrapped: foreign.wrapped, sealed: own.sealed },
    ])
      assert.deepEqual(await codec.open(new Map([["a", writeKmsValue(mixed)]])), { a: "not-authentic" });
  });

  test("another key's ARN, or an alias that points elsewhere", async () => {
    const { kms, codec, read } = await two();
    const value = await read(here);
    const named = (key: string) =>
      codec.open(new Map([["a", writeKmsValue({ ...value, wrapped: { ...value.wrapped, key } })]]));
    assert.deepEqual(await named(keyArn("other")), { a: "not-authentic" });
    kms.setAlias("db", "other");
    assert.deepEqual(await named(aliasArn("db")), { a: "not-authentic" });
  });

  test("the sealed part of another item of the same sealing", async () => {
    const { codec } = await two();
    const values = await codec.seal({ a: "x", b: "y" });
    const [a, b] = [readKmsValue("a", sealedText(values, "a")), readKmsValue("b", sealedText(values, "b"))];
    const mixed = writeKmsValue({ wrapped: a.wrapped, sealed: b.sealed });
    assert.deepEqual(await codec.open(new Map([["a", mixed]])), { a: "not-authentic" });
  });
});

suite("vault: a value under one key is none under another", () => {
  test("of another mount, of another name, of another version", async () => {
    const transit = new MemoryTransit();
    const name = transit.createKey("transit/app", "context");
    const codec = vaultCodec(transit, name);
    const { ciphertext } = readVaultValue("a", sealedText(await codec.seal({ a: "x" }), "a"));
    for (const other of ["transit/other", "transit2/app"]) {
      const moved = writeVaultValue({ name: transit.createKey(other, "context"), ciphertext });
      assert.deepEqual(await codec.open(new Map([["a", moved]])), { a: "not-authentic" });
    }
    transit.rotate("transit/app");
    const renumbered = writeVaultValue({ name, ciphertext: ciphertext.replace(":v1:", ":v2:") });
    assert.deepEqual(await codec.open(new Map([["a", renumbered]])), { a: "not-authentic" });
  });
});
