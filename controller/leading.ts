import { SealError, wordsOf } from "../shared/errors.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import type { OpeningContext } from "../shared/open-sealed-secret.ts";
import type { VaultClient } from "../shared/vault/vault-client.ts";
import { Collecting } from "./collecting.ts";
import { type EventRecorder, openEventRecorder } from "./events.ts";
import { keyServiceRules } from "./key-service-settings.ts";
import { lendingPlaces, lendingSops } from "./key-services/lending.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { openingChecks } from "./opening-checks.ts";
import type { Options } from "./options.ts";
import type { WritePolicy } from "./reconcile/gates.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import { SecretDrift } from "./reconcile/secret-drift.ts";
import { SyncRecords } from "./reconcile/sync-record.ts";
import type { TemplateBackoff } from "./reconcile/template-backoff.ts";
import type { WatchedObject } from "./reconcile/watched-object.ts";
import { recordKey } from "./record-key.ts";
import type { Clock } from "./runtime/clock.ts";
import { FairOrder } from "./runtime/fair-order.ts";
import type { Term } from "./runtime/term.ts";
import { Workqueue, type WorkqueueStats } from "./runtime/workqueue.ts";
import type { SealedSecretCache } from "./sealed-secret-cache.ts";
import type { SecretCache } from "./secret-cache.ts";
import type { ApiIdentity } from "./vault-kv/audience-guard.ts";
import { openVaultKv } from "./vault-kv/open-vault-kv.ts";
import { connectSources, retryFailed } from "./work-sources.ts";

/** What the leader takes from its replica. */
export type LeadingParts = {
  options: Options;
  /** The namespace the controller runs in. */
  ownNamespace: string;
  /** What the options allow SealedSecrets to ask for. */
  policy: WritePolicy;
  sealedSecrets: SealedSecretCache;
  /** Null when Secrets are not watched. */
  secrets: SecretCache | null;
  /** Opens with the keys there are now, and finds out why a value does not open. */
  opening: () => OpeningContext;
  /** Outlives the term: what was told of a template's failure is not told again. */
  templateBackoff: TemplateBackoff;
  /** Connects to Vault, for references. */
  vault: () => Promise<VaultClient>;
  identity: ApiIdentity;
  /** Resolves once there is what opens: sealing keys, and age identities unless they keep it waiting. */
  whenKeys: Promise<unknown>;
  clock: Clock;
  metrics: Metrics;
  log: Log;
};

/** The leader's work while it lasts. */
export type Leading = {
  readonly events: EventRecorder;
  readonly stats: WorkqueueStats;
  /** Has objects looked at again that are not in sync: a key was added. */
  retryFailed(): void;
  /** Brings the cluster's SealedSecrets in sync until the term ends or `stop` is called. */
  run(): Promise<void>;
  /** Takes no more work; resolves when what was under way has ended, which has a while for it. */
  stop(): Promise<void>;
};

/** So many workers are kept from any one namespace. */
const WORKERS_FOR_OTHERS = 2;
/** So many times the usual number of objects may be in hand beside it while as many wait for key services. */
const WAITING_BESIDE = 4;
/** Time to get events out at the end. */
const FLUSH_MS = 2000;
/** Time for what is under way to end when the controller stops. */
const DRAIN_MS = 8000;
/** All that a stop waits for while the term holds, in ms. */
export const STOP_BOUND_MS = DRAIN_MS + FLUSH_MS;
const RECORD_KEY_RETRY_MS = 1000;
const RECORDS_LATER = "Cannot read the secret of the records, will retry";
const NO_RECORDS = "Nothing will be known of this run at the next start: every value will be opened then";

/**
 * Takes up the work of a leader.
 * @param clientFor a client that writes only while the term holds, whose requests end with the signal.
 */
