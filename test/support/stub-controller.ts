import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StubApiServer, type StubRoute, startStubApiServer } from "./stub-api-server.ts";

const SERVICE = "/api/v1/namespaces/kube-system/services/sealed-secrets-controller";
const PROXY = "/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:http/proxy";

/** A controller behind a stub of an API server, and the variables with which the CLI finds it. */
export type StubController = { server: StubApiServer; env: Record<string, string>; close(): Promise<void> };

/** One answer; see `StubRoute` for the body and for several answers in turn. */
export type StubAnswer = Pick<StubRoute, "status" | "body">;

/** What it answers to whom. */
export type StubAnswers = {
  certificate?: StubAnswer;
  verify?: readonly StubAnswer[];
  rotate?: readonly StubAnswer[];
};

/** Starts one. */
export async function startStubController({
  certificate,
  verify = [],
  rotate = [],
}: StubAnswers): Promise<StubController> {
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "sealed-secrets-controller" },
    spec: { ports: [{ name: "http", port: 8080 }] },
  };
  const server = await startStubApiServer([
    { method: "GET", path: SERVICE, status: 200, body: JSON.stringify(service) },
    ...(certificate === undefined ? [] : [{ method: "GET", path: `${PROXY}/v1/cert.pem`, ...certificate }]),
    ...verify.map((answer) => ({ method: "POST", path: `${PROXY}/v1/verify`, ...answer })),
    ...rotate.map((answer) => ({ method: "POST", path: `${PROXY}/v1/rotate`, ...answer })),
  ]);
  const folder = mkdtempSync(join(tmpdir(), "signet-stub-"));
  writeFileSync(join(folder, "kubeconfig"), server.kubeconfig);
  return {
    server,
    env: { KUBECONFIG: join(folder, "kubeconfig") },
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What was asked at a path's end, `/v1/rotate` for one, as the JSON that was sent. */
export function questions({ server }: StubController, end: string): unknown[] {
  return server.requests
    .filter(({ line }) => line.endsWith(end))
    .map(({ body }) => JSON.parse(body) as unknown);
}
