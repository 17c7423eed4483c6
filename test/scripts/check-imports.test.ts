import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { inspect } from "../../scripts/imports/inspect.ts";

const script = join(import.meta.dirname, "..", "..", "scripts", "check-imports.ts");
const lines = (count: number): string => "//\n".repeat(count);

/** A tree that keeps every rule, by path. */
const sound: Record<string, string> = {
  "shared/bytes.ts": "export const a = 1;\n",
  "shared/errors.ts": 'import { a } from "./bytes.ts";\nexport const b = a;\n',
  "shared/scope.ts": 'import { a } from "./bytes.ts";\nexport const c = a;\n',
  "shared/seal/codec.ts": 'import type { KeyObject } from "node:crypto";\nexport type Key = KeyObject;\n',
  "shared/seal/raw.node.ts": 'import { createHash } from "node:crypto";\nexport const d = createHash;\n',
  "shared/kube/client.ts": 'import { request } from "node:http";\nexport const e = request;\n',
  "shared/seal-secret.ts": 'import { c } from "./scope.ts";\nexport const f = c;\n',
  "cli/main.ts": 'const { f } = await import("../shared/seal-secret.ts");\nconsole.log(f);\n',
  "controller/runtime/queue.ts": 'import { e } from "../../shared/kube/client.ts";\nexport const g = e;\n',
  "controller/main.ts": 'import { g } from "./runtime/queue.ts";\nconsole.log(g);\n',
  "test/cli/main.test.ts": 'import "../../cli/main.ts";\nimport "../../controller/main.ts";\n',
};

