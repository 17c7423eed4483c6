import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { readArguments } from "../../cli/arguments.ts";
import { type ControllerClient, openController } from "../../cli/controller-client.ts";
import { noticesOf } from "../../cli/notices.ts";
import { kubesealOptions } from "../../cli/options.ts";
import { SealError } from "../../shared/errors.ts";
import { type MemoryWorld, memoryIo, runInMemory } from "../support/memory-io.ts";
import { servePortForwards } from "../support/port-forward-server.ts";
import { kubeconfigFor } from "../support/stub-api-server.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem } = testCertificate();
const PAGE = "<html>log in, pa55word</html>";
const SEALED = {
  apiVersion: "bitnami.com/v1alpha1",
  kind: "SealedSecret",
  metadata: { name: "db" },
  spec: {},
};
const CORE = "/api/v1/namespaces/kube-system";
const NAME = "sealed-secrets-controller";
const PROXY = `${CORE}/services/http:${NAME}:/proxy`;
const SERVICE = {
  [`GET ${CORE}/services/${NAME}`]: { body: { metadata: { name: NAME }, spec: { ports: [{}] } } },
};
/** A ready Pod behind the Service. */
const POD = {
  [`GET /apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D${NAME}`]:
    {
      body: {
        items: [
          {
            endpoints: [{ addresses: ["10.0.0.7"], targetRef: { kind: "Pod", name: "pod-1" } }],
            ports: [{ port: 8080 }],
          },
        ],
      },
    },
  [`GET ${CORE}/pods/pod-1`]: {
    body: {
      metadata: { name: "pod-1" },
      status: { podIP: "10.0.0.7", conditions: [{ type: "Ready", status: "True" }] },
    },
  },
};
const CONFIG_MAP = `GET ${CORE}/configmaps/sealed-secrets-certificate`;

type Route = { status?: number; body?: object | string; headers?: Record<string, string>; silent?: true };
type Routes = Readonly<Record<string, Route>>;

const folder = mkdtempSync(join(tmpdir(), "signet-controller-"));
const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
  rmSync(folder, { recursive: true });
});

suite("asking the controller", () => {
  test("sends one line of JSON, and understands yes and no", async () => {
    const { controller, asked } = await opened({ ...SERVICE, [`POST ${PROXY}/v1/verify`]: {} });
    assert.equal(await controller.verify(SEALED), "opens");
    assert.equal(asked.at(-1)?.body, JSON.stringify(SEALED));
    assert.equal(asked.at(-1)?.accept, "application/json, */*");
    const refusing = await opened({ ...SERVICE, [`POST ${PROXY}/v1/verify`]: { status: 409 } });
    assert.equal(await refusing.controller.verify(SEALED), "refused");
  });

  test("takes no other answer for a yes", async () => {
    const cases: [Route, RegExp][] = [
      [{ body: PAGE }, /\(200\) is not a sealed secrets controller$/],
      [{ status: 302, headers: { location: "/login" } }, /\(302\) is not a sealed secrets controller$/],
      [{ status: 404, body: PAGE }, /nothing answers there \(404\)$/],
      [{ status: 500, body: PAGE }, /the controller could not read it as a SealedSecret$/],
      [{ status: 418, body: PAGE }, /\(418\) is not a sealed secrets controller$/],
    ];
    for (const [route, expected] of cases) {
      const { controller } = await opened({ ...SERVICE, [`POST ${PROXY}/v1/verify`]: route });
      const { message } = await refusal(controller.verify(SEALED));
      assert.match(message, /^cannot validate sealed secret: /);
      assert.match(message, expected);
    }
  });

  test("gives what was sealed anew, and nothing that is no object; a refusal is told apart (W29)", async () => {
    const rotated = { ...SEALED, spec: { encryptedData: { a: "b" } } };
    const { controller } = await opened({ ...SERVICE, [`POST ${PROXY}/v1/rotate`]: { body: rotated } });
    assert.deepEqual(await controller.rotate(SEALED), rotated);
    const cases: [Route, RegExp][] = [
      [{ status: 409 }, /^unable to rotate secret: the controller could not re-seal it$/],
      [{ status: 500 }, /^cannot re-encrypt secret: the controller could not re-seal it$/],
      [{ body: PAGE }, /^cannot re-encrypt secret: .*\(200\) is not a sealed secrets controller$/],
      [{ body: "[]" }, /^cannot re-encrypt secret: .*\(200\) is not a sealed secrets controller$/],
      [{ body: "" }, /^cannot re-encrypt secret: .*\(200\) is not a sealed secrets controller$/],
    ];
    for (const [route, expected] of cases) {
      const other = await opened({ ...SERVICE, [`POST ${PROXY}/v1/rotate`]: route });
      const { message } = await refusal(other.controller.rotate(SEALED));
      assert.match(message, expected);
    }
  });

  test("takes nothing sealed anew on a fallback way from what shows no trusted certificate", async () => {
    const routes = {
      ...SERVICE,
      ...POD,
      [`POST ${PROXY}/v1/rotate`]: { status: 403 },
      [`GET ${PROXY}/v1/cert.pem`]: { status: 403 },
    };
    const rotate = { "POST /v1/rotate": { body: SEALED } };
    const page = await opened(routes, { ...rotate, "GET /v1/cert.pem": { body: PAGE } });
    for (let i = 0; i < 2; i++) {
      assert.match((await refusal(page.controller.rotate(SEALED))).message, /^the certificate from Pod /);
    }
    const shown = await opened(routes, { ...rotate, "GET /v1/cert.pem": { body: certificatePem } });
    for (let i = 0; i < 3; i++) assert.deepEqual(await shown.controller.rotate(SEALED), SEALED);
    const named = await opened({ ...SERVICE, [`POST ${PROXY}/v1/rotate`]: { body: SEALED } });
    assert.deepEqual(await named.controller.rotate(SEALED), SEALED);
    assert.equal(named.asked.length, 2);
  });

  test("waits when the controller is busy", async () => {
    const answers = [{ status: 429, headers: { "retry-after": "1" } }, {}];
    const { controller, asked } = await opened({
      ...SERVICE,
      get [`POST ${PROXY}/v1/verify`]() {
        return answers.shift() ?? { status: 500 };
      },
    });
    const begin = performance.now();
    assert.equal(await controller.verify(SEALED), "opens");
    assert.ok(performance.now() - begin >= 950);
    assert.equal(asked.length, 3);
  });
});

