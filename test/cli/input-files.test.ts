import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { inputFiles } from "../../cli/input-files.ts";
import { systemFiles } from "../../cli/system-files.ts";
import { FileError, UsageError } from "../../shared/errors.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signet-input-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), "");
  }
}

/** What is found, by its path below the folder of this test and below the output folder. */
function found(args: readonly string[], outputFolder: string | null = null): string[] {
  const out = outputFolder === null ? null : join(folder, outputFolder);
  return inputFiles(
    args.map((arg) => join(folder, arg)),
    systemFiles,
    out,
  ).map(
    ({ path, target, isNamed }) => `${path.slice(folder.length + 1)} ${target}${isNamed ? " named" : ""}`,
  );
}

suite("files that arguments name", () => {
  test("a folder stands for its manifests and those below, in order, by their own names", () => {
    put("in/b.yaml", "in/a.yml", "in/deep/er/c.JSON", "in/readme.md", "in/yaml", "in/d.yaml.bak");
    assert.deepEqual(found(["in"]), [
      "in/a.yml a.yml",
      "in/b.yaml b.yaml",
      "in/deep/er/c.JSON deep/er/c.JSON",
    ]);
    assert.deepEqual(found(["in/"]), found(["in"]));
  });

  test("a named file is one, whatever it is called", () => {
    put("in/secret.txt");
    assert.deepEqual(found(["in/secret.txt"]), ["in/secret.txt secret.txt named"]);
  });

  test("a pattern stands for the files it fits, below what stands before its first wildcard", () => {
    put("in/a/one.yaml", "in/b/two.yaml", "in/b/three.txt");
    mkdirSync(join(folder, "in/c.yaml"));
    assert.deepEqual(found(["in/*/*.yaml"]), ["in/a/one.yaml a/one.yaml", "in/b/two.yaml b/two.yaml"]);
    assert.deepEqual(found(["in/**/t*"]), ["in/b/three.txt b/three.txt", "in/b/two.yaml b/two.yaml"]);
  });

  test("a file that has a wildcard in its name is that file", () => {
    put("in/[a].yaml", "in/a.yaml");
    assert.deepEqual(found(["in/[a].yaml"]), ["in/[a].yaml [a].yaml named"]);
  });

  test("each file comes once, by whatever ways it is named", () => {
    put("in/a.yaml");
    symlinkSync("a.yaml", join(folder, "in/link.yaml"));
    assert.deepEqual(found(["in/a.yaml", "in", "in/*.yaml", "in/../in/a.yaml"]), ["in/a.yaml a.yaml named"]);
  });

  test("hidden folders and node_modules are passed over, a named one is not", () => {
    put("in/.git/a.yaml", "in/node_modules/b.yaml", "in/ok/c.yaml", "in/.hidden.yaml");
    assert.deepEqual(found(["in"]), ["in/.hidden.yaml .hidden.yaml", "in/ok/c.yaml ok/c.yaml"]);
    assert.deepEqual(found(["in/.git"]), ["in/.git/a.yaml a.yaml"]);
  });

  test("results of an earlier run below the output folder are not read again", () => {
    put("in/a.yaml", "in/out/a.yaml");
    assert.deepEqual(found(["in"], "in/out"), ["in/a.yaml a.yaml"]);
    assert.deepEqual(found(["in"]), ["in/a.yaml a.yaml", "in/out/a.yaml out/a.yaml"]);
    symlinkSync("in/out", join(folder, "elsewhere"));
    assert.deepEqual(found(["in"], "elsewhere"), ["in/a.yaml a.yaml"]);
  });

  test("nor by a pattern, which follows no link out of where it begins either", () => {
    put("in/a.yaml", "in/out/a.yaml", "outside.yaml");
    symlinkSync("../outside.yaml", join(folder, "in/link.yaml"));
    assert.deepEqual(found(["in/**/*.yaml"], "in/out"), ["in/a.yaml a.yaml"]);
    assert.deepEqual(found(["in/*.yaml"]), ["in/a.yaml a.yaml"]);
    assert.deepEqual(found(["*/out/*.yaml"]), ["in/out/a.yaml in/out/a.yaml"]);
  });

  test("a link inside a folder leads to files of that folder only; folders are not entered by links", () => {
    put("in/a.yaml", "outside.yaml", "inside/in2.yaml", "in-fact/other.yaml");
    symlinkSync("../outside.yaml", join(folder, "in/out.yaml"));
    // A neighbour whose name begins like the folder's.
    symlinkSync("../in-fact/other.yaml", join(folder, "in/neighbour.yaml"));
    symlinkSync("../inside", join(folder, "in/folder"));
    symlinkSync("nowhere.yaml", join(folder, "in/broken.yaml"));
    symlinkSync(".", join(folder, "in/round.yaml"));
    assert.deepEqual(found(["in"]), ["in/a.yaml a.yaml"]);
  });

  test("a link that is named itself is followed wherever it leads", () => {
    put("outside.yaml", "in/a.yaml");
    symlinkSync("../outside.yaml", join(folder, "in/out.yaml"));
    assert.deepEqual(found(["in/out.yaml"]), ["in/out.yaml out.yaml named"]);
  });

  test("a folder that is a link is read", () => {
    put("in/a.yaml");
    symlinkSync("in", join(folder, "link"));
    assert.deepEqual(found(["link"]), ["link/a.yaml a.yaml"]);
  });
});

suite("arguments that give nothing, or too much", () => {
  const refusals: readonly [string, string[], string | null, typeof FileError | typeof UsageError, RegExp][] =
    [
      [
        "a missing file",
        ["nowhere.yaml"],
        null,
        FileError,
        /^cannot read .*nowhere\.yaml: no such file or directory$/,
      ],
      [
        "a folder without manifests",
        ["notes"],
        null,
        FileError,
        /notes holds no \.yaml, \.yml or \.json files$/,
      ],
      ["a pattern without a match", ["in/*.json"], null, FileError, /^no file fits .*\*\.json$/],
      [
        "two files of one name for one folder",
        ["in", "other"],
        "out",
        UsageError,
        /a\.yaml would both be written to a\.yaml$/,
      ],
      [
        "two named files of one name",
        ["in/a.yaml", "other/a.yaml"],
        "out",
        UsageError,
        /would both be written/,
      ],
    ];
  for (const [name, args, out, kind, message] of refusals) {
    test(name, () => {
      put("in/a.yaml", "other/a.yaml", "notes/readme.txt");
      assert.throws(
        () => found(args, out),
        (error: Error) => error instanceof kind && message.test(error.message),
      );
    });
  }

  test("the same name twice is no matter where results go to the files themselves", () => {
    put("in/a.yaml", "other/a.yaml");
    assert.equal(found(["in", "other"]).length, 2);
  });

  test("standard input has no name here", () => {
    assert.throws(() => inputFiles(["-"], systemFiles), UsageError);
  });

  test("a folder that cannot be listed is named", () => {
    put("in/locked/a.yaml");
    const list: typeof systemFiles.list = (path) => {
      if (path.endsWith("locked")) throw Object.assign(new Error("x"), { code: "EACCES" });
      return systemFiles.list(path);
    };
    assert.throws(
      () => inputFiles([join(folder, "in")], { ...systemFiles, list }),
      /^FileError: cannot read the folder .*locked: permission denied$/,
    );
  });
});
