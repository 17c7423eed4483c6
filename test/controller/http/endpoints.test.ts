import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetricsServer } from "../../../controller/http/server.ts";
import { toYaml } from "../../../shared/document/to-yaml.ts";
import { sealedManifest } from "../sealing-key.ts";
import { apiScene, GENEROUS, newest } from "./api-scene.ts";

const PLAIN = "text/plain; charset=utf-8";
const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] as const;
const good = await sealedManifest(newest, { namespace: "team", name: "db" }, { password: "x" });

for (const method of METHODS) {
  test(`/healthz answers ok: ${method}`, async () => {
    const { server } = await apiScene({}, { notReady: () => "no sealing key" });
    const { statusCode, headers, body } = await server.inject({ method, url: "/healthz" });
    assert.deepEqual([statusCode, headers["content-type"], body], [200, PLAIN, "ok\n"]);
  });
}

test("/healthz answers 503 in known words while the controller does not get on, whether it is ready or not", async () => {
  let reason: string | null = "the lease is not looked after";
  const { server } = await apiScene({}, { dead: () => reason });
  const ask = async () => {
    const { statusCode, headers, body } = await server.inject({ method: "GET", url: "/healthz" });
    return [statusCode, headers["content-type"], body];
  };
  assert.deepEqual(await ask(), [503, PLAIN, "not alive\n"]);
  assert.equal((await server.inject("/readyz")).statusCode, 200);
  reason = null;
  assert.deepEqual(await ask(), [200, PLAIN, "ok\n"]);
});

test("/readyz answers 503 until the controller is ready, then ok, and 503 again should it cease to be", async () => {
  let reason: string | null = "no sealing key";
  const { server } = await apiScene({}, { notReady: () => reason });
  const ask = async () => {
    const { statusCode, headers, body } = await server.inject({ method: "GET", url: "/readyz" });
    return [statusCode, headers["content-type"], body];
  };
  assert.deepEqual(await ask(), [503, PLAIN, "not ready: no sealing key\n"]);
  reason = null;
  assert.deepEqual(await ask(), [200, PLAIN, "ok\n"]);
  reason = "SealedSecrets not listed yet";
  assert.deepEqual(await ask(), [503, PLAIN, "not ready: SealedSecrets not listed yet\n"]);
});

for (const method of METHODS) {
  test(`/v1/cert.pem gives the certificate that seals: ${method}`, async () => {
    const { server } = await apiScene();
    const { statusCode, headers, body } = await server.inject({ method, url: "/v1/cert.pem" });
    assert.equal(statusCode, 200);
    assert.equal(headers["content-type"], "application/x-pem-file");
    assert.equal(body, newest.certificatePem);
  });
}

test("/v1/cert.pem follows the key", async () => {
  let pem: string | null = "one";
  const { server } = await apiScene({}, { certificatePem: () => pem });
  assert.equal((await server.inject("/v1/cert.pem")).body, "one");
  pem = "two";
  assert.equal((await server.inject("/v1/cert.pem")).body, "two");
});

test("/v1/cert.pem without a key is a 500 in known words", async () => {
  const { server } = await apiScene({}, {}, []);
  const { statusCode, headers, body } = await server.inject("/v1/cert.pem");
  assert.deepEqual([statusCode, headers["content-type"], body], [500, PLAIN, "cannot get certificate\n"]);
});

for (const url of [
  "/",
  "/healthz/",
  "/readyz/",
  "/v1/cert.pem/",
  "/v1/verify/",
  "/v1/rotate/",
  "/v1",
  "/v2/verify",
  "/metrics",
  "/V1/verify",
  "/v1/cert.pem/../verify/",
  "//v1/verify",
]) {
  test(`404 in known words: ${url}`, async () => {
    const { server } = await apiScene();
    for (const method of ["GET", "POST"] as const) {
      const { statusCode, headers, body } = await server.inject({ method, url });
      assert.deepEqual([statusCode, headers["content-type"], body], [404, PLAIN, "404 page not found\n"]);
    }
  });
}

test("a query does not matter", async () => {
  const { server } = await apiScene();
  for (const url of ["/healthz?x=1", "/v1/cert.pem?a&b"]) {
    assert.equal((await server.inject(url)).statusCode, 200);
  }
});

