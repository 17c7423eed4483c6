import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OutageGate } from "../../../controller/vault-kv/outage-gate.ts";
import { KeyServiceError, type KeyServiceFault } from "../../../shared/seal/key-service-error.ts";

const fault = (name: KeyServiceFault = "unavailable", retryAfterMs: number | null = null) =>
  new KeyServiceError(name, "Vault is away", "wait", { retryAfterMs });

function scene(random = 0.999999) {
  const time = { ms: 0 };
  let made = 0;
  const told: (string | null)[] = [];
  const gate = new OutageGate({
    onChange: (outage) => told.push(outage?.fault ?? null),
    nowMs: () => time.ms,
    random: () => random,
    isOutage: async (error) => error.fault === "unavailable",
  });
  const call = (outcome: Error | string | Promise<string>) =>
    gate.pass(async () => {
      made += 1;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    });
  const waitOf = async (outcome: Error | string): Promise<number> => {
    const error = await call(outcome).then(
      () => assert.fail("it passed"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof KeyServiceError && error.retryable);
    assert.match(error.message, /^Vault is away$/);
    return Math.round(error.retryAfterMs ?? 0);
  };
  return { time, gate, call, waitOf, told, made: () => made };
}

describe("the gate before a service", () => {
  test("is open until it fails, then turns everybody away, longer each time, five minutes at most", async () => {
    const { time, call, waitOf, made } = scene();
    assert.equal(await call("yes"), "yes");
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) {
      const waitMs = await waitOf(fault());
      waits.push(waitMs);
      const before = made();
      assert.equal(await waitOf("nobody asks"), waitMs);
      time.ms += waitMs - 1;
      assert.equal(await waitOf("nobody asks yet"), 1000);
      assert.equal(made(), before);
      time.ms += 1;
    }
    assert.deepEqual(
      waits.map((ms) => ms / 1000),
      [2, 4, 8, 16, 32, 64, 128, 256, 300, 300],
    );
  });

  test("lets one go first, turns the others away meanwhile, and opens for all when he is back", async () => {
    const { time, call, waitOf, made } = scene();
    time.ms += await waitOf(fault());
    const { promise, resolve } = Promise.withResolvers<string>();
    const first = call(promise);
    assert.equal(await waitOf("nobody asks"), 1000);
    resolve("back");
    assert.equal(await first, "back");
    assert.equal(await call("all"), "all");
    assert.equal(made(), 3);
    // It begins anew.
    assert.equal(await waitOf(fault()), 2000);
  });

  test("learns nothing from what is a caller's own affair: the next one goes first", async () => {
    const { time, call, waitOf } = scene();
    await assert.rejects(call(fault("denied")), { fault: "denied" });
    assert.equal(await call("open"), "open");
    time.ms += await waitOf(fault());
    await assert.rejects(call(fault("throttled")), { fault: "throttled" });
    await assert.rejects(call(new Error("ours")), { message: "ours" });
    assert.equal(await call("yes"), "yes");
  });

  test("counts failures that began together once", async () => {
    const { call, waitOf, time } = scene();
    const { promise, reject } = Promise.withResolvers<string>();
    const both = Promise.allSettled([call(promise), call(promise), call(promise)]);
    reject(fault());
    await both;
    time.ms += 2000;
    assert.equal(await waitOf(fault()), 4000);
  });

  test("waits as long as the service asks, within its own bound", async () => {
    const { time, waitOf } = scene(0);
    const waitMs = await waitOf(fault("unavailable", 90_000));
    assert.equal(waitMs, 90_000);
    time.ms += waitMs;
    assert.equal(await waitOf(fault("unavailable", 86_400_000)), 300_000);
  });

  test("tells of an outage when it begins and when it is over, and for how long it is known of", async () => {
    const { time, gate, call, waitOf, told } = scene();
    await call("yes");
    await assert.rejects(call(fault("denied")));
    assert.deepEqual([told, gate.isAway], [[], false]);
    for (let tries = 0; tries < 3; tries++) {
      time.ms += await waitOf(fault());
      assert.equal(gate.isAway, true, "it is worth a try, and was not tried yet");
    }
    assert.deepEqual(told, ["unavailable"]);
    time.ms += 119_999;
    assert.equal(gate.isAway, true);
    time.ms += 1;
    assert.equal(gate.isAway, false, "nobody asks any more");
    await call("back");
    await call("yes");
    assert.deepEqual([told, gate.isAway], [["unavailable", null], false]);
  });
});
