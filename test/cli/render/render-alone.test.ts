import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import { renderAlone } from "../../../cli/render/render-alone.ts";
import { wholeProgram } from "../../../cli/whole-program.ts";
import { SealError } from "../../../shared/errors.ts";
import { memoryIo } from "../../support/memory-io.ts";

const sealed = `apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: { name: a, namespace: b }
spec: { encryptedData: { c: ${"A".repeat(400)} } }
`;
const files = {
  "sealed.yaml": sealed,
  "map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
};

suite("what a bundle renders by itself", () => {
  beforeEach(() => {
    wholeProgram.isNeeded = false;
  });

  /** Renders where something turns out to be needed while a file is read. */
  async function needing(...args: string[]) {
    const { io, left } = memoryIo(["render", ...args], { files });
    const read = (path: string) => {
      wholeProgram.isNeeded = true;
      return io.files.read(path);
    };
    return { isDone: await renderAlone({ ...io, files: { ...io.files, read } }), ...left(0) };
  }

  test("files", async () => {
    const { io, left } = memoryIo(["render", "map.yaml"], { files });
    assert.equal(await renderAlone(io), true);
    assert.equal(left(0).stdout, `---\n${files["map.yaml"]}`);
  });

  test("nothing is written once the whole program is needed", async () => {
    const shown = await needing("map.yaml");
    assert.deepEqual([shown.isDone, shown.stdout, shown.stderr], [false, "", ""]);
    const written = await needing("-o", "/out.yaml", "map.yaml");
    assert.equal(written.isDone, false);
    assert.equal(written.files.get("/out.yaml"), undefined);
  });

  test("what failed without what is needed is not told", async () => {
    const { isDone, stderr } = await needing("map.yaml", "--key", "map.yaml");
    assert.deepEqual([isDone, stderr], [false, ""]);
  });

  test("notes come before the product, and not at all where the whole program says them", async () => {
    const { io, left } = memoryIo(["render", "sealed.yaml"], { files });
    assert.equal(await renderAlone(io), true);
    const { stdout, stderr } = left(0);
    assert.match(stdout, /kind: SealedSecret/);
    assert.match(stderr, /^note: /);
    const again = await needing("sealed.yaml");
    assert.deepEqual([again.isDone, again.stdout, again.stderr], [false, "", ""]);
  });

  test("a failure of its own is told", async () => {
    const { io, left } = memoryIo(["render", "--strict", "sealed.yaml"], { files });
    await assert.rejects(renderAlone(io), SealError);
    assert.equal(left(1).stdout, "");
  });

  test("folders, streams, help and wrong arguments are the whole program's", async () => {
    const tree = { "tree/map.yaml": files["map.yaml"], "--strict": "" };
    for (const args of [
      ["tree"],
      [],
      ["-"],
      ["--help", "tree/map.yaml"],
      ["--stricd", "tree/map.yaml"],
      ["--strict", "tree/map.yaml"],
    ]) {
      const { io, left } = memoryIo(["render", ...args], { files: tree });
      assert.equal(await renderAlone(io), false, args.join(" "));
      assert.deepEqual([left(0).stdout, left(0).stderr], ["", ""]);
    }
  });
});
