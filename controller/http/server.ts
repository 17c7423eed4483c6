import rateLimit from "@fastify/rate-limit";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { OpeningContext } from "../../shared/open-sealed-secret.ts";
import type { Sealer } from "../../shared/seal/sealer.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { limitConnections } from "./connections.ts";
import {
  bodyLimit,
  HEADERS_TIMEOUT_MS,
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
import { MetricsText } from "./metrics-text.ts";
import { ReadingTime } from "./reading-time.ts";
import { rotate } from "./rotate.ts";
import { readSealedSecretBody } from "./sealed-secret-body.ts";
import { type Answer, verify } from "./verify.ts";

/** What the endpoints need to know at the time of a request. */
export type Api = {
  /** Null when the controller is ready, else the reason in a few words. */
  notReady: () => string | null;
  /** Null while the controller gets on, else why it does not in a few words; always null without it. */
  dead?: () => string | null;
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
/** Time to wait for who sent bodies that took long to read. */
const READING_WAIT_S = 5;
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
  server.all("/healthz", async (_request, reply) =>
    (api.dead?.() ?? null) === null ? plain(reply, 200, "ok\n") : plain(reply, 503, "not alive\n"),
  );
  server.all("/readyz", async (_request, reply) => {
    const reason = api.notReady();
    return reason === null ? plain(reply, 200, "ok\n") : plain(reply, 503, `not ready: ${reason}\n`);
  });
  server.all("/v1/cert.pem", async (_request, reply) => {
    const pem = api.certificatePem();
    if (pem === null) return plain(reply, 500, "cannot get certificate\n");
    return reply.code(200).type("application/x-pem-file").send(pem);
  });
  const slots = new WorkSlots();
  const takeBody = bodyLimit();
  const readingTime = new ReadingTime(() => performance.now());
  const work = (
    path: string,
    run: (sealedSecret: SealedSecret | null, signal: AbortSignal) => Promise<Answer>,
  ) => {
    server.all(
      path,
      {
        config: { rateLimit: peerLimit(options.limits) },
        bodyLimit: MAX_BODY_BYTES,
        // Behind the limit for each peer, which is asked as the request comes in.
        preParsing: [totalLimit(server, options.limits), takeBody],
      },
      async (request, reply) => {
        const peer = peerOf(request);
        const sent = readingTime.run(peer, () => readSealedSecretBody(request.body));
        if (sent === null) return refuse(reply, READING_WAIT_S);
        const answer = await slots.run(peer, (signal) => run(sent.read, signal));
        if (answer === null) return refuse(reply, 1);
        log.info({ path, status: answer.status }, "Request answered");
        return answer.body === undefined
          ? reply.code(answer.status).send("")
          : reply.code(answer.status).type("application/json").send(answer.body);
      },
    );
  };
  if (options.verifyEndpoint) work("/v1/verify", (sent, signal) => verify(sent, api.opening(), signal));
  if (options.rotateEndpoint) {
    work("/v1/rotate", async (sent, signal) => rotate(sent, api.opening(), await api.sealer(), signal));
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
  const text = new MetricsText(metrics);
  server.all("/metrics", async (request, reply) => {
    const verdict = access === null ? 200 : await access(request.headers.authorization, peerOf(request));
    if (verdict === 429) return refuse(reply, 1);
    if (verdict !== 200) return plain(reply, verdict, "");
    const { body, gzip } = await text.read(request.headers["accept-encoding"]);
    if (gzip) reply.header("content-encoding", "gzip");
    return reply.code(200).type(metrics.registry.contentType).send(body);
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
