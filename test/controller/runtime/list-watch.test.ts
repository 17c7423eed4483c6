import assert from "node:assert/strict";
import { test } from "node:test";
import { ListWatch } from "../../../controller/runtime/list-watch.ts";
import { AnswerTooLongError } from "../../../shared/kube/api-error.ts";
import type { KubeObject, KubeRequest } from "../../../shared/kube/client.ts";
import type { OpenWatch } from "./scripted-client.ts";
import { object } from "./scripted-client.ts";

const MIB = 1024 * 1024;

/** A server that stores objects of these sizes, and keeps to what a request asks for. */
function storing(sizes: readonly number[]) {
  const asked: string[] = [];
  const request = async ({ query = {}, maxBytes }: KubeRequest): Promise<KubeObject> => {
    const from = Number(query["continue"] ?? 0);
    const to = Math.min(sizes.length, from + Number(query["limit"] ?? sizes.length));
    asked.push(`${from}+${query["limit"] ?? "all"}`);
    const bytes = sizes.slice(from, to).reduce((sum, size) => sum + size, 0);
    if (maxBytes !== undefined && bytes > maxBytes) throw new AnswerTooLongError("list things", maxBytes);
    const items = sizes.slice(from, to).map((_, at) => object(`a/${from + at}`, 1));
    return { metadata: { resourceVersion: "9", ...(to < sizes.length ? { continue: `${to}` } : {}) }, items };
  };
  const watch = (): AsyncGenerator<never> => assert.fail("nobody watches");
  const client = {
    request,
    watch: watch as unknown as (request: KubeRequest) => ReturnType<OpenWatch["read"]>,
  };
  const listWatch = new ListWatch({ client, path: "/things", pageSize: 100 });
  const all = async (): Promise<(string | undefined)[]> => {
    const names: (string | undefined)[] = [];
    for (let token: string | null = ""; token !== null; ) {
      const { items, next } = await listWatch.page(token, false, new AbortController().signal);
      names.push(...items.map(({ metadata }) => metadata.name));
      token = next === "" ? null : next;
    }
    return names;
  };
  return { asked, listWatch, all };
}

test("small objects come in pages of the usual size", async () => {
  const { asked, all } = storing(Array.from({ length: 250 }, () => 4000));
  assert.equal((await all()).length, 250);
  assert.deepEqual(asked, ["0+100", "100+100", "200+100"]);
});

test("where objects are large pages have fewer of them, as many again where they are small, and none is missed", async () => {
  const sizes = [...Array.from({ length: 120 }, () => 4000), ...Array.from({ length: 60 }, () => 1.4 * MIB)];
  const { asked, all } = storing([...sizes, ...Array.from({ length: 300 }, () => 4000)]);
  const names = await all();
  assert.deepEqual(
    names,
    Array.from({ length: 480 }, (_, at) => `${at}`),
  );
  assert.deepEqual(asked.slice(0, 5), ["0+100", "100+100", "100+25", "125+50", "125+12"]);
  assert.match(asked.at(-1) ?? "", /\+100$/);
  assert.ok(asked.length < 40, `${asked.length} requests`);
});

test("one object has no bound", async () => {
  const { asked, all } = storing([40 * MIB, 4000, 40 * MIB]);
  assert.deepEqual(await all(), ["0", "1", "2"]);
  assert.ok(asked.includes("0+1"));
});

test("a list in one piece has a bound of its own", async () => {
  const { listWatch } = storing(Array.from({ length: 60 }, () => 1.4 * MIB));
  const { signal } = new AbortController();
  await assert.rejects(listWatch.page("", true, signal), AnswerTooLongError);
  const smaller = storing(Array.from({ length: 40 }, () => 1.4 * MIB));
  assert.equal((await smaller.listWatch.page("", true, signal)).items.length, 40);
});
