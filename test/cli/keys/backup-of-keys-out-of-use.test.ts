import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";
import { KMS_KEY, keysWorld } from "./keys-world.ts";

const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const [old, current] = await Promise.all([sealingPair(new Date(Date.now() - 86_400_000)), sealingPair()]);
const owner = await newAgeIdentity();
const env = { SOPS_AGE_KEY: owner.text };
const AGE = ["--age", owner.recipient];

const retired = (label = "retired") => pairSecret(old, "old", { labels: { [KEY_LABEL]: label } });
const worldOf = (context: TestContext) => keysWorld(context, [retired(), pairSecret(current, "current")]);
const labelOf = ({ metadata }: { metadata: { labels?: Record<string, string> } }) =>
  metadata.labels?.[KEY_LABEL];

test("a key out of use is backed up by its name or fingerprint, and confirmed", async (context) => {
  const world = await worldOf(context);
  for (const name of ["old", old.fingerprint]) {
    const { code, stdout, stderr } = await world.keys("backup", ...AGE, name);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /name: old\n/);
    assert.doesNotMatch(stdout, /name: current\n/);
    world.put(retired());
    const confirmed = await world.keysWith({ env, stdin: stdout }, "backup", "--confirm");
    assert.equal(confirmed.code, 0, confirmed.stderr);
    assert.match(confirmed.stderr, /the backup of sealing key old \(SHA256:\S+\) is confirmed/);
  }
  assert.equal(labelOf(world.secret("old")), "retired");
  assert.equal(world.secret("current").metadata.annotations?.["signet.dev/backup-confirmed"], undefined);
});

test("--all takes those out of use, too; without it they are left out", async (context) => {
  const world = await worldOf(context);
  const usual = await world.keys("backup", ...AGE);
  assert.match(usual.stdout, /name: current\n/);
  assert.doesNotMatch(usual.stdout, /name: old\n/);
  const all = await world.keys("backup", ...AGE, "--all");
  assert.equal(all.code, 0, all.stderr);
  for (const name of ["old", "current"]) assert.match(all.stdout, new RegExp(`name: ${name}\\n`));
  for (const more of [["old"], ["--confirm"]]) {
    const flags = more[0] === "--confirm" ? more : [...AGE, ...more];
    const { code, stderr } = await world.keys("backup", "--all", ...flags);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--all goes with neither names nor what is to be confirmed/);
  }
});

test("restored, it has the label that took it out; the one in use is in use", async (context) => {
  const from = await keysWorld(context, [retired("compromised"), pairSecret(current, "current")]);
  const { stdout } = await from.keys("backup", ...AGE, "--all");
  for (const [flags, inUse] of [
    [[], "active"],
    [["--with", KMS_KEY], "wrapped"],
  ] as const) {
    const world = await keysWorld(context, []);
    const { code, stderr } = await world.keysWith({ env, stdin: stdout }, "restore", ...flags);
    assert.equal(code, 0, stderr);
    assert.equal(labelOf(world.secret("old")), "compromised");
    assert.equal(labelOf(world.secret("current")), inUse);
    assert.match(
      stderr,
      /it stays out of use \(compromised\); to take it back: kubectl -n kube-system label /,
    );
    assert.ok(stderr.includes(`${KEY_LABEL}=${inUse}\n`), stderr);
    assert.ok(!stderr.includes(`signet keys promote ${old.fingerprint}`), stderr);
  }
});

test("a label that no Secret may have restores nothing", async (context) => {
  const { privateKeyPem } = old;
  const secret = pairSecret(old, "old", { labels: { [KEY_LABEL]: "not a label" } });
  const world = await keysWorld(context, []);
  const { code, stderr } = await world.keysWith(
    { stdin: JSON.stringify({ ...secret, apiVersion: "v1", kind: "Secret" }) },
    "restore",
  );
  assert.equal(code, 1);
  assert.match(stderr, /\(old\) has no value of the label \S+ that a Secret may have/);
  assert.ok(!stderr.includes(privateKeyPem) && !stderr.includes("not a label"));
  assert.deepEqual(world.writes(), []);
});

test("no file is replaced that holds keys which the new backup lacks, unless that is said", async (context) => {
  const world = await worldOf(context);
  const before = (await world.keys("backup", ...AGE, "--all")).stdout;
  const writes = world.writes().length;
  const backup = (text: string, ...flags: string[]) =>
    world.keysWith({ files: { "keys.yaml": text } }, "backup", ...AGE, "-w", "keys.yaml", ...flags);
  const refused = await backup(before);
  assert.equal(refused.code, 1);
  assert.ok(
    refused.stderr.includes(`keys.yaml holds keys that the new backup will not hold: ${old.fingerprint}`),
  );
  assert.ok(!refused.stderr.includes(current.fingerprint), refused.stderr);
  assert.deepEqual([refused.files.get("keys.yaml"), world.writes().length], [before, writes]);
  for (const [text, ...flags] of [
    [before, "--all"],
    [before, "--overwrite"],
    ["no backup: at all\n"],
    ["{"],
  ] as const) {
    const { code, stderr, files } = await backup(text, ...flags);
    assert.equal(code, 0, stderr);
    assert.notEqual(files.get("keys.yaml"), text);
  }
});
