import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import type { KvMetadata, KvPath, KvReader } from "../../shared/vault/kv-answer.ts";
import { type EntryVersion, isSameVersion } from "./entry-version.ts";

/** After so long it is tried anew whether an entry's metadata may be read. */
const DENIED_AGAIN_MS = 3_600_000;
const MOST_REMEMBERED = 10_000;
const NO_FIELDS: ReadonlySet<string> = new Set();

/**
 * Asks whether an entry still has the version that was read as its newest one: by its metadata, which takes no right to
 * its values; where a policy keeps those back, by reading the entry.
 */
export class EntryPoll {
  readonly #now: () => number;
  /** Entries whose metadata may not be read, and since when. */
  readonly #deniedAtMs = new Map<string, number>();

  /** @param now ms since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * @param tenant whose right it is.
   * @returns whether that version can still be read and none has come after it.
   * @throws KeyServiceError; the signal's reason when aborted.
   */
  async isUnchanged(
    tenant: string,
    kv: KvReader,
    { at, ...version }: { at: KvPath } & EntryVersion,
    signal: AbortSignal,
  ): Promise<boolean> {
    const id = JSON.stringify([tenant, at.mount, at.path]);
    if (!this.#isDenied(id)) {
      try {
        return isStill(await kv.readMetadata(at, { signal }), version, this.#now());
      } catch (error) {
        if (!(error instanceof KeyServiceError) || error.fault !== "denied") throw error;
        if (this.#deniedAtMs.size >= MOST_REMEMBERED) this.#deniedAtMs.clear();
        this.#deniedAtMs.set(id, this.#now());
      }
    }
    const read = await kv.readSecret(at, { fields: NO_FIELDS, signal });
    return read.kind === "found" && isSameVersion(read, version);
  }

  #isDenied(id: string): boolean {
    const since = this.#deniedAtMs.get(id);
    if (since === undefined) return false;
    if (Math.abs(this.#now() - since) < DENIED_AGAIN_MS) return true;
    this.#deniedAtMs.delete(id);
    return false;
  }
}

function isStill(metadata: KvMetadata, known: EntryVersion, nowMs: number): boolean {
  if (metadata.kind !== "found" || metadata.currentVersion !== known.version) return false;
  const state = metadata.versions.get(known.version);
  if (state === undefined || state.destroyed || !isSameVersion(state, known)) return false;
  // A time to come is when Vault will delete it.
  return state.deletedAt === null || Date.parse(state.deletedAt) > nowMs;
}
