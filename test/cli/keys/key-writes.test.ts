import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { KeyWrites } from "../../../cli/keys/key-writes.ts";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";
import { type KeysRun, KMS_KEY, keysWorld } from "./keys-world.ts";

const HOUR_MS = 3_600_000;
const [oldest, older, newest] = await Promise.all([
  sealingPair(new Date(Date.now() - 3 * HOUR_MS)),
  sealingPair(new Date(Date.now() - 2 * HOUR_MS)),
  sealingPair(),
]);
const owner = await newAgeIdentity();
const again = "run the same again";

/** Three keys, of which `new` seals. */
async function world(context: TestContext) {
  const made = await keysWorld(context, [
    pairSecret(oldest, "old"),
    pairSecret(older, "mid"),
    pairSecret(newest, "new"),
  ]);
  made.publish({ certificatePem: newest.certificatePem });
  return made;
}

/** Interrupts a command at its end, whether it fails or not. */
const interrupted: Pick<KeysRun, "whenInterrupted"> = {
  whenInterrupted: async (lastWords) => async () => lastWords(),
};
const lastWords = (stderr: string) => stderr.split("\n").filter((line) => line.startsWith("interrupted: "));

test("what is under way may be written, what was not is not told, and of many the last is", async () => {
  const writes = new KeyWrites();
  assert.equal(writes.lastWords, `interrupted: nothing was written; ${again}`);
  await writes.write("a", () => undefined);
  await writes.write("taken", () => null);
  await assert.rejects(writes.write("failed", () => Promise.reject(new Error("no"))));
  let amid = "";
  await writes.write("b", () => {
    amid = writes.lastWords;
  });
  assert.equal(amid, `interrupted: written so far: a; perhaps also: b; see: signet keys list; ${again}`);
  for (const what of ["c", "d", "e", "f"]) await writes.write(what, () => undefined);
  assert.match(writes.lastWords, /written so far: 6 things, at last: f; see/);
});

test("retire, interrupted, says which keys went, and has said how to take them back", async (context) => {
  const { keysWith, cluster } = await world(context);
  cluster.faults.add({ method: "PUT", path: /\/secrets\/old$/, status: 409, times: 1 });
  const { code, stderr } = await keysWith(interrupted, "retire", "mid", "old");
  assert.equal(code, 1, stderr);
  assert.deepEqual(lastWords(stderr), [
    `interrupted: written so far: mid labelled retired; see: signet keys list; ${again}`,
  ]);
  assert.match(stderr, /^to take old back: kubectl /m);
});

test("new, interrupted before the promotion, names the key that waits for it", async (context) => {
  const { keysWith, cluster } = await world(context);
  cluster.faults.add({ method: "PUT", path: /\/secrets\//, status: 409, times: 1 });
  const { stderr } = await keysWith(interrupted, "new");
  assert.match(
    lastWords(stderr).join(),
    /^interrupted: written so far: (\S+) created; see: signet keys list; where \1 is there and waits for promotion: signet keys promote \1; the same again makes one more key$/,
  );
});

test("promote, backup, its confirmation and restore say what they wrote", async (context) => {
  const { keysWith } = await world(context);
  const promoted = await keysWith(interrupted, "promote", "mid");
  assert.match(lastWords(promoted.stderr).join(), /^interrupted: written so far: mid annotated; /);
  const run = { ...interrupted, env: { SOPS_AGE_KEY: owner.text } };
  const flags = ["--age", owner.recipient, "-w", "keys.yaml"];
  const backedUp = await keysWith(run, "backup", ...flags, "--confirm");
  assert.match(
    lastWords(backedUp.stderr).join(),
    /written so far: keys\.yaml, mid annotated, new annotated, old annotated; /,
  );
  const written = await keysWith(run, "backup", ...flags);
  const files = { "keys.yaml": written.files.get("keys.yaml") ?? "" };
  const confirmed = await keysWith({ ...run, files }, "backup", "--confirm", "keys.yaml");
  assert.match(
    lastWords(confirmed.stderr).join(),
    /written so far: mid annotated, new annotated, old annotated; /,
  );
  const other = await keysWorld(context, [pairSecret(newest, "new")]);
  const restored = await other.keysWith({ ...run, files }, "restore", "keys.yaml");
  assert.match(lastWords(restored.stderr).join(), /written so far: mid created, old created; /);
});

test("wrap and unwrap, interrupted, say which keys they wrote", async (context) => {
  const { keysWith, cluster } = await world(context);
  const broken = () => cluster.faults.add({ method: "PUT", path: /\/secrets\/old$/, status: 409, times: 1 });
  const told = (label: string, next = again) => [
    `interrupted: written so far: mid labelled ${label}; see: signet keys list; ${next}`,
  ];
  broken();
  const wrap = ["wrap", "--with", KMS_KEY, "--without-backup", "mid", "old"];
  const wrapped = await keysWith(interrupted, ...wrap);
  assert.equal(wrapped.code, 1, wrapped.stderr);
  assert.deepEqual(lastWords(wrapped.stderr), told("wrapped"));
  assert.equal((await keysWith({}, ...wrap)).code, 0);
  broken();
  const unwrapped = await keysWith(
    interrupted,
    "unwrap",
    "--kms-allowed-keys=arn:aws:kms:*:*:key/*",
    "mid",
    "old",
  );
  assert.equal(unwrapped.code, 1, unwrapped.stderr);
  const lieOpen = "these private keys lie open in their Secrets now; whoever reads those has them";
  assert.deepEqual(lastWords(unwrapped.stderr), told("active", `${lieOpen}; ${again}`));
  const warnings = (stderr: string) => stderr.match(/^warning: .*/gm) ?? [];
  assert.deepEqual(warnings(unwrapped.stderr), [`warning: ${lieOpen}`], "broken off, it says so as well");
  broken();
  const none = await keysWith({}, "unwrap", "--kms-allowed-keys=arn:aws:kms:*:*:key/*", "old");
  assert.deepEqual([none.code, warnings(none.stderr)], [1, []]);
});

test("what only reads says nothing", async (context) => {
  const { keysWith } = await world(context);
  const { stderr } = await keysWith(interrupted, "list");
  assert.deepEqual(lastWords(stderr), []);
});
