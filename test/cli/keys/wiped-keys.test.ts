import assert from "node:assert/strict";
import { test } from "node:test";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { wipedWith } from "../../support/held-bytes.ts";
import { BACKED_UP, KMS_KEY, keysWorld, VAULT_KEY } from "./keys-world.ts";

const pair = await sealingPair(new Date(Date.now() - 86_400_000));
const [, LINE = ""] = pair.privateKeyPem.split("\n");

for (const by of [KMS_KEY, VAULT_KEY]) {
  test(`a private key that ${by} wraps, or unwraps, is wiped wherever it was`, async (context) => {
    const world = await keysWorld(context, [pairSecret(pair, "one", { annotations: BACKED_UP })]);
    const wrapped = wipedWith(context, LINE);
    const wrapping = await world.keys("wrap", "--with", by, "--all");
    assert.equal(wrapping.code, 0, wrapping.stderr);
    assert.equal(wrapped(), 2, "what was read, and what was unwrapped to compare");
    context.mock.restoreAll();
    const unwrapped = wipedWith(context, LINE);
    const allowing = ["--kms-allowed-keys=arn:aws:kms:*:*:key/*", "--vault-allowed-keys=transit/*"];
    assert.equal((await world.keys("unwrap", "--all", ...allowing)).code, 0);
    assert.equal(unwrapped(), 2, "what was unwrapped, and what was written");
    assert.equal(world.item("one", "tls.key"), pair.privateKeyPem);
  });
}
