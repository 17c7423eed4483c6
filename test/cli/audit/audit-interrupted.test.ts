import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../../cli/run.ts";
import { memoryIo } from "../../support/memory-io.ts";
import { newer, sealedUnder, stream } from "../inventory/inventory-world.ts";

test("an audit that is interrupted says that it is not whole; one that ended is not interrupted any more", async () => {
  const web = await sealedUnder(newer, { name: "web", items: { token: "a" } });
  const { io, left } = memoryIo(["audit", "sealed"], { files: { "sealed/web.yaml": stream(web) } });
  const asked: (() => void)[] = [];
  const code = await run({
    ...io,
    async whenInterrupted(lastWords) {
      asked.push(lastWords);
      return async () => void asked.splice(asked.indexOf(lastWords), 1);
    },
    files: {
      ...io.files,
      read(path) {
        for (const lastWords of asked) lastWords();
        return io.files.read(path);
      },
    },
  });
  const { stderr } = left(code);
  assert.match(stderr, /^interrupted: the audit is not whole, and reports nothing; it changes nothing$/m);
  assert.deepEqual(asked, []);
});
