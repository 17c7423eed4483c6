import type { Happening } from "../../../controller/events.ts";
import { KeyManager, type KeyManagerOptions } from "../../../controller/keys/key-manager.ts";
import type { KeyWrapping } from "../../../controller/keys/key-wrapping.ts";
import { openLog } from "../../../controller/log.ts";
import { createMetrics } from "../../../controller/metrics.ts";
import type { Clock } from "../../../controller/runtime/clock.ts";
import { fenced } from "../../../controller/runtime/fenced-client.ts";
import type { KubeClient } from "../../../shared/kube/client.ts";
import { MemoryWrapping } from "./memory-wrapping.ts";
import type { TestLease, TestTerm } from "./test-lease.ts";

/** How a replica differs from one that is as usual. */
export type ReplicaOptions = Partial<KeyManagerOptions> & { prefix?: string; wrapping?: KeyWrapping };

/** An event that was recorded, and the name of what it is about. */
export type Told = Happening & { name: string };

/** A replica's key manager without the rest of a controller. */
export type Replica = {
  manager: KeyManager;
  lines: string[];
  told: Told[];
  /** How often it said that a key was added. */
  readonly added: number;
  metrics(): Promise<string>;
  /** Begins a term. @param client fenced by the term. */
  lead(lease: TestLease, client?: KubeClient): Leading;
  /** Ends what still runs. */
  stop(): Promise<void>;
};

/** A term that a replica leads for. */
export type Leading = { term: TestTerm; ended: Promise<void>; end(): Promise<void> };

/** @param options what differs from keys of 2048 bits that are never renewed. */
export function startReplica(client: KubeClient, clock: Clock, options: ReplicaOptions = {}): Replica {
  const lines: string[] = [];
  const told: Told[] = [];
  const push = (line: string) => lines.push(line);
  const metrics = createMetrics({ version: "test", omitNames: false });
  const { prefix = "sealed-secrets-key", wrapping = new MemoryWrapping({ wraps: false }), ...rest } = options;
  let added = 0;
  const manager = new KeyManager(
    {
      order: "CertNotBefore",
      request: { keyBits: 2048, commonName: "", ttlMs: 86_400_000 },
      style: { namespace: "kube-system", prefix, labels: {}, annotations: {} },
      renewPeriodMs: 0,
      cutoffTimeMs: 0,
      requireBackup: false,
      clusterId: () => "test",
      ...rest,
    },
    {
      client,
      clock,
      metrics,
      wrapping,
      log: openLog({ level: "INFO", format: "text", infoToStdout: true }, { out: push, err: push }),
      onKeyAdded: () => {
        added += 1;
      },
    },
  );
  const stopping = new AbortController();
  const running = [manager.follow(stopping.signal)];
  const terms: TestTerm[] = [];
  const events = {
    record: (about: { metadata: { name?: string } }, happening: Happening) =>
      void told.push({ ...happening, name: about.metadata.name ?? "" }),
    flush: async () => undefined,
  };
  return {
    manager,
    lines,
    told,
    get added() {
      return added;
    },
    metrics: () => metrics.registry.metrics(),
    lead(lease, through = client) {
      const term = lease.begin();
      terms.push(term);
      const ended = manager.lead(term, fenced(through, term), events);
      running.push(ended);
      return {
        term,
        ended,
        end() {
          term.end();
          return ended;
        },
      };
    },
    async stop() {
      for (const term of terms) term.end();
      stopping.abort(new Error("stopping"));
      await Promise.all(running);
    },
  };
}
