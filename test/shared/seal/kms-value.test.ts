import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { toBase64 } from "../../../shared/bytes.ts";
import { readKmsValue, writeKmsValue } from "../../../shared/seal/kms-value.ts";
import { RemoteValueError, type RemoteValueProblem } from "../../../shared/seal/remote-value-error.ts";
import { aliasArn, keyArn } from "../../support/memory-kms.ts";

const blob = Buffer.alloc(40, 7).toString("base64");
const sealed = Buffer.alloc(30, 9).toString("base64");
const [key, alias] = [keyArn("1234-abcd"), aliasArn("team-a/db")];
const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((one) => new Uint8Array(one));

test("what was written is read", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(key, alias, keyArn("mrk-0a1b"), "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/x"),
      bytes(1, 200),
      bytes(28, 300),
      (named, wrappedBlob, sealedPart) => {
        const value = { wrapped: { key: named, blob: wrappedBlob }, sealed: sealedPart };
        assert.deepEqual(readKmsValue("v", writeKmsValue(value)), value);
      },
    ),
  );
});

test("a value has one spelling: no text that reads the same differs", () => {
  const text = `kms:1:${key}:${blob}:${sealed}`;
  fc.assert(
    fc.property(fc.nat(text.length), fc.constantFrom("", "\n", " ", "=", "B", ":", "/"), (at, put) => {
      for (const changed of [
        text.slice(0, at) + put + text.slice(at),
        text.slice(0, at) + put + text.slice(at + 1),
      ]) {
        if (changed === text) continue;
        try {
          assert.equal(writeKmsValue(readKmsValue("v", changed)), changed);
        } catch (error) {
          assert.ok(error instanceof RemoteValueError);
        }
      }
    }),
  );
});

const bad: [what: string, text: string, problem: RemoteValueProblem][] = [
  ["no version", `kms:${key}:${blob}:${sealed}`, "malformed"],
  ["nothing", "kms:", "malformed"],
  ["the next version", `kms:2:${key}:${blob}:${sealed}`, "version"],
  ["version 0", `kms:0:${key}:${blob}:${sealed}`, "version"],
  ["a version with a zero before", `kms:01:${key}:${blob}:${sealed}`, "malformed"],
  ["the next version, laid out otherwise", "kms:2:x", "version"],
  ["no sealed part", `kms:1:${key}:${blob}`, "malformed"],
  ["a part too many", `kms:1:${key}:${blob}:${sealed}:${sealed}`, "malformed"],
  ["an empty blob", `kms:1:${key}::${sealed}`, "malformed"],
  ["a blob longer than KMS unwraps", `kms:1:${key}:${toBase64(new Uint8Array(6145))}:${sealed}`, "malformed"],
  [
    "a sealed part without room for its tag",
    `kms:1:${key}:${blob}:${toBase64(new Uint8Array(27))}`,
    "malformed",
  ],
  ["bits left over", `kms:1:${key}:AB==:${sealed}`, "malformed"],
  ["a line break in base64", `kms:1:${key}:${blob.slice(0, 4)}\n${blob.slice(4)}:${sealed}`, "malformed"],
  ["a line break at the end", `kms:1:${key}:${blob}:${sealed}\n`, "malformed"],
  ["no padding", `kms:1:${key}:AA:${sealed}`, "malformed"],
  ["base64 for URLs", `kms:1:${key}:_-__:${sealed}`, "malformed"],
  ["a key id", `kms:1:1234-abcd:${blob}:${sealed}`, "malformed"],
  ["an alias", `kms:1:alias/db:${blob}:${sealed}`, "malformed"],
  [
    "the ARN of something else",
    `kms:1:arn:aws:s3:eu-central-1:123456789012:key/x:${blob}:${sealed}`,
    "malformed",
  ],
  ["a pattern", `kms:1:${keyArn("*")}:${blob}:${sealed}`, "malformed"],
  ["no region", `kms:1:arn:aws:kms::123456789012:key/x:${blob}:${sealed}`, "malformed"],
  [
    "a region that is a host",
    `kms:1:arn:aws:kms:evil.example:123456789012:key/x:${blob}:${sealed}`,
    "malformed",
  ],
  ["a region with a path", `kms:1:arn:aws:kms:eu/x:123456789012:key/x:${blob}:${sealed}`, "malformed"],
  [
    "an account of letters",
    `kms:1:arn:aws:kms:eu-central-1:abcdefghijkl:key/x:${blob}:${sealed}`,
    "malformed",
  ],
  ["a key with a segment more", `kms:1:${keyArn("x/y")}:${blob}:${sealed}`, "malformed"],
  ["an alias with an empty segment", `kms:1:${aliasArn("a//b")}:${blob}:${sealed}`, "malformed"],
  ["an alias that climbs", `kms:1:${aliasArn("a/../b")}:${blob}:${sealed}`, "malformed"],
  ["a key with a percent sign", `kms:1:${keyArn("x%2fy")}:${blob}:${sealed}`, "malformed"],
  ["a key with a question mark", `kms:1:${keyArn("x?y")}:${blob}:${sealed}`, "malformed"],
  ["a line break in the key", `kms:1:${keyArn("x\n")}:${blob}:${sealed}`, "malformed"],
  ["the wrapped sealing key", `kms-key:1:${key}:${blob}:${sealed}`, "malformed"],
  ["blanks before", ` kms:1:${key}:${blob}:${sealed}`, "malformed"],
];

suite("what is no value is refused, by its item and not by its text", () => {
  for (const [what, text, problem] of bad) {
    test(what, () => {
      assert.throws(
        () => readKmsValue("my-item", text),
        (error) => {
          assert.ok(error instanceof RemoteValueError);
          assert.equal(error.problem, problem);
          assert.ok(error.message.startsWith("spec.encryptedData.my-item: "));
          for (const part of text.split(":").filter((one) => one.length > 6))
            assert.ok(!`${error.message} ${error.hint}`.includes(part), part);
          return true;
        },
      );
    });
  }

  test("another version is named", () => {
    assert.throws(
      () => readKmsValue("v", "kms:27:x"),
      /spec\.encryptedData\.v: values of format kms:27 are not opened by this version of Signet/,
    );
  });
});
