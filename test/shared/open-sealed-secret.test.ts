import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FailureMemory } from "../../controller/opening/failure-memory.ts";
import { fromUtf8 } from "../../shared/bytes.ts";
import { type Opening, type OpeningContext, openSealedSecret } from "../../shared/open-sealed-secret.ts";
import { SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import { CLUSTER_WIDE_ANNOTATION, NAMESPACE_WIDE_ANNOTATION, type Scope } from "../../shared/scope.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import type { OpeningKey } from "../../shared/seal/rsa-hybrid.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { sealedSecret } from "../controller/reconcile/objects.ts";
import { sealItems, sealingPair } from "../controller/sealing-key.ts";
import { Canaries } from "../support/canary.ts";
import { fingerprintOf, type ScriptedCall, scriptedKey, scriptedValue } from "../support/scripted-key.ts";

const [one, two, stranger] = await Promise.all([sealingPair(), sealingPair(), sealingPair()]);
const STRICT: Scope = { kind: "strict", namespace: "team", name: "db" };

function open(
  spec: Partial<SealedSecret["spec"]>,
  context: Partial<OpeningContext> = {},
  annotations: Record<string, string> = {},
): Promise<Opening> {
  return openSealedSecret(
    sealedSecret({ metadata: { annotations }, spec }),
    {
      clusterId: null,
      keys: [one.opening, two.opening],
      acceptWholeObject: true,
      diagnose: true,
      giveUpAfter: 10,
      ...context,
    },
    AbortSignal.timeout(60_000),
  );
}

function plain(opening: Opening): Record<string, string | null> {
  assert.ok(opening.ok, JSON.stringify(opening));
  return Object.fromEntries([...opening.opened.items].map(([item, bytes]) => [item, fromUtf8(bytes)]));
}

function problem(opening: Opening): string {
  return !opening.ok && "problem" in opening ? opening.problem : assert.fail("no problem told");
}

function outcomes(opening: Opening): Record<string, string> {
  if (opening.ok || !("outcomes" in opening)) return assert.fail("no outcomes");
  return Object.fromEntries([...opening.outcomes].map(([item, { kind }]) => [item, kind]));
}

test("items open, each under whichever key sealed it", async () => {
  const encryptedData = {
    ...(await sealItems(one, STRICT, { a: "1" })),
    ...(await sealItems(two, STRICT, { b: "2" })),
  };
  assert.deepEqual(plain(await open({ encryptedData })), { a: "1", b: "2" });
});

test("no items and no keys: nothing to open, which is fine", async () => {
  assert.deepEqual(plain(await open({ encryptedData: {} }, { keys: [] })), {});
});

test("an item moved to another item's name opens under the new name", async () => {
  const { a = "" } = await sealItems(one, STRICT, { a: "1" });
  assert.deepEqual(plain(await open({ encryptedData: { moved: a } })), { moved: "1" });
});

const scopes: [string, Scope, Record<string, string>, boolean][] = [
  ["strict", STRICT, {}, true],
  [
    "namespace-wide",
    { kind: "namespace-wide", namespace: "team" },
    { [NAMESPACE_WIDE_ANNOTATION]: "true" },
    true,
  ],
  ["cluster-wide", { kind: "cluster-wide" }, { [CLUSTER_WIDE_ANNOTATION]: "true" }, true],
  [
    "cluster-wide wins over namespace-wide",
    { kind: "cluster-wide" },
    { [CLUSTER_WIDE_ANNOTATION]: "true", [NAMESPACE_WIDE_ANNOTATION]: "true" },
    true,
  ],
  ["strict, other name", { ...STRICT, name: "other" }, {}, false],
  ["strict, other namespace", { ...STRICT, namespace: "other" }, {}, false],
  ["strict under namespace-wide", STRICT, { [NAMESPACE_WIDE_ANNOTATION]: "true" }, false],
  ["strict under cluster-wide", STRICT, { [CLUSTER_WIDE_ANNOTATION]: "true" }, false],
  [
    "namespace-wide, other namespace",
    { kind: "namespace-wide", namespace: "other" },
    { [NAMESPACE_WIDE_ANNOTATION]: "true" },
    false,
  ],
  ["cluster-wide without its annotation", { kind: "cluster-wide" }, {}, false],
  ["cluster-wide, annotated false", { kind: "cluster-wide" }, { [CLUSTER_WIDE_ANNOTATION]: "false" }, false],
  ["cluster-wide, annotated TRUE", { kind: "cluster-wide" }, { [CLUSTER_WIDE_ANNOTATION]: "TRUE" }, false],
];
for (const [name, scope, annotations, opens] of scopes) {
  test(`scope: ${name}: ${opens ? "opens" : "refused"}`, async () => {
    const opening = await open({ encryptedData: await sealItems(one, scope, { a: "1" }) }, {}, annotations);
    if (opens) assert.deepEqual(plain(opening), { a: "1" });
    else assert.deepEqual(outcomes(opening), { a: "sealed-elsewhere" });
  });
}

test("scope annotations of the template widen nothing", async () => {
  const encryptedData = await sealItems(one, { kind: "cluster-wide" }, { a: "1" });
  const template = { metadata: { annotations: { [CLUSTER_WIDE_ANNOTATION]: "true" } } };
  assert.deepEqual(outcomes(await open({ encryptedData, template })), { a: "sealed-elsewhere" });
});

test("one item that does not open fails the object, and no plaintext comes along with the failure's words", async () => {
  const encryptedData = {
    ...(await sealItems(one, STRICT, { a: "1" })),
    ...(await sealItems(stranger, STRICT, { b: "2" })),
  };
  assert.deepEqual(outcomes(await open({ encryptedData })), { a: "opened", b: "not-my-key" });
});

test("while keys are missing, what no key at hand opens is not told as sealed for none; all else is told", async () => {
  const missing = new KeyServiceError("unavailable", "a key is not unwrapped yet", "wait");
  const unknown = { encryptedData: await sealItems(stranger, STRICT, { a: "1" }) };
  await assert.rejects(open(unknown, { missing }), missing);
  assert.deepEqual(outcomes(await open(unknown, { missing: null })), { a: "not-my-key" });
  const known = { encryptedData: await sealItems(one, STRICT, { a: "1" }) };
  assert.deepEqual(plain(await open(known, { missing })), { a: "1" });
  const moved = { encryptedData: await sealItems(one, { kind: "cluster-wide" }, { a: "1" }) };
  assert.deepEqual(outcomes(await open(moved, { missing })), { a: "sealed-elsewhere" });
});

test("without diagnosis a value for elsewhere is like any that no key opens", async () => {
  const encryptedData = await sealItems(one, { kind: "cluster-wide" }, { a: "1" });
  assert.deepEqual(outcomes(await open({ encryptedData }, { diagnose: false })), { a: "not-my-key" });
});

const foreign: [string, string][] = [
  ["kms:1:AAAA", "kms"],
  ["vault:1:transit/key:vault:v1:AAAA", "vault"],
  ["pq:1:AAAA", "pq"],
  ["ENC[AES256_GCM,data:AAAA,type:str]", "sops"],
];
for (const [value, backend] of foreign) {
  test(`a value of backend ${backend} is refused by name, never as bad base64`, async () => {
    const words = problem(await open({ encryptedData: { a: value } }));
    assert.match(
      words,
      new RegExp(`spec\\.encryptedData\\.a: values of backend "${backend}" are not opened`),
    );
    assert.doesNotMatch(words, /base64/);
  });
}

for (const value of ["gcp:projects/x", "KMS:1:AAAA", "hunter2:x"]) {
  test(`the prefix nobody knows in ${value} is not repeated: it may be plain text`, async () => {
    const words = problem(await open({ encryptedData: { a: value } }));
    assert.match(
      words,
      /^spec\.encryptedData\.a: values of an unknown backend, or never sealed, are not opened/,
    );
    assert.ok(!words.includes(value.split(":")[0] ?? ""));
  });
}

test("a backend's value among good ones refuses the object before any private-key work", async () => {
  let tried = 0;
  const counting: OpeningKey = {
    ...one.opening,
    unwrap: (block, label) => {
      tried++;
      return one.opening.unwrap(block, label);
    },
  };
  const encryptedData = { ...(await sealItems(one, STRICT, { a: "1" })), b: "kms:1:AAAA" };
  problem(await open({ encryptedData }, { keys: [counting] }));
  assert.equal(tried, 0);
});

test("Vault references change nothing: their items are not sealed", async () => {
  const vault = [{ key: "password", mount: "kv", path: "team/db", field: "password" }];
  assert.deepEqual(plain(await open({ encryptedData: {}, vault })), {});
  const encryptedData = await sealItems(one, STRICT, { a: "1" });
  assert.deepEqual(plain(await open({ encryptedData, vault })), { a: "1" });
});

for (const name of ["signet.dev/scope", "", "..", "a b", "..data", ".", "ä", "a\nb", "x".repeat(254)]) {
  test(`an item name no Secret may have is refused: ${JSON.stringify(name.slice(0, 20))}`, async () => {
    const { a = "" } = await sealItems(one, STRICT, { a: "1" });
    const words = problem(await open({ encryptedData: { [name]: a } }));
    assert.match(words, /^spec\.encryptedData\..* is not a name a Secret's item may have$/);
    assert.ok(!words.includes("\n"), "on one line");
  });
}

test("an item may be named as an object's own machinery", async () => {
  const { a = "" } = await sealItems(one, STRICT, { a: "1" });
  const opened = await open({
    encryptedData: Object.fromEntries([
      ["__proto__", a],
      ["constructor", a],
    ]),
  });
  assert.ok(opened.ok);
  assert.deepEqual([...opened.opened.items.keys()].sort(), ["__proto__", "constructor"]);
});

const broken: [string, (value: string) => string, string][] = [
  ["empty", () => "", "not-my-key"],
  ["two bytes", () => "AAA=", "not-my-key"],
  ["a length that reaches past the end", (value) => `//8A${value.slice(4)}`, "not-my-key"],
  ["a block of another size", (value) => `AYAA${value.slice(4)}`, "not-my-key"],
  ["a changed last byte", (value) => changedAt(value, -1), "malformed"],
  ["a changed byte in the RSA block", (value) => changedAt(value, 40), "not-my-key"],
  ["cut off", (value) => value.slice(0, -8), "malformed"],
  ["not base64: a space", (value) => ` ${value}`, "malformed"],
  ["not base64: URL letters", (value) => `_${value.slice(1)}`, "malformed"],
  ["not base64: no padding", (value) => value.replace(/=+$/, ""), "malformed"],
  ["line breaks, which do not count", (value) => `${value.slice(0, 60)}\r\n${value.slice(60)}`, "opened"],
];
for (const [name, change, outcome] of broken) {
  test(`a value that is ${name}: ${outcome}`, async () => {
    // A length not divisible by three, so that there is padding to lose.
    const { a = "" } = await sealItems(one, STRICT, { a: "1" });
    const opening = await open({ encryptedData: { a: change(a) } });
    if (outcome === "opened") assert.deepEqual(plain(opening), { a: "1" });
    else assert.deepEqual(outcomes(opening), { a: outcome });
  });
}

function changedAt(value: string, at: number): string {
  const bytes = Buffer.from(value, "base64");
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return bytes.toString("base64");
}

/** A key that notes when it is tried. */
function noting(key: OpeningKey, name: string, tried: string[]): OpeningKey {
  return {
    ...key,
    unwrap(block, label) {
      tried.push(name);
      return key.unwrap(block, label);
    },
  };
}

test("the hint orders the trials and does no more", async () => {
  const encryptedData = await sealItems(two, STRICT, { a: "1" });
  const cases: [string | undefined, string[]][] = [
    [undefined, ["one", "two"]],
    [two.fingerprint, ["two"]],
    [JSON.stringify({ a: two.fingerprint }), ["two"]],
    [JSON.stringify({ b: two.fingerprint }), ["one", "two"]],
    [one.fingerprint, ["one", "two"]],
    ["SHA256:unknown", ["one", "two"]],
    ["", ["one", "two"]],
    ["not even a fingerprint", ["one", "two"]],
  ];
  for (const [hint, expected] of cases) {
    const tried: string[] = [];
    const keys = [noting(one.opening, "one", tried), noting(two.opening, "two", tried)];
    const annotations = hint === undefined ? {} : { [SEALING_KEY_ANNOTATION]: hint };
    assert.deepEqual(plain(await open({ encryptedData }, { keys }, annotations)), { a: "1" });
    assert.deepEqual(tried, expected, `hint ${hint}`);
  }
});

test("a hint at the wrong one of several keys costs a trial, and not the value", async () => {
  const encryptedData = await sealItems(one, STRICT, { a: "1" });
  const keys = [stranger.opening, one.opening, two.opening];
  const annotations = { [SEALING_KEY_ANNOTATION]: two.fingerprint };
  assert.deepEqual(plain(await open({ encryptedData }, { keys }, annotations)), { a: "1" });
});

test("an abort ends the opening with the signal's own reason", async () => {
  const reason = new Error("stopping");
  const encryptedData = await sealItems(one, STRICT, { a: "1" });
  const context = {
    clusterId: null,
    keys: [one.opening],
    acceptWholeObject: true,
    diagnose: true,
    giveUpAfter: 10,
  };
  await assert.rejects(
    openSealedSecret(sealedSecret({ spec: { encryptedData } }), context, AbortSignal.abort(reason)),
    reason,
  );
});

const WHOLE = JSON.stringify({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "inner", namespace: "inner", labels: { app: "shop" } },
  type: "kubernetes.io/basic-auth",
  data: { username: "dQ==" },
});
async function sealWhole(text: string): Promise<string> {
  return (await sealItems(one, STRICT, { data: text }))["data"] ?? "";
}

test("spec.data holds a whole Secret, as JSON or YAML", async () => {
  const yaml = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: inner\nstringData:\n  username: u\n";
  for (const text of [WHOLE, yaml]) {
    const opening = await open({ data: await sealWhole(text) });
    assert.deepEqual(plain(opening), { username: "u" });
    assert.ok(opening.ok && opening.opened.whole !== null);
  }
});

test("spec.data is refused in the known words when it is not accepted, with or without items beside it", async () => {
  const words = "using deprecated 'data' field, use 'encryptedData' or flip the feature flag";
  const data = await sealWhole(WHOLE);
  assert.equal(problem(await open({ data }, { acceptWholeObject: false })), words);
  assert.equal(
    problem(await open({ data, encryptedData: { a: "AAAA" } }, { acceptWholeObject: false })),
    words,
  );
  assert.equal(problem(await open({ data: "" }, { acceptWholeObject: false })), words);
});

test("spec.data beside items is refused in the known words", async () => {
  const opening = await open({ data: await sealWhole(WHOLE), encryptedData: { a: "AAAA" } });
  assert.equal(
    problem(opening),
    "cannot use the field 'encryptedData' and the deprecated field 'data' at the same time",
  );
});

test("an empty spec.data counts as set, and does not open", async () => {
  assert.deepEqual(outcomes(await open({ data: "" })), { data: "not-my-key" });
});

test("spec.data under another key or scope does not open", async () => {
  const elsewhere = await sealItems(one, { ...STRICT, name: "other" }, { data: WHOLE });
  assert.deepEqual(outcomes(await open({ data: elsewhere["data"] ?? "" })), { data: "sealed-elsewhere" });
  const foreignKey = await sealItems(stranger, STRICT, { data: WHOLE });
  assert.deepEqual(outcomes(await open({ data: foreignKey["data"] ?? "" })), { data: "not-my-key" });
});

test("what lies in spec.data and is no Secret is refused without a word of it", async () => {
  const canaries = new Canaries();
  const secret = () => canaries.text("sealed text");
  const texts = [
    secret(),
    `{"kind": "${secret()}"`,
    JSON.stringify({ apiVersion: "v1", kind: secret() }),
    JSON.stringify({ apiVersion: secret(), kind: "Secret" }),
    JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: secret() },
      data: { [secret()]: "!" },
    }),
    JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: secret() },
      data: { "a b": secret() },
    }),
    JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: secret(), labels: [secret()] } }),
    `apiVersion: v1\nkind: Secret\nmetadata: {name: ${secret()}\n${secret()}: *${secret()}`,
    `apiVersion: v1\n${secret()}: &a 1\n${secret()}: *b\n`,
    JSON.stringify([secret()]),
    "",
  ];
  for (const text of texts) {
    const opening = await open({ data: await sealWhole(text) });
    assert.match(problem(opening), /^spec\.data does not hold a Secret/);
    canaries.assertSilent([
      { where: `the problem of ${text.slice(0, 20)}`, content: JSON.stringify(opening) },
    ]);
  }
});

