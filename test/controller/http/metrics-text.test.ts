import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { MetricsText } from "../../../controller/http/metrics-text.ts";
import { createMetricsServer } from "../../../controller/http/server.ts";
import { createMetrics, type Metrics } from "../../../controller/metrics.ts";
import { GENEROUS } from "./api-scene.ts";

const metrics = createMetrics({ version: "1", omitNames: false });
const get = (encoding?: string) =>
  createMetricsServer(GENEROUS, metrics, null).inject({
    url: "/metrics",
    headers: encoding === undefined ? {} : { "accept-encoding": encoding },
  });

for (const encoding of ["gzip", "deflate, gzip;q=0.5", "GZIP", "gzip; q=1"]) {
  test(`compressed when the client asks for it: ${encoding}`, async () => {
    const { statusCode, headers, rawPayload } = await get(encoding);
    assert.equal(statusCode, 200);
    assert.equal(headers["content-encoding"], "gzip");
    assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4; charset=utf-8/);
    assert.match(gunzipSync(rawPayload).toString(), /^sealed_secrets_controller_build_info\{/m);
  });
}

for (const encoding of [undefined, "", "identity", "deflate", "gzip;q=0", "gzip;q=0.00", "xgzip"]) {
  test(`plain otherwise: ${encoding}`, async () => {
    const { headers, body } = await get(encoding);
    assert.equal(headers["content-encoding"], undefined);
    assert.match(body, /^sealed_secrets_controller_build_info\{/m);
  });
}

/** Metrics that take so long to make, each time another text, by a clock that goes while they are made and when told to. */
function slowMetrics(context: TestContext, ms: number) {
  const state = { made: 0, fail: false, now: 0 };
  context.mock.method(performance, "now", () => state.now);
  const registry = {
    async metrics() {
      state.made += 1;
      const text = `${state.made}`;
      await turn();
      state.now += ms;
      if (state.fail) throw new Error("x");
      return text;
    },
  };
  return { state, text: new MetricsText({ registry } as unknown as Metrics) };
}

test("requests at once share what is made, and so do those that follow closely", async (context) => {
  const { state, text } = slowMetrics(context, 400);
  const both = await Promise.all([text.read(undefined), text.read(undefined)]);
  assert.deepEqual(
    both.map(({ body }) => body),
    ["1", "1"],
  );
  assert.equal((await text.read(undefined)).body, "1");
  assert.equal(state.made, 1);
});

test("never longer than a second, and where making is quick not at all", async (context) => {
  const slow = slowMetrics(context, 400);
  await slow.text.read(undefined);
  slow.state.now += 999;
  assert.equal((await slow.text.read(undefined)).body, "1");
  slow.state.now += 1;
  assert.equal((await slow.text.read(undefined)).body, "2");
  const quick = slowMetrics(context, 1);
  await quick.text.read(undefined);
  assert.equal((await quick.text.read(undefined)).body, "2");
});

test("a failure is nobody else's", async (context) => {
  const { state, text } = slowMetrics(context, 400);
  state.fail = true;
  await assert.rejects(text.read(undefined), /x/);
  state.fail = false;
  assert.equal((await text.read(undefined)).body, "2");
});
