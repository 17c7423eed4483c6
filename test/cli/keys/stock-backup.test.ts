import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";
import { StockSops } from "../../support/stock-sops.ts";
import { keysWorld } from "./keys-world.ts";

const [first, second] = await Promise.all([sealingPair(new Date(Date.now() - 86_400_000)), sealingPair()]);
const owner = await newAgeIdentity();

suite("a backup and the stock sops", () => {
  let sops: StockSops;
  before(async () => {
    sops = await StockSops.start({ SOPS_AGE_KEY: owner.text });
  });
  after(() => sops.stop());

  for (const name of ["keys.yaml", "keys.json"]) {
    test(`it opens ${name}, checks its MAC, and what it makes of it is restored`, async (context) => {
      const world = await keysWorld(context, [pairSecret(first, "one"), pairSecret(second, "two")]);
      const { code, stderr, files } = await world.keys("backup", "--age", owner.recipient, "-w", name);
      assert.equal(code, 0, stderr);
      await sops.write(name, files.get(name) ?? "");
      const plain = JSON.parse(await sops.succeed(["decrypt", "--output-type", "json", name])) as {
        kind: string;
        items: { metadata: { name: string }; data: Record<string, string> }[];
      };
      assert.equal(plain.kind, "List");
      assert.deepEqual(
        plain.items.map(({ metadata, data }) => [
          metadata.name,
          Buffer.from(data["tls.key"] ?? "", "base64").toString(),
        ]),
        [
          ["one", first.privateKeyPem],
          ["two", second.privateKeyPem],
        ],
      );
      await sops.write(
        name,
        (files.get(name) ?? "").replace(/name"?: "?one/, (found) => found.replace("one", "uno")),
      );
      assert.notEqual((await sops.run(["decrypt", name])).code, 0, "the MAC covers names");
      const empty = await keysWorld(context, []);
      const restored = await empty.keysWith({ stdin: JSON.stringify(plain) }, "restore");
      assert.equal(restored.code, 0, restored.stderr);
      assert.equal(empty.item("two", "tls.key"), second.privateKeyPem);
    });
  }

  test("one whose recipients sops changed is restored by the new one", async (context) => {
    const world = await keysWorld(context, [pairSecret(first, "one")]);
    const { stdout } = await world.keys("backup", "--age", owner.recipient);
    const other = await newAgeIdentity();
    await sops.write("handed-on.yaml", stdout);
    await sops.succeed([
      "rotate",
      "-i",
      "--add-age",
      other.recipient,
      "--rm-age",
      owner.recipient,
      "handed-on.yaml",
    ]);
    const empty = await keysWorld(context, []);
    const env = { SOPS_AGE_KEY: other.text };
    const { code, stderr } = await empty.keysWith(
      { env, stdin: await sops.read("handed-on.yaml") },
      "restore",
    );
    assert.equal(code, 0, stderr);
    assert.equal(empty.item("one", "tls.key"), first.privateKeyPem);
  });
});
