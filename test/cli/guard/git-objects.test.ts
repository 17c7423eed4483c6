import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { GitObjects, MOST_BYTES } from "../../../cli/guard/git-objects.ts";
import { UnlookedError } from "../../../cli/guard/unlooked-error.ts";
import type { GitProcess } from "../../../cli/io.ts";

const OID = "0123456789abcdef0123456789abcdef01234567";

/** A run of Git that prints these bytes in pieces of these lengths, whatever it is asked. */
function printing(bytes: Uint8Array, lengths: readonly number[] = [1_000_000]) {
  const asked: string[] = [];
  async function* output() {
    let at = 0;
    for (let turn = 0; at < bytes.length; turn++) {
      const length = Math.max(1, lengths[turn % lengths.length] ?? 1);
      yield bytes.subarray(at, at + length);
      at += length;
    }
  }
  const process: GitProcess = {
    output: output(),
    ended: Promise.resolve(0),
    write: (input) => void asked.push(input),
    end: () => {},
  };
  return { objects: new GitObjects(process), asked };
}

async function read(objects: GitObjects, names: readonly string[]) {
  const found: (Buffer | null)[] = [];
  await objects.read(
    names,
    (content) => void found.push(content === null ? null : Buffer.from(content.bytes)),
  );
  return found;
}

suite("objects of git cat-file --batch", () => {
  test("come whole and in order, however the output is cut into pieces", async () => {
    const object = fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 60 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(object, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
        async (contents, lengths) => {
          const printed = contents.map((bytes, at) =>
            bytes === null
              ? Buffer.from(`:name ${at} blob 3 missing\n`)
              : Buffer.concat([Buffer.from(`${OID} blob ${bytes.length}\n`), bytes, Buffer.from("\n")]),
          );
          const { objects } = printing(Buffer.concat(printed), lengths);
          const names = contents.map((_, at) => `name ${at}`);
          assert.deepEqual(
            await read(objects, names),
            contents.map((bytes) => (bytes === null ? null : Buffer.from(bytes))),
          );
        },
      ),
    );
  });

  test("what is no file is none, and what follows is read all the same", async () => {
    const { objects } = printing(Buffer.from(`${OID} tree 3\nabc\n${OID} commit 2\nde\n${OID} blob 1\nf\n`));
    assert.deepEqual(await read(objects, ["a", "b", "c"]), [null, null, Buffer.from("f")]);
  });

  test("of a very long one the begin is kept", async () => {
    const long = Buffer.alloc(MOST_BYTES + 10, "x");
    const { objects } = printing(
      Buffer.concat([Buffer.from(`${OID} blob ${long.length}\n`), long, Buffer.from(`\n${OID} blob 0\n\n`)]),
    );
    const found: [number, boolean][] = [];
    await objects.read(
      ["a", "b"],
      (content) => void found.push([content?.bytes.length ?? -1, content?.isCut ?? true]),
    );
    assert.deepEqual(found, [
      [MOST_BYTES, true],
      [0, false],
    ]);
  });

  test("a name with a line break is not asked for as two", async () => {
    const { objects, asked } = printing(Buffer.from("0 missing\n"));
    assert.deepEqual(await read(objects, ["a\nb"]), [null]);
    assert.deepEqual(asked, ["0\n"]);
  });

  test("Git that ends too early is told of", async () => {
    for (const text of ["", `${OID} blob 5\nab`, `${OID} bl`])
      await assert.rejects(read(printing(Buffer.from(text)).objects, ["a"]), UnlookedError);
  });
});
