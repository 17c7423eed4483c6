import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { functionsFor } from "../../../../shared/template/functions/load.ts";
import { sprigFunctions } from "../../../../shared/template/functions/sprig.ts";
import { renderTemplates } from "../../../../shared/template/template.ts";
import { NOW, renderFreely } from "./with-everything-allowed.ts";

/** Every function that must be allowed expressly. */
const MARKED = {
  random:
    "bcrypt encryptAES genCAWithKey genSelfSignedCertWithKey genSignedCertWithKey htpasswd randAlpha randAlphaNum " +
    "randAscii randBytes randInt randNumeric shuffle uuidv4",
  clock: "ago now",
  costly: "derivePassword genCA genPrivateKey genSelfSignedCert genSignedCert",
};

test("what is random, reads the clock or is costly is marked so, and nothing else is", async () => {
  const all = await functionsFor(["{{ genCA }}"]);
  for (const [mark, names] of Object.entries(MARKED)) {
    const marked = [...all]
      .filter(([, { nondeterministic }]) => nondeterministic === mark)
      .map(([name]) => name);
    assert.equal(marked.sort().join(" "), names, mark);
  }
});

suite("unless they are allowed, a template that names one is refused before it runs", () => {
  for (const name of Object.values(MARKED).flatMap((names) => names.split(" "))) {
    test(name, async () => {
      const template = `{{ fail "never" }}{{ ${name} }}`;
      const rendered = renderTemplates({
        templates: new Map([["k", template]]),
        data: new Map(),
        functions: await functionsFor([template]),
      }).get("k");
      assert.ok(rendered !== undefined && "error" in rendered);
      assert.match(
        rendered.error.message,
        new RegExp(`^template: k:1:\\d+: these functions .*: ${name} \\(`),
      );
    });
  }
});

test("a date function that falls back to the present is refused there", () => {
  for (const call of [
    'date "2006" "x"',
    "htmlDate nil",
    'dateInZone "2006" "x" "UTC"',
    'durationRound (toDate "x" "y")',
  ]) {
    const rendered = renderTemplates({
      templates: new Map([["k", `{{ ${call} }}`]]),
      data: new Map(),
      functions: sprigFunctions,
    }).get("k");
    assert.ok(rendered !== undefined && "error" in rendered, call);
    assert.match(rendered.error.message, /it reads the clock, which is not allowed here$/);
  }
});

test("the clock that is given is the one that is read", async () => {
  const date = new Date(NOW).toISOString();
  assert.equal(await renderFreely('{{ now | date "2006-01-02T15:04:05.000Z07:00" }}'), date);
  assert.equal(await renderFreely('{{ htmlDate "x" }} {{ ago (now.Add -90000000000) }}'), "2024-02-29 1m30s");
});

suite("modules of keys and certificates", () => {
  test("are not loaded for templates that name none of their functions", async () => {
    assert.equal(await functionsFor(["{{ upper .genCAx }}", null, "{{ randAlpha 5 }}"]), sprigFunctions);
  });

  for (const name of ["genPrivateKey", "buildCustomCert", "genCA", "genCAWithKey", "genSelfSignedCert"]) {
    test(`are there for ${name}`, async () => {
      assert.ok((await functionsFor(["", `x{{(${name})}}`])).has(name));
    });
  }
});
