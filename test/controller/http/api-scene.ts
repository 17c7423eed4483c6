import type { InjectOptions, LightMyRequestResponse } from "fastify";
import { type Api, createApiServer, type ServerOptions } from "../../../controller/http/server.ts";
import { openLog } from "../../../controller/log.ts";
import { createMetrics } from "../../../controller/metrics.ts";
import { type SealingPair, sealingPair } from "../sealing-key.ts";

/** Newest first: the first one seals. */
export const [newest, older, stranger] = await Promise.all([sealingPair(), sealingPair(), sealingPair()]);

/** Limits that no test runs into unless it means to. */
export const GENEROUS: ServerOptions = {
  limits: { rate: 1000, burst: 1000 },
  verifyEndpoint: true,
  rotateEndpoint: true,
  readTimeoutMs: 20_000,
  writeTimeoutMs: 20_000,
};

/** A server with its metrics and what it logged. Not listening. */
export async function apiScene(
  options: Partial<ServerOptions> = {},
  api: Partial<Api> = {},
  pairs: readonly SealingPair[] = [newest, older],
) {
  const lines: string[] = [];
  const push = (line: string) => lines.push(line);
  const log = openLog({ level: "DEBUG", format: "text", infoToStdout: true }, { out: push, err: push });
  const metrics = createMetrics({ version: "1", omitNames: false });
  const server = await createApiServer(
    {
      notReady: () => null,
      certificatePem: () => pairs[0]?.certificatePem ?? null,
      opening: () => ({
        clusterId: "cluster",
        keys: pairs.map(({ opening }) => opening),
        acceptWholeObject: true,
        diagnose: false,
        giveUpAfter: 1,
      }),
      sealer: async () => pairs[0]?.sealer ?? null,
      ...api,
    },
    { ...GENEROUS, ...options },
    metrics,
    log,
  );
  const post = (url: string, payload: string | Buffer, more: InjectOptions = {}) =>
    server.inject({ method: "POST", url, payload, ...more });
  return { server, metrics, lines, post };
}

/** What a client sees of an answer, save the time and the count of requests left. */
export function shapeOf({ statusCode, headers, rawPayload }: LightMyRequestResponse): object {
  const varying = new Set(["date", "x-ratelimit-remaining", "x-ratelimit-reset"]);
  const kept = Object.entries(headers).filter(([name]) => !varying.has(name));
  return { statusCode, bytes: rawPayload.length, headers: Object.fromEntries(kept.sort()) };
}
