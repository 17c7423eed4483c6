import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { promisify } from "node:util";
import {
  type KmsVector,
  kmsVectors,
  type VaultVector,
  vaultVectors,
} from "../../support/key-service-vectors.ts";
import { readVectors } from "../../support/vectors.ts";

const run = promisify(execFile);
const page = await readFile(join(import.meta.dirname, "../../../docs/formats.md"), "utf8");

suite("docs/formats.md", () => {
  let folder = "";
  let script = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "formats-"));
    script = join(folder, "formats.mjs");
    await writeFile(script, /```js\n(.*?)```/s.exec(page)?.[1] ?? assert.fail("no script"));
  });
  after(() => rm(folder, { recursive: true }));
  const node = async (...args: string[]) => (await run(process.execPath, [script, ...args])).stdout;

  test("quotes the cases it names", () => {
    const named = [...page.matchAll(/`test\/vectors\/(kms|vault)\/([a-z0-9-]+)\.json`/g)];
    assert.equal(named.length, 3);
    for (const [, folderOfCase = "", name] of named) {
      const vector = readVectors<KmsVector<unknown> | VaultVector<unknown>>(folderOfCase).find(
        (one) => one.name === name,
      );
      assert.ok(vector !== undefined, name);
      assert.ok(page.includes(`\n${vector.sealed}\n`), `the value of ${name}`);
      const key = "dataKey" in vector ? vector.dataKey : vector.versions[0];
      assert.ok(page.includes(`\`${key}\``), `the key of ${name}`);
    }
  });

  test("spells a place as the case has it", () => {
    const rows = [...page.matchAll(/^([0-9a-f]{8}) ([0-9a-f]+) {2,}\S/gm)];
    const { place } = named(kmsVectors().values, "opens-strict");
    assert.equal(rows.map(([, length = "", text = ""]) => length + text).join(""), place);
  });

  test("names every pair of a context", () => {
    const [value, key] = [
      named(kmsVectors().values, "opens-strict"),
      named(kmsVectors().keys, "wrapped-key"),
    ];
    const pairs = new Set([...page.matchAll(/`(signet-[a-z]+)`/g)].map(([, pair]) => pair));
    assert.deepEqual(pairs, new Set([...Object.keys(value.context), ...Object.keys(key.context)]));
  });

  test("has a script that opens a value and a wrapped key, and spells places", async () => {
    const { values, keys } = kmsVectors();
    const value = named(values, "opens-strict");
    const fields = ["0b8f7f52-6a3c-4b7e-9d0e-2f6f3c1a9e55", "strict", "team-a", "db", "password"];
    const sealedOf = (text: string) => text.slice(text.lastIndexOf(":") + 1);
    assert.equal(
      await node("open", "kms:1", value.dataKey, sealedOf(value.sealed), "kms:1", ...fields),
      "correct horse",
    );
    const key = named(keys, "wrapped-key");
    const { clusterId, namespace, name, fingerprint, certificate } = key.at;
    const ofKey = ["kms-key:1", clusterId, "sealing-key", namespace, name, fingerprint, certificate];
    const pem = await node("open", "kms-key:1", key.dataKey, sealedOf(key.sealed), ...ofKey);
    assert.ok(pem.startsWith("-----BEGIN PRIVATE KEY-----\n"));
    const derived = named(vaultVectors().values, "opens-derived-strict");
    const place = await node("place", "vault:1", ...fields);
    assert.equal(Buffer.from(place, "base64").toString("hex"), derived.place);
  });
});

function named<One extends { name: string }>(vectors: readonly One[], name: string): One {
  return vectors.find((one) => one.name === name) ?? assert.fail(name);
}
