import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { encryptSopsDocuments } from "../../../shared/document/sops/encrypt-document.ts";
import type { SopsRecipient, SopsSelection } from "../../../shared/document/sops/metadata.ts";
import { plainValueOf, sopsTreeOf } from "../../../shared/document/sops/object-tree.ts";
import { SCOPE_ITEM, scopeItem } from "../../../shared/document/sops/scope-item.ts";
import type { SopsMap, SopsNode } from "../../../shared/document/sops/tree.ts";
import { scopeAt } from "../../../shared/scope.ts";
import { sopsKmsContext } from "../../../shared/sops-sealed-secret/kms-place.ts";
import { nodeAt } from "../../../shared/sops-sealed-secret/tree-path.ts";
import { keyArn, MemoryKms } from "../../support/memory-kms.ts";
import { sopsKms } from "../../support/sops-keys.ts";
import {
  CLUSTER,
  type Loose,
  NOW,
  PLACE,
  SopsSealedSecrets,
  told,
} from "../../support/sops-sealed-secrets.ts";

const STRICT = scopeAt("strict", PLACE);
const OURS = scopeItem(CLUSTER, STRICT);

/** A document made by hand, whatever is in it: items in the order given. */
async function byHand(
  world: SopsSealedSecrets,
  items: readonly (readonly [string, SopsNode | string])[],
  {
    selection = { rule: "encrypted_regex", pattern: "^encryptedData$" },
    macOnlyEncrypted = true,
    spec = {},
    recipients = [{ type: "age", recipient: world.recipient }],
  }: {
    selection?: SopsSelection;
    macOnlyEncrypted?: boolean;
    spec?: Record<string, unknown>;
    recipients?: SopsRecipient[];
  } = {},
): Promise<Loose> {
  const encryptedData: SopsMap = {
    kind: "map",
    entries: items.map(([key, value]) => ({
      kind: "entry",
      key,
      value: typeof value === "string" ? { kind: "str", bytes: utf8(value) } : value,
    })),
  };
  const rest = sopsTreeOf({
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: PLACE,
    spec: { ...spec, encryptedData: {} },
  }) as SopsMap;
  const at = nodeAt(rest, ["spec"]) as SopsMap;
  for (const entry of at.entries) {
    if (entry.kind === "entry" && entry.key === "encryptedData") entry.value = encryptedData;
  }
  const [document] = await encryptSopsDocuments([rest], {
    groups: [recipients],
    shamirThreshold: 0,
    selection,
    macOnlyEncrypted,
    wrapper: world.wrapper,
    now: NOW,
    signal: new AbortController().signal,
  });
  return plainValueOf(document as SopsMap) as Loose;
}

const world = await SopsSealedSecrets.create();
const sealed = await world.seal({ password: "hunter2", user: "me" });
const fresh = () => structuredClone(sealed);

test("opens what was sealed, without the item that says its place", async () => {
  const opened = await world.open(fresh());
  assert.deepEqual(told(opened), { password: "hunter2", user: "me" });
  assert.ok(opened.ok && opened.keyId === `sops:age:${world.recipient}`);
});

test("opens whatever order its keys come in, also names that JavaScript takes for numbers", async () => {
  const items = { "9": "nine", "10": "ten", b: "bee", a10: "x", a9: "y", B: "BEE", "-": "dash" };
  const object = await world.seal(items);
  const { encryptedData } = object.spec;
  assert.deepEqual(told(await world.open(object)), items);
  object.spec.encryptedData = Object.fromEntries(Object.entries(encryptedData).reverse());
  assert.deepEqual(told(await world.open(object)), items);
});

test("what the cluster and others add to metadata changes nothing", async () => {
  const object: Loose & Record<string, unknown> = fresh();
  Object.assign(object.metadata, {
    uid: "1",
    resourceVersion: "2",
    labels: { team: "a" },
    managedFields: [{ a: "b" }],
  });
  object["status"] = { conditions: [] };
  assert.deepEqual(told(await world.open(object)), { password: "hunter2", user: "me" });
});

