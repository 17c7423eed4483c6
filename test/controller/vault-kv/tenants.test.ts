import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Tenants } from "../../../controller/vault-kv/tenants.ts";
import { MemoryKv } from "./memory-kv.ts";

const MINUTE = 60_000;
const tick = () => new Promise((resolve) => setImmediate(resolve));

function scene(most?: number) {
  const time = { ms: 0 };
  const [opened, closed]: [string[], string[]] = [[], []];
  const tenants = new Tenants({
    nowMs: () => time.ms,
    ...(most === undefined ? {} : { most }),
    open(namespace) {
      opened.push(namespace);
      return Object.assign(new MemoryKv(), {
        close: async () => {
          closed.push(namespace);
        },
      });
    },
  });
  const use = (namespace: string) => tenants.use(namespace, async (kv) => kv);
  return { time, opened, closed, tenants, use };
}

describe("the sessions of namespaces", () => {
  test("there is one of each, never that of another", async () => {
    const { opened, use } = scene();
    const [a, b] = [await use("a"), await use("b")];
    assert.notEqual(a, b);
    assert.equal(await use("a"), a);
    assert.deepEqual(opened, ["a", "b"]);
  });

  test("the one used longest ago goes when there are too many", async () => {
    const { closed, tenants, use } = scene(2);
    for (const namespace of ["a", "b", "a", "c"]) await use(namespace);
    assert.deepEqual(closed, ["b"]);
    assert.equal(tenants.size, 2);
  });

  test("one that is in use does not", async () => {
    const { opened, closed, tenants, use } = scene(1);
    const { promise, resolve } = Promise.withResolvers<void>();
    const using = tenants.use("a", () => promise);
    await use("b");
    assert.deepEqual(closed, []);
    await use("a");
    assert.deepEqual(opened, ["a", "b"]);
    assert.deepEqual(closed, ["b"]);
    await use("b");
    resolve();
    await using;
    tenants.sweep();
    assert.deepEqual(closed, ["b", "a"]);
  });

  test("one that nobody used for a quarter of an hour goes", async () => {
    const { time, closed, tenants, use } = scene();
    await use("a");
    time.ms += 10 * MINUTE;
    await use("b");
    time.ms += 5 * MINUTE;
    tenants.sweep();
    assert.deepEqual(closed, ["a"]);
    time.ms += 10 * MINUTE;
    tenants.sweep();
    assert.deepEqual(closed, ["a", "b"]);
  });

  test("that of a namespace without references goes once its last use has ended; the next use opens another", async () => {
    const { opened, closed, tenants, use } = scene();
    const { promise, resolve } = Promise.withResolvers<void>();
    const using = tenants.use("a", () => promise);
    tenants.release("a");
    tenants.release("never");
    assert.deepEqual(closed, []);
    await use("a");
    resolve();
    await using;
    await tick();
    assert.deepEqual(closed, ["a"]);
    assert.deepEqual(opened, ["a", "a"]);
  });

  test("all of them are given up in the end, those that fail to be included", async () => {
    const closed: string[] = [];
    const tenants = new Tenants({
      nowMs: () => 0,
      open: (namespace) =>
        Object.assign(new MemoryKv(), {
          close: async () => {
            closed.push(namespace);
            if (namespace === "a") throw new Error("Vault is away");
          },
        }),
    });
    for (const namespace of ["a", "b"]) await tenants.use(namespace, async () => undefined);
    await tenants.close();
    assert.deepEqual(closed, ["a", "b"]);
    assert.equal(tenants.size, 0);
  });
});
