import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CLUSTER, KEYS, KeyServiceWorld } from "../../support/key-service-world.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
import {
  clusterText,
  inProject,
  PINS,
  PROD,
  projectFiles,
  STAGING,
  sealedUnder,
  secretText,
} from "./project-scene.ts";

const RULES = "/home/.config/signet/rules.json";
const ACCEPTED = `rules:
  - {path: "prod/**", clusters: [prod]}
  - {path: "other/**", clusters: [staging]}
`;
const TO_STAGING = ACCEPTED.replace("clusters: [prod]", "clusters: [staging]");
const secret = { "/prod/db.yaml": secretText("db") };
const ARGS = ["-f", "prod/db.yaml"];

/** A project with those rules, for somebody who accepted the first ones. */
async function accepted(now: string, before = ACCEPTED): Promise<Record<string, string>> {
  const { code, stderr, files } = await inProject(["pin", "accept"], { files: projectFiles(before) });
  assert.equal(code, 0, stderr);
  return { ...kept(files), ...secret, ...projectFiles(now) };
}

function kept(files: MemoryRun["files"]): Record<string, string> {
  return Object.fromEntries([...files].filter(([path]) => path === PINS || path === RULES));
}

const alerts = ({ stderr }: MemoryRun) => stderr.match(/^warning: the rules of .*$/gm) ?? [];