test("a path that is no path is a 400 without a word", async () => {
  const { server } = await apiScene();
  const { statusCode, body } = await server.inject("/%zz");
  assert.deepEqual([statusCode, body], [400, ""]);
});

const typed: [string, Record<string, string>][] = [
  ["no content type", {}],
  ["JSON", { "content-type": "application/json" }],
  ["YAML", { "content-type": "application/yaml" }],
  ["plain text", { "content-type": "text/plain" }],
  ["a form", { "content-type": "application/x-www-form-urlencoded" }],
  ["nonsense", { "content-type": "no/such; thing" }],
];
for (const [name, headers] of typed) {
  test(`bodies are read whatever their content type says: ${name}`, async () => {
    const { server } = await apiScene();
    for (const body of [JSON.stringify(good), toYaml(good)]) {
      for (const url of ["/v1/verify", "/v1/rotate"]) {
        const { statusCode } = await server.inject({ method: "POST", url, payload: body, headers });
        assert.equal(statusCode, 200, `${url}: ${body.slice(0, 20)}`);
      }
    }
  });
}

for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
  test(`verify and rotate take any method that brings a body: ${method}`, async () => {
    const { server } = await apiScene();
    for (const url of ["/v1/verify", "/v1/rotate"]) {
      assert.equal((await server.inject({ method, url, payload: JSON.stringify(good) })).statusCode, 200);
    }
  });
}

test("verify and rotate without a body are a 500 without a word", async () => {
  const { server } = await apiScene();
  for (const url of ["/v1/verify", "/v1/rotate"]) {
    for (const method of ["GET", "POST"] as const) {
      const { statusCode, body } = await server.inject({ method, url });
      assert.deepEqual([statusCode, body], [500, ""]);
    }
  }
});

test("endpoints that are turned off are not there; the others are", async () => {
  const off = await apiScene({ verifyEndpoint: false, rotateEndpoint: false });
  const onlyVerify = await apiScene({ rotateEndpoint: false });
  const onlyRotate = await apiScene({ verifyEndpoint: false });
  const statuses = async ({ post }: Awaited<ReturnType<typeof apiScene>>) => [
    (await post("/v1/verify", JSON.stringify(good))).statusCode,
    (await post("/v1/rotate", JSON.stringify(good))).statusCode,
  ];
  assert.deepEqual(await statuses(off), [404, 404]);
  assert.deepEqual(await statuses(onlyVerify), [200, 404]);
  assert.deepEqual(await statuses(onlyRotate), [404, 200]);
  assert.equal((await off.server.inject("/v1/cert.pem")).statusCode, 200);
});

test("the /v1 paths are counted by path, code and method; health and strangers are not", async () => {
  const { server, post, metrics } = await apiScene();
  await post("/v1/verify", JSON.stringify(good));
  await post("/v1/rotate", "nonsense");
  for (const url of ["/v1/cert.pem", "/healthz", "/readyz", "/nowhere", "/v1/nowhere?name=x"]) {
    await server.inject(url);
  }
  const text = await metrics.registry.metrics();
  const counted = text
    .split("\n")
    .filter((line) => line.startsWith("sealed_secrets_controller_http_requests_total"));
  assert.deepEqual(counted.sort(), [
    'sealed_secrets_controller_http_requests_total{path="/v1/cert.pem",code="200",method="get"} 1',
    'sealed_secrets_controller_http_requests_total{path="/v1/rotate",code="500",method="post"} 1',
    'sealed_secrets_controller_http_requests_total{path="/v1/verify",code="200",method="post"} 1',
  ]);
});

test("the metrics port serves the metrics and nothing else", async () => {
  const { metrics } = await apiScene();
  const server = createMetricsServer(GENEROUS, metrics, null);
  const { statusCode, headers, body } = await server.inject("/metrics");
  assert.equal(statusCode, 200);
  assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4; charset=utf-8/);
  assert.match(body, /^sealed_secrets_controller_build_info\{revision="1"\} 1$/m);
  for (const url of ["/", "/healthz", "/v1/cert.pem", "/v1/verify", "/metrics/"]) {
    const other = await server.inject(url);
    assert.deepEqual([other.statusCode, other.body], [404, "404 page not found\n"]);
  }
});
