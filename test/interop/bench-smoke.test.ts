import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { startProcess } from "../support/control-plane/managed-process.ts";
import { makeScratchFolder, type ScratchFolder } from "../support/control-plane/scratch-folder.ts";

requireNetbox();

const bench = join(import.meta.dirname, "..", "..", "bench", "bench.ts");

// Each figure is there for both sides; nothing is said about how large it is.
const figures = [
  /^cold start, to the last Secret and status/,
  /^cold start, objects per second/,
  /^cold start, CPU per object/,
  /^memory after the cold start/,
  /^memory, peak/,
  /^restart, nothing changed, until quiet/,
  /^restart, nothing changed, CPU/,
  /^a fresh SealedSecret right after a restart/,
  /^idle, SealedSecret to Secret, p50/,
  /^idle, SealedSecret to Secret, p95/,
  /^idle, SealedSecret to Secret, p99/,
  /^idle, CPU per SealedSecret/,
  /^cold start without flags, from 3 objects/,
  /^CLI, one Secret/,
  /^CLI, 1000 Secrets/,
];

suite("the benchmark, over a handful of objects", () => {
  let scratch: ScratchFolder;
  let output: string;
  let code: number | NodeJS.Signals;

  before(async () => {
    scratch = await makeScratchFolder("bench-smoke");
    const small = ["--objects=3", "--items=2", "--keys=2", "--key-bits=2048", "--rounds=1", "--samples=3"];
    const run = await startProcess({
      name: "the benchmark",
      command: process.execPath,
      args: [bench, ...small, `--results=${scratch.path}`],
    });
    code = await run.waitForEnd(280_000);
    output = run.output();
  });
  after(() => scratch?.remove());

  test("ends well, and its table compares every figure", () => {
    assert.equal(code, 0, output);
    const rows = output.split("\n").flatMap((line) => {
      const cells = line.split("|").map((cell) => cell.trim());
      return cells.length > 5 ? [cells.slice(1)] : [];
    });
    for (const figure of figures) {
      const row = rows.find(([name]) => figure.test(name ?? ""));
      assert.ok(row !== undefined, `${figure}\n${output}`);
      const [, reference, signet] = row;
      assert.match(reference ?? "", /^[\d.]+$/, row.join(" | "));
      assert.match(signet ?? "", /^[\d.]+$/, row.join(" | "));
    }
  });

  test("what it shows is kept, with every single measurement", async () => {
    const files = (await readdir(scratch.path)).toSorted();
    assert.deepEqual(
      files.map((file) => file.replace(/.*\./, "")),
      ["json", "md"],
    );
    const [json = "", table = ""] = await Promise.all(
      files.map((file) => readFile(join(scratch.path, file), "utf8")),
    );
    assert.ok(output.includes(table.trim()));
    const { measurements } = JSON.parse(json);
    for (const figure of figures) {
      for (const subject of ["reference", "Signet"]) {
        const one = measurements.find(
          (m: { figure: string; subject: string }) => figure.test(m.figure) && m.subject === subject,
        );
        assert.equal(typeof one?.value, "number", `${figure} of ${subject}`);
      }
    }
  });

  test("an argument that does not fit is wrong usage", async () => {
    for (const argument of ["--objects=0", "--objects=many", "--only=nothing", "--unknown"]) {
      const wrong = await startProcess({
        name: "the benchmark",
        command: process.execPath,
        args: [bench, argument],
      });
      assert.equal(await wrong.waitForEnd(), 2, argument);
      assert.match(wrong.output(), /^error: [^\n]+\nhint: npm run bench/);
    }
  });
});
