import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { render } from "./function-rows.ts";
import { renderFreely } from "./with-everything-allowed.ts";

const keyOf = (password: string): Buffer => {
  const key = Buffer.alloc(32);
  Buffer.from(password).copy(key);
  return key;
};

test("decryptAES opens what AES-256-CBC sealed", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 40 }),
      fc.string({ minLength: 1, maxLength: 80 }),
      (password, plain) => {
        const vector = Buffer.alloc(16, 7);
        const cipher = createCipheriv("aes-256-cbc", keyOf(password), vector);
        const sealed = Buffer.concat([vector, cipher.update(plain), cipher.final()]).toString("base64");
        const data = new Map(
          Object.entries({ password, sealed }).map(([item, text]) => [item, Buffer.from(text)]),
        );
        assert.equal(render("{{ decryptAES .password .sealed }}", { data }), plain);
      },
    ),
    { numRuns: 50 },
  );
});

test("encryptAES seals as AES-256-CBC, under a new vector each time", async () => {
  const sealed = [1, 2].map(() => renderFreely('{{ encryptAES "secret" "sixteen bytes ok" }}'));
  const [first = "", second = ""] = await Promise.all(sealed);
  assert.notEqual(first.slice(0, 20), second.slice(0, 20));
  const bytes = Buffer.from(first, "base64");
  assert.equal(bytes.length, 48);
  const decipher = createDecipheriv("aes-256-cbc", keyOf("secret"), bytes.subarray(0, 16));
  assert.equal(
    Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString(),
    "sixteen bytes ok",
  );
});

test("nothing stays nothing", async () => {
  assert.equal(await renderFreely('[{{ encryptAES "k" "" }}{{ decryptAES "k" "" }}]'), "[]");
});

/** Ciphertexts that are none, and why. */
const REFUSED: readonly (readonly [sealed: string, why: RegExp])[] = [
  ["!!", /not base64$/],
  ["YWJj", /not whole blocks of 16 bytes$/],
  ["AAAAAAAAAAAAAAAAAAAAAA==", /not whole blocks of 16 bytes$/],
  ["AAAAAAAAAAAAAAAAAAAAAAAAAA==", /not whole blocks of 16 bytes$/],
  // Its last byte says more padding than there is text.
  ["AAAAAAAAAAAAAAAAAAAAAG3kz8PhG7ucC/EmU1r6r8g=", /the password is another, or the ciphertext is damaged$/],
];

for (const [sealed, why] of REFUSED) {
  test(`decryptAES refuses ${sealed}`, () => {
    assert.match(
      render(`{{ decryptAES "k" "${sealed}" }}`),
      /^ERROR template: k:1:3: error calling decryptAES: /,
    );
    assert.match(render(`{{ decryptAES "k" "${sealed}" }}`), why);
  });
}
