import assert from "node:assert/strict";
import { test } from "node:test";
import { fromUtf8 } from "../../../shared/bytes.ts";
import { toYaml } from "../../../shared/document/to-yaml.ts";
import { SEALING_KEY_ANNOTATION } from "../../../shared/resource.ts";
import { CLUSTER_WIDE_ANNOTATION, NAMESPACE_WIDE_ANNOTATION, type Scope } from "../../../shared/scope.ts";
import { classicUnsealer } from "../../../shared/seal/rsa-hybrid.ts";
import { parseSealedSecret, type SealedSecret } from "../../../shared/sealed-secret.ts";
import { Canaries } from "../../support/canary.ts";
import { sealedManifest, sealItems } from "../sealing-key.ts";
import { apiScene, newest, older, shapeOf, stranger } from "./api-scene.ts";

const PLACE = { namespace: "team", name: "db" };
const STRICT: Scope = { kind: "strict", ...PLACE };
const good = await sealedManifest(newest, PLACE, { password: "x" });
const spec = (encryptedData: Record<string, string>, more: object = {}) => ({
  ...good,
  spec: { encryptedData, ...more },
});

/** The items of an object under the newest key alone, as the controller would open them. */
async function opened(object: SealedSecret, scope: Scope = STRICT): Promise<Record<string, string | null>> {
  const outcomes = await classicUnsealer([newest.opening], { diagnose: false }).unsealAll(
    new Map(Object.entries(object.spec.encryptedData)),
    { clusterId: null, scope },
    AbortSignal.timeout(60_000),
  );
  return Object.fromEntries(
    [...outcomes].map(([item, outcome]) => [
      item,
      outcome.kind === "opened" ? fromUtf8(outcome.plaintext) : null,
    ]),
  );
}

async function rotated(object: object): Promise<SealedSecret> {
  const { post } = await apiScene();
  const { statusCode, headers, body } = await post("/v1/rotate", JSON.stringify(object));
  assert.equal(statusCode, 200);
  assert.match(String(headers["content-type"]), /^application\/json/);
  assert.ok(!body.includes("\n"), "compact JSON");
  return parseSealedSecret(JSON.parse(body), "the answer");
}

test("verify: 200 and an empty body when every value opens, under whichever key", async () => {
  const { post } = await apiScene();
  const encryptedData = {
    ...good.spec.encryptedData,
    ...(await sealItems(older, STRICT, { other: "y" })),
  };
  for (const body of [
    JSON.stringify(spec(encryptedData)),
    toYaml(spec(encryptedData)),
    JSON.stringify(spec({})),
  ]) {
    const answer = await post("/v1/verify", body);
    assert.deepEqual([answer.statusCode, answer.body], [200, ""]);
  }
});

const [password = ""] = Object.values(good.spec.encryptedData);
const damage = Buffer.from(password, "base64");
damage[damage.length - 1] = (damage.at(-1) ?? 0) ^ 1;
const undecryptable: [string, object][] = [
  ["under an unknown key", await sealedManifest(stranger, PLACE, { password: "x" })],
  ["for another name", { ...good, metadata: { ...good.metadata, name: "other" } }],
  ["for another namespace", { ...good, metadata: { ...good.metadata, namespace: "other" } }],
  ["without a namespace", { ...good, metadata: { name: "db" } }],
  [
    "strict, claimed cluster-wide",
    { ...good, metadata: { ...good.metadata, annotations: { [CLUSTER_WIDE_ANNOTATION]: "true" } } },
  ],
  [
    "strict, claimed namespace-wide",
    { ...good, metadata: { ...good.metadata, annotations: { [NAMESPACE_WIDE_ANNOTATION]: "true" } } },
  ],
  [
    "cluster-wide, claimed strict",
    spec(await sealItems(newest, { kind: "cluster-wide" }, { password: "x" })),
  ],
  ["damaged", spec({ password: damage.toString("base64") })],
  ["cut off", spec({ password: password.slice(0, 300) })],
  ["empty", spec({ password: "" })],
  ["bad base64", spec({ password: "!!!!" })],
  ["of KMS", spec({ password: "kms:1:AAAA" })],
  ["of Vault", spec({ password: "vault:1:transit/k:vault:v1:AAAA" })],
  ["post-quantum", spec({ password: "pq:1:AAAA" })],
  ["of SOPS", spec({ password: "ENC[AES256_GCM,data:x]" })],
  ["of a backend nobody knows", spec({ password: "xyz:AAAA" })],
  [
    "bad beside a reference to Vault",
    spec({ bad: "!!!!" }, { vault: [{ key: "a", mount: "kv", path: "p", field: "f" }] }),
  ],
  ["an item no Secret may have", spec({ "signet.dev/scope": password })],
  ["good and bad together", spec({ ...good.spec.encryptedData, bad: "!!!!" })],
  [
    "the whole-object form under an unknown key",
    spec({}, { data: (await sealItems(stranger, STRICT, { d: "{}" }))["d"] }),
  ],
  ["the whole-object form and items", spec(good.spec.encryptedData, { data: password })],
];
for (const url of ["/v1/verify", "/v1/rotate"]) {
  test(`${url}: whatever the cause, what does not open has one answer: 409 and nothing else`, async () => {
    const { post, lines } = await apiScene();
    const shapes = new Map<string, string[]>();
    for (const [name, object] of undecryptable) {
      const shape = JSON.stringify(shapeOf(await post(url, JSON.stringify(object))));
      shapes.set(shape, [...(shapes.get(shape) ?? []), name]);
    }
    assert.deepEqual(
      [...shapes.values()],
      [undecryptable.map(([name]) => name)],
      [...shapes.keys()].join("\n"),
    );
    const [shape = "{}"] = shapes.keys();
    assert.deepEqual({ ...JSON.parse(shape), headers: null }, { statusCode: 409, bytes: 0, headers: null });
    assert.equal(
      new Set(lines.map((line) => line.replace(/time=\S+/, ""))).size,
      1,
      "nor does the log tell them apart",
    );
  });
}

