import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { keysWorld, UNWRAPPING } from "./keys-world.ts";

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

test("a dry run says what would be, of sealing and of the backup; the run itself says what is", async (context) => {
  const { keys, publish, cluster } = await world(context);
  const notes = async (...args: string[]) => {
    const { code, stderr } = await keys("new", ...args);
    assert.equal(code, 0, stderr);
    return stderr.match(/^note: .*$/gm)?.join("\n") ?? "";
  };
  const free = await notes("--dry-run");
  assert.match(free, /^note: it would seal as soon as the controller had seen it, .* would be had by: /);
  assert.match(free, /^note: it would have to be backed up: signet keys backup /m);
  publish({
    settings: { ...UNWRAPPING, "signet.dev/require-backup": "true" },
    certificatePem: pair.certificatePem,
  });
  assert.match(await notes("--dry-run"), /so it would seal once its backup was confirmed: /);
  publish({ certificatePem: pair.certificatePem });
  const made = await notes();
  assert.match(made, /^note: it seals as soon as the controller has seen it, .* is had by: /);
  assert.match(made, /^note: back it up: /m);
  for (const { metadata } of cluster.store.list("secrets", "kube-system"))
    cluster.store.delete("secrets", "kube-system", metadata.name ?? "");
  publish({});
  assert.match(await notes("--dry-run"), /^note: it would seal once a controller had seen it$/m);
});
