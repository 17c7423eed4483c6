import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

const [module, systemIo] = ["system-interruption", "system-io"].map((name) =>
  JSON.stringify(join(import.meta.dirname, `../../cli/${name}.ts`)),
);

function ended(program: string) {
  const { signal, status, stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
  return { signal, status, said: stdout.trim() };
}

/** A program that is interrupted, and then takes back that it wants to hear of it. */
function interruptedBefore(takenBack: string) {
  return ended(
    `import { whenInterrupted } from ${module};
    const goOn = whenInterrupted(process, () => console.log("last words"));
    ${takenBack}
    console.log("went on");`,
  );
}

/** A program that is interrupted amid writing a file for the first time, when all of it is there but its name. */
function interruptedAmidFile(context: TestContext, before: string) {
  const folder = mkdtempSync(join(tmpdir(), "signet-interrupted-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const end = ended(
    `import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const { fsyncSync } = fs;
    fs.fsyncSync = (file) => {
      process.kill(process.pid, "SIGINT");
      fsyncSync(file);
    };
    syncBuiltinESMExports();
    const { systemIo } = await import(${systemIo});
    systemIo.files.replace(${JSON.stringify(join(folder, "file"))}, "whole");
    ${before}
    setTimeout(() => console.log("went on"), 60_000);`,
  );
  return {
    ...end,
    files: readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  };
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

test("the first process of a container, which outlives its own signals, ends by the exit codes of shells", () => {
  const codes = ["SIGINT", "SIGTERM", "SIGHUP"].map(
    (signal) =>
      interruptedBefore(`process.kill = () => true; process.emit(${JSON.stringify(signal)}, "${signal}");`)
        .status,
  );
  assert.deepEqual(codes, [130, 143, 129]);
});

test("all who have something to say are heard, and it ends by the signal", () => {
  const also = 'whenInterrupted(process, () => console.log("also"));';
  assert.deepEqual(interruptedBefore(`${also} process.kill(process.pid, "SIGHUP"); await goOn();`), {
    signal: "SIGHUP",
    status: null,
    said: "last words\nalso",
  });
});

test("a file under hand is written whole, nothing else is left, and it ends by the signal", (context) => {
  assert.deepEqual(interruptedAmidFile(context, ""), {
    signal: "SIGINT",
    status: null,
    said: "",
    files: [["file", "whole"]],
  });
});

test("and what was to be said after it is", (context) => {
  const saying = 'await systemIo.whenInterrupted(() => console.log("last words"));';
  const { signal, said } = interruptedAmidFile(context, saying);
  assert.deepEqual([signal, said], ["SIGINT", "last words"]);
});

test("a file that is made and removed in one go is not left behind", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "signet-interrupted-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = JSON.stringify(join(folder, "file.lock"));
  const { signal, said } = ended(
    `import { systemIo } from ${systemIo};
    systemIo.files.create(${file}, "token");
    process.kill(process.pid, "SIGINT");
    systemIo.files.remove(${file});
    setTimeout(() => console.log("went on"), 60_000);`,
  );
  assert.deepEqual([signal, said, readdirSync(folder)], ["SIGINT", "", []]);
});
