import assert from "node:assert/strict";
import { test } from "node:test";
import { metricsAccess } from "../../../controller/http/metrics-access.ts";
import { KubeUnreachableError } from "../../../shared/kube/api-error.ts";
import type { KubeClient, KubeRequest } from "../../../shared/kube/client.ts";

/** An API server that knows one token, and lets its user read or not. */
function scene({ allowed = true, away = false } = {}) {
  const state = { allowed, away, requests: [] as KubeRequest[], now: 0 };
  const client = {
    async request(request: KubeRequest) {
      state.requests.push(request);
      if (state.away) throw new KubeUnreachableError("https://api", "connection refused");
      const { spec } = request.body as { spec: { token?: string } };
      if (request.path.endsWith("/tokenreviews")) {
        const authenticated = spec.token === "good";
        const user = { username: "prometheus", uid: "1", groups: ["monitoring"] };
        return { metadata: {}, status: { authenticated, user } };
      }
      return { metadata: {}, status: { allowed: state.allowed } };
    },
  } as unknown as KubeClient;
  const reviewed = metricsAccess(client, () => state.now);
  const access = (header: string | undefined, peer = "10.0.0.1") => reviewed(header, peer);
  return { state, access };
}

test("only a bearer token is looked at", async () => {
  const { state, access } = scene();
  for (const header of [undefined, "", "Basic Z29vZA==", "Bearer", "Bearer a b", "Bearer \u00e9"]) {
    assert.equal(await access(header), 401);
  }
  assert.deepEqual(state.requests, []);
});

test("who is not authenticated is refused, whatever user the answer names", async () => {
  const { state, access } = scene();
  assert.equal(await access("Bearer bad"), 401);
  assert.equal(state.requests.length, 1, "nobody asks what he may");
});

test("what the user may is asked for the path, and remembered for a minute", async () => {
  const { state, access } = scene();
  assert.equal(await access("Bearer good"), 200);
  const asked = state.requests[1]?.body as { spec: object } | undefined;
  assert.deepEqual(asked?.spec, {
    user: "prometheus",
    uid: "1",
    groups: ["monitoring"],
    extra: undefined,
    nonResourceAttributes: { path: "/metrics", verb: "get" },
  });
  state.allowed = false;
  state.now = 59_999;
  assert.equal(await access("bearer good"), 200);
  assert.equal(state.requests.length, 2);
  state.now = 60_001;
  assert.equal(await access("Bearer good"), 403);
});

test("without an answer nobody is let in, and nothing is remembered", async () => {
  const { state, access } = scene({ away: true });
  assert.equal(await access("Bearer good"), 503);
  state.away = false;
  assert.equal(await access("Bearer good"), 200);
});

test("tokens that are no good are remembered too", async () => {
  const { state, access } = scene();
  for (let times = 0; times < 3; times++) assert.equal(await access("Bearer bad"), 401);
  assert.equal(state.requests.length, 1);
  state.now = 60_001;
  assert.equal(await access("Bearer bad"), 401);
  assert.equal(state.requests.length, 2);
});

test("one peer may ask about five tokens at once, and one more for each second", async () => {
  const { state, access } = scene();
  const statuses = async (from: number, to: number) => {
    const all: number[] = [];
    for (let number = from; number < to; number++) all.push(await access(`Bearer bad${number}`));
    return all;
  };
  assert.deepEqual(await statuses(0, 7), [401, 401, 401, 401, 401, 429, 429]);
  assert.equal(await access("Bearer bad0"), 401, "what is known costs nothing");
  assert.equal(await access("Bearer other", "10.0.0.2"), 401, "another peer has its own");
  state.now = 2000;
  assert.deepEqual(await statuses(10, 13), [401, 401, 429]);
});

test("a flood of tokens from everywhere is bounded, and comes to an end", async () => {
  const { state, access } = scene();
  const flood = async (from: number) => {
    for (let number = from; number < from + 500; number++)
      await access(`Bearer x${number}`, `10.0.1.${number}`);
  };
  await flood(0);
  assert.equal(state.requests.length, 20);
  state.now = 1000;
  await flood(1000);
  assert.equal(state.requests.length, 30);
  state.now = 10_000;
  assert.equal(await access("Bearer good", "10.0.0.9"), 200);
});

test("who could read before still can while others flood", async () => {
  const { state, access } = scene();
  assert.equal(await access("Bearer good"), 200);
  for (let second = 0; second < 120; second++) {
    state.now += 1000;
    for (let number = 0; number < 50; number++)
      await access(`Bearer x${second}-${number}`, `10.0.${number}.1`);
    assert.equal(await access("Bearer good"), 200, `after ${second} s`);
  }
});

test("one that is no longer good is asked about as any other", async () => {
  const { state, access } = scene();
  assert.equal(await access("Bearer good"), 200);
  state.allowed = false;
  state.now = 60_001;
  assert.equal(await access("Bearer good"), 403);
  for (let number = 0; number < 50; number++) await access(`Bearer x${number}`, `10.0.1.${number}`);
  state.now = 60_002 + 60_000;
  for (let number = 0; number < 50; number++) await access(`Bearer y${number}`, `10.0.2.${number}`);
  assert.equal(await access("Bearer good"), 429);
});

test("few questions are under way at once, and one token is asked about once", async () => {
  const held = Promise.withResolvers<void>();
  const asked: string[] = [];
  const client = {
    async request({ body }: KubeRequest) {
      asked.push((body as { spec: { token: string } }).spec.token);
      await held.promise;
      return { metadata: {}, status: { authenticated: false } };
    },
  } as unknown as KubeClient;
  const access = metricsAccess(client, () => 0);
  const answers = ["a", "a", "b", "c", "d", "e"].map((token, at) =>
    access(`Bearer ${token}`, `10.0.0.${at}`),
  );
  assert.equal(await answers[5], 429);
  assert.deepEqual(asked, ["a", "b", "c", "d"]);
  held.resolve();
  assert.deepEqual(await Promise.all(answers), [401, 401, 401, 401, 401, 429]);
  assert.equal(await access("Bearer e", "10.0.0.9"), 401, "there is room again");
});
