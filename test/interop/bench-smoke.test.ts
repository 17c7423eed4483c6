import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { sceneNames } from "../../bench/options.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { startProcess } from "../support/control-plane/managed-process.ts";
import { makeScratchFolder, type ScratchFolder } from "../support/control-plane/scratch-folder.ts";

requireNetbox();

const bench = join(import.meta.dirname, "..", "..", "bench", "bench.ts");

const both = ["reference", "Signet"];

// Each figure is there for both sides; nothing is said about how large it is.
const figures: readonly { row: RegExp; sides: readonly string[] }[] = [
  { row: /^cold start, to the last Secret and status/, sides: both },
  { row: /^cold start, objects per second/, sides: both },
  { row: /^cold start, CPU per object, events included/, sides: both },
  { row: /^cold start, CPU per object of API server/, sides: both },
  { row: /^cold start, all events written/, sides: both },
  { row: /^cold start, from the last status to the last event/, sides: both },
  { row: /^cold start, events not written/, sides: both },
  { row: /^memory after the cold start/, sides: both },
  { row: /^memory, peak/, sides: both },
  { row: /^cold start with default client limits/, sides: both },
  // The reference does not count them.
  { row: /^restart, nothing changed, private-key operations/, sides: ["Signet"] },
  { row: /^restart, nothing changed, CPU/, sides: both },
  { row: /^restart, nothing changed, until quiet/, sides: both },
  { row: /^a fresh SealedSecret once the new process has sent its first list/, sides: both },
  { row: /^idle, SealedSecret to Secret, p50/, sides: both },
  { row: /^idle, SealedSecret to Secret, p95/, sides: both },
  { row: /^idle, SealedSecret to Secret, p99/, sides: both },
  { row: /^idle, CPU per SealedSecret/, sides: both },
  // With one key and the hints it is Signet against itself.
  { row: /^2 keys in the ring, values with a key hint/, sides: ["Signet"] },
  { row: /^2 keys in the ring, values without a hint/, sides: both },
  // The reference knows no such values. Those under Vault take a Vault, and are measured the same way.
  { row: /^values under AWS KMS .*, to the last Secret and status/, sides: ["Signet"] },
  { row: /^values under AWS KMS .*, calls that open/, sides: ["Signet"] },
  { row: /^values under AWS KMS .*: restart/, sides: ["Signet"] },
  { row: /^CLI, one Secret/, sides: both },
  { row: /^CLI, 20 Secrets: .* scaled from 2 \(s\)/, sides: both },
  { row: /^SOPS, one Secret/, sides: both },
  { row: /^SOPS, 20 Secrets .* scaled from 2 \(s\)/, sides: both },
  { row: /^guard, 200 changed files staged/, sides: ["Signet"] },
  { row: /^rotate offline, 10 files of two values: .* scaled from 1 \(s\)/, sides: both },
  { row: /^rotate offline, the same again/, sides: ["Signet"] },
];

suite("the benchmark, over a handful of objects", () => {
  let scratch: ScratchFolder;
  let output: string;
  let code: number | NodeJS.Signals;

  before(async () => {
    scratch = await makeScratchFolder("bench-smoke");
    const cluster = ["--n=3", "--items=2", "--keys=2", "--key-bits=2048", "--rounds=1", "--samples=3"];
    const small = [...cluster, "--starts=2", "--many=20"];
    const scenes = sceneNames.filter((name) => name !== "vault").join(",");
    const run = await startProcess({
      name: "the benchmark",
      command: process.execPath,
      args: [bench, ...small, `--only=${scenes}`, `--results=${scratch.path}`],
    });
    code = await run.waitForEnd(450_000);
    output = run.output();
  });
  after(() => scratch?.remove());

  test("ends well, and its table compares every figure", () => {
    assert.equal(code, 0, output);
    const rows = output.split("\n").flatMap((line) => {
      const cells = line.split("|").map((cell) => cell.trim());
      return cells.length > 5 ? [cells.slice(1)] : [];
    });
    for (const { row: title, sides } of figures) {
      const row = rows.find(([name]) => title.test(name ?? ""));
      assert.ok(row !== undefined, `${title}\n${output}`);
      for (const side of sides)
        assert.match(row[1 + both.indexOf(side)] ?? "", /^[\d.]+(?:e[+-]\d+)?$/, row.join(" | "));
    }
    assert.equal(
      rows.filter(([name]) => name !== "" && !/^-+$|^figure/.test(name ?? "")).length,
      figures.length,
    );
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
    const measurements: { figure: string; subject: string; value: unknown }[] = JSON.parse(json).measurements;
    for (const side of both) {
      const measured = measurements.filter(({ subject }) => subject === side);
      const told = measured.filter(({ value }) => value !== null);
      const shown = figures.filter(({ sides }) => sides.includes(side));
      assert.equal(new Set(told.map(({ figure }) => figure)).size, shown.length, side);
      assert.ok(measured.every(({ value }) => value === null || Number.isFinite(value)));
    }
  });

  test("an argument that does not fit is wrong usage", async () => {
    for (const argument of ["--n=0", "--n=many", "--starts=0", "--many=0", "--only=nothing", "--unknown"]) {
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
