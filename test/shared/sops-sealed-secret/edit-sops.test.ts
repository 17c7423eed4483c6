import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import { encryptSopsDocuments } from "../../../shared/document/sops/encrypt-document.ts";
import type { SopsRecipient, SopsSelection } from "../../../shared/document/sops/metadata.ts";
import { readSopsTree } from "../../../shared/document/sops/read-tree.ts";
import { SCOPE_ITEM, scopeItem } from "../../../shared/document/sops/scope-item.ts";
import type { SopsMap } from "../../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../../shared/document/sops/write-tree.ts";
import { scopeAt } from "../../../shared/scope.ts";
import {
  openToEdit,
  renewed,
  type SopsDocument,
  withItems,
} from "../../../shared/sops-sealed-secret/edit-sops.ts";
import { sopsText } from "../../../shared/sops-sealed-secret/write-sops.ts";
import { keyArn, MemoryKms } from "../../support/memory-kms.ts";
import { sopsKms } from "../../support/sops-keys.ts";
import { CLUSTER, NOW, PLACE, SopsSealedSecrets, told } from "../../support/sops-sealed-secrets.ts";

const STRICT = scopeAt("strict", PLACE);
const LATER = new Date("2026-02-03T04:05:06Z");
const NEVER = new AbortController().signal;

const api = new MemoryKms("first");
const world = await SopsSealedSecrets.create(sopsKms(api));

function documentIn(text: string): SopsDocument {
  const [tree, ...others] = readSopsTree(text, "yaml", "it");
  assert.ok(tree !== undefined && others.length === 0);
  return { tree, sealedSecret: parsed(text), where: "it" };
}

function parsed(text: string): SopsDocument["sealedSecret"] {
  const [document] = readDocuments(utf8(text), "it");
  return document?.value as SopsDocument["sealedSecret"];
}

const open = (document: SopsDocument, scope = STRICT) =>
  openToEdit(document, { clusterId: CLUSTER, scope, unwrapper: world.unwrapper }, NEVER);

async function merged(text: string, items: Readonly<Record<string, string>>): Promise<string> {
  const document = documentIn(text);
  const placed = await open(document);
  const added = new Map(Object.entries(items).map(([item, value]) => [item, utf8(value)]));
  return writeSopsTree([await withItems(document, placed, added, LATER)], "yaml");
}

async function again(text: string): Promise<string> {
  const document = documentIn(text);
  const placed = await open(document);
  const how = { wrapper: world.wrapper, scope: STRICT, now: LATER };
  return writeSopsTree([await renewed(document, placed, how, NEVER)], "yaml");
}

/** YAML in clear, encrypted as the stock tool would: in the order of the text. */
async function byHand(
  text: string,
  {
    selection = { rule: "encrypted_regex", pattern: "^encryptedData$" },
    macOnlyEncrypted = true,
    recipients = [{ type: "age", recipient: world.recipient }],
  }: { selection?: SopsSelection; macOnlyEncrypted?: boolean; recipients?: SopsRecipient[] } = {},
): Promise<string> {
  const [plain] = readSopsTree(text, "yaml", "it");
  const documents = await encryptSopsDocuments([plain as SopsMap], {
    groups: [recipients],
    shamirThreshold: 0,
    selection,
    macOnlyEncrypted,
    wrapper: world.wrapper,
    now: NOW,
    signal: NEVER,
  });
  return writeSopsTree(documents, "yaml");
}

function plainText(items: string, rest = ""): string {
  return `# of the team
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
    name: db
    namespace: shop # where it belongs
spec:
${rest}    encryptedData:
        # who
        user: me
${items}        ${SCOPE_ITEM}: ${scopeItem(CLUSTER, STRICT)}
`;
}

test("an item that is merged goes to its place in byte order, and all others stay as they are encrypted", async () => {
  const sealed = await world.seal({ b: "1", d: "2" });
  const text = await merged(sopsText(sealed, "yaml"), { c: "new", d: "other" });
  const items = Object.keys(parsed(text).spec.encryptedData);
  assert.deepEqual(items, ["b", "c", "d", SCOPE_ITEM]);
  assert.deepEqual(told(await world.open(parsed(text))), { b: "1", c: "new", d: "other" });
  const after = parsed(text);
  assert.equal(after.spec.encryptedData["b"], sealed.spec.encryptedData["b"]);
  assert.equal(after.spec.encryptedData[SCOPE_ITEM], sealed.spec.encryptedData[SCOPE_ITEM]);
  assert.notEqual(after.spec.encryptedData["d"], sealed.spec.encryptedData["d"]);
  assert.deepEqual(after.sops?.["age"], sealed.sops?.["age"], "the data key is the same");
  assert.equal(after.sops?.["lastmodified"], "2026-02-03T04:05:06Z");
});

