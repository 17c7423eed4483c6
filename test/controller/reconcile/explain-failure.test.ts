import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { explainFailure } from "../../../controller/reconcile/explain-failure.ts";
import { InputError } from "../../../shared/errors.ts";
import { type Scope, scopeLabel } from "../../../shared/scope.ts";
import { RemoteValueError } from "../../../shared/seal/remote-value-error.ts";
import { DamagedValueError, NotBase64Error, TooManyTrialsError } from "../../../shared/seal/rsa-hybrid.ts";
import type { Outcome } from "../../../shared/seal/sealer.ts";

const PLACE = { namespace: "team", name: "db" };
const opened: Outcome = { kind: "opened", plaintext: new Uint8Array([1]), keyId: "SHA256:k" };
const notMine: Outcome = { kind: "not-my-key" };
const elsewhere = (scope: Scope): Outcome => ({
  kind: "sealed-elsewhere",
  labelHash: new Uint8Array(createHash("sha256").update(scopeLabel(scope)).digest()),
  keyId: "SHA256:k",
});
const explain = (outcomes: Record<string, Outcome>, neighbours: string[] = []) =>
  explainFailure(new Map(Object.entries(outcomes)), PLACE, neighbours);

test("nothing to explain when every item opened, or there is none", () => {
  assert.equal(explain({ a: opened, b: opened }), null);
  assert.equal(explain({}), null);
});

const causes: [string, Outcome, string[], RegExp][] = [
  [
    "no key",
    notMine,
    [],
    /^no key could decrypt secret \(a\): sealed with a key .*, or damaged; .*certificate$/,
  ],
  [
    "damaged",
    { kind: "malformed", error: new DamagedValueError("a", "SHA256:k") },
    [],
    /^no key could decrypt secret \(a\): damaged; seal it again$/,
  ],
  [
    "not base64",
    { kind: "malformed", error: new NotBase64Error("a", 12) },
    [],
    /^illegal base64 data at input byte 12 \(a\)$/,
  ],
  [
    "another defect",
    { kind: "malformed", error: new InputError("of a form not known here", "hint") },
    [],
    /^of a form not known here \(a\)$/,
  ],
  [
    "strict under a wider annotation",
    elsewhere({ kind: "strict", ...PLACE }),
    [],
    /\(a\): sealed with strict scope for team\/db, but .*annotation of a wider scope; remove the annotation$/,
  ],
  [
    "namespace-wide without its annotation",
    elsewhere({ kind: "namespace-wide", namespace: "team" }),
    [],
    /\(a\): sealed namespace-wide for team, but .*lacks the annotation sealedsecrets\.bitnami\.com\/namespace-wide: "true"$/,
  ],
  [
    "cluster-wide without its annotation",
    elsewhere({ kind: "cluster-wide" }),
    [],
    /\(a\): sealed cluster-wide, but .*lacks the annotation sealedsecrets\.bitnami\.com\/cluster-wide: "true"$/,
  ],
  [
    "for a neighbour",
    elsewhere({ kind: "strict", namespace: "team", name: "old-db" }),
    ["cache", "old-db"],
    /\(a\): sealed for team\/old-db, not for team\/db; seal it again for this name and namespace$/,
  ],
  [
    "for a name nobody has",
    elsewhere({ kind: "strict", namespace: "team", name: "old-db" }),
    ["cache"],
    /\(a\): sealed for another name, namespace or scope, not for team\/db;/,
  ],
  [
    "for another namespace, also where a neighbour has that name",
    elsewhere({ kind: "strict", namespace: "rivals", name: "db" }),
    ["db", "cache"],
    /\(a\): sealed for another name, namespace or scope, not for team\/db;/,
  ],
  [
    "namespace-wide for another namespace",
    elsewhere({ kind: "namespace-wide", namespace: "rivals" }),
    ["rivals"],
    /\(a\): sealed for another name, namespace or scope, not for team\/db;/,
  ],
];
for (const [name, outcome, neighbours, words] of causes) {
  test(`cause: ${name}`, () => {
    assert.match(explain({ a: outcome }, neighbours) ?? "", words);
  });
}

