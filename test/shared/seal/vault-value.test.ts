import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { RemoteValueError, type RemoteValueProblem } from "../../../shared/seal/remote-value-error.ts";
import { keyVersionOf, readVaultValue, writeVaultValue } from "../../../shared/seal/vault-value.ts";

const text = Buffer.alloc(30, 9).toString("base64");
const segment = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,8}$/);

test("what was written is read", () => {
  fc.assert(
    fc.property(
      fc.array(segment, { minLength: 1, maxLength: 3 }),
      segment,
      fc.integer({ min: 1, max: 99_999 }),
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      (mount, key, version, bytes) => {
        const ciphertext = `vault:v${version}:${Buffer.from(bytes).toString("base64")}`;
        const value = { name: { mount: mount.join("/"), key }, ciphertext };
        assert.deepEqual(readVaultValue("v", writeVaultValue(value)), value);
        assert.equal(keyVersionOf(ciphertext), version);
      },
    ),
  );
});

test("the last segment is the key, whatever the mount has", () => {
  assert.deepEqual(readVaultValue("v", `vault:1:teams/a/transit/app:vault:v3:${text}`).name, {
    mount: "teams/a/transit",
    key: "app",
  });
});

const bad: [what: string, text: string, problem: RemoteValueProblem][] = [
  ["no version", `vault:transit/app:vault:v1:${text}`, "malformed"],
  ["Vault's own text alone", `vault:v1:${text}`, "malformed"],
  ["nothing", "vault:", "malformed"],
  ["the next version", `vault:2:transit/app:vault:v1:${text}`, "version"],
  ["no mount", `vault:1:app:vault:v1:${text}`, "malformed"],
  ["an empty mount", `vault:1:/app:vault:v1:${text}`, "malformed"],
  ["an empty key", `vault:1:transit/:vault:v1:${text}`, "malformed"],
  ["an empty segment", `vault:1:transit//app:vault:v1:${text}`, "malformed"],
  ["a dot", `vault:1:transit/./app:vault:v1:${text}`, "malformed"],
  ["two dots", `vault:1:transit/../sys/app:vault:v1:${text}`, "malformed"],
  ["two dots for a key", `vault:1:transit/..:vault:v1:${text}`, "malformed"],
  ["three dots", `vault:1:transit/...:vault:v1:${text}`, "malformed"],
  ["a percent sign", `vault:1:transit/%2e%2e/app:vault:v1:${text}`, "malformed"],
  ["a question mark", `vault:1:transit/app?x:vault:v1:${text}`, "malformed"],
  ["a number sign", `vault:1:transit/app#x:vault:v1:${text}`, "malformed"],
  ["a backslash", `vault:1:transit\\app/k:vault:v1:${text}`, "malformed"],
  ["a blank", `vault:1:transit/a pp:vault:v1:${text}`, "malformed"],
  ["a line break", `vault:1:transit/app\n:vault:v1:${text}`, "malformed"],
  ["a letter that is not ASCII", `vault:1:transit/äpp:vault:v1:${text}`, "malformed"],
  ["a name without end", `vault:1:${"m/".repeat(300)}app:vault:v1:${text}`, "malformed"],
  ["version 0 of a key", `vault:1:transit/app:vault:v0:${text}`, "malformed"],
  ["no version of a key", `vault:1:transit/app:vault:${text}`, "malformed"],
  ["no ciphertext", "vault:1:transit/app:vault:v1:", "malformed"],
  ["bits left over", "vault:1:transit/app:vault:v1:AB==", "malformed"],
  ["something behind", `vault:1:transit/app:vault:v1:${text}:`, "malformed"],
  ["a line break behind", `vault:1:transit/app:vault:v1:${text}\n`, "malformed"],
  ["the wrapped sealing key", `vault-key:1:transit/app:vault:v1:${text}`, "malformed"],
];

suite("what is no value is refused, by its item and not by its text", () => {
  for (const [what, value, problem] of bad) {
    test(what, () => {
      assert.throws(
        () => readVaultValue("my-item", value),
        (error) => {
          assert.ok(error instanceof RemoteValueError);
          assert.equal(error.problem, problem);
          assert.ok(error.message.startsWith("spec.encryptedData.my-item: "));
          assert.doesNotMatch(`${error.message} ${error.hint}`, /transit|app|CQkJ/);
          return true;
        },
      );
    });
  }

  test("another version is named", () => {
    assert.throws(() => readVaultValue("v", "vault:2:x"), /values of format vault:2 are not opened/);
  });
});