suite("the way to the controller", () => {
  test("is looked for once and kept", async () => {
    const routes = { ...SERVICE, ...POD, [`POST ${PROXY}/v1/verify`]: { status: 403 } };
    const { controller, asked, forwarded } = await opened(routes, { "POST /v1/verify": {} });
    const answers = await Promise.all(Array.from({ length: 20 }, () => controller.verify(SEALED)));
    assert.deepEqual([...new Set(answers)], ["opens"]);
    assert.equal(asked.length, 4);
    assert.ok(forwarded.length <= 4, `${forwarded.length}`);
    assert.equal(forwarded[0], "kube-system/pod-1:8080");
  });

  test("is looked for again when it closes", async () => {
    const answers: Route[] = [{}, { status: 503 }];
    const routes = {
      ...SERVICE,
      ...POD,
      get [`POST ${PROXY}/v1/verify`]() {
        return answers.shift() ?? { status: 503 };
      },
    };
    const { controller, forwarded } = await opened(routes, { "POST /v1/verify": { status: 409 } });
    assert.equal(await controller.verify(SEALED), "opens");
    assert.equal(await controller.verify(SEALED), "refused");
    assert.equal(forwarded.length, 1);
  });

  test("leads past a proxy that does not answer in time", async () => {
    const routes = { ...SERVICE, ...POD, [`GET ${PROXY}/v1/cert.pem`]: { silent: true } as const };
    const { run } = await serving(routes, { "GET /v1/cert.pem": { body: certificatePem } });
    const fetched = (seconds: number) => run(["--fetch-cert", `--request-timeout=${seconds}s`, "--verbose"]);
    let [seconds, result] = [0.2, await fetched(0.2)];
    // The bound is for every request: on a busy machine one that is answered may take that long.
    while (result.code !== 0 && seconds < 20) {
      seconds *= 10;
      result = await fetched(seconds);
    }
    const { code, stdout, stderr } = result;
    assert.equal(code, 0, stderr);
    assert.equal(stdout, certificatePem);
    assert.match(
      stderr,
      /^note: the Service proxy of \S+ did not serve: no answer within \d\S* s\ncertificate /,
    );
    assert.ok(stderr.includes(`no answer within ${seconds} s\n`));
  });

  test("ends at the named Service when what answers there is something else", async () => {
    const routes = {
      ...SERVICE,
      ...POD,
      [`GET ${PROXY}/v1/cert.pem`]: { body: PAGE },
      [CONFIG_MAP]: published(),
    };
    const { run, asked, forwarded } = await serving(routes, { "GET /v1/cert.pem": { body: certificatePem } });
    const { code, stdout, stderr, files } = await run(["--fetch-cert"], STATE);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^error: the certificate from Service kube-system\/\S+ does not contain any valid RSA/,
    );
    assert.doesNotMatch(stderr, /pa55word/);
    assert.deepEqual([...files.keys()], []);
    assert.equal(asked.length, 2);
    assert.deepEqual(forwarded, []);
  });

  test("leads to the published certificate last, and for the certificate only", async () => {
    const routes = { ...SERVICE, [`GET ${PROXY}/v1/cert.pem`]: { status: 503 }, [CONFIG_MAP]: published() };
    const { run } = await serving(routes);
    const { code, stdout, stderr } = await run(["--fetch-cert", "--verbose"]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, certificatePem);
    assert.match(stderr, /\ncertificate \S+ from ConfigMap kube-system\/sealed-secrets-certificate at /);
    const { controller, asked } = await opened({
      ...routes,
      [`POST ${PROXY}/v1/verify`]: { status: 503 },
    });
    const { message } = await refusal(controller.verify(SEALED));
    assert.match(
      message,
      /^cannot validate sealed secret: the Service proxy of \S+ answered 503; a port-forward to /,
    );
    assert.deepEqual(
      asked.filter(({ line }) => line.includes("configmaps")),
      [],
    );
  });

  test("that leads to a ConfigMap without a certificate is told", async () => {
    const routes = { ...SERVICE, [`GET ${PROXY}/v1/cert.pem`]: { status: 503 } };
    const empty = await serving({ ...routes, [CONFIG_MAP]: { body: { data: { other: "x" } } } });
    const { stderr } = await empty.run(["--fetch-cert"]);
    assert.match(stderr, /; ConfigMap kube-system\/sealed-secrets-certificate has no item cert\.pem\n/);
    const page = await serving({ ...routes, [CONFIG_MAP]: { body: { data: { "cert.pem": PAGE } } } });
    const refused = await page.run(["--fetch-cert"]);
    assert.equal(refused.stdout, "");
    assert.match(refused.stderr, /^error: the certificate from ConfigMap \S+ does not contain any valid RSA/);
  });

  test("ends with the API server: nothing else is tried when it is not there", async () => {
    const { io } = memoryIo([], { env: { KUBECONFIG: kubeconfig("http://127.0.0.1:1") } });
    const { options } = readArguments(kubesealOptions, [], {});
    const controller = await openController(options, io, noticesOf(io, options));
    const { message } = await refusal(controller.certificate());
    assert.equal(message, "cannot reach the API server http://127.0.0.1:1: connection refused");
    await controller.close();
  });
});

