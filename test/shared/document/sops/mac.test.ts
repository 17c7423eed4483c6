import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../../../shared/bytes.ts";
import { isMac, macOf } from "../../../../shared/document/sops/mac.ts";
import { parseEncryptedValue, ValueCipher } from "../../../../shared/document/sops/value.ts";

const ALL =
  "220C0A6D71C2A267FE8D26540F4AEF2C610063698A554C459B6EA057E40C719A8098B5C8A8B19F5C2B9826C8CFBB58944A00F5CFE1B1E798A5EF555FDDFBC2FA";
const ONLY_ENCRYPTED =
  "A29BF39C6A516C3B0988BD7CB7B02713AF5651DBAA74E458BB0D4F69C290038358F4C2605516689F7A4A51D4381D565FE6D431BCB115378A11DAE0A30F403561";

test("covers the values one after another", async () => {
  assert.equal(await macOf(["v1", "Secret", "admin", "True", "1.5", "5"].map(utf8), false), ALL);
  assert.equal(await macOf(["v1Secret", "", "adminTrue1.55"].map(utf8), false), ALL);
});

test("begins otherwise when it covers encrypted values alone", async () => {
  assert.equal(await macOf([utf8("admin")], true), ONLY_ENCRYPTED);
});

test("is encrypted with the time for its binding", async () => {
  const cipher = await ValueCipher.of(Uint8Array.from({ length: 32 }, (_, index) => index));
  const iv = Uint8Array.from({ length: 32 }, (_, index) => 32 + index);
  const text = await cipher.encrypt(utf8(ALL), "2026-01-02T03:04:05Z", "str", iv);
  assert.deepEqual(
    parseEncryptedValue(text)?.tag,
    new Uint8Array(Buffer.from("ZxSYd9WWrMl5KBmKUOX4bw==", "base64")),
  );
});

test("leaves the values as they were", async () => {
  const value = utf8("admin");
  await macOf([value], false);
  assert.deepEqual(value, utf8("admin"));
});

test("takes more values than a call has arguments", async () => {
  const many = Array.from({ length: 200_000 }, () => utf8("x"));
  assert.equal(await macOf(many, false), await macOf([utf8("x".repeat(200_000))], false));
});

test("is the one that was computed, letter for letter", () => {
  assert.equal(isMac(utf8(ALL), ALL), true);
  assert.equal(isMac(utf8(ALL.toLowerCase()), ALL), false);
  assert.equal(isMac(utf8(ALL.slice(0, -1)), ALL), false);
  assert.equal(isMac(utf8(""), ALL), false);
});
