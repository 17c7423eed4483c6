import type {
  KvAbsence,
  KvField,
  KvMetadata,
  KvPath,
  KvRead,
  KvReader,
  KvReadOptions,
  KvVersion,
} from "./kv-answer.ts";
import type { VaultSession } from "./session.ts";
import {
  dataOf,
  isExactNumber,
  mapping,
  succeeded,
  type VaultAnswer,
  type VaultBody,
  wholeNumber,
} from "./vault-answer.ts";
import { type Asked, saysUnmounted, unexpectedAnswer, vaultFault } from "./vault-fault.ts";
import { segmentsOf } from "./vault-path.ts";

/** The KV engines that a session reaches: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 */
export function connectKv(session: VaultSession): KvReader {
  return new Kv(session);
}

/** A Secret of Kubernetes holds a mebibyte, and so does an entry of Vault by default; other signs are escaped there. */
const MAX_SECRET_BYTES = 4 * 1024 * 1024;
type Options = { signal?: AbortSignal | undefined };
type NotKv2 = Extract<KvAbsence, { kind: "not-kv-2" }>;

class Kv implements KvReader {
  readonly #session: VaultSession;

  constructor(session: VaultSession) {
    this.#session = session;
  }

  async readSecret(at: KvPath, { version, fields, signal }: KvReadOptions): Promise<KvRead> {
    const asked = this.#asked(at, "data");
    const answer = await this.#session.request({
      method: "GET",
      path: [...segmentsOf(at.mount), "data", ...segmentsOf(at.path)],
      ...(version === undefined ? {} : { query: { version: `${version}` } }),
      signal,
      maxBytes: MAX_SECRET_BYTES,
      exactNumbers: true,
    });
    // Deleted and destroyed versions are answered 404, with what they were.
    if (!succeeded(answer) && answer.status !== 404) throw vaultFault(answer, asked);
    const { data, metadata } = dataOf(answer);
    const about = mapping(metadata);
    const number = wholeNumber(about["version"]);
    if (number === null) return (await this.#otherThanKv2(at, answer, asked, signal)) ?? { kind: "missing" };
    if (about["destroyed"] === true) return { kind: "destroyed", version: number };
    if (!succeeded(answer) || data === null)
      return { kind: "deleted", version: number, deletedAt: timeOf(about["deletion_time"]) };
    return {
      kind: "found",
      version: number,
      createdAt: timeOf(about["created_time"]) ?? "",
      fields: fieldsOf(mapping(data), fields),
    };
  }

  async readMetadata(at: KvPath, { signal }: Options): Promise<KvMetadata> {
    const asked = this.#asked(at, "metadata");
    const answer = await this.#session.request({
      method: "GET",
      path: [...segmentsOf(at.mount), "metadata", ...segmentsOf(at.path)],
      signal,
      maxBytes: MAX_SECRET_BYTES,
    });
    if (!succeeded(answer) && answer.status !== 404) throw vaultFault(answer, asked);
    const { current_version, versions } = dataOf(answer);
    const currentVersion = wholeNumber(current_version);
    if (!succeeded(answer) || currentVersion === null)
      return (await this.#otherThanKv2(at, answer, asked, signal)) ?? { kind: "missing" };
    return { kind: "found", currentVersion, versions: versionsOf(mapping(versions)) };
  }

  /**
   * What is mounted there, asked only where an answer was not as KV version 2 gives it: a mount of version 1 takes `data`
   * for a part of the path. Null for KV version 2.
   */
  async #otherThanKv2(
    { mount }: KvPath,
    answer: VaultAnswer,
    asked: Asked,
    signal: AbortSignal | undefined,
  ): Promise<NotKv2 | null> {
    const path = ["sys", "internal", "ui", "mounts", ...segmentsOf(mount)];
    const about = await this.#session.request({ method: "GET", path, signal });
    if (!succeeded(about)) {
      // It is answered to whoever may do anything below the mount, so its silence tells nothing.
      if (succeeded(answer)) throw unexpectedAnswer(asked);
      return saysUnmounted(answer) ? { kind: "not-kv-2", found: "nothing" } : null;
    }
    const { type, options } = dataOf(about);
    if (type !== "kv" && type !== "generic") return { kind: "not-kv-2", found: "other" };
    if (mapping(options)["version"] !== "2") return { kind: "not-kv-2", found: "kv-1" };
    if (succeeded(answer)) throw unexpectedAnswer(asked);
    return null;
  }

  #asked({ mount, path }: KvPath, part: "data" | "metadata"): Asked {
    return {
      address: this.#session.address,
      subject: `the secret ${mount}/${path}`,
      right: `read on ${mount}/${part}/${path}`,
    };
  }
}

function versionsOf(versions: VaultBody): Map<number, KvVersion> {
  const all = new Map<number, KvVersion>();
  for (const [name, value] of Object.entries(versions)) {
    const version = /^\d{1,9}$/.test(name) ? Number(name) : null;
    if (version === null) continue;
    const { created_time, deletion_time, destroyed } = mapping(value);
    const times = { createdAt: timeOf(created_time) ?? "", deletedAt: timeOf(deletion_time) };
    all.set(version, { version, ...times, destroyed: destroyed === true });
  }
  return all;
}

/** A time of Vault (RFC 3339), null for the empty text that stands for none. */
function timeOf(value: unknown): string | null {
  return typeof value === "string" && /^[0-9TZ:.+-]{10,40}$/.test(value) ? value : null;
}

function fieldsOf(data: VaultBody, wanted: ReadonlySet<string> | undefined): Map<string, KvField> {
  const names = Object.keys(data).filter((name) => wanted?.has(name) ?? true);
  return new Map(names.map((name) => [name, fieldOf(data[name])]));
}

function fieldOf(value: unknown): KvField {
  if (value === null) return { text: null };
  if (isExactNumber(value)) return { text: value.rawJSON };
  return { text: typeof value === "string" ? value : JSON.stringify(value) };
}
