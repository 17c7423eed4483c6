import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgram } from "../../cli/system-program.ts";

const run = (script: string, env = {}) =>
  runProgram([process.execPath, "-e", script], { ...process.env, ...env });
const textOf = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString());

test("a program gets its words and variables as they are, and gives what it printed", async () => {
  const printed = await run("console.log(process.argv[1] ?? '', process.env.SOPS_AGE_RECIPIENT)", {
    SOPS_AGE_RECIPIENT: "age1 $(id)",
  });
  assert.equal(textOf(printed), " age1 $(id)\n");
  assert.equal(textOf(await run("console.log('')")), "\n");
});

test("one that fails, is not there, or prints without an end gives nothing", async () => {
  assert.equal(await run("console.log('x'); process.exitCode = 1"), null);
  assert.equal(await runProgram(["/nonexistent/program"], {}), null);
  assert.equal(await run("for (;;) require('fs').writeSync(1, 'x'.repeat(65536))"), null);
});
