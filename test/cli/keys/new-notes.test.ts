import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { keysWorld } from "./keys-world.ts";

const pair = await sealingPair();
const waits = { annotations: { "signet.dev/awaits-promotion": "true" } };

async function world(context: TestContext, more: Parameters<typeof keysWorld>[1] = []) {
  const made = await keysWorld(context, [pairSecret(pair, "one"), ...more]);
  made.publish({ certificatePem: pair.certificatePem });
  return made;
}

test("a key that waits for promotion is named when one more is made; a restored one is not", async (context) => {
  const { keys, cluster } = await world(context, [
    pairSecret(pair, "back", { annotations: { "signet.dev/restored": "2026-01-01T00:00:00Z" } }),
  ]);
  cluster.faults.add({ method: "PUT", path: /\/secrets\//, status: 409, times: 1 });
  const broken = await keys("new");
  const [, name = ""] = /signet keys promote (\S+)$/m.exec(broken.stderr) ?? [];
  const again = await keys("new");
  assert.equal(again.code, 0, again.stderr);
  const notes = again.stderr.split("\n").filter((line) => line.includes("waits for promotion"));
  assert.deepEqual(notes, [
    `note: ${name} waits for promotion: find out who made it; promote it with signet keys promote ${name}, or retire it`,
  ]);
});

test("of many that wait five are named", async (context) => {
  const { keys } = await world(
    context,
    Array.from({ length: 7 }, (_, at) => pairSecret(pair, `w${at}`, waits)),
  );
  const { code, stderr } = await keys("new", "--dry-run");
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/ waits for promotion: /g)?.length, 5);
  assert.match(stderr, /^note: so do 2 more keys; signet keys list shows them$/m);
});