test("keys that the stock tool put last open for editing, and come into byte order; comments go with them", async () => {
  const text = await byHand(plainText(""));
  assert.equal(told(await world.open(parsed(text))), "mac", "in a cluster it would not open");
  for (const result of [await merged(text, { a: "1" }), await again(text)]) {
    const items = Object.keys(parsed(result).spec.encryptedData).filter((item) => item !== "a");
    assert.deepEqual(items, [SCOPE_ITEM, "user"]);
    const opened = told(await world.open(parsed(result)));
    assert.ok(typeof opened === "object" && opened["user"] === "me", String(opened));
    assert.match(result, /^# of the team\n/);
    assert.match(result, /namespace: shop # where it belongs\n/);
    assert.match(result, /#ENC\[[^\n]*type:comment\]\n +user: /);
  }
});

test("writing anew gives another data key to the same recipients, and the rule that a cluster needs", async () => {
  const text = await byHand(plainText("        zz: last\n"), { macOnlyEncrypted: false });
  assert.equal(told(await world.open(parsed(text))), "rule");
  const result = await again(text);
  const [before, after] = [parsed(text), parsed(result)];
  assert.deepEqual(told(await world.open(after)), { user: "me", zz: "last" });
  assert.equal(after.sops?.["mac_only_encrypted"], true);
  const entries = (sops: unknown) => (sops as { age: { recipient: string; enc: string }[] }).age;
  assert.deepEqual(
    entries(after.sops).map(({ recipient }) => recipient),
    [world.recipient],
  );
  assert.notEqual(entries(after.sops)[0]?.enc, entries(before.sops)[0]?.enc);
  const kept = Object.entries(before.spec.encryptedData).filter(
    ([item, value]) => after.spec.encryptedData[item] === value,
  );
  assert.deepEqual(kept, []);
});

test("nothing that was encrypted beside the items comes out in clear", async () => {
  const rest = "    template:\n        data:\n            app.ini: password=hunter2\n";
  const selection = { rule: "encrypted_regex", pattern: "^(data|encryptedData)$" } as const;
  const text = await byHand(plainText("", rest), { selection });
  await assert.rejects(again(text), {
    sops: "rule",
    message: 'it: its rule encrypted_regex has more encrypted than the items: spec.template.data["app.ini"]',
  });
  await assert.rejects(merged(text, { a: "1" }), { sops: "rule" });
});

test("what does not belong here is neither merged into nor written anew", async () => {
  const text = sopsText(await world.seal({ a: "1" }), "yaml");
  const other = scopeAt("strict", { ...PLACE, namespace: "attic" });
  await assert.rejects(open(documentIn(text), other), { sops: "elsewhere" });
  const unbound = await byHand(plainText("").replace(/.*signet\.dev\/scope.*\n/, ""));
  await assert.rejects(open(documentIn(unbound)), { sops: "unbound" });
  const tampered = text.replace(/^ +mac: [^\n]*\n/m, "");
  await assert.rejects(open(documentIn(tampered)), { sops: "mac" });
});

test("entries of AWS KMS say the place once the document is written anew", async () => {
  const recipients: SopsRecipient[] = [
    { type: "age", recipient: world.recipient },
    { type: "kms", arn: keyArn("first"), role: "", awsProfile: "", context: { team: "a" } },
  ];
  const text = await byHand(plainText(""), { recipients });
  api.calls.length = 0;
  const result = await again(text);
  assert.deepEqual(
    api.calls.map(({ operation, context }) => [operation, context["team"], context["signet-name"]]),
    [["Encrypt", "a", "db"]],
  );
  assert.ok(JSON.stringify(parsed(result).sops).includes('"signet-namespace":"shop"'));
});

test("a document of a service that is not here is not written anew, since that entry would be lost", async () => {
  const text = (await byHand(plainText(""))).replace(
    "sops:\n",
    'sops:\n    pgp:\n        - created_at: "2026-01-01T00:00:00Z"\n          enc: x\n          fp: ABCD\n',
  );
  await assert.rejects(again(text), { code: "sops", problem: "not-rewrappable" });
  assert.match(await merged(text, { a: "1" }), /fp: ABCD/);
});

test("keys that look like numbers are written in byte order, whatever JavaScript makes of them", async () => {
  const items = { "9": "nine", "10": "ten", b: "x" };
  const text = sopsText(await world.seal(items), "yaml");
  const names = [...text.matchAll(/^ {8}"?([\w./]+)"?: ENC/gm)].map(([, name]) => name);
  assert.deepEqual(names, ["10", "9", "b", SCOPE_ITEM]);
  const document = documentIn(text);
  assert.equal((await open(document)).ok, true);
  assert.match(await merged(text, { "100": "x" }), /"100": ENC[^\n]*\n {8}"9": /);
});
