import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { makeScratchFolder, type ScratchFolder } from "../support/control-plane/scratch-folder.ts";
import { applyEdits, layPatchedModule } from "./patched-module.ts";
import { recipeDigest, recipes } from "./recipe.ts";

suite("a dependency is edited before it is built", () => {
  let scratch: ScratchFolder;
  let source: string;

  beforeEach(async () => {
    scratch = await makeScratchFolder("patched-module");
    source = join(scratch.path, "cache");
    await mkdir(join(source, "inner"), { recursive: true });
    await writeFile(join(source, "inner", "one.go"), "first();\nsecond();\nsecond();\n", { mode: 0o444 });
    await chmod(join(source, "inner"), 0o555);
  });
  afterEach(async () => {
    await chmod(join(source, "inner"), 0o755);
    await scratch.remove();
  });

  const edit = (find: string) => ({ file: "inner/one.go", find, replace: "other($&);" });

  test("the copy is edited, literally, and takes the place of the module; the cache stays as it was", async () => {
    const recipe = join(scratch.path, "recipe");
    const folder = join(scratch.path, "build");
    await mkdir(recipe);
    await mkdir(folder);
    await writeFile(join(recipe, "go.mod"), "module test\n");
    const runs: string[] = [];
    const go = async (args: readonly string[], cwd: string): Promise<string> => {
      runs.push(`${cwd}: ${args.join(" ")}`);
      return args.includes("download") ? JSON.stringify({ Dir: source }) : "";
    };
    await layPatchedModule({ path: "example.org/one", edits: [edit("first();")] }, recipe, folder, go);
    assert.deepEqual(runs, [
      `${recipe}: mod download -json example.org/one`,
      `${folder}: mod edit -replace=example.org/one=./source`,
    ]);
    assert.deepEqual((await readdir(folder)).toSorted(), ["go.mod", "source"]);
    const edited = await readFile(join(folder, "source", "inner", "one.go"), "utf8");
    assert.equal(edited, "other($&);\nsecond();\nsecond();\n");
    assert.match(await readFile(join(source, "inner", "one.go"), "utf8"), /^first\(\);/);
    // Its maker must be able to clear it away.
    const { mode } = await stat(join(folder, "source", "inner"));
    assert.equal(mode & 0o200, 0o200);
  });

  test("a text that is missing, or there twice, is an error that names the file and the text", async () => {
    for (const [find, times] of [
      ["third();", 0],
      ["second();", 2],
    ] as const) {
      await assert.rejects(applyEdits(source, [edit(find)]), ({ message }: Error) => {
        assert.match(message, new RegExp(`stands ${times} times in inner/one.go, not once`));
        assert.ok(message.includes(find));
        return true;
      });
    }
  });

  test("the edits decide the name of what is built with them", async () => {
    const { vault } = recipes;
    assert.ok(vault.patched !== undefined);
    const other = { ...vault, patched: { ...vault.patched, edits: vault.patched.edits.slice(1) } };
    assert.notEqual(await recipeDigest(other), await recipeDigest(vault));
  });
});
