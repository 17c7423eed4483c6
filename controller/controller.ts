import { hostname } from "node:os";
import type { FastifyInstance } from "fastify";
import { SealError, wordsOf } from "../shared/errors.ts";
import { KubeUnreachableError } from "../shared/kube/api-error.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import type { OpeningContext } from "../shared/open-sealed-secret.ts";
import { clusterIdOf } from "./cluster-id.ts";
import { listen } from "./http/listen.ts";
import { metricsAccess } from "./http/metrics-access.ts";
import { type Api, createApiServer, createMetricsServer } from "./http/server.ts";
import { judgeKeyServices } from "./key-service-settings.ts";
import { ObjectKeyServices } from "./key-services/object-key-services.ts";
import { openKeyServices } from "./key-services/open-key-services.ts";
import type { KeyServiceConnections } from "./key-services.ts";
import { KeyManager, type KeyManagerParts } from "./keys/key-manager.ts";
import { keyWrapping, requireClusterToWrap } from "./keys/key-wrapping.ts";
import { type Leading, leading } from "./leading.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { FailureMemory } from "./opening/failure-memory.ts";
import type { Options } from "./options.ts";
import { TemplateBackoff } from "./reconcile/template-backoff.ts";
import { refusalHint } from "./refusal-hint.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Election } from "./runtime/election.ts";
import { fenced } from "./runtime/fenced-client.ts";
import { LeaderElection } from "./runtime/leader-election.ts";
import { soleLeader } from "./runtime/sole-leader.ts";
import { NotLeadingError, type Term } from "./runtime/term.ts";
import { SealedSecretCache } from "./sealed-secret-cache.ts";
import { SecretCache } from "./secret-cache.ts";
import { AgeIdentityKeeper } from "./sops/age-identity-keeper.ts";
import { ObjectSops } from "./sops/object-sops.ts";
import { type ApiIdentity, judgeAudience } from "./vault-kv/audience-guard.ts";
import { kvUse } from "./vault-kv/kv-settings.ts";
import { writePolicyOf } from "./write-policy.ts";

/** What the process gives the controller. */
export type ControllerParts = {
  client: KubeClient;
  /** Slows a client down to the limit that all requests share, but for those that keep the lead. */
  slowed: (client: KubeClient) => KubeClient;
  /** The namespace the controller runs in. */
  ownNamespace: string;
  clock: Clock;
  log: Log;
  version: string;
  /** Variables of the environment: credentials for key services, and proxies. */
  environment: Readonly<Record<string, string | undefined>>;
  /** The ways to key services; by default those that the options describe. */
  keyServices?: KeyServiceConnections;
  /** How the API server is asked about tokens. */
  identity: ApiIdentity;
};

/** A running controller. */
export type Controller = {
  /** Ports that were bound; they differ from the options where those say 0. */
  ports: { api: number; metrics: number };
  /** Rejects when the controller cannot go on; never resolves. */
  failed: Promise<never>;
  /** Makes a new sealing key now; on a replica that stands by, says who can. */
  generateKey(): Promise<void>;
  /**
   * Stops taking work, ends what is under way, closes the ports.
   * @param answeringMs how long the ports stay open at least, for clients that are still sent here.
   */
  stop(answeringMs?: number): Promise<void>;
};

/** Items of one object whose failure is looked into. */
const ITEMS_EXPLAINED = 10;
/** Whoever has no SOPS documents is not held up for long by age identities that cannot be listed. */
const LISTING_MS = 5000;
/** A replica whose loops stand still for so long is of no use any more. */
const DEAD_AFTER_MS = 5 * 60_000;

/**
 * Starts the controller: ports first, so that health checks see it; then keys and caches, on every replica; then the
 * work of a leader, on one.
 * @throws UsageError for options that do not go together; SealError when a port cannot be bound.
 */
