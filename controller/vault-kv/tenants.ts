import type { KvReader } from "../../shared/vault/kv-answer.ts";

/** A namespace's way to Vault, as its ServiceAccount `signet-vault`; logs in when it is first asked. */
export type Tenant = KvReader & {
  /** Gives up the token. Nothing is asked afterwards. */
  close(): Promise<void>;
};

/** How tenants are kept. */
export type TenantsParts = {
  open: (namespace: string) => Tenant;
  /** Ms of a clock that never runs backwards. */
  nowMs: () => number;
  /** So many namespaces have a session at once; 500 by default. */
  most?: number;
};

const MOST = 500;
/** A session that nobody used for so long is given up: what refreshes more often keeps its own. */
const IDLE_MS = 15 * 60_000;

type Kept = { tenant: Tenant; inUse: number; usedAtMs: number; isLeaving: boolean };

/** The sessions at Vault, one of a namespace; a token of one is never used for another. */
export class Tenants {
  readonly #parts: TenantsParts;
  readonly #most: number;
  /** The one used last stands last. */
  readonly #kept = new Map<string, Kept>();
  readonly #closing = new Set<Promise<void>>();

  constructor(parts: TenantsParts) {
    this.#parts = parts;
    this.#most = parts.most ?? MOST;
  }

  /** How many namespaces have one. */
  get size(): number {
    return this.#kept.size;
  }

  /** Does something as a namespace. */
  async use<T>(namespace: string, act: (kv: KvReader) => Promise<T>): Promise<T> {
    const kept = this.#kept.get(namespace) ?? this.#newcomer(namespace);
    this.#kept.delete(namespace);
    this.#kept.set(namespace, kept);
    kept.inUse += 1;
    kept.usedAtMs = this.#parts.nowMs();
    this.sweep();
    try {
      return await act(kept.tenant);
    } finally {
      kept.inUse -= 1;
      kept.usedAtMs = this.#parts.nowMs();
      if (kept.isLeaving && kept.inUse === 0) this.#close(kept.tenant);
    }
  }

  /** Gives up the session of a namespace that has no references any more. */
  release(namespace: string): void {
    const kept = this.#kept.get(namespace);
    if (kept === undefined) return;
    this.#kept.delete(namespace);
    kept.isLeaving = true;
    if (kept.inUse === 0) this.#close(kept.tenant);
  }

  /** Gives up all; resolves when Vault has been told, as far as it answers. */
  async close(): Promise<void> {
    for (const namespace of [...this.#kept.keys()]) this.release(namespace);
    await Promise.all(this.#closing);
  }

  #newcomer(namespace: string): Kept {
    return { tenant: this.#parts.open(namespace), inUse: 0, usedAtMs: 0, isLeaving: false };
  }

  /** Gives up sessions that nobody has used for a while, and those used longest ago where there are too many. */
  sweep(): void {
    const idleSince = this.#parts.nowMs() - IDLE_MS;
    for (const [namespace, { inUse, usedAtMs }] of this.#kept) {
      const isFull = this.#kept.size > this.#most;
      if (!isFull && usedAtMs > idleSince) return;
      if (inUse === 0) this.release(namespace);
    }
  }

  #close(tenant: Tenant): void {
    const closing: Promise<void> = tenant
      .close()
      .catch(() => undefined)
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
