import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { filesInTrees, objectsInTrees } from "../../../cli/inventory/trees.ts";
import { memoryIo } from "../../support/memory-io.ts";
import { newer, sealedUnder, stream } from "./inventory-world.ts";

const db = await sealedUnder(newer, { name: "db", items: { user: "al", password: "hunter2" } });
const web = await sealedUnder(newer, { name: "web", namespace: null, items: { token: "t0ken" } });
const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" } };

const inventory = (files: Record<string, string | Uint8Array>, paths: string[], namespace?: string) =>
  objectsInTrees(paths, memoryIo([], { files }).io, namespace ?? null);

suite("SealedSecrets of trees", () => {
  test("come from files, streams and Lists below a folder, with their lines", async () => {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: [configMap, db, web] }, null, 1);
    const { objects, problems } = await inventory(
      {
        "tree/a.yaml": `# first\n---\n# of all\n${JSON.stringify(db)}\n---\n${JSON.stringify(configMap)}\n---\n\n${JSON.stringify(web)}\n`,
        "tree/below/list.json": list,
        "tree/readme.md": "kind: SealedSecret",
      },
      ["tree"],
    );
    assert.deepEqual(problems, []);
    const seen = objects.map(({ origin, where, sealedSecret: { metadata } }) => [
      metadata.name,
      where,
      origin.kind === "file" ? [origin.path, origin.line, origin.index] : null,
    ]);
    const itemLine = (name: string) => list.split("\n").findIndex((line) => line.includes(`"${name}"`)) - 3;
    assert.deepEqual(seen, [
      ["db", "tree/a.yaml, document 1", ["tree/a.yaml", 4, 0]],
      ["web", "tree/a.yaml, document 3", ["tree/a.yaml", 9, 2]],
      ["db", "tree/below/list.json, item 2", ["tree/below/list.json", itemLine("db"), 1]],
      ["web", "tree/below/list.json, item 3", ["tree/below/list.json", itemLine("web"), 2]],
    ]);
  });

  test("have a value for each item, with its backend and the key that it claims", async () => {
    const claim = JSON.stringify({ user: newer.fingerprint, password: "SHA256:short" });
    const object = await sealedUnder(newer, { name: "db", items: { user: "al", password: "x" }, claim });
    const odd = { ...object.spec.encryptedData, later: "pq:1:abc", kms: "kms:1:abc" };
    const whole = { ...object, spec: { encryptedData: {}, data: object.spec.encryptedData["user"] } };
    const { objects } = await inventory(
      { "a.yaml": stream({ ...object, spec: { encryptedData: odd } }, whole) },
      ["a.yaml"],
    );
    const told = objects.map(({ values }) =>
      values.map(({ item, backend, claimed }) => [item, backend, claimed]),
    );
    assert.deepEqual(told, [
      [
        ["user", "classic", newer.fingerprint],
        ["password", "classic", null],
        ["later", "unknown", null],
        ["kms", "kms", null],
      ],
      [["data", "classic", null]],
    ]);
  });

  test("of a SOPS document are its own values; others beside them count as what they are", async () => {
    const own = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]";
    const items = { ...db.spec.encryptedData, own, empty: "", "signet.dev/scope": own };
    const { objects } = await inventory({ "a.yaml": stream({ ...db, spec: { encryptedData: items } }) }, [
      "a.yaml",
    ]);
    assert.deepEqual(
      objects[0]?.values.map(({ item, backend, claimed }) => [item, backend, claimed]),
      [
        ["user", "classic", newer.fingerprint],
        ["password", "classic", newer.fingerprint],
        ["own", "sops", null],
        ["empty", "sops", null],
      ],
    );
  });

  test("without a namespace stand in the one that is given", async () => {
    const files = { "a.yaml": stream(web, db) };
    const namespaces = async (given?: string) =>
      (await inventory(files, ["a.yaml"], given)).objects.map(
        ({ sealedSecret }) => sealedSecret.metadata.namespace,
      );
    assert.deepEqual(await namespaces(), [undefined, "team"]);
    assert.deepEqual(await namespaces("shop"), ["shop", "team"]);
  });

  test("that cannot be read are told of, and the others still come", async () => {
    const broken = { ...db, spec: { encryptedData: { user: 7 } } };
    const { objects, problems } = await inventory(
      {
        "tree/a.yaml": stream(broken, web),
        "tree/b.yaml": "kind: SealedSecret\n  x: [",
        "tree/c.yaml": "{{ if }}\nkind: Deployment\n",
      },
      ["tree"],
    );
    assert.deepEqual(
      objects.map(({ sealedSecret }) => sealedSecret.metadata.name),
      ["web"],
    );
    assert.deepEqual(
      problems.map(({ where }) => where),
      ["tree/a.yaml, document 1", "tree/b.yaml"],
    );
    assert.match(problems[0]?.problem ?? "", /spec\.encryptedData\.user must be a string$/);
  });

  test("that Git LFS keeps are told of where its pointer lies", async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 1234\n`;
    const { objects, problems } = await inventory({ "tree/a.yaml": pointer, "tree/b.yaml": stream(db) }, [
      "tree",
    ]);
    assert.equal(objects.length, 1);
    assert.deepEqual(problems, [
      {
        where: "tree/a.yaml",
        problem: "Git LFS keeps its content, and only a pointer is here",
        next: "git lfs pull, and look at it by name",
      },
    ]);
  });

  test("come file by file for whoever changes them", () => {
    const { io } = memoryIo([], { files: { "t/a.yaml": stream(db), "t/b.yaml": stream(configMap) } });
    const [reading, ...others] = filesInTrees(["t"], io);
    assert.equal(others.length, 0);
    assert.deepEqual(
      reading?.file?.objects.map(({ origin }) => origin),
      [{ kind: "file", path: "t/a.yaml", line: 1, index: 0 }],
    );
    assert.equal(reading?.file?.document.documents.length, 1);
  });
});
