import assert from "node:assert/strict";
import { test } from "node:test";
import type { VaultRequest } from "../../../shared/vault/vault-client.ts";
import { MemoryVault } from "./memory-vault.ts";
import { referencesScene } from "./references-scene.ts";

/** A Vault that answers no reading until it is released. */
class HangingVault extends MemoryVault {
  readonly released = Promise.withResolvers<void>();
  hanging = 0;

  override async request(request: Omit<VaultRequest, "signal">): ReturnType<MemoryVault["request"]> {
    if (request.path[1] === "data") {
      this.hanging += 1;
      await this.released.promise;
    }
    return super.request(request);
  }
}

test("objects that wait for a Vault that hangs hold up no other namespace", async (context) => {
  const vault = new HangingVault();
  // No wait of the controller ends within this test, nor does a reading that hangs.
  const { scene, put } = await referencesScene(context, { vault, haste: 0.01 });
  scene.cluster.store.ensureNamespace("quiet");
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  try {
    for (const namespace of ["one", "two", "three"])
      for (let at = 0; at < 8; at++)
        put(`hung-${at}`, [{ key: "a", path: `${namespace}/${at}`, field: "a" }], { namespace });
    // So many are read at once; the others wait for their turn.
    await scene.until("Vault to hang", () => vault.hanging >= 8);
    await scene.seal("fresh", { b: "2" }, "quiet");
    await scene.untilSynced("fresh", { b: "2" }, "quiet");
    assert.equal(vault.hanging, 8, "they hang as before, and nobody else's turn came");
  } finally {
    vault.released.resolve();
  }
});
