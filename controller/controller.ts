import type { FastifyInstance } from "fastify";
import { wordsOf } from "../shared/errors.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import type { OpeningContext } from "../shared/open-sealed-secret.ts";
import { clusterIdOf } from "./cluster-id.ts";
import { openEventRecorder } from "./events.ts";
import { listen } from "./http/listen.ts";
import { metricsAccess } from "./http/metrics-access.ts";
import { type Api, createApiServer, createMetricsServer } from "./http/server.ts";
import { KeyManager } from "./keys/key-manager.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import type { Options } from "./options.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import { SecretDrift } from "./reconcile/secret-drift.ts";
import { TemplateBackoff } from "./reconcile/template-backoff.ts";
import type { Clock } from "./runtime/clock.ts";
import { Workqueue } from "./runtime/workqueue.ts";
import { SealedSecretCache } from "./sealed-secret-cache.ts";
import { SecretCache } from "./secret-cache.ts";
import { connectSources, retryFailed } from "./work-sources.ts";

/** What the process gives the controller. */
export type ControllerParts = {
  client: KubeClient;
  /** The namespace the controller runs in. */
  ownNamespace: string;
  clock: Clock;
  log: Log;
  version: string;
};

/** A running controller. */
export type Controller = {
  /** Ports that were bound; they differ from the options where those say 0. */
  ports: { api: number; metrics: number };
  /** Rejects when the controller cannot go on; never resolves. */
  failed: Promise<never>;
  /** Makes a new sealing key now. */
  generateKey(): Promise<void>;
  /** Stops taking work, ends what is under way, closes the ports. */
  stop(): Promise<void>;
};

/** Items of one object whose failure is looked into. */
const ITEMS_EXPLAINED = 10;
/** Time to get events out at the end. */
const FLUSH_MS = 2000;
/** Time for what is under way to end when the controller stops. */
const DRAIN_MS = 10_000;

/**
 * Starts the controller: ports first, so that health checks see it; then keys; then SealedSecrets.
 * @throws SealError when a port cannot be bound.
 */
