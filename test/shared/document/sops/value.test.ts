import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type Bytes, toBase64, utf8 } from "../../../../shared/bytes.ts";
import type { LeafType } from "../../../../shared/document/sops/leaf-bytes.ts";
import {
  encryptedValueText,
  parseEncryptedValue,
  ValueCipher,
} from "../../../../shared/document/sops/value.ts";

const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index);
const iv = Uint8Array.from({ length: 32 }, (_, index) => 32 + index);
const IV_TEXT = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const ADMIN = `ENC[AES256_GCM,data:dqWcIeM=,iv:${IV_TEXT},tag:54MlLBzBeAUuRYPw6nWY5w==,type:str]`;

/** Values that the stock sops takes: plaintext, binding, type, data, tag. */
const vectors: readonly (readonly [string, string, LeafType, string, string])[] = [
  ["admin", "data:user:", "str", "dqWcIeM=", "54MlLBzBeAUuRYPw6nWY5w=="],
  ["True", "flags:on:", "bool", "Q7OELQ==", "HPjWlhziMxIV+MAGC9iDOA=="],
  [" top comment", ":", "comment", "N7WeOK1suU6rNAgD", "GsuSP1jmDnjxOeyqlK3E7Q=="],
];

suite("known answers", () => {
  for (const [plaintext, binding, type, data, tag] of vectors) {
    test(`${type} at ${binding}`, async () => {
      const cipher = await ValueCipher.of(dataKey);
      const text = `ENC[AES256_GCM,data:${data},iv:${IV_TEXT},tag:${tag},type:${type}]`;
      assert.equal(await cipher.encrypt(utf8(plaintext), binding, type, iv), text);
      const parsed = parseEncryptedValue(text);
      assert.ok(parsed);
      assert.equal(parsed.type, type);
      assert.deepEqual(await cipher.decrypt(parsed, binding), utf8(plaintext));
    });
  }
});

suite("a value", () => {
  test("opens at its own path alone", async () => {
    const cipher = await ValueCipher.of(dataKey);
    const parsed = parseEncryptedValue(ADMIN);
    assert.ok(parsed);
    for (const binding of ["data:user", "data:", "user:data:", ""]) {
      assert.equal(await cipher.decrypt(parsed, binding), null, binding);
    }
  });
  test("does not open under another key, nor with a bit of any part changed", async () => {
    const cipher = await ValueCipher.of(dataKey);
    const parsed = parseEncryptedValue(ADMIN);
    assert.ok(parsed);
    for (const part of ["data", "iv", "tag"] as const) {
      const damaged = parsed[part].slice();
      damaged[2] = (damaged[2] ?? 0) ^ 1;
      assert.equal(await cipher.decrypt({ ...parsed, [part]: damaged }, "data:user:"), null, part);
    }
    const other = await ValueCipher.of(new Uint8Array(32));
    assert.equal(await other.decrypt(parsed, "data:user:"), null);
  });
  test("has an IV of its own, of 32 bytes", async () => {
    const cipher = await ValueCipher.of(dataKey);
    const texts = [
      await cipher.encrypt(utf8("x"), "a:", "str"),
      await cipher.encrypt(utf8("x"), "a:", "str"),
    ];
    const ivs = texts.map((text) => parseEncryptedValue(text)?.iv ?? new Uint8Array());
    assert.deepEqual(
      ivs.map(({ length }) => length),
      [32, 32],
    );
    assert.notDeepEqual(ivs[0], ivs[1]);
  });
  test("of another writer may have an IV of 12 bytes", async () => {
    const key = await crypto.subtle.importKey("raw", dataKey, "AES-GCM", false, ["encrypt"]);
    const algorithm = { name: "AES-GCM", iv: iv.slice(0, 12), additionalData: utf8("a:") };
    const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, utf8("short")));
    const text = encryptedValueText({
      data: sealed.slice(0, -16),
      iv: iv.slice(0, 12),
      tag: sealed.slice(-16),
      type: "str",
    });
    const parsed = parseEncryptedValue(text);
    assert.ok(parsed);
    assert.deepEqual(await (await ValueCipher.of(dataKey)).decrypt(parsed, "a:"), utf8("short"));
  });
  test("comes back whatever it holds", async () => {
    const cipher = await ValueCipher.of(dataKey);
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.string(),
        async (plaintext, path) => {
          const parsed = parseEncryptedValue(await cipher.encrypt(plaintext, path, "str"));
          assert.ok(parsed);
          assert.deepEqual(await cipher.decrypt(parsed, path), new Uint8Array(plaintext));
        },
      ),
      { numRuns: 50 },
    );
  });
  test("leaves what it was made from as it was", async () => {
    const plaintext = utf8("admin");
    await (await ValueCipher.of(dataKey)).encrypt(plaintext, "a:", "str");
    assert.deepEqual(plaintext, utf8("admin"));
  });
});

suite("the text of a value", () => {
  const tag = toBase64(new Uint8Array(16));
  const of = (data: string, ivText = IV_TEXT, tagText = tag, type = "str") =>
    `ENC[AES256_GCM,data:${data},iv:${ivText},tag:${tagText},type:${type}]`;
  const bytes = (length: number) => toBase64(new Uint8Array(length) satisfies Bytes);
  const refused: readonly (readonly [string, string])[] = [
    ["text behind it", `${ADMIN} `],
    ["a line break behind it", `${ADMIN}\n`],
    ["text before it", ` ${ADMIN}`],
    ["another cipher", ADMIN.replace("AES256_GCM", "AES128_GCM")],
    ["no data", of("")],
    ["data without padding", of("dqWcIeM")],
    ["data in the alphabet of URLs", of("-_-_")],
    ["a line break in the data", of("dqWc\nIeM=")],
    ["a space in the data", of("dqWc IeM=")],
    ["an IV of 16 bytes", of("dqWcIeM=", bytes(16))],
    ["no IV", of("dqWcIeM=", "")],
    ["a tag of 12 bytes", of("dqWcIeM=", IV_TEXT, bytes(12))],
    ["no type", of("dqWcIeM=", IV_TEXT, tag, "")],
    ["a type that is no word", of("dqWcIeM=", IV_TEXT, tag, "str]")],
    ["fields in another order", `ENC[AES256_GCM,iv:${IV_TEXT},data:dqWcIeM=,tag:${tag},type:str]`],
    ["a field twice", `ENC[AES256_GCM,data:dqWc,data:dqWc,iv:${IV_TEXT},tag:${tag},type:str]`],
    ["no end", ADMIN.slice(0, -1)],
    ["nothing", ""],
  ];
  for (const [what, text] of refused) {
    test(`${what} is refused`, () => assert.equal(parseEncryptedValue(text), null));
  }
  test("comes back as it was", () => {
    const parsed = parseEncryptedValue(ADMIN);
    assert.ok(parsed);
    assert.equal(encryptedValueText(parsed), ADMIN);
  });
  test("tells a type that nobody knows", () => {
    assert.equal(parseEncryptedValue(of("dqWcIeM=", IV_TEXT, tag, "bytes"))?.type, "bytes");
  });
});
