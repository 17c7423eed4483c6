import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { FailureMemory } from "../../../controller/opening/failure-memory.ts";
import { TooManyTrialsError } from "../../../shared/seal/classic-error.ts";
import { type ClassicOptions, classicUnsealer } from "../../../shared/seal/classic-unsealer.ts";
import type { OpeningKey } from "../../../shared/seal/opening-key.ts";
import type { Outcome } from "../../../shared/seal/sealer.ts";
import {
  fingerprintOf,
  type ScriptedBlock,
  type ScriptedCall,
  scriptedKey,
  scriptedValue,
} from "../../support/scripted-key.ts";

const scope = { kind: "strict", namespace: "team", name: "db" } as const;
const UNKNOWN = 99;

type Scene = {
  keys: number;
  values: readonly string[];
  options?: Partial<ClassicOptions>;
  signal?: AbortSignal;
};

/** Opens values named `0`, `1`, … with keys numbered from 0. */
async function unseal({ keys, values, options, signal = new AbortController().signal }: Scene) {
  const calls: ScriptedCall[] = [];
  const ring = Array.from({ length: keys }, (_, number) => scriptedKey(number, calls));
  const counted = { open: 0, diagnose: 0 };
  const unsealer = classicUnsealer(ring, {
    diagnose: true,
    onOperation: (purpose) => {
      counted[purpose] += 1;
    },
    ...options,
  });
  const items = new Map(values.map((text, at) => [String(at), text]));
  const outcomes = await unsealer.unsealAll(items, { clusterId: null, scope }, signal);
  for (const purpose of ["open", "diagnose"] as const) {
    assert.equal(counted[purpose], calls.filter((call) => call.purpose === purpose).length);
  }
  assert.deepEqual([...outcomes.keys()], [...items.keys()]);
  return { outcomes, calls, kinds: [...outcomes.values()].map(({ kind }) => kind) };
}

/** What each value must come to, tried by itself. */
function expected(value: AnyValue, keys: number): Outcome["kind"] {
  if (value === "not base64") return "malformed";
  if (value === "empty" || value.key >= keys) return "not-my-key";
  return ({ value: "opened", damage: "malformed", "another label": "sealed-elsewhere" } as const)[
    value.finds
  ];
}

type AnyValue = ScriptedBlock | "not base64" | "empty";

const anyValue: fc.Arbitrary<AnyValue> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ key: fc.nat(4), finds: fc.constant("value" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      key: fc.oneof(fc.nat(4), fc.constant(UNKNOWN)),
      finds: fc.constantFrom("damage" as const, "another label" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom("not base64" as const, "empty" as const) },
);
const anyObject = fc.record({ keys: fc.integer({ min: 1, max: 5 }), values: fc.array(anyValue) });

function textOf(value: AnyValue, nonce: number): string {
  if (value === "not base64") return "!";
  return value === "empty" ? "" : scriptedValue(value, nonce);
}

/** Values under a key that nobody has. */
function unknown(count: number): string[] {
  return Array.from({ length: count }, (_, at) => scriptedValue({ key: UNKNOWN, finds: "value" }, at));
}

suite("what comes of each item", () => {
  const anyHints = fc.dictionary(
    fc.nat(12).map(String),
    fc.oneof(fc.nat(6).map(fingerprintOf), fc.constantFrom("", "SHA256:never-heard-of", "__proto__")),
  );

  test("is what the item alone would give, whatever its siblings, the hints and the order of keys", async () => {
    await fc.assert(
      fc.asyncProperty(anyObject, anyHints, async ({ keys, values }, hints) => {
        const { kinds } = await unseal({
          keys,
          values: values.map(textOf),
          options: { hints: new Map(Object.entries(hints)) },
        });
        assert.deepEqual(
          kinds,
          values.map((value) => expected(value, keys)),
        );
      }),
    );
  });

  test("with a limit, is that or not tried, and something is told of every object that fails", async () => {
    await fc.assert(
      fc.asyncProperty(anyObject, fc.integer({ min: 1, max: 12 }), async ({ keys, values }, giveUpAfter) => {
        const { kinds } = await unseal({ keys, values: values.map(textOf), options: { giveUpAfter } });
        const alone = values.map((value) => expected(value, keys));
        for (const [at, kind] of kinds.entries()) assert.ok(kind === "not-tried" || kind === alone[at]);
        const failing = (list: readonly string[]) =>
          list.filter((kind) => kind !== "opened" && kind !== "not-tried").length;
        assert.ok(failing(kinds) <= giveUpAfter);
        if (failing(alone) === 0) assert.ok(!kinds.includes("not-tried"));
        else assert.ok(failing(kinds) > 0);
      }),
    );
  });
});