suite("rules that a user knows", () => {
  test("are those that he accepted: who sends a new file to another cluster by them is told of, always", async () => {
    const files = await accepted(TO_STAGING);
    const run = await inProject(ARGS, { files });
    assert.deepEqual([run.code, sealedUnder(run.stdout)], [0, STAGING.certificate.fingerprint]);
    assert.equal(
      run.stderr,
      "warning: the rules of /.signet.yaml changed since you accepted them: prod/db.yaml was for prod, and is sealed for staging now. Look at who changed them; to accept them and the pins: signet pin accept\n",
    );
    // To be told is not to accept.
    const again = await inProject(ARGS, { files: Object.fromEntries(run.files) });
    assert.deepEqual(alerts(again), alerts(run));
    const taken = await inProject(["pin", "accept"], { files });
    assert.match(taken.stdout, /^the rules of \/\.signet\.yaml\n/m);
    const after = await inProject(ARGS, { files: Object.fromEntries(taken.files) });
    assert.deepEqual([after.code, after.stderr], [0, ""]);
  });

  test("are those of the first use for who accepted none", async () => {
    const first = await inProject(ARGS, { files: { ...projectFiles(ACCEPTED), ...secret } });
    assert.deepEqual([first.code, alerts(first)], [0, []]);
    const files = { ...projectFiles(TO_STAGING), ...secret, ...kept(first.files) };
    assert.equal(alerts(await inProject(ARGS, { files })).length, 1);
  });

  test("are not taken as they are for who accepted pins before them", async () => {
    const { [RULES]: _, ...files } = await accepted(TO_STAGING);
    const run = await inProject(ARGS, { files });
    assert.equal(run.code, 0);
    assert.match(
      run.stderr,
      /^warning: you accepted pins of \/\.signet\.yaml, and its rules not yet: .*: signet pin accept\n$/,
    );
    assert.equal(run.files.has(RULES), false);
    const taken = await inProject(["pin", "accept"], { files });
    const after = await inProject(ARGS, { files: Object.fromEntries(taken.files) });
    assert.deepEqual([after.code, after.stderr], [0, ""]);
    // Rules that say only a scope send nothing elsewhere.
    const scope = projectFiles("rules: [{scope: strict}]\n", clusterText("prod", PROD));
    const quiet = await inProject(ARGS, { files: { ...files, ...scope } });
    assert.deepEqual([quiet.code, quiet.stderr, quiet.files.has(RULES)], [0, "", true]);
  });

  test("are listed with the pins where they are not the accepted ones, and stay so", async () => {
    const listed = async (files: Record<string, string>, ...names: string[]) => {
      const run = await inProject(["pin", "list", ...names], { files });
      assert.deepEqual([run.code, run.stderr, Object.fromEntries(run.files)], [0, "", files]);
      return run.stdout.split("\n").filter((line) => line !== "" && !line.includes("SHA256:"));
    };
    const next = "to accept them and the pins: signet pin accept";
    const changed = await accepted(TO_STAGING);
    assert.deepEqual(await listed(changed), [
      `the rules of /.signet.yaml changed since you accepted them; ${next}`,
    ]);
    assert.deepEqual(await listed(changed, "prod"), []);
    const { [RULES]: _, ...late } = changed;
    assert.deepEqual(await listed(late), [`the rules of /.signet.yaml, not accepted yet; ${next}`]);
    assert.deepEqual(await listed(await accepted(ACCEPTED)), []);
    assert.deepEqual(await listed(projectFiles(ACCEPTED)), []);
  });

  test("are gone with the clusters: who took pins of a file is told that it pins none", async () => {
    const emptied = { "/.signet.yaml": "version: 1\nclusters: {}\n" };
    const files: Record<string, string> = { ...(await accepted(ACCEPTED)), ...emptied };
    const told = /^warning: \/\.signet\.yaml pins no cluster any more, .*: signet pin accept$/m;
    assert.match((await inProject(ARGS, { files })).stderr, told);
    const named = await inProject(["--cert", "certs/prod.pem", ...ARGS], { files });
    assert.deepEqual([named.code, named.stderr], [0, ""]);
    const taken = await inProject(["pin", "accept"], { files });
    assert.equal(taken.code, 0, taken.stderr);
    const after = await inProject(ARGS, { files: Object.fromEntries(taken.files) });
    assert.doesNotMatch(after.stderr, /pins no cluster/);
    const { [PINS]: _, ...unknown } = files;
    assert.doesNotMatch((await inProject(ARGS, { files: unknown })).stderr, /pins no cluster/);
  });

  test("may be taken out, come after another one, or be decided where nothing was", async () => {
    const catchAll = `rules: [{clusters: [staging]}, ${ACCEPTED.split("\n")[1]?.slice(4)}]\n`;
    for (const now of [
      catchAll,
      ACCEPTED.replace("prod/**", "prod/*/**").concat("  - {clusters: [staging]}\n"),
    ]) {
      const run = await inProject(ARGS, { files: await accepted(now) });
      assert.deepEqual([run.code, alerts(run).length], [0, 1], run.stderr);
    }
    const decided = await inProject(ARGS, { files: await accepted(ACCEPTED, "") });
    assert.match(
      alerts(decided)[0] ?? "",
      /prod\/db\.yaml was for prod or staging, and is sealed for prod now/,
    );
    const asked = await inProject(["--for-cluster", "prod", ...ARGS], {
      files: await accepted(ACCEPTED, ""),
    });
    assert.deepEqual([asked.code, asked.stderr], [0, ""]);
  });

  test("are told of by no word where they say the same of the file", async () => {
    for (const now of [
      ACCEPTED,
      `${ACCEPTED}  - {path: "new/**", clusters: [staging]}\n`,
      ACCEPTED.replace("other/**", "others/**"),
      ACCEPTED.replace("prod/**", "prod/*"),
      `rules: [{path: "prod/db.yaml", clusters: [prod]}]\n`,
    ]) {
      const run = await inProject(ARGS, { files: await accepted(now) });
      assert.deepEqual([run.code, run.stderr], [0, ""]);
    }
  });

  test("count for each file of a run, and each cluster that it is sealed for", async () => {
    const both = await accepted(ACCEPTED.replace("[prod]", "[prod, staging]"));
    const run = await inProject(["--output-dir", "sealed/{cluster}", "prod"], { files: both });
    assert.equal(run.code, 0, run.stderr);
    assert.match(
      alerts(run).join("\n"),
      /^[^\n]*prod\/db\.yaml was for prod, and is sealed for staging now[^\n]*$/,
    );
    const two = { ...(await accepted(TO_STAGING)), "/prod/a.yaml": secretText("a") };
    assert.equal(alerts(await inProject(["--in-place", "prod"], { files: two })).length, 2);
  });

  test("are accepted neither with the pin of one cluster nor where no home is", async () => {
    const files = await accepted(TO_STAGING);
    const one = await inProject(["pin", "accept", "prod"], { files });
    assert.doesNotMatch(one.stdout, /rules/);
    assert.equal(alerts(await inProject(ARGS, { files: Object.fromEntries(one.files) })).length, 1);
    const homeless = await inProject(ARGS, { files, env: { HOME: "" } });
    assert.deepEqual([homeless.code, homeless.stderr], [0, ""]);
  });

  test("cover the keys of key services", async () => {
    const [key] = KEYS.kms;
    const cluster = clusterText("prod", PROD, `    clusterId: ${CLUSTER}\n`);
    const before = projectFiles(`rules: [{kmsKey: "${key}"}]\n`, cluster);
    const { files } = await inProject(["pin", "accept"], { files: before });
    const run = await inProject(ARGS, { files: { ...kept(files), ...secret, ...projectFiles("", cluster) } });
    assert.ok(alerts(run)[0]?.includes(`was for prod under AWS KMS key ${key}, and is sealed for prod now`));
    const args = ["--kms-allowed-keys", key, ...ARGS];
    const world = {
      files: { ...kept(files), ...secret, ...before },
      keyServices: new KeyServiceWorld().connector,
    };
    const same = await inProject(args, world);
    assert.deepEqual([same.code, alerts(same)], [0, []], same.stderr);
  });

  test("are not passed over where the record is damaged", async () => {
    const files = await accepted(TO_STAGING);
    const rule = (text: string) => `{"rules":{"/.signet.yaml":{"clusters":[],"rules":[${text}]}}}`;
    for (const damaged of [
      "{",
      '{"rules":{"a":{}}}',
      rule("1"),
      rule('{"path":1}'),
      rule('{"clusters":"prod"}'),
    ]) {
      const run = await inProject(ARGS, { files: { ...files, [RULES]: damaged } });
      assert.match(run.stderr, /rules\.json is not a list of rules/);
      assert.deepEqual([run.code, run.stdout], [1, ""]);
    }
  });
});