export async function startController(options: Options, parts: ControllerParts): Promise<Controller> {
  const { client, clock, log, ownNamespace, version } = parts;
  const now = () => new Date(clock.now());
  const metrics = createMetrics({ version, omitNames: options["metrics-omit-secret-labels"] });
  const events = openEventRecorder(client, log, now);
  const stopping = new AbortController();
  let clusterId: string | null = options["cluster-id"] === "" ? null : options["cluster-id"];

  const queue = new Workqueue({
    clock,
    onFailure: (key, error, failures, retryInMs) =>
      log.debug({ key, error: wordsOf(error), failures, retryInMs }, "Will look again"),
  });
  const drift = new SecretDrift(() => clock.monotonic());
  const namespaces = namespacesOf(options, ownNamespace);
  const sealedSecrets = new SealedSecretCache({
    client,
    clock,
    namespaces,
    labelSelector: options["label-selector"],
    onError: (error) => log.warn({ error: wordsOf(error) }, "Cannot watch SealedSecrets, will retry"),
  });
  const secrets = options["skip-recreate"] ? null : new SecretCache({ client, clock, namespaces, log });

  const keys = new KeyManager(
    {
      order: options["key-order-priority"],
      request: {
        keyBits: options["key-size"],
        commonName: options["my-cn"],
        ttlMs: options["key-ttl"],
      },
      style: {
        namespace: ownNamespace,
        prefix: options["key-prefix"],
        labels: options["privatekey-labels"],
        annotations: options["privatekey-annotations"],
      },
      renewPeriodMs: options["key-renew-period"],
      clusterId: () => clusterId,
    },
    { client, clock, events, metrics, log, onKeyAdded: () => retryFailed({ sealedSecrets, queue, drift }) },
  );
  const opening = (how: Pick<OpeningContext, "diagnose" | "giveUpAfter">): OpeningContext => ({
    clusterId,
    keys: keys.ring.openingKeys(),
    acceptWholeObject: options["accept-deprecated-v1-data"],
    ...how,
  });
  const reconciler = new Reconciler({
    client,
    find: (key) => sealedSecrets.get(key),
    neighbours: (namespace) => sealedSecrets.namesIn(namespace),
    drift,
    presentSecret: (key) => secrets?.get(key),
    repairDrift: options["repair-drift"],
    opening: () => opening({ diagnose: true, giveUpAfter: ITEMS_EXPLAINED }),
    policy: {
      ownNamespace,
      keyPrefix: options["key-prefix"],
      allowedTypes: options["allowed-secret-types"],
      allowedAnnotations: options["allowed-annotations"],
      adoptNamespaces: options["adopt-namespaces"],
      secretLabels: options["secret-labels"],
      secretAnnotations: options["secret-annotations"],
      forbidOwnNamespace: options["forbid-own-namespace"],
      deniedMetadata: options["denied-metadata"],
    },
    templates: {
      enabled: options.templates,
      allowNondeterministic: options["allow-nondeterministic-templates"],
      backoff: new TemplateBackoff(() => clock.monotonic()),
    },
    updateStatus: options["update-status"],
    events,
    metrics,
    log,
    now,
  });
  const forget = (key: string) => reconciler.forget(key);
  connectSources({ sealedSecrets, secrets, queue, drift, forget });

  const api: Api = {
    notReady: () => {
      if (!keys.ready) return "no sealing key";
      if (!sealedSecrets.hasSynced) return "SealedSecrets not listed yet";
      return secrets === null || secrets.hasSynced ? null : "Secrets not listed yet";
    },
    certificatePem: () => keys.ring.primary?.certificate.pem ?? null,
    opening: () => opening({ diagnose: false, giveUpAfter: 1 }),
    sealer: () => keys.sealer(),
  };
  const serverOptions = {
    limits: { rate: options["rate-limit"], burst: options["rate-limit-burst"] },
    verifyEndpoint: options["verify-endpoint"],
    rotateEndpoint: options["rotate-endpoint"],
    readTimeoutMs: options["read-timeout"],
    writeTimeoutMs: options["write-timeout"],
  };
  const apiServer = await createApiServer(api, serverOptions, metrics, log);
  const metricsServer = createMetricsServer(
    serverOptions,
    metrics,
    options["metrics-auth"] ? metricsAccess(client, () => clock.monotonic()) : null,
  );
  const ports = await listenBoth(apiServer, metricsServer, options);
  log.info({ addr: options["listen-addr"], port: ports.api }, "HTTP server serving");

  const { signal } = stopping;
  const draining = new AbortController();
  const running = (async () => {
    clusterId ??= await clusterIdOf(client, log, signal);
    const keysRunning = keys.run(signal);
    // Without keys every object would be marked as failed.
    await Promise.race([keys.whenReady, keysRunning]);
    await Promise.all([
      keysRunning,
      sealedSecrets.run(signal),
      secrets?.run(signal),
      queue.run(
        options["concurrency"],
        async (key) => {
          const requeueAfterMs = await reconciler.reconcile(key, draining.signal);
          return requeueAfterMs === null ? undefined : { requeueAfterMs };
        },
        signal,
      ),
    ]);
  })();
  const failed = new Promise<never>((_resolve, reject) => {
    running.catch((error: unknown) => {
      if (!signal.aborted) reject(error);
    });
  });
  // Whoever does not wait for it is not to be ended by it.
  failed.catch((error: unknown) => log.error({ error: wordsOf(error) }, "Controller failed"));

  return {
    ports,
    failed,
    generateKey: () => keys.generate(),
    async stop() {
      stopping.abort(new Error("stopping"));
      // What has begun may end, within bounds.
      const timer = setTimeout(() => draining.abort(new Error("stopping")), DRAIN_MS);
      await running.catch(() => undefined);
      clearTimeout(timer);
      await events.flush(FLUSH_MS);
      await Promise.all([apiServer.close(), metricsServer.close()]);
      await client.close();
    },
  };
}

/** Binds both ports, or neither: one left open would keep the process alive. */
async function listenBoth(
  api: FastifyInstance,
  metrics: FastifyInstance,
  options: Options,
): Promise<Controller["ports"]> {
  try {
    return {
      api: await listen(api, options["listen-addr"], "listen-addr"),
      metrics: await listen(metrics, options["listen-metrics-addr"], "listen-metrics-addr"),
    };
  } catch (error) {
    await Promise.all([api.close(), metrics.close()]);
    throw error;
  }
}

/** The namespaces to serve; null for all of them. */
function namespacesOf(options: Options, ownNamespace: string): readonly string[] | null {
  const additional = options["additional-namespaces"];
  if (additional.length > 0) return [...new Set([ownNamespace, ...additional])];
  return options["all-namespaces"] ? null : [ownNamespace];
}
