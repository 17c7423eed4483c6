import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldBytes } from "../../support/held-bytes.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { keyScene } from "./key-scene.ts";
import { MemoryWrapping } from "./memory-wrapping.ts";

test("the text of a new private key is wiped once it is wrapped, and where that fails", async (context) => {
  const scene = await keyScene(context);
  const wrapping = new MemoryWrapping();
  const held = new HeldBytes();
  let failures = 1;
  wrapping.wrap = async (pem, place) => {
    held.hold(pem);
    if (failures-- > 0) throw serviceFault("unavailable");
    return MemoryWrapping.prototype.wrap.call(wrapping, pem, place);
  };
  const replica = await scene.start({ wrapping });
  replica.lead(scene.lease);
  await scene.untilReady(replica);
  assert.equal(scene.keySecrets().length, 1);
  held.requireWiped(2);
});