/** Changed or added files, and what must then be found: where, and in which words. */
const breaches: { name: string; files: Record<string, string>; expect: [path: string, message: RegExp] }[] = [
  {
    name: "shared imports the CLI",
    files: { "cli/io.ts": "", "shared/scope.ts": 'import "../cli/io.ts";\n' },
    expect: ["shared/scope.ts:1", /may not import cli\/io\.ts/],
  },
  {
    name: "the CLI imports the controller, over several lines",
    files: { "cli/main.ts": 'import {\n  g,\n} from "../controller/runtime/queue.ts";\nexport { g };\n' },
    expect: ["cli/main.ts:1", /may not import controller\/runtime\/queue\.ts/],
  },
  {
    name: "the controller imports the CLI, by a call",
    files: { "controller/main.ts": '\nawait import("../cli/main.ts");\n' },
    expect: ["controller/main.ts:2", /may not import cli\/main\.ts/],
  },
  {
    name: "the controller imports a type of the CLI",
    files: { "controller/main.ts": 'import type { A } from "../cli/main.ts";\n' },
    expect: ["controller/main.ts:1", /may not import cli\/main\.ts/],
  },
  {
    name: "the controller imports a type of the CLI, inside a type",
    files: { "controller/main.ts": 'export type A = typeof import("../cli/main.ts");\n' },
    expect: ["controller/main.ts:1", /may not import cli\/main\.ts/],
  },
  ...["test", "bench", "demo", "scripts"].map((folder) => ({
    name: `product code re-exports from ${folder}/`,
    files: { [`${folder}/fake.ts`]: "", "cli/main.ts": `export * from "../${folder}/fake.ts";\n` },
    expect: ["cli/main.ts:1", new RegExp(`may not import ${folder}/fake\\.ts`)] as [string, RegExp],
  })),
  {
    name: "runtime imports a sibling folder",
    files: {
      "controller/keys/key.ts": "",
      "controller/runtime/queue.ts": 'import "../keys/key.ts";\n',
    },
    expect: ["controller/runtime/queue.ts:1", /may not import controller\/keys\/key\.ts/],
  },
  {
    name: "runtime knows of SealedSecrets",
    files: {
      "shared/sealed-secret.ts": "",
      "controller/runtime/queue.ts": 'import "../../shared/sealed-secret.ts";\n',
    },
    expect: ["controller/runtime/queue.ts:1", /may not import shared\/sealed-secret\.ts/],
  },
  {
    name: "a lower layer of shared imports a higher one",
    files: { "shared/secret.ts": "", "shared/seal/codec.ts": 'import type { S } from "../secret.ts";\n' },
    expect: ["shared/seal/codec.ts:1", /higher layer/],
  },
  {
    name: "a file of shared without a layer",
    files: { "shared/new.ts": "" },
    expect: ["shared/new.ts:1", /has no layer/],
  },
  {
    name: "a built-in by its node: name",
    files: { "shared/scope.ts": 'import { join } from "node:path";\nexport { join };\n' },
    expect: ["shared/scope.ts:1", /node:path is Node's/],
  },
  {
    name: "a built-in by its bare name, for its side effects",
    files: { "shared/scope.ts": 'import "crypto";\n' },
    expect: ["shared/scope.ts:1", /crypto is Node's/],
  },
  {
    name: "a built-in with only inline types, which still loads it",
    files: { "shared/scope.ts": 'import { type KeyObject } from "node:crypto";\n' },
    expect: ["shared/scope.ts:1", /node:crypto is Node's/],
  },
  {
    name: "a built-in by way of a file for Node alone",
    files: { "shared/scope.ts": 'import { d } from "./seal/raw.node.ts";\nexport { d };\n' },
    expect: ["shared/scope.ts:1", /for Node alone/],
  },
  {
    name: "a global that only Node has",
    files: { "shared/scope.ts": '// Buffer.from would do\nexport const c = Buffer.from("");\n' },
    expect: ["shared/scope.ts:2", /Buffer is Node's/],
  },
  {
    name: "a computed import",
    files: { "cli/main.ts": "export const load = (name: string) => import(name);\n" },
    expect: ["cli/main.ts:1", /computed import/],
  },
  {
    name: "package.json read beside the one place",
    files: { "cli/main.ts": 'import p from "../package.json" with { type: "json" };\nexport { p };\n' },
    expect: ["cli/main.ts:1", /shared\/version\.ts/],
  },
  {
    name: "a cycle",
    files: { "shared/bytes.ts": 'import { b } from "./errors.ts";\nexport const a = b;\n' },
    expect: [
      "shared/bytes.ts:1",
      /import cycle: shared\/bytes\.ts -> shared\/errors\.ts -> shared\/bytes\.ts/,
    ],
  },
  {
    name: "a cycle of types alone, among tests",
    files: {
      "test/support/a.ts": 'export type { B } from "./b.ts";\n',
      "test/support/b.ts": 'import type { C } from "./c.ts";\nexport type B = C;\n',
      "test/support/c.ts": 'import type { B } from "./a.ts";\nexport type C = B;\n',
    },
    expect: ["test/support/a.ts:1", /import cycle: .*a\.ts -> .*b\.ts -> .*c\.ts -> .*a\.ts$/],
  },
  {
    name: "a file that imports itself",
    files: { "shared/bytes.ts": 'export * from "./bytes.ts";\n' },
    expect: ["shared/bytes.ts:1", /import cycle/],
  },
  ...["utils.ts", "helper.ts", "common.test.ts", "types.node.ts", "utils/a.ts", "types.d.ts"].map((name) => ({
    name: `a file named ${name}`,
    files: { [`cli/${name}`]: "" },
    expect: [`cli/${name}:1`, /says nothing/] as [string, RegExp],
  })),
  {
    name: "a file of 401 lines",
    files: { "test/long.ts": lines(401) },
    expect: ["test/long.ts:401", /more than 400/],
  },
  {
    name: "a test of 601 lines",
    files: { "test/long.test.ts": lines(601) },
    expect: ["test/long.test.ts:601", /more than 600/],
  },
];

suite("the check of imports, names and lengths", () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "signet-imports-test-"));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function lay(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
  }

  test("a sound tree passes", async () => {
    await lay(sound);
    assert.deepEqual(await inspect(root), { findings: [], files: Object.keys(sound).length });
  });

  for (const { name, files, expect } of breaches) {
    test(`caught: ${name}`, async () => {
      await lay({ ...sound, ...files });
      const failures = (await inspect(root)).findings.filter(({ fails }) => fails);
      assert.equal(failures.length, 1, JSON.stringify(failures));
      const [{ path, line, message } = { path: "", line: 0, message: "" }] = failures;
      assert.equal(`${path}:${line}`, expect[0]);
      assert.match(message, expect[1]);
    });
  }

  test("from 251 lines on a file is noticed; up to 400 it passes, and a test up to 600", async () => {
    const long = { "cli/long.ts": lines(251), "cli/longer.ts": lines(400), "test/long.test.ts": lines(600) };
    await lay({ ...sound, ...long, "cli/shorter.ts": lines(250) });
    const { findings } = await inspect(root);
    assert.deepEqual(
      findings.map(({ path, fails }) => ({ path, fails })),
      Object.keys(long).map((path) => ({ path, fails: false })),
    );
  });

  test("a tree without sources is refused", async () => {
    await assert.rejects(inspect(root), /no source files/);
  });

  test("the command tells by its exit code", async () => {
    await lay(sound);
    const passing = spawnSync(process.execPath, [script, root], { encoding: "utf8" });
    assert.equal(passing.status, 0, passing.stderr);
    await lay({ "cli/utils.ts": "" });
    const failing = spawnSync(process.execPath, [script, root], { encoding: "utf8" });
    assert.equal(failing.status, 1, failing.stderr);
    assert.match(failing.stdout, /^cli\/utils\.ts:1: error: /);
  });
});