test("bytes that are no text in spec.data are no Secret", async () => {
  const bytes = new Map([["data", new Uint8Array([0xff, 0xfe, 0x00])]]);
  const sealed = await one.sealer.sealAll(bytes, { clusterId: null, scope: STRICT });
  assert.match(problem(await open({ data: sealed.get("data") ?? "" })), /^spec\.data does not hold a Secret/);
});

test("two Secrets in spec.data are not one", async () => {
  const opening = await open({ data: await sealWhole(`${WHOLE}\n---\n${WHOLE}`) });
  assert.match(problem(opening), /^spec\.data does not hold a Secret/);
});

suite("in which order keys are tried, and at what cost", () => {
  const MONTH_MS = 30 * 86_400_000;
  const date = (month: number) => new Date(month * MONTH_MS);

  /** Opens values with 24 keys, one a month, newest first. */
  async function openAged(
    metadata: Partial<SealedSecret["metadata"]>,
    values: readonly string[],
    context: Partial<OpeningContext> = {},
  ) {
    const calls: ScriptedCall[] = [];
    const keys = Array.from({ length: 24 }, (_, at) => scriptedKey(23 - at, calls, date(23 - at)));
    const encryptedData = Object.fromEntries(values.map((text, at) => [`item-${at}`, text]));
    const told: string[] = [];
    const opening = await openSealedSecret(
      sealedSecret({ metadata, spec: { encryptedData } }),
      {
        clusterId: null,
        keys,
        acceptWholeObject: true,
        diagnose: true,
        giveUpAfter: 10,
        onOperation: (purpose) => told.push(purpose),
        ...context,
      },
      AbortSignal.timeout(60_000),
    );
    assert.deepEqual(
      told,
      calls.map(({ purpose }) => purpose),
    );
    return { opening, tried: calls.map(({ key }) => key) };
  }
  const sealedWith = (key: number) => scriptedValue({ key, finds: "value" }, key);

  test("the key current when the object was created, the one before it, then the newest", async () => {
    const creationTimestamp = date(7.5).toISOString().replace(".000", "");
    const { tried } = await openAged({ creationTimestamp }, [sealedWith(21)]);
    assert.deepEqual(tried, [7, 6, 23, 22, 21]);
  });

  for (const creationTimestamp of [undefined, "", "yesterday", "-1"]) {
    test(`newest first for an object created ${JSON.stringify(creationTimestamp)}`, async () => {
      const metadata = creationTimestamp === undefined ? {} : { creationTimestamp };
      const { tried } = await openAged(metadata, [sealedWith(21)]);
      assert.deepEqual(tried, [23, 22, 21]);
    });
  }

  test("the hint comes before the age, the sibling's key too", async () => {
    const creationTimestamp = date(7.5).toISOString();
    const hinted = { creationTimestamp, annotations: { [SEALING_KEY_ANNOTATION]: fingerprintOf(3) } };
    assert.deepEqual((await openAged(hinted, [sealedWith(3)])).tried, [3]);
    assert.deepEqual((await openAged(hinted, [sealedWith(7)])).tried, [3, 7]);
    const siblings = await openAged({ creationTimestamp }, [sealedWith(6), sealedWith(6)]);
    assert.deepEqual(siblings.tried, [7, 6, 6]);
  });

  test("failures are remembered where asked, and else nothing is", async () => {
    const bad = Array.from({ length: 5 }, (_, at) => scriptedValue({ key: 99, finds: "value" }, at));
    const memory = new FailureMemory();
    const costs = [];
    for (const context of [{ memory }, { memory }, {}, { memory }]) {
      const { opening, tried } = await openAged({}, bad, context);
      assert.ok(!opening.ok);
      costs.push(tried.length);
    }
    assert.deepEqual(costs, [96, 0, 96, 0]);
  });
});

