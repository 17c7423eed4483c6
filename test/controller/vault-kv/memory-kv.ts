import { KeyServiceError, type KeyServiceFault } from "../../../shared/seal/key-service-error.ts";
import type { KvMetadata, KvPath, KvRead, KvReader, KvReadOptions } from "../../../shared/vault/kv-answer.ts";

type Version = {
  fields: Record<string, string | null>;
  createdAt: string;
  deletedAt: string | null;
  destroyed: boolean;
};

/** An engine in memory: what it holds, how it refuses, and what it was asked. */
export class MemoryKv implements KvReader {
  /** `data MOUNT/PATH[@VERSION]` and `metadata MOUNT/PATH`, in order. */
  readonly asked: string[] = [];
  readonly #entries = new Map<string, Version[]>();
  #written = 0;
  /** Faults by the begin of what is asked. */
  readonly faults = new Map<string, KeyServiceFault>();
  /** Awaited before each answer. */
  before: () => Promise<void> = async () => undefined;

  /** Writes the next version. @returns its number. */
  write(path: string, fields: Record<string, string | null>): number {
    const versions = this.#entries.get(path) ?? [];
    this.#written += 1;
    const createdAt = `2030-01-01T00:00:00.${`${this.#written}`.padStart(9, "0")}Z`;
    versions.push({ fields, createdAt, deletedAt: null, destroyed: false });
    this.#entries.set(path, versions);
    return versions.length;
  }

  /** Removes an entry with all of its versions, so that the next one is the first again. */
  remove(path: string): void {
    this.#entries.delete(path);
  }

  /** Changes what is known of a version. */
  mark(path: string, version: number, change: Partial<Omit<Version, "fields">>): void {
    Object.assign(this.#entries.get(path)?.[version - 1] ?? {}, change);
  }

  async readSecret({ mount, path }: KvPath, { version, fields }: KvReadOptions): Promise<KvRead> {
    await this.#ask(`data ${mount}/${path}${version === undefined ? "" : `@${version}`}`);
    const versions = this.#entries.get(`${mount}/${path}`) ?? [];
    const number = version ?? versions.length;
    const found = versions[number - 1];
    if (found === undefined) return { kind: "missing" };
    if (found.destroyed) return { kind: "destroyed", version: number };
    if (found.deletedAt !== null) return { kind: "deleted", version: number, deletedAt: found.deletedAt };
    const kept = Object.entries(found.fields)
      .filter(([name]) => fields?.has(name) ?? true)
      .map(([name, text]) => [name, { text }] as const);
    return { kind: "found", version: number, createdAt: found.createdAt, fields: new Map(kept) };
  }

  async readMetadata({ mount, path }: KvPath): Promise<KvMetadata> {
    await this.#ask(`metadata ${mount}/${path}`);
    const versions = this.#entries.get(`${mount}/${path}`);
    if (versions === undefined) return { kind: "missing" };
    const known = versions.map(
      ({ fields: _, ...state }, at) => [at + 1, { version: at + 1, ...state }] as const,
    );
    return { kind: "found", currentVersion: versions.length, versions: new Map(known) };
  }

  async #ask(what: string): Promise<void> {
    this.asked.push(what);
    await this.before();
    for (const [begin, fault] of this.faults)
      if (what.startsWith(begin))
        throw new KeyServiceError(fault, `cannot ${what}`, "wait", { retryAfterMs: 5 });
  }
}
