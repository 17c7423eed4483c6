import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { allCases } from "./kubeseal-differential/all-cases.ts";
import { documentedDifferences } from "./kubeseal-differential/compatibility-page.ts";
import { coverageRows, rowNamed, rowsOf } from "./kubeseal-differential/coverage.ts";
import { intendedDifferences } from "./kubeseal-differential/intended-differences.ts";

suite("the tables of cases", () => {
  test("cover every mode, scope, format, outcome, scenario and weakness", () => {
    const covered = new Set(allCases.flatMap(({ mode, ...each }) => rowsOf(mode, each)));
    assert.deepEqual(
      Object.keys(coverageRows).filter((row) => !covered.has(row)),
      [],
    );
  });

  test("claim to cover only what stands in the list", () => {
    const claimed = allCases.flatMap(({ proves = [] }) => proves.map(rowNamed));
    assert.deepEqual(
      claimed.filter((row) => !Object.hasOwn(coverageRows, row)),
      [],
    );
  });

  test("have a name and a command line of its own for each case", () => {
    const names = allCases.map(({ mode, name }) => `${mode}: ${name}`);
    assert.deepEqual(names, [...new Set(names)]);
    const runs = allCases.map(({ args, stdin, files, env, cluster, program, podNamespace, atTerminal }) =>
      JSON.stringify([args, stdin, files, env, cluster, program, podNamespace, atTerminal]),
    );
    assert.deepEqual(
      runs.filter((run, at) => runs.indexOf(run) !== at),
      [],
    );
  });

  test("use every intended difference", () => {
    const used = new Set(allCases.flatMap(({ differs = {} }) => Object.keys(differs)));
    const declared = Object.entries(intendedDifferences).filter(([, { where }]) => where.length > 0);
    assert.deepEqual(
      declared.map(([id]) => id).filter((id) => !used.has(id)),
      [],
    );
  });

  test("or name the test that shows one elsewhere", () => {
    const elsewhere = Object.values(intendedDifferences).flatMap((difference) =>
      "elsewhere" in difference ? [difference.elsewhere] : [],
    );
    const root = join(import.meta.dirname, "../..");
    assert.deepEqual(
      elsewhere.filter((path) => !existsSync(join(root, path))),
      [],
    );
  });

  test("and docs/compatibility.md list the same differences", () => {
    assert.deepEqual(documentedDifferences().sort(), Object.keys(intendedDifferences).sort());
  });
});
