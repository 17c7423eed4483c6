import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { requestTimeoutMs } from "../../cli/cluster.ts";
import { UsageError } from "../../shared/errors.ts";
import { runInMemory } from "../support/memory-io.ts";
import { kubeconfigFor, startStubApiServer } from "../support/stub-api-server.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem } = testCertificate();

const SERVICE = "/api/v1/namespaces/ns/services/ctl";
const PROXY = "/api/v1/namespaces/ns/services/http:ctl:http/proxy/v1/cert.pem";

suite("asking the cluster", () => {
  test("goes where the flags say, as whom they say", async () => {
    const body = JSON.stringify({ metadata: {}, spec: { ports: [{ name: "http" }, { name: "other" }] } });
    const stub = await startStubApiServer([
      { method: "GET", path: SERVICE, status: 200, body },
      { method: "GET", path: PROXY, status: 200, body: certificatePem },
    ]);
    const folder = mkdtempSync(join(tmpdir(), "signet-cluster-"));
    try {
      const kubeconfig = join(folder, "config");
      writeFileSync(kubeconfig, kubeconfigFor("http://127.0.0.1:1"));
      const { code, stdout, stderr } = await runInMemory([
        "--fetch-cert",
        `--kubeconfig=${kubeconfig}`,
        `--server=${stub.url}`,
        "--controller-name=ctl",
        "--controller-namespace=ns",
        "--token=t0ken",
        "--as=bob",
        "--as-group=a,b",
        "--as-group=c",
        "--as-uid=7",
        "--request-timeout=50s",
      ]);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, certificatePem);
      assert.deepEqual(
        stub.requests.map(({ line }) => line),
        [`GET ${SERVICE}`, `GET ${PROXY}`],
      );
      for (const { headers } of stub.requests) {
        assert.equal(headers["authorization"], "Bearer t0ken");
        assert.equal(headers["impersonate-user"], "bob");
        assert.equal(headers["impersonate-uid"], "7");
        assert.equal(headers["impersonate-group"], "a,b, c");
      }
      assert.equal(stub.requests[1]?.headers.accept, "application/x-pem-file, */*");
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await stub.close();
    }
  });
});

suite("the longest wait", () => {
  const cases: readonly [string | null, number | null][] = [
    [null, null],
    ["0", null],
    ["0s", null],
    ["5", 5000],
    ["5s", 5000],
    ["1m30s", 90_000],
    ["1.5s", 1500],
    ["250ms", 250],
    ["2h", 7_200_000],
  ];
  for (const [text, milliseconds] of cases) {
    test(`${text} is ${milliseconds} ms`, () => assert.equal(requestTimeoutMs(text), milliseconds));
  }
  for (const text of ["soon", "5x", "s", "5s5", "-1s"]) {
    test(`${text} is refused`, () => assert.throws(() => requestTimeoutMs(text), UsageError));
  }
});
