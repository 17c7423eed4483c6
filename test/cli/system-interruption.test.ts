import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const module = join(import.meta.dirname, "../../cli/system-interruption.ts");

/** A program that is interrupted, and then takes back that it wants to hear of it. */
function interruptedBefore(takenBack: string) {
  const { signal, status, stdout } = spawnSync(
    process.execPath,
    [
      "--input-type=module",
      "--eval",
      `import { whenInterrupted } from ${JSON.stringify(module)};
      const goOn = whenInterrupted(process, () => console.log("last words"));
      ${takenBack}
      console.log("went on");`,
    ],
    { encoding: "utf8", env: { PATH: process.env["PATH"] } },
  );
  return { signal, status, said: stdout.trim() };
}

test("a signal that came before it was taken back is heard all the same", () => {
  assert.deepEqual(interruptedBefore('process.kill(process.pid, "SIGINT"); await goOn();'), {
    signal: "SIGINT",
    status: null,
    said: "last words",
  });
});

test("a program that was not interrupted goes on, and ends like any other by a later signal", () => {
  assert.deepEqual(interruptedBefore("await goOn();"), { signal: null, status: 0, said: "went on" });
  assert.deepEqual(interruptedBefore('await goOn(); process.kill(process.pid, "SIGTERM");'), {
    signal: "SIGTERM",
    status: null,
    said: "",
  });
});