export function leading(
  term: Term,
  clientFor: (signal: AbortSignal) => KubeClient,
  parts: LeadingParts,
): Leading {
  const { options, ownNamespace, policy, sealedSecrets, secrets, clock, metrics, log } = parts;
  const stopping = new AbortController();
  const ended = Promise.withResolvers<void>();
  const working = AbortSignal.any([term.signal, stopping.signal]);
  const draining = drainingSignal(term.signal, stopping.signal);
  const client = clientFor(draining);
  const now = () => new Date(clock.now());
  const events = openEventRecorder(client, log, now, {
    countEvent: metrics.countEvent,
    busy: () => queue.stats.ready > 0,
  });
  const onFailure = (key: string, error: unknown, failures: number, retryInMs: number) =>
    log.debug({ key, error: wordsOf(error), failures, retryInMs }, "Will look again");
  const queue = new Workqueue({ clock, onFailure, order: fairOrder(options) });
  const collecting = new Collecting({ client, clock, log, signal: draining });
  const drift = new SecretDrift(() => clock.monotonic());
  const keyServices = keyServiceRules(options, parts.opening().clusterId);
  const vaultKv = openVaultKv({
    ...{ options, client, clock, metrics, log },
    vault: parts.vault,
    identity: parts.identity,
    whileWaiting: (wait) => queue.lendPlace(wait),
    onChange: (key) => {
      drift.demand(key);
      queue.add(key, "resync");
    },
  });
  /** Every option that can change a Secret. */
  const rules = {
    policy,
    wholeObjects: options["accept-deprecated-v1-data"],
    templates: options.templates,
    nondeterministic: options["allow-nondeterministic-templates"],
    // Left out where there are none, so that records made before there were such rules hold.
    ...(keyServices === null ? {} : { keyServices }),
  };

  function opening(): OpeningContext {
    const { keyServices: services, sops, ...context } = parts.opening();
    return {
      ...context,
      ...(services === undefined ? {} : { keyServices: lendingPlaces(services, queue) }),
      ...(sops === undefined ? {} : { sops: (namespace) => lendingSops(sops(namespace), queue) }),
    };
  }

  async function reconciler(): Promise<Reconciler> {
    const key = options["update-status"] ? await keptKey() : SyncRecords.temporaryKey();
    return new Reconciler({
      client,
      find: (name) => sealedSecrets.get(name),
      takeBody: (name) => sealedSecrets.takeBody(name),
      neighbours: (namespace) => sealedSecrets.namesIn(namespace),
      drift,
      presentSecret: (name) => secrets?.get(name),
      secretsKnown: (name) => secrets?.knows(name) ?? false,
      records: new SyncRecords(key, rules),
      repairDrift: options["repair-drift"],
      clusterId: parts.opening().clusterId,
      opening,
      references: vaultKv.references,
      policy,
      templates: {
        enabled: options.templates,
        allowNondeterministic: options["allow-nondeterministic-templates"],
        backoff: parts.templateBackoff,
      },
      updateStatus: options["update-status"],
      events,
      metrics,
      log,
      now,
    });
  }

  async function keptKey(): Promise<Uint8Array> {
    while (!working.aborted) {
      try {
        return await recordKey(ownNamespace, client, working);
      } catch (error) {
        const passing = error instanceof SealError && error.retryable;
        if (!working.aborted) log.warn({ error: wordsOf(error) }, passing ? RECORDS_LATER : NO_RECORDS);
        if (!passing) break;
        await clock.sleep(RECORD_KEY_RETRY_MS, working).catch(() => undefined);
      }
    }
    return SyncRecords.temporaryKey();
  }

  async function run(): Promise<void> {
    sealedSecrets.keepBodies(true);
    try {
      const reconciling = await reconciler();
      // Without keys every object would be marked as failed.
      await Promise.race([parts.whenKeys, aborted(working)]);
      if (working.aborted) return;
      const gone = (key: string, last: WatchedObject | null) => {
        reconciling.forget(key);
        if (options["old-gc-behavior"] && last !== null) collecting.gone(last);
      };
      const disconnect = connectSources({ sealedSecrets, secrets, queue, drift, gone });
      const reconcile = async (key: string) => {
        const requeueAfterMs = await reconciling.reconcile(key, draining);
        return requeueAfterMs === null ? undefined : { requeueAfterMs };
      };
      await Promise.all([
        queue.run(options.concurrency, reconcile, working, WAITING_BESIDE * options.concurrency),
        collecting.run(working),
        vaultKv.run(working),
        openingChecks({
          ...{ options, client, clock, events, log, metrics, now, sealedSecrets },
          opening: parts.opening,
          busy: () => queue.stats.ready + queue.stats.working > 0,
        }).run(working),
      ]);
      disconnect();
    } finally {
      sealedSecrets.keepBodies(false);
      await vaultKv.close();
      if (term.holds()) await events.flush(FLUSH_MS);
      metrics.forgetAll();
      ended.resolve();
    }
  }

  return {
    events,
    get stats() {
      return queue.stats;
    },
    retryFailed: () => retryFailed({ sealedSecrets, queue, drift }),
    run,
    stop() {
      stopping.abort(new Error("stopping"));
      return ended.promise;
    },
  };
}

/** One namespace never has every worker, where there are others. */
function fairOrder({ concurrency, ...options }: Options): FairOrder {
  const isAlone = !options["all-namespaces"] && options["additional-namespaces"].length === 0;
  return new FairOrder({
    groupOf: (key) => key.slice(0, key.indexOf("/")),
    mostInHand: isAlone ? concurrency : Math.max(1, concurrency - WORKERS_FOR_OTHERS),
  });
}

/** Aborts when what is under way has to end: at once when somebody else may lead, a while after a stop of our own. */
function drainingSignal(lost: AbortSignal, stopping: AbortSignal): AbortSignal {
  const draining = new AbortController();
  void aborted(lost).then(() => draining.abort(lost.reason));
  void aborted(stopping).then(() => {
    setTimeout(() => draining.abort(stopping.reason), DRAIN_MS).unref();
  });
  return draining.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
