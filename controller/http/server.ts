import rateLimit from "@fastify/rate-limit";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { OpeningContext } from "../../shared/open-sealed-secret.ts";
import type { Sealer } from "../../shared/seal/sealer.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import {
  bodyLimit,
  HEADERS_TIMEOUT_MS,
  limitConnections,
  MAX_BODY_BYTES,
  MAX_IDLE_BODY_BYTES,
  peerLimit,
  peerOf,
  refuse,
  totalLimit,
  type WorkLimits,
  WorkSlots,
} from "./limits.ts";
import type { MetricsAccess } from "./metrics-access.ts";
import { rotate } from "./rotate.ts";
import { type Answer, verify } from "./verify.ts";

/** What the endpoints need to know at the time of a request. */
export type Api = {
  /** Null when the controller is ready, else the reason in a few words. */
  notReady: () => string | null;
  /** PEM of the certificate that seals now, null while there is none. */
  certificatePem: () => string | null;
  opening: () => OpeningContext;
  sealer: () => Promise<Sealer | null>;
};

/** How to serve. */
export type ServerOptions = {
  limits: WorkLimits;
  verifyEndpoint: boolean;
  rotateEndpoint: boolean;
  readTimeoutMs: number;
  writeTimeoutMs: number;
};

/** Time for requests under way to end when a server closes. */
const CLOSE_MS = 3000;
const COUNTED = new Set(["/v1/cert.pem", "/v1/verify", "/v1/rotate"]);

/** The HTTP API: health, certificate, verify, rotate. Not listening yet. */
export async function createApiServer(
  api: Api,
  options: ServerOptions,
  metrics: Metrics,
  log: Log,
): Promise<FastifyInstance> {
  const server = bareServer(options);
  await server.register(rateLimit, {
    global: false,
    errorResponseBuilder: () => Object.assign(new Error("limit exceeded"), { statusCode: 429 }),
  });
  server.addHook("onResponse", async (request, reply) => {
    const path = request.routeOptions.url ?? "";
    if (COUNTED.has(path)) {
      metrics.countHttp(path, request.method, reply.statusCode, reply.elapsedTime / 1000);
    }
  });
  server.all("/healthz", async (_request, reply) => plain(reply, 200, "ok\n"));
  server.all("/readyz", async (_request, reply) =>
    api.notReady() === null ? plain(reply, 200, "ok\n") : plain(reply, 503, "not ready\n"),
  );
  server.all("/v1/cert.pem", async (_request, reply) => {
    const pem = api.certificatePem();
    if (pem === null) return plain(reply, 500, "cannot get certificate\n");
    return reply.code(200).type("application/x-pem-file").send(pem);
  });
  const slots = new WorkSlots();
  const takeBody = bodyLimit();
  const work = (path: string, run: (body: unknown, signal: AbortSignal) => Promise<Answer>) => {
    server.all(
      path,
      {
        config: { rateLimit: peerLimit(options.limits) },
        bodyLimit: MAX_BODY_BYTES,
        // Behind the limit for each peer, which is asked as the request comes in.
        preParsing: [totalLimit(server, options.limits), takeBody],
      },
      async (request, reply) => {
        const answer = await slots.run(peerOf(request), (signal) => run(request.body, signal));
        if (answer === null) return refuse(reply, 1);
        log.info({ path, status: answer.status }, "Request answered");
        return answer.body === undefined
          ? reply.code(answer.status).send("")
          : reply.code(answer.status).type("application/json").send(answer.body);
      },
    );
  };
  if (options.verifyEndpoint) work("/v1/verify", (body, signal) => verify(body, api.opening(), signal));
  if (options.rotateEndpoint) {
    work("/v1/rotate", async (body, signal) => rotate(body, api.opening(), await api.sealer(), signal));
  }
  return server;
}

/**
 * The metrics port: `/metrics` and nothing else. Not listening yet.
 * @param access who may read them, null for anyone.
 */
export function createMetricsServer(
  options: ServerOptions,
  metrics: Metrics,
  access: MetricsAccess | null,
): FastifyInstance {
  const server = bareServer(options);
  server.all("/metrics", async (request, reply) => {
    const verdict = access === null ? 200 : await access(request.headers.authorization);
    if (verdict !== 200) return plain(reply, verdict, "");
    const text = await metrics.registry.metrics();
    return reply.code(200).type(metrics.registry.contentType).send(text);
  });
  return server;
}

function bareServer({ readTimeoutMs, writeTimeoutMs }: ServerOptions): FastifyInstance {
  const server = fastify({
    bodyLimit: MAX_IDLE_BODY_BYTES,
    requestTimeout: readTimeoutMs,
    connectionTimeout: writeTimeoutMs,
    keepAliveTimeout: 60_000,
    forceCloseConnections: "idle",
    logger: false,
    exposeHeadRoutes: false,
    frameworkErrors: (_error, _request, reply) => plain(reply as unknown as FastifyReply, 400, ""),
  });
  server.addHook("preClose", async () => {
    // A client that does not end its request does not hold up the end.
    setTimeout(() => server.server.closeAllConnections(), CLOSE_MS).unref();
  });
  server.server.headersTimeout = Math.min(HEADERS_TIMEOUT_MS, readTimeoutMs);
  limitConnections(server.server);
  server.removeAllContentTypeParsers();
  // Clients send no content type, or any: the body alone says what it is.
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  server.setNotFoundHandler((_request: FastifyRequest, reply: FastifyReply) =>
    plain(reply, 404, "404 page not found\n"),
  );
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    return plain(reply, status, status === 429 ? "limit exceeded\n" : "");
  });
  return server;
}

function plain(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type("text/plain; charset=utf-8").send(text);
}
