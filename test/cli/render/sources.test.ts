import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { readSources } from "../../../cli/render/sources.ts";
import { systemFiles } from "../../../cli/system-files.ts";
import { FileError, InputError, UsageError } from "../../../shared/errors.ts";
import { memoryIo } from "../../support/memory-io.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signet-sources-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Files hold their own path. */
function put(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), path);
  }
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  symlinkSync(target, join(folder, path));
}

/** What is read, by its path below the folder of this test. */
function read(...paths: string[]): string[] {
  const { io } = memoryIo([], { stdin: "piped" });
  const given = paths.map((path) => (path === "-" ? path : join(folder, path)));
  return readSources(given, { ...io, files: systemFiles }).map(({ where, bytes }) => {
    const content = Buffer.from(bytes).toString();
    const path = where.replace(`${folder}/`, "");
    return content === path ? path : `${path}: ${content}`;
  });
}

suite("what a tree of manifests has", () => {
  test("the manifests of a folder and below, sorted; nothing hidden, nothing else", () => {
    put("in/b.yaml", "in/a.yml", "in/deep/er/c.JSON", "in/readme.md", "in/.sops.yaml", "in/.git/x.yaml");
    assert.deepEqual(read("in"), ["in/a.yml", "in/b.yaml", "in/deep/er/c.JSON"]);
    assert.deepEqual(read("in/"), read("in"));
  });

  test("paths in their order, each file once, standard input among them", () => {
    put("in/b.yaml", "in/a.yaml", "other.txt");
    assert.deepEqual(read("other.txt", "in/b.yaml", "-", "in"), [
      "other.txt",
      "in/b.yaml",
      "standard input: piped",
      "in/a.yaml",
    ]);
    assert.deepEqual(read(), ["standard input: piped"]);
    assert.throws(() => read("-", "-"), UsageError);
  });

  test("nothing there, and nothing to read, are errors that name it", () => {
    put("in/readme.md");
    assert.throws(() => read("none"), { constructor: FileError, message: /none: no such file/ });
    assert.throws(() => read("in"), { constructor: FileError, message: /in holds no \.yaml/ });
  });
});

suite("links in a tree", () => {
  test("inside of it are read, as mounted ConfigMaps have them, and once", () => {
    put("in/..data/a.yaml", "in/b.yaml");
    link("in/a.yaml", "..data/a.yaml");
    link("in/c.yaml", "b.yaml");
    link("in/more", "..data");
    assert.deepEqual(read("in"), ["in/a.yaml: in/..data/a.yaml", "in/b.yaml"]);
  });

  for (const [what, path, target] of [
    ["to a file beside the tree", "in/a.yaml", "../outside.yaml"],
    ["to a file whose folder begins as the tree's", "in/a.yaml", "../inner/outside.yaml"],
    ["to any file of the machine", "in/deep/a.json", "/etc/hostname"],
    ["to a folder beside the tree", "in/more", "../inner"],
    ["to the folder above", "in/up", ".."],
    ["to nothing", "in/a.yaml", "gone.yaml"],
  ] as const) {
    test(`out of it are refused: ${what}`, () => {
      put("in/b.yaml", "outside.yaml", "inner/outside.yaml");
      link(path, target);
      const refusal = { constructor: InputError, message: /is a link that leads out of its folder/ };
      assert.throws(() => read("in"), refusal);
    });
  }

  test("a file named by itself must not lead out of its folder either", () => {
    put("outside.yaml");
    link("in/a.yaml", "../outside.yaml");
    assert.throws(() => read("in/a.yaml"), { constructor: InputError, message: /leads out/ });
  });

  test("what is no manifest may lead anywhere, since it is not read", () => {
    put("in/b.yaml");
    link("in/README.md", "/etc/hostname");
    assert.deepEqual(read("in"), ["in/b.yaml"]);
  });

  test("the tree itself may be named by a link", () => {
    put("real/b.yaml");
    link("in", "real");
    assert.deepEqual(read("in"), ["in/b.yaml: real/b.yaml"]);
  });
});

suite("files of tools that make manifests", () => {
  for (const [name, command] of [
    ["kustomization.yaml", /kustomize build .*in \| signet render -/],
    ["kustomization.yml", /kustomize build/],
    ["Kustomization", /kustomize build/],
    ["Chart.yaml", /helm template .*in \| signet render -/],
  ] as const) {
    test(`${name} is refused, with the command that makes them`, () => {
      put(`in/${name}`, "in/deployment.yaml");
      const refusal = { constructor: InputError, message: new RegExp(`${name} is for`), hint: command };
      assert.throws(() => read("in"), refusal);
      assert.throws(() => read(`in/${name}`), refusal);
    });
  }
});