const noObject: [string, string][] = [
  ["nothing", ""],
  ["text", "hello"],
  ["a list", "[]"],
  ["null", "null"],
  ["cut JSON", JSON.stringify(good).slice(0, -5)],
  ["broken YAML", "a: [1\nb: 2"],
  ["a Secret", JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "a" } })],
  ["a List", JSON.stringify({ apiVersion: "v1", kind: "List", items: [good, good] })],
  ["a List of one", JSON.stringify({ apiVersion: "v1", kind: "List", items: [good] })],
  [
    "a SealedSecretList of one",
    JSON.stringify({ apiVersion: good.apiVersion, kind: "SealedSecretList", items: [good] }),
  ],
  ["another version", JSON.stringify({ ...good, apiVersion: "bitnami.com/v2" })],
  [
    "without a spec",
    JSON.stringify({ apiVersion: good.apiVersion, kind: good.kind, metadata: good.metadata }),
  ],
  ["without a name", JSON.stringify({ ...good, metadata: {} })],
  ["values that are no strings", JSON.stringify(spec({ password: 5 as unknown as string }))],
  ["two documents", `${toYaml(good)}---\n${toYaml(good)}`],
  ["documents without end", `${toYaml(good)}${"---\n".repeat(100)}`],
  ["two JSON objects", `${JSON.stringify(good)}\n${JSON.stringify(good)}`],
  ["a key twice", JSON.stringify(good).replace('"kind":', '"kind":"SealedSecret","kind":')],
];
for (const [name, body] of noObject) {
  test(`what is not one SealedSecret is a 500 without a word: ${name}`, async () => {
    const { post } = await apiScene();
    for (const url of ["/v1/verify", "/v1/rotate"]) {
      const answer = await post(url, body);
      assert.deepEqual([answer.statusCode, answer.body], [500, ""]);
    }
  });
}

test("bytes that are no text are a 500", async () => {
  const { post } = await apiScene();
  for (const url of ["/v1/verify", "/v1/rotate"]) {
    assert.equal((await post(url, Buffer.from([0xff, 0xfe, 0x00, 0x80]))).statusCode, 500);
  }
});

test("a small text that expands to a huge object is refused before it does", async () => {
  const levels = Array.from({ length: 9 }, (_, level) => {
    const items = Array.from({ length: 9 }, () => (level === 0 ? "x" : `*a${level - 1}`)).join(",");
    return `    l${level}: &a${level} [${items}]`;
  });
  const body = `${toYaml(spec({}))}\nsops:\n  x:\n${levels.join("\n")}\n`;
  const { post } = await apiScene();
  for (const url of ["/v1/verify", "/v1/rotate"]) assert.equal((await post(url, body)).statusCode, 500);
});

test("rotate without a key is a 500, and verify a 409", async () => {
  const { post } = await apiScene({}, {}, []);
  assert.equal((await post("/v1/rotate", JSON.stringify(good))).statusCode, 500);
  assert.equal((await post("/v1/verify", JSON.stringify(good))).statusCode, 409);
});

