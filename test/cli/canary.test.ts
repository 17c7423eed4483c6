import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Canaries, folderEvidence } from "../support/canary.ts";
import { type CanaryRun, canaryFiles, evidenceOf, offlineRuns, writeFiles } from "../support/canary-runs.ts";
import { makeScratchFolder, type ScratchFolder } from "../support/control-plane/scratch-folder.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { runSignet } from "../support/signet-cli.ts";
import { readTestKey } from "../support/vectors.ts";

const key = readTestKey("2048");

suite("what is sealed or opened stands nowhere else", { concurrency: 2 }, () => {
  const canaries = new Canaries();
  const secret = canaries.text("the value");
  canaries.guardPrivateKey("the key", key.privatePem);
  let scratch: ScratchFolder;
  let inputs: Record<string, string>;

  before(async () => {
    scratch = await makeScratchFolder("canary");
    inputs = {
      ...(await canaryFiles(secret, await testSealer(key.certificatePem), {
        privateKeyPem: key.privatePem,
        otherKeyPem: readTestKey("other-2048").privatePem,
      })),
      "cert.pem": key.certificatePem,
    };
  });
  after(() => scratch?.remove());

  for (const [index, run] of offlineRuns(["--cert", "cert.pem"]).entries())
    test(run.name, async () => canaries.assertSilent(await runIn(join(scratch.path, String(index)), run)));

  test("a run that says it is found", async () => {
    const run: CanaryRun = { name: "opened", args: ["unseal", "--key", "key.pem", "sealed.yaml"], code: 0 };
    const evidence = await runIn(join(scratch.path, "found"), run);
    assert.throws(() => canaries.assertSilent(evidence), /the value stands in standard output of opened/);
  });

  /** Runs it in a folder of its own; its home and its folder for temporary files must stay empty. */
  async function runIn(root: string, run: CanaryRun) {
    const folder = join(root, "work");
    await writeFiles(folder, inputs);
    const [home, temporary] = [join(root, "home"), join(root, "tmp")];
    for (const made of [home, temporary]) await mkdir(made);
    const result = await runSignet(run.args, {
      cwd: folder,
      ...(run.stdin === undefined ? {} : { stdin: inputs[run.stdin] ?? "" }),
      env: { HOME: home, TMPDIR: temporary },
    });
    assert.equal(result.code, run.code, result.stderr);
    if (run.says !== undefined) assert.match(result.stderr, run.says);
    assert.deepEqual([await readdir(home), await readdir(temporary)], [[], []]);
    return [...(await evidenceOf(run, result, folder, inputs)), ...(await folderEvidence(root)).slice(0, 1)];
  }
});
