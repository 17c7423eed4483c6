import assert from "node:assert/strict";
import { test } from "node:test";
import type { EncryptingOptions } from "../../../../shared/document/sops/encrypt-document.ts";
import { openSopsDocuments } from "../../../../shared/document/sops/open-document.ts";
import { rotateSopsDocuments } from "../../../../shared/document/sops/rotate-document.ts";
import { PlainSopsKeys } from "../../../support/plain-sops-keys.ts";
import { encryptedYaml, openYaml, patience, yamlText, yamlTree } from "../../../support/sops-documents.ts";

const LATER = new Date("2026-03-04T05:06:07Z");
const PLAIN = "# note\na: one\nb_unencrypted: two\n---\na: one\n";
const everybody: EncryptingOptions["groups"] = [
  [
    { type: "age", recipient: "age1a" },
    { type: "kms", arn: "arn:k", role: "arn:r", context: { app: "a" }, awsProfile: "p" },
  ],
  [{ type: "hc_vault", vaultAddress: "https://v", enginePath: "e", keyName: "k" }],
  [{ type: "age", recipient: "age1b" }],
];

async function rotated(text: string, plain?: string) {
  const keys = new PlainSopsKeys();
  const opened = await openYaml(text);
  const result = await rotateSopsDocuments(opened, plain === undefined ? opened.documents : yamlTree(plain), {
    wrapper: keys,
    now: LATER,
    where: "secret.yaml",
    signal: patience,
  });
  return {
    opened,
    keys,
    result,
    again: await openSopsDocuments(result, { unwrapper: keys, where: "x", signal: patience }),
  };
}

test("all values are encrypted anew, under a new key, for the same recipients", async () => {
  const text = await encryptedYaml(PLAIN, { groups: everybody, shamirThreshold: 2, macOnlyEncrypted: true });
  const { opened, again, result, keys } = await rotated(text);
  assert.deepEqual(again.documents, yamlTree(PLAIN));
  assert.notDeepEqual(again.dataKey, opened.dataKey);
  assert.notDeepEqual(again.dataKey, (await rotated(text)).again.dataKey);
  const values = (of: string) => of.match(/ENC\[[^\]]*\]/g) ?? [];
  const before = new Set(values(text));
  assert.deepEqual(
    values(yamlText(result)).filter((value) => before.has(value)),
    [],
  );
  const withoutEnc = ({ groups, mac: _, lastModified: __, ...metadata }: typeof opened.metadata) => ({
    ...metadata,
    groups: groups.map((group) => group.map((entry) => ({ ...entry, enc: "" }))),
  });
  assert.deepEqual(withoutEnc(again.metadata), withoutEnc(opened.metadata));
  assert.equal(again.metadata.lastModified, "2026-03-04T05:06:07Z");
  for (const share of keys.taken) assert.deepEqual(share, new Uint8Array(33), "shares are wiped");
});

test("what is given is encrypted, not what was opened; the key of one group is wiped", async () => {
  const { again, keys } = await rotated(await encryptedYaml(PLAIN), "c: other\n");
  assert.deepEqual(again.documents, yamlTree("c: other\n"));
  assert.deepEqual(keys.taken, [new Uint8Array(32)]);
});

test("the version stays, and what nobody knows goes", async () => {
  const text = (await encryptedYaml("a: 1\n")).replace("version: 3.9.0", "version: 3.7.1\n    later: x");
  const { again, result } = await rotated(text);
  assert.equal(again.metadata.version, "3.7.1");
  assert.doesNotMatch(yamlText(result), /later/);
});

test("refused where an entry is of a service that we do not have, before anything is wrapped", async () => {
  const text = (await encryptedYaml("a: 1\n")).replace(
    "sops:\n",
    "sops:\n    pgp: [{fp: F, enc: e}, {fp: G, enc: e}]\n    later: [{enc: e}]\n",
  );
  const opened = await openYaml(text);
  const keys = new PlainSopsKeys();
  const rotating = rotateSopsDocuments(opened, opened.documents, {
    wrapper: keys,
    now: LATER,
    where: "secret.yaml",
    signal: patience,
  });
  await assert.rejects(rotating, {
    problem: "not-rewrappable",
    message: "secret.yaml: signet cannot wrap a new key for pgp, later",
  });
  assert.deepEqual(keys.wrapped, []);
});

test("ends with the error of a recipient who cannot be wrapped for", async () => {
  const opened = await openYaml(await encryptedYaml("a: 1\n"));
  const keys = new PlainSopsKeys();
  keys.refused.add("age1a");
  const rotating = rotateSopsDocuments(opened, opened.documents, {
    wrapper: keys,
    now: LATER,
    signal: patience,
  });
  await assert.rejects(rotating, { message: "age1a cannot be wrapped for" });
});
