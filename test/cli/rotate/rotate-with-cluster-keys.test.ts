import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pairSecret, sealedManifest, sealingPair } from "../../controller/sealing-key.ts";
import { valuesIn } from "../../support/rotated-tree.ts";
import { KMS_KEY, keysWorld } from "../keys/keys-world.ts";

const HOUR_MS = 3_600_000;
const [older, newest] = await Promise.all([
  sealingPair(new Date(Date.now() - 2 * HOUR_MS)),
  sealingPair(new Date(Date.now() - HOUR_MS)),
]);
const PLACE = { namespace: "team", name: "db" };
const ALLOWED = "--kms-allowed-keys=arn:aws:kms:*:*:key/*";

async function world(context: TestContext) {
  const made = await keysWorld(context, [pairSecret(older, "old"), pairSecret(newest, "new")]);
  const object = await sealedManifest(older, PLACE, { password: "hunter2" });
  const files = { "s.json": JSON.stringify(object, null, 2), "old.key": older.privateKeyPem };
  const rotate = (...args: string[]) => made.signet({ files }, "rotate", ...args, "s.json");
  /** What the newest key makes of a file. */
  const opened = async (text: string | undefined) => {
    const all = { "s.json": text ?? "", "new.key": newest.privateKeyPem };
    return made.signet({ files: all }, "unseal", "--key", "new.key", "--item", "password", "s.json");
  };
  return { ...made, files, rotate, opened };
}

test("--open opens with the keys of the cluster, those too that were taken out, and seals with its certificate", async (context) => {
  const { rotate, opened, keys, writes } = await world(context);
  const first = await rotate("--open");
  assert.equal(first.code, 0, first.stderr);
  assert.ok(first.stderr.startsWith(`newest key: ${newest.fingerprint}, `), first.stderr);
  assert.equal((await opened(first.files.get("s.json"))).stdout, "hunter2");
  assert.deepEqual(writes(), []);
  const retired = await keys("retire", "old");
  assert.equal(retired.code, 0, retired.stderr);
  const again = await rotate("--open");
  assert.equal(again.code, 0, again.stderr);
  assert.equal((await opened(again.files.get("s.json"))).stdout, "hunter2");
});

test("wrapped keys are unwrapped where that is allowed, and stood in for by files", async (context) => {
  const { rotate, opened, keys, kms, files } = await world(context);
  const wrapped = await keys("wrap", "--with", KMS_KEY, "--without-backup", "old");
  assert.equal(wrapped.code, 0, wrapped.stderr);
  const calls = kms.count("Decrypt");
  const refused = await rotate("--open");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^warning: what sealing key old opens stays closed: .*not allowed/m);
  assert.match(refused.stderr, /^failed s\.json: no key could decrypt secret \(password\)/m);
  assert.equal(refused.files.get("s.json"), files["s.json"]);
  const withFile = await rotate("--open", ALLOWED, "--private-key", "old.key");
  assert.equal(withFile.code, 0, withFile.stderr);
  assert.doesNotMatch(withFile.stderr, /warning/);
  assert.equal(kms.count("Decrypt"), calls);
  const allowed = await rotate("--open", ALLOWED);
  assert.equal(allowed.code, 0, allowed.stderr);
  assert.ok(kms.count("Decrypt") > calls);
  assert.notDeepEqual(valuesIn(allowed.files.get("s.json")), valuesIn(files["s.json"]));
  assert.equal((await opened(allowed.files.get("s.json"))).stdout, "hunter2");
});

test("a namespace without keys is told of, and nothing is changed", async (context) => {
  const { rotate, files } = await world(context);
  const run = await rotate("--open", "--controller-namespace", "infra");
  assert.equal(run.code, 1);
  assert.match(
    run.stderr,
    /^error: the cluster has no sealing key in namespace infra that can be used here$/m,
  );
  assert.equal(run.files.get("s.json"), files["s.json"]);
});