suite("the number of private-key operations", () => {
  for (const keys of [1, 2, 3, 5, 7, 12, 16, 24, 40]) {
    test(`stays below 100 for 500 items under an unknown key and ${keys} keys, or is what one item takes`, async () => {
      const { calls, kinds } = await unseal({ keys, values: unknown(500), options: { giveUpAfter: 10 } });
      const lookedAt = kinds.filter((kind) => kind !== "not-tried").length;
      assert.equal(lookedAt, Math.max(1, Math.min(10, Math.floor(96 / (2 * keys)))));
      assert.ok(calls.length < 100, `${calls.length}`);
    });
  }

  /** Values under the two keys that are tried last, in turn. */
  const alternating = (count: number, keys: number) =>
    Array.from({ length: count }, (_, at) => scriptedValue({ key: keys - 1 - (at % 2), finds: "value" }, at));

  test("has a bound for thousands of items that open, each under the key that is tried last", async () => {
    const [keys, items] = [60, 2200];
    const { calls, kinds, outcomes } = await unseal({
      keys,
      values: alternating(items, keys),
      options: { giveUpAfter: 10 },
    });
    assert.ok(calls.length <= 4 * items + 100 * keys + 4, `${calls.length}`);
    const failing = [...outcomes].filter(([, { kind }]) => kind === "malformed");
    assert.equal(failing.length, 1, "one is named");
    const [[item, outcome] = assert.fail()] = failing;
    assert.ok(outcome.kind === "malformed" && outcome.error instanceof TooManyTrialsError);
    assert.ok(kinds.slice(0, Number(item)).every((kind) => kind === "opened"));
    // Some are tried at the same time.
    assert.ok(kinds.slice(Number(item) + 4).every((kind) => kind === "not-tried"));
  });

  test("has no bound for a hundred items, nor for thousands whose keys are named or the same, nor where none is asked for", async () => {
    const few = await unseal({ keys: 60, values: alternating(100, 60), options: { giveUpAfter: 10 } });
    assert.ok(few.kinds.every((kind) => kind === "opened"));
    const hints = new Map(
      Array.from({ length: 2200 }, (_, at) => [String(at), fingerprintOf(59 - (at % 2))]),
    );
    const named = await unseal({
      keys: 60,
      values: alternating(2200, 60),
      options: { giveUpAfter: 10, hints },
    });
    assert.ok(named.kinds.every((kind) => kind === "opened"));
    assert.equal(named.calls.length, 2200);
    const same = Array.from({ length: 2200 }, (_, at) => scriptedValue({ key: 59, finds: "value" }, at));
    const alike = await unseal({ keys: 60, values: same, options: { giveUpAfter: 10 } });
    assert.ok(alike.kinds.every((kind) => kind === "opened"));
    const offline = await unseal({ keys: 60, values: alternating(2200, 60) });
    assert.ok(offline.kinds.every((kind) => kind === "opened"));
  });

  test("over HTTP is one for each key, however many items there are", async () => {
    for (const keys of [1, 24]) {
      const options = { giveUpAfter: 1, diagnose: false };
      const { calls } = await unseal({ keys, values: unknown(500), options });
      assert.equal(calls.length, keys);
    }
  });

  test("stays below 100 beyond those that open, wherever the first stands that does not", async () => {
    const good = Array.from({ length: 60 }, (_, at) => scriptedValue({ key: 0, finds: "value" }, at));
    for (const bad of [0, 1, 2, 3, 4, 5, 59]) {
      const values = good.toSpliced(bad, 0, ...unknown(100));
      const { calls } = await unseal({ keys: 24, values, options: { giveUpAfter: 10 } });
      assert.ok(calls.length < 100 + bad, `${bad}: ${calls.length}`);
    }
  });

  test("is none where an item fails that costs none, but for the sample", async () => {
    const good = Array.from({ length: 500 }, (_, at) => scriptedValue({ key: 0, finds: "value" }, at));
    const { calls, kinds } = await unseal({
      keys: 24,
      values: [...good, "!"],
      options: { giveUpAfter: 10 },
    });
    assert.equal(kinds.at(-1), "malformed");
    assert.ok(calls.length < 100, `${calls.length}`);
    const many = await unseal({
      keys: 24,
      values: [...good, ...Array(10).fill("")],
      options: { giveUpAfter: 10 },
    });
    assert.equal(many.calls.length, 0);
  });

  test("with a hint is one an item, with the siblings' key too, and all of the first without", async () => {
    const values = Array.from({ length: 6 }, (_, at) => scriptedValue({ key: 20, finds: "value" }, at));
    const hints = new Map(values.map((_, at) => [String(at), fingerprintOf(20)]));
    assert.equal((await unseal({ keys: 24, values, options: { hints } })).calls.length, 6);
    assert.equal((await unseal({ keys: 24, values })).calls.length, 21 + 5);
  });

  test("with a wrong hint is one more an item", async () => {
    const values = Array.from({ length: 6 }, (_, at) => scriptedValue({ key: 0, finds: "value" }, at));
    const hints = new Map(values.map((_, at) => [String(at), fingerprintOf(23)]));
    const { calls, kinds } = await unseal({ keys: 24, values, options: { hints } });
    assert.deepEqual([...new Set(kinds)], ["opened"]);
    assert.equal(calls.length, 12);
  });

  test("a hint for one item says nothing of another", async () => {
    const values = [3, 17].map((key, at) => scriptedValue({ key, finds: "value" }, at));
    const hints = new Map([3, 17].map((key, at) => [String(at), fingerprintOf(key)]));
    const { calls } = await unseal({ keys: 24, values, options: { hints } });
    assert.deepEqual(calls.map(({ key }) => key).sort(), [17, 3]);
  });
});

