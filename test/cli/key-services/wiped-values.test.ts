import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { HeldBytes, heldAtDecrypt } from "../../support/held-bytes.ts";
import {
  ALLOW_ALL,
  BACKENDS,
  KeyServiceWorld,
  sealFlags,
  secretYaml,
} from "../../support/key-service-world.ts";

for (const backend of BACKENDS) {
  test(`--validate wipes what it opens under ${backend}, whatever comes of it`, async (context) => {
    const world = new KeyServiceWorld();
    const sealing = [...sealFlags(backend), "-o", "yaml"];
    const sealed = (await world.run(sealing, { stdin: secretYaml({ a: "hunter2", b: "swordfish" }) })).stdout;
    const held = heldPlaintexts(world, context);
    assert.equal((await world.run(["--validate", ...ALLOW_ALL], { stdin: sealed })).code, 0);
    held.requireWiped(2);
    const moved = sealed.replace("    b: ", "    c: ");
    const run = await world.run(["--validate", ...ALLOW_ALL], { stdin: moved });
    assert.equal(run.code, 1);
    held.requireWiped(3);
  });
}

/** Holds each plain value that comes from a key service, or from under one of its data keys. */
function heldPlaintexts({ transit }: KeyServiceWorld, context: TestContext): HeldBytes {
  const held = new HeldBytes();
  heldAtDecrypt(context, held);
  const decrypt = transit.decrypt.bind(transit);
  transit.decrypt = async (...call) => {
    const answers = await decrypt(...call);
    for (const answer of answers) if ("plaintext" in answer) held.hold(answer.plaintext);
    return answers;
  };
  return held;
}
