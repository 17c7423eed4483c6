import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { link } from "../../support/certificate-chains.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
import { clusterText, inProject, LATER, PINS, PROD, projectFiles, secretText } from "./project-scene.ts";

const stdin = secretText("db");
const only = (key: typeof PROD) => projectFiles("", clusterText("prod", key));
const RULES = PINS.replace("pins", "rules");

/** The record of a run's user, in its place. */
function recordOf({ files }: MemoryRun, path = PINS): Record<string, string> {
  return { [path]: files.get(path) ?? assert.fail("nothing is recorded") };
}

suite("what another process records of the same project at the same time", () => {
  test("is kept beside what is accepted here", async () => {
    const files = projectFiles();
    const other = recordOf(await inProject(["pin", "accept", "staging"], { files }));
    const run = await inProject(["pin", "accept", "prod"], { files }, {}, other);
    assert.equal(run.code, 0, run.stderr);
    const { stdout } = await inProject(["pin"], { files: { ...files, ...recordOf(run) } });
    assert.equal(stdout.match(/, accepted$/gm)?.length, 2);
  });

  test("is not taken back by a first use", async () => {
    const files = only(PROD);
    const other = recordOf(await inProject(["pin", "accept"], { files }));
    const run = await inProject([], { files, stdin }, {}, other);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(recordOf(run), other);
  });

  test("is not taken back by a first use of rules", async () => {
    const files = {
      ...only(PROD),
      "/.signet.yaml": `${only(PROD)["/.signet.yaml"]}rules:\n  - {clusters: [prod]}\n`,
    };
    const first = await inProject([], { files, stdin });
    assert.notEqual(first.files.get(RULES), undefined);
    const other = {
      [RULES]: JSON.stringify({ rules: { "/.signet.yaml": { clusters: ["prod"], rules: [] } } }),
    };
    const run = await inProject([], { files: { ...files, ...recordOf(first) }, stdin }, {}, other);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(JSON.parse(run.files.get(RULES) ?? ""), JSON.parse(other[RULES] ?? ""));
  });

  test("is not taken back by a step to the next certificate", async () => {
    const before = recordOf(await inProject([], { files: only(PROD), stdin }));
    const pem = LATER.certificate.pem + (await link(PROD, LATER));
    const files = { ...only(LATER), "/certs/prod.pem": pem };
    const other = recordOf(await inProject(["pin", "accept"], { files }));
    const alone = await inProject([], { files: { ...files, ...before }, stdin });
    assert.notDeepEqual(recordOf(alone), before);
    assert.notDeepEqual(recordOf(alone), other);
    const run = await inProject([], { files: { ...files, ...before }, stdin }, {}, other);
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(recordOf(run), other);
  });
});
