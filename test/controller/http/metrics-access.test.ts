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
  return { state, access: metricsAccess(client, () => state.now) };
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
