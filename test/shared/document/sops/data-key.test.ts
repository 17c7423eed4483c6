import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { toBase64 } from "../../../../shared/bytes.ts";
import { nameOf, newDataKey, openDataKey, wrapDataKey } from "../../../../shared/document/sops/data-key.ts";
import type { SopsUnwrapper } from "../../../../shared/document/sops/key-services.ts";
import type { SopsKeyEntry, SopsMetadata, SopsRecipient } from "../../../../shared/document/sops/metadata.ts";
import { splitSecret } from "../../../../shared/document/sops/shamir.ts";
import { SopsError, SopsKeyError } from "../../../../shared/document/sops/sops-error.ts";
import { InputError } from "../../../../shared/errors.ts";
import { KeyServiceError } from "../../../../shared/seal/key-service-error.ts";
import { PlainSopsKeys } from "../../../support/plain-sops-keys.ts";
import { patience } from "../../../support/sops-documents.ts";

const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
const age = (recipient: string, share: Uint8Array): SopsKeyEntry => ({
  type: "age",
  recipient,
  enc: `plain:${toBase64(share)}`,
});
const kms = (arn: string, share: Uint8Array): SopsKeyEntry => ({
  type: "kms",
  arn,
  role: "",
  context: {},
  awsProfile: "",
  createdAt: "2026-01-02T03:04:05Z",
  enc: `plain:${toBase64(share)}`,
});
const pgp: SopsKeyEntry = { type: "other", list: "pgp", entry: { kind: "map", entries: [] } };

function metadata(groups: SopsMetadata["groups"], shamirThreshold = 0): SopsMetadata {
  return {
    groups,
    shamirThreshold,
    selection: { rule: "default" },
    macOnlyEncrypted: false,
    lastModified: "",
    mac: "",
    version: "3.9.0",
    unknown: { kind: "map", entries: [] },
  };
}

const open = (of: SopsMetadata, keys: SopsUnwrapper) => openDataKey(of, keys, "secret.yaml", patience);

suite("one group", () => {
  test("age comes first, then the others in their order, until one opens", async () => {
    const keys = new PlainSopsKeys();
    keys.refused.add("age1a").add("arn:1");
    const group = [
      kms("arn:1", dataKey),
      pgp,
      age("age1a", dataKey),
      kms("arn:2", dataKey),
      kms("arn:3", dataKey),
    ];
    assert.deepEqual(await open(metadata([group]), keys), dataKey);
    assert.deepEqual(keys.unwrapped, ["age1a", "arn:1", "pgp", "arn:2"]);
  });
  test("a threshold does not count", async () => {
    assert.deepEqual(await open(metadata([[age("a", dataKey)]], 3), new PlainSopsKeys()), dataKey);
  });
  test("what is no data key is passed over, and wiped", async () => {
    const keys = new PlainSopsKeys();
    const share = new Uint8Array(33).fill(7);
    assert.deepEqual(await open(metadata([[age("a", share), age("b", dataKey)]]), keys), dataKey);
    assert.deepEqual(keys.handedOut[0], new Uint8Array(33));
    await assert.rejects(open(metadata([[age("age1a", share)]]), keys), {
      code: "sops-key",
      message: "secret.yaml: its data key does not open: age age1a holds no data key",
    });
  });
  test("a key of zeros is none", async () => {
    await assert.rejects(open(metadata([[age("a", new Uint8Array(32))]]), new PlainSopsKeys()), SopsKeyError);
  });
  test("nothing opens: each reason is told once, and what may pass is told", async () => {
    const passing = new KeyServiceError("unavailable", "AWS KMS does not answer", "try again");
    const problems: Record<string, InputError | KeyServiceError> = { b: passing };
    const unwrapper: SopsUnwrapper = {
      unwrap: async (entry) => ({
        problem:
          problems[entry.type === "age" ? entry.recipient : ""] ?? new InputError("no identity", "give one"),
      }),
    };
    const group = [age("a", dataKey), age("b", dataKey), age("c", dataKey)];
    await assert.rejects(open(metadata([group]), unwrapper), (error) => {
      assert.ok(error instanceof SopsKeyError);
      assert.equal(
        error.message,
        "secret.yaml: its data key does not open: no identity; AWS KMS does not answer",
      );
      assert.equal(error.hint, "try again");
      assert.equal(error.retryable, true);
      assert.equal(error.problems[1], passing);
      assert.equal(error.problems.length, 3);
      return true;
    });
  });
  test("very many reasons are not all told", async () => {
    const keys = new PlainSopsKeys();
    const group = Array.from({ length: 30 }, (_, index) => age(`age${index}`, dataKey));
    for (const entry of group) if (entry.type === "age") keys.refused.add(entry.recipient);
    await assert.rejects(open(metadata([group]), keys), {
      retryable: false,
      message: /: age0 does not open; .*age7 does not open; and 22 more$/,
    });
  });
  test("who gives up is not asked on", async () => {
    const keys = new PlainSopsKeys();
    const reason = new Error("enough");
    const opening = openDataKey(metadata([[age("a", dataKey)]]), keys, "x", AbortSignal.abort(reason));
    await assert.rejects(opening, reason);
    assert.deepEqual(keys.unwrapped, []);
  });
});

