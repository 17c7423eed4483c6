import assert from "node:assert/strict";
import { test } from "node:test";
import { WrappedKeys } from "../../../controller/keys/wrapped-keys.ts";
import type { KeyServiceFault } from "../../../shared/seal/key-service-error.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { keyArn, serviceFault } from "../../support/memory-kms.ts";
import { sealingPair } from "../sealing-key.ts";
import { MemoryWrapping } from "./memory-wrapping.ts";

const pair = await sealingPair();

/** Wrapped keys by name; those named `other-…` are wrapped by another key. */
function scene() {
  const clock = new FakeClock();
  const wrapping = new MemoryWrapping();
  const keys = new WrappedKeys({ wrapping, clock, onNews: () => undefined, random: () => 0.5 });
  const key = (name: string) => {
    const { fingerprint, digest } = pair;
    const place = { namespace: "kube-system", name, fingerprint, certificate: digest };
    const arn = name.startsWith("other-") ? keyArn("other") : keyArn("one");
    return { ...place, text: wrapping.textOf(pair.privateKeyPem, place, arn) };
  };
  const [one, two, other] = [key("one"), key("two"), key("other-one")];
  const failing = (fault: KeyServiceFault, names: readonly string[]) => {
    wrapping.before = (_doing, { name }) => {
      if (names.includes(name)) throw serviceFault(fault, `the service is ${fault}`);
    };
  };
  let told = 0;
  /** Names that were asked for since the last time, up to so many ms from now, in that order. */
  const askedWithin = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) await clock.advance(50);
    const asked = wrapping.unwrapped.slice(told);
    told = wrapping.unwrapped.length;
    return asked;
  };
  return { clock, wrapping, keys, one, two, other, failing, askedWithin };
}

test("keys under one wrapping key wait together, and one of them goes first", async () => {
  for (const fault of ["credentials", "unavailable", "throttled"] as const) {
    const { keys, one, two, failing, askedWithin, wrapping } = scene();
    failing(fault, ["one", "two"]);
    keys.look(one);
    keys.look(two);
    assert.equal((await askedWithin(50)).length, 2, "at the start nothing is known");
    assert.equal((await askedWithin(5450)).length, 3, "after 0.75 s, 1.5 s and 3 s");
    for (const key of [one, two]) {
      const known = keys.look(key);
      assert.equal(known.state === "waiting" && known.problem?.fault, fault);
    }
    wrapping.before = () => undefined;
    assert.equal((await askedWithin(6000)).length, 2);
    for (const key of [one, two]) assert.equal(keys.look(key).state, "open");
  }
});

test("a key that comes while its wrapping key is held off is told why, and costs no call before its time", async () => {
  const { keys, one, two, wrapping, failing, askedWithin } = scene();
  failing("unavailable", ["one", "two"]);
  keys.look(one);
  await askedWithin(50);
  keys.look(two);
  assert.deepEqual(await askedWithin(600), []);
  const known = keys.look(two);
  assert.equal(known.state === "waiting" && known.problem?.message, "the service is unavailable");
  wrapping.before = () => undefined;
  assert.deepEqual((await askedWithin(200)).toSorted(), ["one", "two"]);
  assert.equal(keys.look(two).state, "open");
});

test("another wrapping key is not held off", async () => {
  const { keys, one, other, failing, askedWithin } = scene();
  failing("unavailable", ["one"]);
  keys.look(one);
  await askedWithin(50);
  keys.look(other);
  assert.deepEqual(await askedWithin(50), ["other-one"]);
  assert.equal(keys.look(other).state, "open");
});

test("what is denied to one key may be allowed to another, and says that the service is there", async () => {
  const { keys, one, two, failing, askedWithin } = scene();
  failing("denied", ["one"]);
  keys.look(one);
  await askedWithin(50);
  keys.look(two);
  assert.deepEqual(await askedWithin(50), ["two"]);
  assert.equal(keys.look(two).state, "open");
  assert.deepEqual(await askedWithin(20_000), []);
  assert.deepEqual(await askedWithin(4000), ["one"]);
});

test("where the one that goes first is given up, the next one goes", async () => {
  const { keys, one, two, wrapping, failing, askedWithin } = scene();
  failing("unavailable", ["one", "two"]);
  keys.look(one);
  keys.look(two);
  await askedWithin(50);
  const { promise, resolve } = Promise.withResolvers<void>();
  wrapping.before = () => promise;
  const [first, ...others] = await askedWithin(1000);
  assert.deepEqual(others, []);
  assert.ok(first !== undefined);
  keys.forget(first);
  resolve();
  const [last] = await askedWithin(100);
  assert.ok(last !== undefined && last !== first);
  assert.equal(keys.look(last === "one" ? one : two).state, "open");
});