suite("items at a time", () => {
  /** Keys that answer when all that was asked for in the same turn is there. */
  async function busiest(options: Partial<ClassicOptions>, keys: number, values: readonly string[]) {
    let now = 0;
    let most = 0;
    const ring = Array.from({ length: keys }, (_, number): OpeningKey => {
      const key = scriptedKey(number, []);
      return {
        ...key,
        unwrap: async (block, label) => {
          most = Math.max(most, ++now);
          await turn();
          now -= 1;
          return key.unwrap(block, label);
        },
      };
    });
    const items = new Map(values.map((text, at) => [String(at), text]));
    const unsealer = classicUnsealer(ring, { diagnose: false, ...options });
    await unsealer.unsealAll(items, { clusterId: null, scope }, new AbortController().signal);
    return most;
  }
  const values = Array.from({ length: 500 }, (_, at) => scriptedValue({ key: 0, finds: "value" }, at));

  test("are four, with one key or once a key is known, and never more", async () => {
    assert.equal(await busiest({ giveUpAfter: 10 }, 1, values), 4);
    assert.equal(await busiest({}, 3, values), 4);
  });

  test("are no more than may fail", async () => {
    assert.equal(await busiest({ giveUpAfter: 1 }, 1, values), 1);
    assert.equal(await busiest({ giveUpAfter: 2 }, 1, values), 2);
  });

  test("is one while no key is known", async () => {
    assert.equal(await busiest({}, 3, values.slice(0, 1)), 1);
    assert.equal(await busiest({}, 3, unknown(5)), 1);
  });
});

suite("an end from outside", () => {
  test("stops before the next operation, in the diagnosis too", async () => {
    const reason = new Error("stopping");
    for (const purpose of ["open", "diagnose"] as const) {
      const stop = new AbortController();
      let operations = 0;
      const options: Partial<ClassicOptions> = {
        onOperation: (what) => {
          if (what === purpose) stop.abort(reason);
          operations += 1;
        },
      };
      await assert.rejects(unseal({ keys: 3, values: unknown(4), options, signal: stop.signal }), reason);
      assert.equal(operations, purpose === "open" ? 1 : 4);
    }
  });
});

