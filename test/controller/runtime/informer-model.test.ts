import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Informer } from "../../../controller/runtime/informer.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { ModelServer, versionOf, WATCH_ENDS } from "./model-server.ts";

type Step = { run: (server: ModelServer) => void; what: string };

const aKey = fc.tuple(fc.constantFrom("a", "b"), fc.nat(4)).map(([namespace, n]) => `${namespace}/${n}`);

function step<T>(what: string, given: fc.Arbitrary<T>, run: (server: ModelServer, given: T) => void) {
  return given.map(
    (value): Step => ({
      what: `${what} ${value ?? ""}`,
      run: (server) => run(server, value),
    }),
  );
}

const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: step("write", aKey, (server, key) => server.write(key)) },
  { weight: 4, arbitrary: step("delete", aKey, (server, key) => server.delete(key)) },
  {
    weight: 2,
    arbitrary: step("make anew", aKey, (server, key) => {
      server.delete(key);
      server.write(key);
    }),
  },
  {
    weight: 5,
    arbitrary: step("answer, fresh:", fc.nat(3), (server, n) => server.answer(n === 0)),
  },
  { weight: 6, arbitrary: step("deliver", fc.integer({ min: 1, max: 4 }), (server, n) => server.deliver(n)) },
  { weight: 1, arbitrary: step("bookmark", fc.constant(null), (server) => server.bookmark()) },
  { weight: 1, arbitrary: step("refuse", fc.constant(null), (server) => server.refuse()) },
  { weight: 1, arbitrary: step("compact", fc.constant(null), (server) => server.compact()) },
  { weight: 1, arbitrary: step("kill", fc.constant(null), (server) => server.kill()) },
  {
    weight: 2,
    arbitrary: step("end watches:", fc.constantFrom(...WATCH_ENDS), (server, how) => server.endWatches(how)),
  },
);

const number = (version: string) => Number(version.split(" ")[0]);

/** Follows the server through all steps and then until both have come to rest; checks what is told on the way. */
async function follow(before: readonly string[], steps: readonly Step[]): Promise<void> {
  const server = new ModelServer();
  for (const key of before) server.write(key);
  const clock = new FakeClock();
  /** Versions as told, and the newest ever told of a key. */
  const mirror = new Map<string, string>();
  const newest = new Map<string, number>();
  const wrong: string[] = [];
  const note = (what: string, key: string, version: string) => {
    if (number(version) <= (newest.get(key) ?? 0))
      wrong.push(`${what} of ${key} at ${version} is out of order`);
    newest.set(key, number(version));
    mirror.set(key, version);
  };
  const informer = new Informer<string>({
    client: server,
    clock,
    path: "/api/v1/things",
    parse: versionOf,
    random: () => 0,
    pageSize: 3,
  });
  informer.subscribe({
    onAdd: (key, version, initial) => {
      if (mirror.has(key)) wrong.push(`${key} was added twice`);
      if (initial && informer.hasSynced) wrong.push(`${key} is no initial one`);
      note("add", key, version);
    },
    onUpdate: (key, was, version) => {
      if (mirror.get(key) !== was) wrong.push(`${key} was not at ${was}`);
      if (was.split(" ")[1] !== version.split(" ")[1]) wrong.push(`${key} is another object`);
      note("update", key, version);
    },
    onDelete: (key, version) => {
      if (mirror.get(key) !== version) wrong.push(`${key} was not at ${version} when it was deleted`);
      mirror.delete(key);
    },
  });
  const stopping = new AbortController();
  const run = informer.run(stopping.signal);
  try {
    for (const { run: take } of steps) {
      await clock.advance(200);
      take(server);
      await settle();
      assert.deepEqual(wrong, []);
      assert.deepEqual(new Map(informer.entries()), mirror);
    }
    for (let i = 0; i < 40 && !isSame(new Map(informer.entries()), server.contents); i++) {
      server.answer();
      server.deliver(100);
      await clock.advance(31_000);
    }
    for (let i = 0; i < 6; i++) {
      server.answer();
      server.deliver(100);
      await clock.advance(31_000);
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(sorted(informer.entries()), sorted(server.contents));
    assert.deepEqual(sorted(mirror), sorted(server.contents));
    assert.ok(informer.hasSynced);
  } finally {
    stopping.abort();
    await run;
  }
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function sorted(entries: Iterable<[string, string]>): [string, string][] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

test("whatever comes before what: the server's state in the end, each change told in order, none added twice", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(aKey, { maxLength: 10, size: "max" }),
      fc.array(aStep, { maxLength: 60, size: "max" }),
      async (before, steps) => follow(before, steps),
    ),
    { numRuns: 300 },
  );
});
