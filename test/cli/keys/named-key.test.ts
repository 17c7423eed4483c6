import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeySecretObject } from "../../../cli/keys/key-secrets.ts";
import { fingerprintNamed, isFingerprint, keyNamed, keysNamed } from "../../../cli/keys/named-key.ts";
import { InputError, UsageError } from "../../../shared/errors.ts";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";

const [first, second] = await Promise.all([sealingPair(), sealingPair()]);
const secrets = [
  pairSecret(first, "one"),
  pairSecret(second, "two"),
  pairSecret(second, "three", { labels: { "sealedsecrets.bitnami.com/sealed-secrets-key": "retired" } }),
  { ...pairSecret(first, "broken"), data: {} },
] as KeySecretObject[];
const names = (text: string) => keysNamed(text, secrets, "kube-system").map(({ name }) => name);

test("a key is named by its Secret, by its fingerprint, or by as much of that as fits one key", () => {
  assert.deepEqual(names("two"), ["two"]);
  assert.deepEqual(names(first.fingerprint), ["one"]);
  assert.deepEqual(names(second.fingerprint), ["two", "three"]);
  assert.deepEqual(names(second.fingerprint.slice(0, "SHA256:".length + 8)), ["two", "three"]);
  assert.equal(keyNamed(first.fingerprint, secrets, "kube-system").name, "one");
  const [{ isInUse, label } = assert.fail()] = keysNamed("three", secrets, "kube-system");
  assert.deepEqual([isInUse, label], [false, "retired"]);
});

test("nothing else names one", () => {
  assert.throws(() => names("four"), {
    message: 'there is no sealing key "four" in the namespace kube-system',
  });
  assert.throws(() => names(`SHA256:${"A".repeat(43)}`), InputError);
  for (const text of [first.fingerprint.slice(0, "SHA256:".length + 7), "SHA256:", `${first.fingerprint}A`])
    assert.throws(() => names(text), UsageError);
  assert.throws(() => names("broken"), /Secret kube-system\/broken is no sealing key to use/);
  assert.throws(() => keyNamed(second.fingerprint, secrets, "kube-system"), /two, three hold the same key/);
});

test("a part that fits two keys names neither", () => {
  const [begin, one, two] = [
    "SHA256:abcdefgh",
    `SHA256:abcdefgh${"i".repeat(35)}`,
    `SHA256:abcdefgh${"j".repeat(35)}`,
  ];
  assert.throws(() => fingerprintNamed(begin, [one, two]), /SHA256:abcdefgh fits 2 sealing keys/);
  assert.equal(fingerprintNamed(`${begin}i`, [one, two]), one);
  assert.equal(fingerprintNamed(begin, [one, one]), one);
  assert.equal(fingerprintNamed("SHA256:bcdefghi", [one, two]), null);
});

test("only a whole fingerprint is one", () => {
  assert.ok(isFingerprint(first.fingerprint));
  for (const text of [first.fingerprint.slice(0, -1), `${first.fingerprint}=`, "", "one"])
    assert.ok(!isFingerprint(text));
});
