import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { utf8 } from "../../../shared/bytes.ts";
import { InputError } from "../../../shared/errors.ts";
import type { Scope } from "../../../shared/scope.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import {
  clusterToOpenIn,
  clusterToSealFor,
  joinFields,
  kmsContext,
  placeBytes,
} from "../../../shared/seal/place-binding.ts";

/** Short ones of few letters, so that fields often differ by where they are cut alone. */
const field = fc.oneof(
  fc.stringMatching(/^[a-c/]{0,3}$/),
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.constantFrom("strict", "\0\0\0\x01a"),
);
const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc.record({ kind: fc.constant("strict" as const), namespace: field, name: field }),
  fc.record({ kind: fc.constant("namespace-wide" as const), namespace: field }),
  fc.record({ kind: fc.constant("cluster-wide" as const) }),
);
const place = fc.record({
  format: fc.constantFrom("kms:1" as const, "vault:1" as const),
  clusterId: field,
  scope,
  item: field,
});
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

suite("the place of a value as bytes", () => {
  test("two places have the same bytes only when they are the same", () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [first, second] = [a, b].map((one) => hex(placeBytes(one.format, one, one.item)));
        assert.equal(first === second, JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 2000 },
    );
  });

  test("each field alone makes other bytes", () => {
    fc.assert(
      fc.property(place, field, (one, other) => {
        const all = [one.format, one.clusterId, one.scope.kind, "n", "m", one.item];
        for (const [at, text] of all.entries()) {
          if (text === other) continue;
          assert.notEqual(hex(joinFields(all.with(at, other))), hex(joinFields(all)));
        }
      }),
    );
  });

  test("fields are cut by their lengths in UTF-8, big-endian", () => {
    assert.equal(hex(joinFields(["a", "", "ü"])), "0000000161" + "00000000" + "00000002c3bc");
    const long = "x".repeat(70_000);
    assert.deepEqual(joinFields([long]), new Uint8Array([0, 1, 0x11, 0x70, ...utf8(long)]));
  });

  const table: [Scope, string[], Record<string, string>][] = [
    [
      { kind: "strict", namespace: "team-a", name: "db" },
      ["strict", "team-a", "db"],
      { "signet-scope": "strict", "signet-namespace": "team-a", "signet-name": "db" },
    ],
    [
      { kind: "namespace-wide", namespace: "team-a" },
      ["namespace-wide", "team-a", ""],
      { "signet-scope": "namespace-wide", "signet-namespace": "team-a" },
    ],
    [{ kind: "cluster-wide" }, ["cluster-wide", "", ""], { "signet-scope": "cluster-wide" }],
  ];
  for (const [at, fields, pairs] of table) {
    test(`${at.kind}: what the scope binds, and nothing else`, () => {
      const binding = { clusterId: "c-1", scope: at };
      assert.deepEqual(
        placeBytes("vault:1", binding, "user"),
        joinFields(["vault:1", "c-1", ...fields, "user"]),
      );
      assert.deepEqual(kmsContext(binding), { "signet-format": "kms:1", "signet-cluster": "c-1", ...pairs });
    });
  }

  test("two contexts of KMS are the same only when cluster and scope are", () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [first, second] = [a, b].map((one) => JSON.stringify(kmsContext(one)));
        const isSame = a.clusterId === b.clusterId && JSON.stringify(a.scope) === JSON.stringify(b.scope);
        assert.equal(first === second, isSame);
      }),
      { numRuns: 1000 },
    );
  });
});

suite("a cluster without an id", () => {
  for (const clusterId of [null, ""]) {
    const binding = { clusterId, scope: { kind: "cluster-wide" } as const };
    test(`${JSON.stringify(clusterId)} is refused by the option's name`, () => {
      assert.throws(
        () => clusterToSealFor(binding),
        (error) => error instanceof InputError && error.hint.includes("--cluster-id"),
      );
      assert.throws(
        () => clusterToOpenIn(binding),
        (error) =>
          error instanceof KeyServiceError &&
          error.fault === "misused" &&
          error.hint.includes("--cluster-id"),
      );
    });
  }

  test("with one, the binding is as it was", () => {
    const binding = { clusterId: "c", scope: { kind: "cluster-wide" } as const };
    assert.deepEqual([clusterToSealFor(binding), clusterToOpenIn(binding)], [binding, binding]);
  });
});