suite("objects made to hold up the thread", () => {
  const block = Buffer.alloc(534, 1);
  block.writeUInt16BE(512);
  const many = (count: number, value: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`item-${at}`, value]));
  const keys = Array.from({ length: 24 }, (_, at) => ({
    ...scriptedKey(at, []),
    modulusBytes: 512,
    unwrap: async () => null,
  }));
  const hint = JSON.stringify(
    Object.fromEntries(Array.from({ length: 4000 }, (_, at) => [`item-${at}`, `${at}`])),
  );
  const floods: [string, Record<string, string>][] = [
    ["10,000 empty items", many(10_000, "")],
    ["2,000 items under an unknown key", many(2000, block.toString("base64"))],
    ["one value of a megabyte", { a: Buffer.concat([block, Buffer.alloc(1 << 20)]).toString("base64") }],
    ["a megabyte of line breaks", { a: "\r\n".repeat(500_000) }],
    ["a megabyte of padding", { a: `AA${"=".repeat(1_000_000)}` }],
  ];
  for (const [what, encryptedData] of floods) {
    test(`${what}: some milliseconds of processor time`, async (t) => {
      const memory = new FailureMemory();
      const times: number[] = [];
      for (let round = 0; round < 6; round++) {
        const start = process.threadCpuUsage();
        const opening = await open({ encryptedData }, { keys, memory }, { [SEALING_KEY_ANNOTATION]: hint });
        const { user, system } = process.threadCpuUsage(start);
        times.push((user + system) / 1000);
        assert.ok(!opening.ok);
      }
      t.diagnostic(`${times.map((ms) => ms.toFixed(1)).join(", ")} ms`);
      assert.ok(Math.min(...times) < 50, `${Math.min(...times)} ms`);
    });
  }
});