test("a template changes no answer, whatever stands in it", async () => {
  const { post } = await apiScene();
  const templates = [
    { data: { a: '{{ if eq .password "x" }}{{ fail "yes" }}{{ end }}' } },
    { data: { a: "{{ unclosed" } },
    { data: { a: '{{ genPrivateKey "rsa" }}', password: null } },
    { type: "bootstrap.kubernetes.io/token", immutable: true, metadata: null },
    { metadata: { labels: { "sealedsecrets.bitnami.com/sealed-secrets-key": "active" } } },
  ];
  const expected = shapeOf(await post("/v1/verify", JSON.stringify(good)));
  for (const template of templates) {
    const object = spec(good.spec.encryptedData, { template });
    assert.deepEqual(shapeOf(await post("/v1/verify", JSON.stringify(object))), expected);
    const after = await rotated(object);
    assert.deepEqual(after.spec.template, template, "untouched, and not run");
    assert.deepEqual(await opened(after), { password: "x" });
  }
});

test("Vault references change no answer, and stay where an object is sealed anew", async () => {
  const { post } = await apiScene();
  const vault = [{ key: "user", mount: "kv", path: "team/db", field: "user", version: 2 }];
  const object = spec(good.spec.encryptedData, { vault });
  assert.equal((await post("/v1/verify", JSON.stringify(object))).statusCode, 200);
  const after = await rotated(object);
  assert.deepEqual(after.spec.vault, vault);
  assert.deepEqual(await opened(after), { password: "x" });
});

test("rotate seals every value anew under the newest key, item by item", async () => {
  const encryptedData = {
    ...(await sealItems(older, STRICT, { old: "1", __proto___: "2" })),
    ...(await sealItems(newest, STRICT, { current: "3" })),
  };
  const after = await rotated(spec(encryptedData));
  assert.deepEqual(await opened(after), { old: "1", __proto___: "2", current: "3" });
  for (const [item, value] of Object.entries(encryptedData))
    assert.notEqual(after.spec.encryptedData[item], value);
  assert.equal(after.metadata.annotations?.[SEALING_KEY_ANNOTATION], newest.fingerprint);
});

test("verify and rotate take YAML, and rotate gives other bytes for it", async () => {
  const { post } = await apiScene();
  const answer = await post("/v1/verify", toYaml(good));
  assert.deepEqual([answer.statusCode, answer.body], [200, ""]);
  const { statusCode, body } = await post("/v1/rotate", toYaml(good));
  assert.equal(statusCode, 200);
  const after = parseSealedSecret(JSON.parse(body), "the answer");
  assert.notEqual(after.spec.encryptedData["password"], good.spec.encryptedData["password"]);
  assert.deepEqual(await opened(after), { password: "x" });
});

test("rotate keeps items named as an object's own machinery", async () => {
  const { a = "" } = await sealItems(older, STRICT, { a: "1" });
  const { post } = await apiScene();
  const body = JSON.stringify(
    spec(
      Object.fromEntries([
        ["__proto__", a],
        ["constructor", a],
      ]),
    ),
  );
  const answer = await post("/v1/rotate", body);
  const after = parseSealedSecret(JSON.parse(answer.body), "the answer");
  assert.deepEqual(Object.keys(after.spec.encryptedData).sort(), ["__proto__", "constructor"]);
});

const scopes: [string, Scope, Record<string, string>][] = [
  ["strict", STRICT, {}],
  ["namespace-wide", { kind: "namespace-wide", namespace: "team" }, { [NAMESPACE_WIDE_ANNOTATION]: "true" }],
  ["cluster-wide", { kind: "cluster-wide" }, { [CLUSTER_WIDE_ANNOTATION]: "true" }],
];
for (const [name, scope, annotations] of scopes) {
  test(`rotate keeps the scope the old label proved, whatever the template claims: ${name}`, async () => {
    const template = {
      metadata: {
        name: "other",
        namespace: "other",
        annotations: {
          [CLUSTER_WIDE_ANNOTATION]: name === "cluster-wide" ? "false" : "true",
          [NAMESPACE_WIDE_ANNOTATION]: "true",
        },
      },
    };
    const object = {
      ...good,
      metadata: { ...PLACE, annotations },
      spec: { template, encryptedData: await sealItems(older, scope, { a: "1" }) },
    };
    const after = await rotated(object);
    assert.deepEqual(await opened(after, scope), { a: "1" });
    for (const [other, otherScope] of scopes.filter(([kind]) => kind !== name)) {
      assert.deepEqual(await opened(after, otherScope), { a: null }, `does not open ${other}`);
    }
    assert.deepEqual(after.metadata.annotations, {
      ...annotations,
      [SEALING_KEY_ANNOTATION]: newest.fingerprint,
    });
    assert.deepEqual(after.spec.template, template);
  });
}

