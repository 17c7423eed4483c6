import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inProject, projectFiles, secretText } from "../project/project-scene.ts";

type Told = { path: string; level: string; rule: string; item: string | null; what: string };

/** A project whose Secret is sealed for both clusters, in one folder. */
const both = await inProject(["--for-cluster", "prod,staging", "-w", "db.{cluster}.yaml"], {
  files: projectFiles(),
  stdin: secretText("db"),
});
assert.equal(both.code, 0, both.stderr);
const files = Object.fromEntries(both.files);
const names = ["db.prod.yaml", "db.staging.yaml"] as const;
const [prod, staging] = names.map((name) => files[`/${name}`] ?? files[name] ?? "") as [string, string];
const project = projectFiles();

async function lint(world: Record<string, string>, args: readonly string[] = names) {
  const { code, stdout, stderr } = await inProject(["lint", "-o", "json", ...args], {
    files: { ...project, ...world },
  });
  const { findings } = JSON.parse(stdout) as { findings: Told[] };
  return {
    code,
    stderr,
    told: findings.map(({ path, level, rule }) => [path, level, rule].join(" ")),
    findings,
  };
}

suite("lint in a project", () => {
  test("objects of one name in a folder are no error where they are for different clusters", async () => {
    const run = await lint({ "/db.prod.yaml": prod, "/db.staging.yaml": staging });
    assert.deepEqual([run.code, run.told], [0, ["db.staging.yaml note duplicate-name"]], run.stderr);
  });

  test("they are one for the same cluster, or where nothing says which, or the keys are not pinned", async () => {
    const error = ["db.staging.yaml error duplicate-name"];
    const same = await lint({ "/db.prod.yaml": prod, "/db.staging.yaml": prod });
    assert.deepEqual([same.code, same.told], [1, error]);
    const bare = staging.replace(/^ *signet\.dev\/sealing-key: .*\n/m, "");
    assert.notEqual(bare, staging);
    const silent = await lint({ "/db.prod.yaml": prod, "/db.staging.yaml": bare });
    assert.deepEqual([silent.code, silent.told], [1, error]);
    const certs = ["--cert", "certs/prod.pem,certs/staging.pem"];
    const given = await lint({ "/db.prod.yaml": prod, "/db.staging.yaml": staging }, [...certs, ...names]);
    assert.deepEqual([given.code, given.told], [1, error]);
  });
});