export async function startController(options: Options, parts: ControllerParts): Promise<Controller> {
  const { clock, log, ownNamespace, slowed, version } = parts;
  const policy = writePolicyOf(options, ownNamespace);
  judgeKeyServices(options, options["cluster-id"]);
  if (options["cluster-id"] === "none") requireClusterToWrap(options, null);
  if (kvUse(options).on) await judgeAudience(options["vault-kv-audience"], parts.identity);
  const client = slowed(parts.client);
  const metrics = createMetrics({ version, omitNames: options["metrics-omit-secret-labels"] });
  const { environment } = parts;
  const connections =
    parts.keyServices ?? (await openKeyServices(options, { clock, log, metrics, version, environment }));
  // The reconciler's alone, too: whoever asks over HTTP is not to have key services asked.
  const keyServices = new ObjectKeyServices(options, { connections, clock, log, metrics });
  const stopping = new AbortController();
  let draining = false;
  let clusterId: string | null = ["", "none"].includes(options["cluster-id"]) ? null : options["cluster-id"];
  let work: Leading | null = null;
  /** A new key was asked for before it was known who leads. */
  let isKeyWanted = false;
  metrics.watchQueue(() => work?.stats ?? null);

  const namespaces = namespacesOf(options, ownNamespace);
  const sealedSecrets = new SealedSecretCache({
    client,
    clock,
    namespaces,
    labelSelector: options["label-selector"],
    onError: (error) => {
      const hint = refusalHint(error, {
        forbidden: "grant list and watch on sealedsecrets of bitnami.com there",
        unknown: "install the resource: kubectl apply --server-side -f crds/sealedsecrets.yaml",
      });
      log.warn({ error: wordsOf(error), ...hint }, "Cannot watch SealedSecrets, will retry");
    },
  });
  const secrets = options["skip-recreate"] ? null : new SecretCache({ client, clock, namespaces, log });
  const keys = keyManager(options, parts, {
    client,
    metrics,
    clusterId: () => clusterId,
    wrapping: keyWrapping(options, {
      services: connections,
      clusterId: () => clusterId,
      monotonic: () => clock.monotonic(),
    }),
    onKeyAdded: () => work?.retryFailed(),
  });
  const identities = new AgeIdentityKeeper({
    ...{ client, clock, log, metrics },
    namespace: ownNamespace,
    onAdded: () => work?.retryFailed(),
  });
  const sops = new ObjectSops(options, { keyServices, identities });
  const opening = (
    how: Pick<OpeningContext, "diagnose" | "giveUpAfter" | "memory" | "keyServices" | "sops" | "missing">,
  ): OpeningContext => ({
    clusterId,
    keys: keys.ring.openingKeys(),
    acceptWholeObject: options["accept-deprecated-v1-data"],
    onOperation: metrics.countKeyOperation,
    ...how,
  });
  // The reconciler's alone: what was tried there is nobody else's business.
  const memory = new FailureMemory();
  const templateBackoff = new TemplateBackoff(() => clock.monotonic());
  // Who only stands by works on nothing.
  const election = electionOf(options, parts, () => sealedSecrets.keepBodies(false));

  const api: Api = {
    notReady: () => {
      if (draining) return "stopping";
      if (!keys.ready) return keys.notReady;
      if (!sealedSecrets.hasSynced) return "SealedSecrets not listed yet";
      return secrets === null || secrets.hasSynced ? null : "Secrets not listed yet";
    },
    certificatePem: () => keys.ring.primary?.certificate.pem ?? null,
    opening: () => opening({ diagnose: false, giveUpAfter: 1 }),
    sealer: () => keys.sealer(),
    dead: () => {
      if (election.silentMs > DEAD_AFTER_MS) return "the lease is not looked after";
      const longest = work?.stats.longestInHandMs ?? 0;
      return longest > DEAD_AFTER_MS ? "a SealedSecret is under work for too long" : null;
    },
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
  log.info({ addr: options["listen-metrics-addr"], port: ports.metrics }, "HTTP metrics server serving");

  const { signal } = stopping;
  async function makeWantedKey(): Promise<void> {
    if (!isKeyWanted) return;
    isKeyWanted = false;
    try {
      await keys.generate();
    } catch (error) {
      log.error({ error: wordsOf(error) }, "No new key made");
    }
  }
  async function lead(term: Term): Promise<void> {
    metrics.setLeading(true);
    const clientFor = (ending: AbortSignal) =>
      slowed(fenced(parts.client, { signal: ending, holds: () => term.holds() }));
    const taken = leading(term, clientFor, {
      options,
      ownNamespace,
      policy,
      sealedSecrets,
      secrets,
      opening: () =>
        opening({
          diagnose: true,
          giveUpAfter: ITEMS_EXPLAINED,
          memory,
          keyServices,
          sops: (namespace) => sops.unwrapperFor(namespace),
          missing: keys.missing,
        }),
      templateBackoff,
      vault: () => connections.vault(),
      identity: parts.identity,
      whenKeys: Promise.all([
        keys.whenReady,
        Promise.race([identities.whenListed, clock.sleep(LISTING_MS, term.signal).catch(() => undefined)]),
      ]),
      clock,
      metrics,
      log,
    });
    work = taken;
    identities.lead(term, taken.events);
    try {
      const leadingKeys = keys.lead(term, clientFor(term.signal), taken.events);
      await Promise.all([leadingKeys, taken.run(), makeWantedKey()]);
    } finally {
      work = null;
      keyServices.wipe();
      metrics.setLeading(false);
    }
  }
  const running = (async () => {
    if (options["cluster-id"] === "") clusterId = await clusterIdOf(client, log, signal);
    if (!signal.aborted) requireClusterToWrap(options, clusterId);
    await Promise.all([
      keys.follow(signal),
      identities.follow(signal),
      sealedSecrets.run(signal),
      secrets?.run(signal),
      keyServices.run(signal),
      election.run(lead, signal),
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
    async generateKey() {
      try {
        await keys.generate();
      } catch (error) {
        if (!(error instanceof NotLeadingError)) throw error;
        const { holder } = election;
        isKeyWanted = holder === null;
        if (isKeyWanted) log.info("A new key will be made if this replica comes to lead");
        else log.warn({ holder }, "No new key made here: send the signal to the replica that leads");
      }
    },
    async stop(answeringMs = 0) {
      draining = true;
      const answering = clock.sleep(answeringMs);
      // While we still lead, since nothing can be written afterwards.
      await work?.stop();
      stopping.abort(new Error("stopping"));
      await running.catch(() => undefined);
      await answering;
      await Promise.all([apiServer.close(), metricsServer.close()]);
      await connections.close();
      await parts.client.close();
    },
  };
}

function keyManager(
  options: Options,
  { clock, log, ownNamespace }: ControllerParts,
  parts: Pick<KeyManagerParts, "client" | "metrics" | "wrapping" | "onKeyAdded"> & {
    clusterId: () => string | null;
  },
): KeyManager {
  const { clusterId, ...rest } = parts;
  const settings = {
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
    cutoffTimeMs: options["key-cutoff-time"],
    requireBackup: options["require-backup"],
    clusterId,
  };
  return new KeyManager(settings, { clock, log, ...rest });
}

/** The lease is kept by a client that is never slowed down: whoever waits loses it. */
function electionOf(
  options: Options,
  { client, clock, log, ownNamespace }: ControllerParts,
  onStandby: () => void,
): Election {
  if (!options["leader-elect"]) return soleLeader();
  const identity = `${hostname()}_${crypto.randomUUID()}`;
  return new LeaderElection({
    client,
    clock,
    namespace: ownNamespace,
    name: options["lease-name"],
    identity,
    leaseDurationMs: options["lease-duration"],
    renewDeadlineMs: options["lease-renew-deadline"],
    retryPeriodMs: options["lease-retry-period"],
    onChange: ({ leading, holder }) => {
      const other = holder === null ? "No replica leads" : "Another replica leads";
      const not = holder === identity ? "This replica no longer leads" : other;
      log.info({ holder }, leading ? "This replica leads" : not);
      if (!leading) onStandby();
    },
    onError: (error) => {
      // Of no use to who only waits for the API server.
      const passing = !(error instanceof SealError) || error instanceof KubeUnreachableError;
      const hint = passing ? {} : { hint: error.hint };
      log.warn({ error: wordsOf(error), ...hint }, "Cannot keep the lease, will retry");
    },
  });
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
