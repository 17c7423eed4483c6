import assert from "node:assert/strict";
import { posix } from "node:path";
import { suite, test } from "node:test";
import { placeInRepository } from "../../../cli/findings/place-in-repository.ts";
import { memoryIo } from "../../support/memory-io.ts";

/** The program, started in this folder; `/src` is a repository where asked for. */
function startedIn(folder: string, hasRepository = true) {
  const { io } = memoryIo([], {});
  io.files.realPath = (path) => posix.resolve(folder, path);
  const folders = hasRepository ? ["/src/.git"] : [];
  io.files.kindOf = (path) => {
    if (path.endsWith("/.git")) return folders.includes(path) ? "folder" : null;
    return path.endsWith(".yaml") ? "file" : null;
  };
  return placeInRepository(io);
}

suite("the place of a file", () => {
  for (const [folder, path, place] of [
    ["/src", "sealed/a.yaml", "sealed/a.yaml"],
    ["/src", "./sealed/../a.yaml", "a.yaml"],
    ["/src/apps/shop", "a.yaml", "apps/shop/a.yaml"],
    ["/src/apps/shop", "../b/a.yaml", "apps/b/a.yaml"],
    ["/src/apps", "/src/sealed/a.yaml", "sealed/a.yaml"],
    ["/src", "/srcs/a.yaml", "/srcs/a.yaml"],
    ["/src/apps", "standard input", "standard input"],
  ] as const) {
    test(`${path}, from ${folder}`, () => assert.equal(startedIn(folder)(path), place));
  }

  test("outside of a repository is told from the working folder", () => {
    assert.equal(startedIn("/tmp/x", false)("y/a.yaml"), "y/a.yaml");
    assert.equal(startedIn("/tmp/x", false)("../a.yaml"), "/tmp/a.yaml");
  });
});
