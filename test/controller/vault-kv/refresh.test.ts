import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { type FollowedEntry, Refresh } from "../../../controller/vault-kv/refresh.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const MINUTE = 60_000;

type Scene = {
  clock: FakeClock;
  refresh: Refresh;
  /** `namespace PATH version`, each with the time in seconds. */
  asked: string[];
  changed: string[];
  answers: { isUnchanged: (path: string) => boolean | Promise<boolean> };
};

function scene(context: TestContext, random = () => 0.5): Scene {
  const clock = new FakeClock();
  const [asked, changed]: [string[], string[]] = [[], []];
  const answers: Scene["answers"] = { isUnchanged: () => true };
  const refresh = new Refresh({
    clock,
    random,
    async isUnchanged(namespace, { at, version }) {
      asked.push(`${namespace} ${at.path} ${version} ${clock.monotonic() / 1000}`);
      return answers.isUnchanged(at.path);
    },
    onChange: (key) => changed.push(key),
  });
  const stopping = new AbortController();
  const running = refresh.run(stopping.signal);
  context.after(async () => {
    stopping.abort();
    await running;
  });
  return { clock, refresh, asked, changed, answers };
}

const entry = (path: string, change: Partial<FollowedEntry> = {}): FollowedEntry => ({
  at: { mount: "kv", path },
  ...{ version: 1, createdAt: "2030-01-01T00:00:00Z" },
  everyMs: MINUTE,
  ...change,
});
const read = { read: true };

describe("asking Vault for new versions", () => {
  test("goes on at each entry's own interval as long as nothing changes", async (context) => {
    const { clock, refresh, asked, changed } = scene(context);
    refresh.follow("team/db", [entry("a"), entry("b", { everyMs: 150_000 })], read);
    await clock.advance(5 * MINUTE);
    assert.deepEqual(asked, [
      ...["team a 1 60", "team a 1 120", "team b 1 150", "team a 1 180", "team a 1 240"],
      ...["team b 1 300", "team a 1 300"].toSorted((x, y) => (x < y ? 1 : -1)),
    ]);
    assert.deepEqual(changed, []);
  });

  test("tells of a change once, and asks no more until the object is followed again", async (context) => {
    const { clock, refresh, asked, changed, answers } = scene(context);
    refresh.follow("team/db", [entry("a"), entry("b")], read);
    answers.isUnchanged = (path) => path !== "a";
    await clock.advance(5 * MINUTE);
    assert.deepEqual(changed, ["team/db"]);
    assert.ok(asked.length <= 2);
    asked.length = 0;
    refresh.follow("team/db", [entry("b", { version: 2 })], read);
    await clock.advance(MINUTE);
    assert.deepEqual(asked, ["team b 2 360"]);
  });

  test("counts as a change where nobody can tell", async (context) => {
    const { clock, refresh, changed, answers } = scene(context);
    answers.isUnchanged = () => Promise.reject(new Error("away"));
    refresh.follow("team/db", [entry("a")], read);
    await clock.advance(MINUTE);
    assert.deepEqual(changed, ["team/db"]);
  });

  test("ends with the object", async (context) => {
    const { clock, refresh, asked } = scene(context);
    refresh.follow("team/db", [entry("a")], read);
    refresh.drop("team/db");
    refresh.follow("team/other", [entry("b")], read);
    refresh.follow("team/other", [], read);
    await clock.advance(10 * MINUTE);
    assert.deepEqual(asked, []);
  });

  test("spreads: intervals differ by a tenth, and what a start finds is asked about within a minute", async (context) => {
    for (const [random, first, second] of [
      [0, 54, 108],
      [0.999999, 66, 132],
    ] as const) {
      const { clock, refresh, asked } = scene(context, () => random);
      refresh.follow("team/db", [entry("a")], read);
      await clock.advance(140_000);
      const times = asked.map((line) => Math.round(Number(line.split(" ").at(-1))));
      assert.deepEqual(times.slice(0, 2), [first, second]);
    }
    let at = 0;
    const { clock, refresh, asked } = scene(context, () => (at++ % 100) / 100);
    for (let i = 0; i < 100; i++)
      refresh.follow(`team/o${i}`, [entry(`${i}`, { everyMs: 60 * MINUTE })], { read: false });
    await clock.advance(MINUTE);
    const seconds = asked.map((line) => Math.floor(Number(line.split(" ").at(-1))));
    assert.equal(asked.length, 100);
    assert.ok(
      Math.max(...Array.from({ length: 61 }, (_, s) => seconds.filter((one) => one === s).length)) <= 2,
    );
  });

  test("an object that is followed anew is asked about when that is due, not when it was before", async (context) => {
    const { clock, refresh, asked } = scene(context);
    refresh.follow("team/db", [entry("a", { version: 1 })], read);
    await clock.advance(40_000);
    refresh.follow("team/db", [entry("a", { version: 2 })], read);
    await clock.advance(MINUTE);
    assert.deepEqual(asked, ["team a 2 100"]);
  });

  test("what is read anew while it is asked about is told nothing of the old version", async (context) => {
    const { clock, refresh, changed, answers } = scene(context);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    answers.isUnchanged = () => promise;
    refresh.follow("team/db", [entry("a")], read);
    await clock.advance(MINUTE);
    refresh.follow("team/db", [entry("a", { version: 2 })], read);
    resolve(false);
    await clock.advance(1000);
    assert.deepEqual(changed, []);
    answers.isUnchanged = () => false;
    await clock.advance(MINUTE);
    assert.deepEqual(changed, ["team/db"]);
  });

  test("a namespace with ever so many entries has twenty a second asked about, and no other waits for that", async (context) => {
    const { clock, refresh, asked } = scene(context);
    for (let i = 0; i < 20; i++)
      refresh.follow(
        `many/o${i}`,
        Array.from({ length: 50 }, (_, at) => entry(`${i}-${at}`, { everyMs: 10_000 })),
        read,
      );
    refresh.follow("few/db", [entry("few")], read);
    await clock.advance(10_000);
    assert.equal(asked.length, 20);
    await clock.advance(10_000);
    const many = () => asked.filter((line) => line.startsWith("many"));
    assert.ok(Math.abs(many().length - 220) <= 1, `${many().length}`);
    await clock.advance(40_000);
    assert.equal(new Set(many().map((line) => line.split(" ")[1])).size, 1000, "each has its turn");
    assert.ok(asked.includes("few few 1 60"));
  });

  test("a Vault that hangs for one namespace holds up no other, and four are asked at most", async (context) => {
    const { clock, refresh, asked, answers } = scene(context);
    const { promise: hanging, resolve } = Promise.withResolvers<boolean>();
    answers.isUnchanged = (path) => (path.startsWith("slow") ? hanging : true);
    for (let i = 0; i < 10; i++) refresh.follow(`slow/o${i}`, [entry(`slow${i}`)], read);
    for (let i = 0; i < 10; i++) refresh.follow(`good/o${i}`, [entry(`good${i}`)], read);
    await clock.advance(MINUTE);
    // It ends in any case.
    setTimeout(() => resolve(true), 0);
    assert.equal(asked.filter((line) => line.startsWith("slow")).length, 2);
    assert.equal(asked.filter((line) => line.startsWith("good")).length, 10);
  });
});