suite("several groups", () => {
  const shares = splitSecret(dataKey, 3, 2);
  const groups = shares.map((share, index) => [age(`a${index}`, share), kms(`k${index}`, share)]);
  test("one entry of each is opened, also of those it could do without", async () => {
    const keys = new PlainSopsKeys();
    keys.refused.add("a1");
    assert.deepEqual(await open(metadata(groups, 2), keys), dataKey);
    assert.deepEqual(keys.unwrapped, ["a0", "a1", "k1", "a2"]);
    assert.deepEqual(
      keys.handedOut,
      Array.from({ length: 3 }, () => new Uint8Array(33)),
    );
  });
  test("a group may stay shut as far as the threshold goes", async () => {
    const keys = new PlainSopsKeys();
    keys.refused.add("a1").add("k1");
    assert.deepEqual(await open(metadata(groups, 2), keys), dataKey);
    await assert.rejects(open(metadata(groups), keys), {
      code: "sops-key",
      message: "secret.yaml: its data key does not open (2 of 3 shares): a1 does not open; k1 does not open",
    });
    keys.refused.add("a2").add("k2");
    await assert.rejects(open(metadata(groups, 1), keys), { message: /\(1 of 2 shares\)/ });
    for (const key of keys.handedOut) assert.deepEqual(key, new Uint8Array(33));
  });
  test("all shares count, so that one of another key is noticed", async () => {
    const [first, second, third] = groups;
    const other = splitSecret(new Uint8Array(32).fill(9), 3, 2);
    const mixed = [first ?? [], second ?? [], [age("x", other[2] ?? new Uint8Array(33))]];
    assert.ok(third);
    assert.notDeepEqual(await open(metadata(mixed, 2), new PlainSopsKeys()), dataKey);
  });
  test("the same share twice gives no key", async () => {
    await assert.rejects(open(metadata([groups[0] ?? [], groups[0] ?? []], 2), new PlainSopsKeys()), {
      code: "sops-key",
      message: "secret.yaml: what its entries hold gives no data key",
    });
  });
  test("a whole key is no share", async () => {
    await assert.rejects(open(metadata([[age("a", dataKey)], [age("b", dataKey)]]), new PlainSopsKeys()), {
      message: /age a holds no share of a data key/,
    });
  });
});

suite("wrapping", () => {
  const recipients = (...names: string[]): SopsRecipient[] =>
    names.map((recipient) => ({ type: "age", recipient }));
  const wrap = (groups: SopsRecipient[][], threshold = 0, keys = new PlainSopsKeys()) =>
    wrapDataKey(dataKey, groups, threshold, keys, patience);
  test("one group has the key itself, and no threshold", async () => {
    const wrapped = await wrap([recipients("a", "b")], 7);
    assert.deepEqual(wrapped, { groups: [[age("a", dataKey), age("b", dataKey)]], shamirThreshold: 0 });
  });
  test("several have a share each, of which so many are needed", async () => {
    const groups = [recipients("a", "b"), recipients("c"), recipients("d")];
    for (const [given, threshold] of [
      [0, 3],
      [2, 2],
    ] as const) {
      const keys = new PlainSopsKeys();
      const wrapped = await wrap(groups, given, keys);
      assert.equal(wrapped.shamirThreshold, threshold);
      assert.deepEqual(await open(metadata(wrapped.groups, threshold), keys), dataKey);
      assert.deepEqual(
        wrapped.groups.map((group) => group.length),
        [2, 1, 1],
      );
      for (const share of keys.taken) assert.deepEqual(share, new Uint8Array(33), "shares are wiped");
    }
  });
  test("the first recipient who cannot be wrapped for is named, after all have answered", async () => {
    const keys = new PlainSopsKeys();
    keys.refused.add("b").add("c");
    await assert.rejects(wrap([recipients("a", "b"), recipients("c", "d")], 0, keys), {
      message: "b cannot be wrapped for",
    });
    assert.deepEqual(keys.wrapped, ["a", "d"]);
    for (const share of keys.taken) assert.deepEqual(share, new Uint8Array(33));
  });
  test("for nobody, or by a threshold that does not fit", async () => {
    for (const groups of [[], [[]], [recipients("a"), []]]) {
      await assert.rejects(
        wrap(groups),
        (error) => error instanceof SopsError && error.problem === "recipients",
      );
    }
    const groups = [recipients("a"), recipients("b")];
    await assert.rejects(wrap(groups, 1), { message: "a threshold of 1 does not fit 2 groups of keys" });
    await assert.rejects(wrap(groups, 3), { problem: "recipients" });
    await assert.rejects(wrap(Array.from({ length: 256 }, () => recipients("a"))), {
      message: /more than 255/,
    });
  });
  test("data keys are drawn anew", () => {
    assert.equal(newDataKey().length, 32);
    assert.notDeepEqual(newDataKey(), newDataKey());
  });
});

test("entries are named without what would move a terminal's cursor", () => {
  assert.equal(
    nameOf({ type: "age", recipient: "ssh-ed25519 AAA \u001b[2Jme\u202e\n" }),
    "age ssh-ed25519 AAA �[2Jme��",
  );
  assert.equal(
    nameOf({ type: "hc_vault", vaultAddress: "https://v", enginePath: "e/f", keyName: "k" }),
    "hc_vault https://v/v1/e/f/keys/k",
  );
  assert.equal(nameOf(kms("arn:x", dataKey)), "kms arn:x");
  assert.equal(nameOf(pgp), "pgp");
  assert.equal(nameOf({ type: "age", recipient: "a".repeat(500) }).length, 205);
});