suite("with a memory of failures", () => {
  test("what failed fails again without an operation, the same way but for what opened", async () => {
    await fc.assert(
      fc.asyncProperty(anyObject, fc.integer({ min: 1, max: 12 }), async ({ keys, values }, giveUpAfter) => {
        const memory = new FailureMemory();
        const scene: Scene = { keys, values: values.map(textOf), options: { giveUpAfter, memory } };
        const first = await unseal(scene);
        const isFailure = first.kinds.some((kind) => kind !== "opened");
        for (const again of [await unseal(scene), await unseal(scene)]) {
          if (isFailure) assert.equal(again.calls.length, 0);
          for (const [item, outcome] of again.outcomes) {
            const before = first.outcomes.get(item);
            if (isFailure && before?.kind === "opened") {
              assert.deepEqual(outcome, { kind: "not-tried", isKnownToOpen: true });
            } else assert.deepEqual(outcome, before);
          }
        }
      }),
    );
  });

  test("nothing is kept of an object that opens", async () => {
    const memory = new FailureMemory();
    const values = [1, 2, 3].map((at) => scriptedValue({ key: 0, finds: "value" }, at));
    const { kinds } = await unseal({ keys: 2, values, options: { memory } });
    assert.deepEqual(kinds, ["opened", "opened", "opened"]);
    assert.equal(memory.size, 0);
  });

  test("another set of keys, or another value, is tried", async () => {
    const memory = new FailureMemory();
    const elsewhere = scriptedValue({ key: 4, finds: "value" }, 1);
    const options = { memory, giveUpAfter: 10 };
    assert.deepEqual((await unseal({ keys: 4, values: [elsewhere], options })).kinds, ["not-my-key"]);
    assert.deepEqual((await unseal({ keys: 5, values: [elsewhere], options })).kinds, ["opened"]);
    const mended = scriptedValue({ key: 0, finds: "value" }, 2);
    assert.deepEqual((await unseal({ keys: 4, values: [mended], options })).kinds, ["opened"]);
    const both = await unseal({ keys: 4, values: [elsewhere, mended], options });
    assert.deepEqual(both.kinds, ["not-my-key", "opened"]);
    assert.equal(both.calls.length, 1);
  });

  test("an error names the item at hand, wherever the value stood before", async () => {
    const memory = new FailureMemory();
    const damaged = scriptedValue({ key: 0, finds: "damage" }, 1);
    const values = [damaged, scriptedValue({ key: 0, finds: "value" }, 2)];
    await unseal({ keys: 1, values, options: { memory } });
    const { outcomes } = await unseal({ keys: 1, values: values.toReversed(), options: { memory } });
    const outcome = outcomes.get("1");
    assert.ok(outcome?.kind === "malformed");
    assert.match(outcome.error.message, /^spec\.encryptedData\.1: damaged/);
  });

  test("what could not be judged is tried again", async () => {
    const memory = new FailureMemory();
    const calls: ScriptedCall[] = [];
    const key = { ...scriptedKey(0, calls), judge: async () => null };
    const unsealer = classicUnsealer([key], { diagnose: true, memory });
    for (let times = 1; times <= 2; times++) {
      const outcomes = await unsealer.unsealAll(
        new Map([["a", scriptedValue({ key: 0, finds: "another label" }, 1)]]),
        { clusterId: null, scope },
        new AbortController().signal,
      );
      assert.deepEqual(outcomes.get("a"), { kind: "not-my-key" });
      assert.equal(calls.length, times);
    }
  });

  test("no other scope has part in it", async () => {
    const memory = new FailureMemory();
    const calls: ScriptedCall[] = [];
    const unsealer = classicUnsealer([scriptedKey(0, calls)], { diagnose: false, memory });
    const items = new Map([["a", scriptedValue({ key: UNKNOWN, finds: "value" }, 1)]]);
    for (const name of ["db", "db", "other"]) {
      const signal = new AbortController().signal;
      await unsealer.unsealAll(items, { clusterId: null, scope: { ...scope, name } }, signal);
    }
    assert.equal(calls.length, 2);
  });
});