const STATE: MemoryWorld = { env: { XDG_STATE_HOME: "/state" } };

function published(): Route {
  return { body: { data: { "cert.pem": certificatePem } } };
}

/** A client of such an API server. */
async function opened(routes: Routes, inPod: Routes = {}) {
  const { url, asked, forwarded } = await startApi(routes, inPod);
  const { io } = memoryIo([], { env: { KUBECONFIG: kubeconfig(url) } });
  const { options } = readArguments(kubesealOptions, [], {});
  const controller: ControllerClient = await openController(options, io, noticesOf(io, options));
  closers.unshift(() => void controller.close());
  return { controller, asked, forwarded };
}

/** The CLI with such an API server. */
async function serving(routes: Routes, inPod: Routes = {}) {
  const { url, asked, forwarded } = await startApi(routes, inPod);
  const run = (args: readonly string[], world: MemoryWorld = {}) =>
    runInMemory(args, { ...world, env: { KUBECONFIG: kubeconfig(url), ...world.env } });
  return { run, asked, forwarded };
}

let kubeconfigs = 0;
function kubeconfig(url: string): string {
  const path = join(folder, `${kubeconfigs++}`);
  writeFileSync(path, kubeconfigFor(url));
  return path;
}

/** An API server that knows these routes, and a Pod behind it that knows others. */
async function startApi(routes: Routes, inPod: Routes) {
  const { server, asked } = await listen(routes);
  const pod = await listen(inPod);
  const portOf = ({ pathname, searchParams }: URL) => {
    const [, namespace, name] = /^\/api\/v1\/namespaces\/(.+)\/pods\/(.+)\/portforward$/.exec(pathname) ?? [];
    return { pod: `${namespace}/${name}`, port: Number(searchParams.get("ports")) };
  };
  const forwards = servePortForwards(server, portOf, () => ({ host: "127.0.0.1", port: pod.port }));
  closers.push(() => forwards.breakConnections());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    forwarded: forwards.forwarded,
  };
}

async function listen(routes: Routes) {
  const asked: { line: string; body: string; accept: string | undefined }[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const line = `${request.method} ${request.url}`;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    asked.push({ line, body: Buffer.concat(chunks).toString(), accept: request.headers.accept });
    const { status = 200, body = "", headers = {}, silent } = routes[line] ?? { status: 404, body: {} };
    if (silent) return;
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, asked, port: (server.address() as AddressInfo).port };
}

async function refusal(promise: Promise<unknown>): Promise<SealError> {
  const error = await promise.then(
    () => assert.fail("it was answered"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof SealError, String(error));
  assert.doesNotMatch(`${error.message} ${error.hint}`, /pa55word/);
  return error;
}
