import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sprigFunctions } from "../../../../shared/template/functions/sprig.ts";
import { renderTemplates } from "../../../../shared/template/template.ts";

// What a decrypted item holds must not come back in an error: not whole, not in part, not encoded.
const CANARY = "cAnArY7f3a9c51";
const DATA = new Map([["secret", Buffer.from(CANARY)]]);
const SHAPES = [CANARY, "Y0FuQXJZN2Y", CANARY.toLowerCase(), CANARY.toUpperCase(), "63416e417259"];

const deterministic = [...sprigFunctions].filter(
  ([, { nondeterministic }]) => nondeterministic === undefined,
);
const secret = fc.constantFrom(
  ".secret",
  "(list .secret)",
  '(dict "a" .secret)',
  '(dict .secret "a")',
  '(cat "(" .secret)',
  '(cat "{" .secret)',
  "(upper .secret)",
  "(b64enc .secret)",
  '(splitList "7" .secret)',
  "(list (list .secret) 1)",
);
const plain = fc.constantFrom(
  "1",
  "-1",
  "3000000000",
  "1.5",
  "true",
  "nil",
  '""',
  '"("',
  '"a"',
  "(list)",
  "(dict)",
  ".",
);
const call = fc
  .tuple(
    fc.constantFrom(...deterministic.map(([name]) => name)),
    fc.array(fc.oneof(secret, plain), { maxLength: 4 }),
  )
  .map(([name, args]) => [name, ...args].join(" "));

test("no function fails with a word of what it was given, or in a way that was not foreseen", () => {
  let failures = 0;
  fc.assert(
    fc.property(call, (source) => {
      const rendered = renderTemplates({
        templates: new Map([["k", `{{ ${source} }}`]]),
        data: DATA,
        functions: sprigFunctions,
        limits: { steps: 20_000 },
      }).get("k");
      if (rendered === undefined || !("error" in rendered)) return;
      failures++;
      const { message, hint } = rendered.error;
      const told = `${message} ${hint}`;
      assert.deepEqual(
        SHAPES.filter((shape) => told.includes(shape)),
        [],
      );
      assert.doesNotMatch(told, /not foreseen|undefined|Cannot|TypeError/);
    }),
    { numRuns: 5000 },
  );
  // The property says something only where functions did fail.
  assert.ok(failures > 1000, `${failures}`);
});

test("fail ends the template without its text", () => {
  const rendered = renderTemplates({
    templates: new Map([["k", '{{ fail (cat "the password is" .secret) }}']]),
    data: DATA,
    functions: sprigFunctions,
  }).get("k");
  assert.ok(rendered !== undefined && "error" in rendered);
  assert.equal(
    rendered.error.message,
    "template: k:1:3: error calling fail: the template ended itself; its message is not shown, since it may hold a secret",
  );
});