test("rotate gives apiVersion and kind, and nothing that only a cluster writes", async () => {
  const after = await rotated({
    ...good,
    metadata: {
      ...PLACE,
      uid: "u",
      resourceVersion: "5",
      generation: 3,
      creationTimestamp: "2030-01-01T00:00:00Z",
      managedFields: [{ manager: "kubectl" }],
      ownerReferences: [{ kind: "X" }],
      selfLink: "/x",
      labels: { app: "shop" },
      annotations: {
        note: "kept",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        [SEALING_KEY_ANNOTATION]: "SHA256:old",
      },
    },
    spec: { ...good.spec, template: { type: "kubernetes.io/tls", immutable: true } },
    status: { observedGeneration: 3, conditions: [{ type: "Synced", status: "True" }] },
  });
  assert.deepEqual(
    { ...after, spec: { ...after.spec, encryptedData: {} } },
    {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      metadata: {
        ...PLACE,
        labels: { app: "shop" },
        annotations: { note: "kept", [SEALING_KEY_ANNOTATION]: newest.fingerprint },
      },
      spec: { encryptedData: {}, template: { type: "kubernetes.io/tls", immutable: true } },
    },
  );
});

test("rotate writes numbers of a YAML template as numbers", async () => {
  const { post } = await apiScene();
  const body = `${toYaml(spec({}))}\n`.replace(
    "spec:",
    "spec:\n  template:\n    metadata:\n      x: 1.50\n      y: True\n      z: 012\n",
  );
  const answer = await post("/v1/rotate", body);
  assert.equal(answer.statusCode, 200, body);
  assert.deepEqual(JSON.parse(answer.body).spec.template.metadata, { x: 1.5, y: true, z: 12 });
});

test("the whole-object form: verify and rotate do not look inside, so that no answer depends on it", async () => {
  const canaries = new Canaries();
  const { post } = await apiScene();
  const inside = [
    canaries.text("text"),
    JSON.stringify({ kind: canaries.text("kind") }),
    JSON.stringify({
      apiVersion: "v1",
      kind: "Secret",
      type: canaries.text("type"),
      metadata: { name: "x", labels: { [canaries.text("label")]: canaries.text("value") } },
      stringData: { [canaries.text("item")]: canaries.text("password") },
    }),
  ];
  for (const text of inside) {
    const { d = "" } = await sealItems(older, STRICT, { d: text });
    const object = spec({}, { data: d, template: { type: "Opaque" } });
    const verified = await post("/v1/verify", JSON.stringify(object));
    assert.deepEqual([verified.statusCode, verified.body], [200, ""]);
    const { statusCode, body } = await post("/v1/rotate", JSON.stringify(object));
    assert.equal(statusCode, 200);
    canaries.assertSilent([{ where: "the answer of rotate", content: body }]);
    const after = parseSealedSecret(JSON.parse(body), "the answer");
    assert.deepEqual(after.spec.encryptedData, {});
    assert.deepEqual(after.spec.template, { type: "Opaque" });
    assert.deepEqual(await opened({ ...after, spec: { encryptedData: { d: after.spec.data ?? "" } } }), {
      d: text,
    });
  }
});

test("neither answers nor log hold a value, a key or a cause", async () => {
  const canaries = new Canaries();
  canaries.guardPrivateKey("newest key", newest.privateKeyPem);
  canaries.guardPrivateKey("older key", older.privateKeyPem);
  const object = await sealedManifest(older, PLACE, { password: canaries.text("password") });
  const { post, lines, metrics } = await apiScene();
  const bodies: string[] = [];
  for (const url of ["/v1/verify", "/v1/rotate"]) {
    for (const body of [
      JSON.stringify(object),
      JSON.stringify({ ...object, metadata: { ...PLACE, name: canaries.text("name").toLowerCase() } }),
      `${canaries.text("broken body")}: [`,
    ]) {
      const answer = await post(url, body);
      bodies.push(JSON.stringify(answer.headers), answer.body);
    }
  }
  canaries.assertSilent([
    { where: "the answers", content: bodies.join("\n") },
    { where: "the log", content: lines.join("") },
    { where: "the metrics", content: await metrics.registry.metrics() },
  ]);
});