test("the words the reference says of a value that no key opens begin the line", () => {
  for (const outcome of [notMine, elsewhere({ kind: "cluster-wide" })]) {
    assert.ok(explain({ pw: outcome })?.startsWith("no key could decrypt secret (pw)"));
  }
});

test("items of one cause share a line, sorted; lines are sorted; opened items are not named", () => {
  const text = explain({
    zz: { kind: "malformed", error: new NotBase64Error("zz", 0) },
    e: notMine,
    good: opened,
    b: notMine,
    aa: notMine,
    yy: { kind: "malformed", error: new NotBase64Error("yy", 0) },
    x: { kind: "malformed", error: new NotBase64Error("x", 4) },
  });
  assert.match(
    text ?? "",
    /^illegal base64 data at input byte 0 \(yy, zz\)\nillegal base64 data at input byte 4 \(x\)\nno key could decrypt secret \(aa, b, e\): [^\n]*$/,
  );
});

test("the same failure gives the same text in whatever order it was found", () => {
  const entries: [string, Outcome][] = [
    ["c", notMine],
    ["a", elsewhere({ kind: "cluster-wide" })],
    ["b", notMine],
    ["d", { kind: "malformed", error: new NotBase64Error("d", 3) }],
  ];
  const texts = [entries, entries.toReversed(), [...entries.slice(2), ...entries.slice(0, 2)]].map((order) =>
    explainFailure(new Map(order), PLACE, []),
  );
  assert.equal(new Set(texts).size, 1);
});

test("item names are taken as they are, also where they look like a pattern", () => {
  assert.match(explain({ "$&": notMine, "%": notMine }) ?? "", /^no key could decrypt secret \(\$&, %\): /);
});

test("items that were given up on are counted, not named", () => {
  const outcomes = new Map<string, Outcome>([
    ["b", { kind: "not-tried" }],
    ["a", { kind: "not-my-key" }],
    ["c", { kind: "not-tried" }],
    ["d", { kind: "not-tried", isKnownToOpen: true }],
  ]);
  const text = explainFailure(outcomes, { namespace: "team", name: "db" }, []);
  assert.match(text ?? "", /^no key could decrypt secret \(a\): .+\n2 more items were not tried$/);
});

test("of a namespace full of SealedSecrets a bounded number of names is compared with", () => {
  let read = 0;
  function* names(): Generator<string> {
    for (;;) yield `name-${read++}`;
  }
  const outcome = elsewhere({ kind: "strict", namespace: "team", name: "name-5000" });
  const text = explainFailure(new Map([["a", outcome]]), PLACE, names());
  assert.match(text ?? "", /sealed for another name, namespace or scope/);
  assert.ok(read <= 1001, `${read} names read`);
});

test("where keys were tried too often the item is named from which on", () => {
  assert.equal(
    explain({ b: { kind: "malformed", error: new TooManyTrialsError("b") }, c: { kind: "not-tried" } }),
    "the values take too many trials of keys, from (b) on; seal them all again with this cluster's certificate\n1 more items were not tried",
  );
});

test("values under a key service: items that fail alike stand together, with the next step", () => {
  const key = "kms:arn:aws:kms:eu-west-1:1:key/a";
  const fails = (item: string): [string, Outcome] => [
    item,
    { kind: "malformed", error: RemoteValueError.notAuthentic(item, key) },
  ];
  const text = explainFailure(
    new Map([fails("b"), fails("a"), ["c", { kind: "not-tried" } satisfies Outcome]]),
    { namespace: "team", name: "db" },
    [],
  );
  assert.equal(
    text,
    `does not open under ${key}: damaged, or sealed for another cluster, scope, namespace, name or item (a, b); ` +
      "seal it again for this place; whether it was damaged or moved, no key service tells\n1 more items were not tried",
  );
});