/** Damage to a document that opens, and the cause it has to be refused with. */
const TAMPERED: readonly (readonly [what: string, cause: string, change: (object: Loose) => void])[] = [
  [
    "an empty item is added",
    "empty",
    ({ spec }) => {
      spec.encryptedData["extra"] = "";
    },
  ],
  [
    "a plain item is added",
    "mixed",
    ({ spec }) => {
      spec.encryptedData["extra"] = "aGk=";
    },
  ],
  [
    "a classic value takes an item's place",
    "mixed",
    ({ spec }) => {
      spec.encryptedData["user"] = "AgBy";
    },
  ],
  [
    "an item gets a name no Secret may have",
    "item-name",
    ({ spec }) => rename(spec.encryptedData, "user", "us er"),
  ],
  ["an item is renamed", "value", ({ spec }) => rename(spec.encryptedData, "user", "admin")],
  ["two values change places", "value", ({ spec }) => swap(spec.encryptedData, "user", "password")],
  ["an item is taken out", "mac", ({ spec }) => void delete spec.encryptedData["user"]],
  ["the scope item is taken out", "mac", ({ spec }) => void delete spec.encryptedData[SCOPE_ITEM]],
  [
    "the scope item is in plain text",
    "opened-on-the-way",
    ({ spec }) => {
      spec.encryptedData[SCOPE_ITEM] = OURS;
    },
  ],
  ["the metadata is gone", "no-metadata", (object) => void delete object.sops],
  ["the MAC is gone", "mac", ({ sops = {} }) => void delete sops["mac"]],
  [
    "the MAC is another one",
    "mac",
    ({ spec, sops = {} }) => {
      sops["mac"] = spec.encryptedData["user"];
    },
  ],
  [
    "the time is another one",
    "mac",
    ({ sops = {} }) => {
      sops["lastmodified"] = "2026-01-02T03:04:06Z";
    },
  ],
  ["a type is relabelled", "type", ({ spec }) => relabel(spec.encryptedData, "user", "int")],
  ["there is nobody it is for", "document", ({ sops = {} }) => void delete sops["age"]],
  ["the MAC is to cover clear values", "rule", ({ sops = {} }) => void delete sops["mac_only_encrypted"]],
  [
    "the rule selects other items",
    "rule",
    ({ sops = {} }) => {
      sops["encrypted_regex"] = "^user$";
    },
  ],
  [
    "the rule is no regular expression",
    "rule",
    ({ sops = {} }) => {
      sops["encrypted_regex"] = "(";
    },
  ],
  [
    "a label has the name of the encrypted map",
    "rule",
    ({ metadata }) => {
      metadata.labels = { encryptedData: "x" };
    },
  ],
];

for (const [what, cause, change] of TAMPERED) {
  test(`refused: ${what}`, async () => {
    const object = fresh();
    change(object);
    const opened = await world.open(object);
    assert.equal(told(opened), cause);
    assert.ok(!opened.ok && opened.problem.length > 20 && opened.hint.length > 10);
    assert.doesNotMatch(opened.problem + opened.hint, /hunter2|ENC\[/);
  });
}

function rename(map: Record<string, string>, from: string, to: string): void {
  map[to] = map[from] ?? "";
  delete map[from];
}

function swap(map: Record<string, string>, a: string, b: string): void {
  [map[a], map[b]] = [map[b] ?? "", map[a] ?? ""];
}

function relabel(map: Record<string, string>, item: string, type: string): void {
  map[item] = (map[item] ?? "").replace(/type:str\]$/, `type:${type}]`);
}

test("refused in another place, by the part that differs", async () => {
  const cases = [
    [scopeAt("strict", { ...PLACE, namespace: "attic" }), CLUSTER, "namespace"],
    [scopeAt("strict", { ...PLACE, name: "other" }), CLUSTER, "name"],
    [scopeAt("namespace-wide", PLACE), CLUSTER, "scope"],
    [scopeAt("cluster-wide", PLACE), CLUSTER, "scope"],
    [STRICT, "another", "cluster"],
    [scopeAt("strict", { namespace: "a", name: "b" }), "another", "cluster, namespace and name"],
  ] as const;
  for (const [scope, clusterId, parts] of cases) {
    const opened = await world.open(fresh(), { scope, clusterId });
    assert.ok(!opened.ok && opened.cause === "elsewhere", parts);
    assert.match(opened.problem, new RegExp(` differs in ${parts}$`));
    assert.doesNotMatch(opened.problem, /shop|attic|1111/);
  }
});

test("wider scopes open wherever they say, and nowhere else", async () => {
  const inNamespace = await world.seal({ a: "b" }, { scope: "namespace-wide" });
  const other = { namespace: "shop", name: "other" };
  assert.deepEqual(told(await world.open(inNamespace, { scope: scopeAt("namespace-wide", other) })), {
    a: "b",
  });
  const attic = scopeAt("namespace-wide", { ...other, namespace: "attic" });
  assert.equal(told(await world.open(inNamespace, { scope: attic })), "elsewhere");
  assert.equal(told(await world.open(inNamespace)), "elsewhere");
  const anywhere = await world.seal({ a: "b" }, { scope: "cluster-wide" });
  assert.deepEqual(told(await world.open(anywhere, { scope: scopeAt("cluster-wide", other) })), { a: "b" });
  assert.equal(told(await world.open(anywhere)), "elsewhere");
});

