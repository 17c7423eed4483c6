import assert from "node:assert/strict";
import { test } from "node:test";
import { compareSync } from "bcryptjs";
import { processorTime } from "../../../support/processor-time.ts";
import { renderFreely } from "./with-everything-allowed.ts";

/** As sprig 3.3 derives them; user and site beyond ASCII count in bytes. */
const DERIVED: readonly (readonly [args: string, expected: string])[] = [
  ['1 "long" "password" "user" "example.com"', "ZedaFaxcZaso9*"],
  ['1 "maximum" "password" "user" "example.com"', "pf4zS1LjCg&LjhsZ7T2~"],
  ['1 "medium" "password" "user" "example.com"', "ZedJuz8$"],
  ['1 "basic" "password" "user" "example.com"', "pIS54PLs"],
  ['1 "short" "password" "user" "example.com"', "Zed5"],
  ['1 "pin" "password" "user" "example.com"', "6685"],
];

for (const [args, expected] of DERIVED) {
  test(`derivePassword ${args}`, async () => {
    assert.equal(await renderFreely(`{{ derivePassword ${args} }}`), expected);
  });
}

test("an unknown kind of password is told as the result, as sprig does", async () => {
  assert.equal(
    await renderFreely('{{ derivePassword 1 "x" "a" "b" "c" }}'),
    "cannot find password template x",
  );
});

test("bcrypt's hash is of cost 10 and checks", async () => {
  const hash = await renderFreely('{{ bcrypt "sésame" }}');
  assert.match(hash, /^\$2a\$10\$[./A-Za-z0-9]{53}$/);
  assert.ok(compareSync("sésame", hash));
  assert.ok(!compareSync("sesame", hash));
  assert.notEqual(hash, await renderFreely('{{ bcrypt "sésame" }}'));
});

test("bcrypt takes 72 bytes and tells of more as the result, as sprig does", async () => {
  assert.ok(compareSync("x".repeat(72), await renderFreely('{{ bcrypt (repeat 72 "x") }}')));
  assert.equal(
    await renderFreely('{{ bcrypt (repeat 73 "x") }}'),
    "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes",
  );
});

test("a password that is not UTF-8 is refused, since it would be hashed as another", async () => {
  assert.match(await renderFreely('{{ bcrypt "\\xff" }}'), /^ERROR .*: the password is not UTF-8$/);
});

test("htpasswd gives a line for Apache, and none for a user with a colon", async () => {
  const line = await renderFreely('{{ htpasswd "user" "secret" }}');
  assert.match(line, /^user:\$2a\$10\$/);
  assert.ok(compareSync("secret", line.slice("user:".length)));
  assert.equal(await renderFreely('{{ htpasswd "a:b" "c" }}'), "invalid username: a:b");
});

for (const call of ['bcrypt "x"', 'htpasswd "u" "p"', 'derivePassword 1 "pin" "a" "b" "c"']) {
  test(`many of ${call} end at the limit on time`, async () => {
    const took = processorTime();
    const result = await renderFreely(`{{ range until 10000 }}{{ $_ := ${call} }}{{ end }}`, {
      limits: { milliseconds: 300 },
    });
    assert.match(result, /^ERROR .*limit/);
    assert.ok(took() < 10_000);
  });
}

for (const call of ['bcrypt "x"', 'htpasswd "u" "x"', 'derivePassword 1 "long" "a" "b" "c"']) {
  test(`${call} costs as many steps as it takes time`, async () => {
    const refused = await renderFreely(`{{ ${call} }}`, { limits: { steps: 15_000 } });
    assert.match(refused, /^ERROR .*limit/);
    assert.ok(!/^ERROR/.test(await renderFreely(`{{ ${call} }}`, { limits: { steps: 100_000 } })));
  });
}