test("the cluster is found out only once the document has opened", async () => {
  const asked: string[] = [];
  const find = async () => {
    asked.push("asked");
    return CLUSTER;
  };
  const damaged = fresh();
  delete damaged.spec.encryptedData["user"];
  assert.equal(told(await world.open(damaged, { clusterId: find })), "mac");
  assert.deepEqual(asked, []);
  assert.deepEqual(told(await world.open(fresh(), { clusterId: find })), { password: "hunter2", user: "me" });
  assert.deepEqual(asked, ["asked"]);
});

test("a document made by hand opens with the scope item, and without it says how to put one in", async () => {
  const bound = await byHand(world, [
    ["a", "1"],
    [SCOPE_ITEM, OURS],
  ]);
  assert.deepEqual(told(await world.open(bound)), { a: "1" });
  const opened = await world.open(await byHand(world, [["a", "1"]]));
  assert.ok(!opened.ok && opened.cause === "unbound");
  assert.ok(
    opened.hint.includes(`sops set FILE '["spec"]["encryptedData"]["signet.dev/scope"]' '"${OURS}"'`),
    opened.hint,
  );
});

test("keys out of byte order are refused, and the command is named", async () => {
  const opened = await world.open(
    await byHand(world, [
      [SCOPE_ITEM, OURS],
      ["a", "1"],
    ]),
  );
  assert.ok(!opened.ok && opened.cause === "mac");
  assert.match(opened.problem, /byte order/);
  assert.match(opened.hint, /signet --re-encrypt --in-place FILE/);
});

test("values that are no texts, and rules that take more, are refused by name", async () => {
  const tail = [SCOPE_ITEM, OURS] as const;
  const typed = async (value: SopsNode) => told(await world.open(await byHand(world, [["a", value], tail])));
  assert.equal(await typed({ kind: "int", value: 5432n }), "type");
  assert.equal(await typed({ kind: "bool", value: true }), "type");
  assert.equal(await typed({ kind: "float", value: 5432 }), "type");
  const spec = { template: { data: { "app.ini": "plain" } } };
  const more = await byHand(world, [["a", "1"], tail], {
    selection: { rule: "encrypted_regex", pattern: "^(data|encryptedData)$" },
    spec,
  });
  const opened = await world.open(more);
  assert.ok(!opened.ok && opened.cause === "rule");
  assert.match(opened.problem, /more encrypted than the items: spec\.template\.data/);
  const inverse = { rule: "unencrypted_regex", pattern: "^(apiVersion|kind|metadata)$" } as const;
  const all = await byHand(world, [["a", "1"], tail], {
    selection: inverse,
    spec: { template: { type: "Opaque" } },
  });
  assert.equal(told(await world.open(all)), "rule");
  const same = await byHand(world, [["a", "1"], tail], {
    selection: { rule: "encrypted_regex", pattern: "^(data|stringData|encryptedData)$" },
  });
  assert.deepEqual(told(await world.open(same)), { a: "1" });
});

test("a field sops that is larger or deeper than any is refused before it is walked", async () => {
  const nested = (depth: number): unknown => (depth === 0 ? "" : [nested(depth - 1)]);
  const deep = JSON.parse(`${"[".repeat(9000)}${"]".repeat(9000)}`) as unknown;
  const wide = Object.fromEntries(Array.from({ length: 30_000 }, (_, at) => [`k${at}`, "x"]));
  for (const more of [{ deep }, { deep: nested(21) }, { wide }]) {
    const opened = await world.open({ ...fresh(), sops: { ...fresh().sops, ...more } });
    assert.ok(!opened.ok && opened.cause === "document" && /larger, or deeper/.test(opened.problem));
  }
  const opened = await world.open({ ...fresh(), sops: { ...fresh().sops, later: nested(15) } });
  assert.deepEqual(told(opened), { password: "hunter2", user: "me" });
});

test("a rule that takes long to try is refused sooner than in a file of one's own", async () => {
  const object: Loose & Record<string, unknown> = fresh();
  const annotations = Array.from({ length: 300 }, (_, at) => [`${at}`.padStart(240, "x"), ""] as const);
  Object.assign(object.metadata, { annotations: Object.fromEntries(annotations) });
  const sops = { ...object.sops, encrypted_regex: `${"x?".repeat(200)}y|^encryptedData$` };
  const opened = await world.open({ ...object, sops });
  assert.ok(!opened.ok && opened.cause === "rule" && /takes too long/.test(opened.problem));
});

test("a value that is no UTF-8 comes out as it was", async () => {
  const bytes = new Uint8Array([0, 255, 254, 10]);
  const object = await world.seal({ bin: String.fromCharCode(...bytes) });
  const opened = await world.open(object);
  assert.ok(opened.ok);
  assert.deepEqual(opened.values.get("bin"), bytes);
});

test("nobody at hand who opens it: the object is refused, and says whom it is for", async () => {
  const stranger = await SopsSealedSecrets.create();
  const opened = await stranger.open(fresh());
  assert.ok(!opened.ok && opened.cause === "no-key");
  assert.ok(opened.problem.includes(world.recipient));
});

test("an entry of AWS KMS counts only where its context names the place", async () => {
  const api = new MemoryKms("first");
  const withKms = await SopsSealedSecrets.create(sopsKms(api));
  const recipient = {
    type: "kms",
    arn: keyArn("first"),
    role: "",
    awsProfile: "",
    context: { team: "a" },
  } as const;
  const object = await withKms.seal({ a: "1" }, { groups: [[recipient]] });
  assert.deepEqual(api.calls[0]?.context, {
    team: "a",
    "signet-format": "sops/1",
    "signet-cluster": CLUSTER,
    "signet-scope": "strict",
    "signet-namespace": "shop",
    "signet-name": "db",
  });
  const opened = await withKms.open(object);
  assert.deepEqual(told(opened), { a: "1" });
  assert.ok(opened.ok && opened.keyId === `sops:kms:${keyArn("first")}`);
  const before = api.calls.length;
  const other = { scope: scopeAt("strict", { ...PLACE, name: "other" }) };
  const refused = await withKms.open(object, other);
  assert.ok(!refused.ok && refused.cause === "no-key");
  assert.match(refused.problem, /encryption context .* does not name this place: name/);
  assert.equal(api.calls.length, before, "KMS was not asked");
  // With the cluster not known beforehand, a context for another cluster is found out afterwards.
  const elsewhere = await withKms.open(object, { clusterId: async () => "another" });
  assert.equal(told(elsewhere), "elsewhere");
});

test("an entry for another cluster does not count, though the scope item names this one", async () => {
  const withKms = await SopsSealedSecrets.create(sopsKms(new MemoryKms("first")));
  const context = sopsKmsContext("another", STRICT);
  const recipient = { type: "kms", arn: keyArn("first"), role: "", awsProfile: "", context } as const;
  const object = await byHand(
    withKms,
    [
      ["a", "1"],
      [SCOPE_ITEM, OURS],
    ],
    { recipients: [recipient] },
  );
  assert.equal(told(await withKms.open(object)), "no-key");
  const opened = await withKms.open(object, { clusterId: async () => CLUSTER });
  assert.ok(!opened.ok && opened.cause === "elsewhere");
  assert.match(opened.problem, /encryption context .* place: cluster/);
});

test("a context without the place is as good as none", async () => {
  const api = new MemoryKms("first");
  const withKms = await SopsSealedSecrets.create(sopsKms(api));
  const context = { team: "a" };
  const recipient = { type: "kms", arn: keyArn("first"), role: "", awsProfile: "", context } as const;
  const object = await withKms.seal({ a: "1" }, { groups: [[recipient]] });
  const [entry] = (object.sops as { kms: { context: Record<string, string> }[] }).kms;
  assert.ok(entry !== undefined);
  entry.context = { team: "a" };
  assert.equal(told(await withKms.open(object)), "no-key");
  entry.context = { ...entry.context, "signet-extra": "1" };
  assert.equal(told(await withKms.open(object)), "no-key");
});

test("a service that is away is told as such, not as a refusal", async () => {
  const api = new MemoryKms("first");
  const withKms = await SopsSealedSecrets.create(sopsKms(api));
  const recipient = { type: "kms", arn: keyArn("first"), role: "", awsProfile: "", context: {} } as const;
  const age = { type: "age", recipient: world.recipient } as const;
  const object = await withKms.seal({ a: "1" }, { groups: [[recipient, age]] });
  const alone = await withKms.seal({ a: "1" }, { groups: [[recipient]] });
  const { KeyServiceError } = await import("../../../shared/seal/key-service-error.ts");
  api.before = () => {
    throw new KeyServiceError("throttled", "asked too often", "wait", { retryAfterMs: 7 });
  };
  await assert.rejects(withKms.open(object), { fault: "throttled", retryable: true, retryAfterMs: 7 });
  api.before = () => {
    throw new KeyServiceError("denied", "may not", "ask");
  };
  // The other entry's identity may come yet: that is no matter of the service.
  assert.equal(told(await withKms.open(object)), "no-key");
  await assert.rejects(withKms.open(alone), { fault: "denied", retryable: false });
});
