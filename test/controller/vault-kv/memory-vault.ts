import type { VaultAnswer, VaultBody } from "../../../shared/vault/vault-answer.ts";
import type { VaultClient, VaultRequest } from "../../../shared/vault/vault-client.ts";
import { jwtFor } from "./jwt.ts";
import { MemoryKv } from "./memory-kv.ts";

/** A token of a namespace's ServiceAccount as the API server gives it. */
export function accountToken(namespace: string, audiences: readonly string[] = ["vault"]): string {
  return jwtFor(audiences, { namespace });
}

/** A Vault in memory, mount `kv`, that lets namespaces log in; what it holds, how it refuses, and what it was asked. */
export class MemoryVault implements VaultClient {
  readonly address = "https://vault.example";
  readonly kv = new MemoryKv();
  /** `METHOD path as NAMESPACE`, in order. */
  readonly asked: string[] = [];
  /** Paths, such as `kv/data/bank`, that a namespace may not read. */
  readonly denied: { namespace: string; path: string }[] = [];
  /** The answer to logins; null lets everybody in. */
  noLogin: { status: number; says: string } | null = null;
  sealed = false;
  readonly #tokens = new Map<string, string>();
  #logins = 0;

  /** Requests so far whose line has this in it. */
  count(part: string | RegExp): number {
    return this.asked.filter((line) => (typeof part === "string" ? line.includes(part) : part.test(line)))
      .length;
  }

  async request({ method, path, body, token, query }: Omit<VaultRequest, "signal">): Promise<VaultAnswer> {
    const line = path.join("/");
    const who = this.#tokens.get(token ?? "") ?? "nobody";
    this.asked.push(`${method} ${line} as ${who}`);
    if (this.sealed) return refusal(503, "Vault is sealed");
    if (line === "sys/health") return answer(200, { sealed: false });
    if (line === "auth/kubernetes/login") return this.#logIn(body);
    if (who === "nobody") return refusal(403, "permission denied\ninvalid token");
    if (line === "auth/token/revoke-self") {
      this.#tokens.delete(token ?? "");
      return answer(204, {});
    }
    if (this.denied.some(({ namespace, path: below }) => namespace === who && line.startsWith(below)))
      return refusal(403, "permission denied");
    const [mount = "", part, ...below] = path;
    if (part === "data") return this.#data(mount, below.join("/"), query?.["version"]);
    if (part === "metadata") return this.#metadata(mount, below.join("/"));
    if (line.startsWith("sys/internal/ui/mounts/"))
      return answer(200, { data: { type: "kv", options: { version: "2" } } });
    return refusal(404, "no handler for route");
  }

  async close(): Promise<void> {
    this.asked.push("closed");
  }

  #logIn(body: object | undefined): VaultAnswer {
    if (this.noLogin !== null) return refusal(this.noLogin.status, this.noLogin.says);
    const jwt = body !== undefined && "jwt" in body ? String(body.jwt) : "";
    const claims: unknown = JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString());
    const namespace = claims instanceof Object && "namespace" in claims ? String(claims.namespace) : "";
    const token = `token-${this.#logins++}-of-${namespace}`;
    this.#tokens.set(token, namespace);
    const auth = { client_token: token, lease_duration: 36_000, renewable: true, token_type: "service" };
    return answer(200, { auth });
  }

  async #data(mount: string, path: string, version: string | undefined): Promise<VaultAnswer> {
    const read = await this.kv.readSecret(
      { mount, path },
      version === undefined ? {} : { version: +version },
    );
    if (read.kind === "missing" || read.kind === "not-kv-2") return answer(404, { errors: [] });
    const about = {
      version: read.version,
      created_time: read.kind === "found" ? read.createdAt : "",
      deletion_time: read.kind === "deleted" ? (read.deletedAt ?? "") : "",
      destroyed: read.kind === "destroyed",
    };
    if (read.kind !== "found") return answer(404, { data: { data: null, metadata: about } });
    const data = Object.fromEntries([...read.fields].map(([name, { text }]) => [name, text]));
    return answer(200, { data: { data, metadata: about } });
  }

  async #metadata(mount: string, path: string): Promise<VaultAnswer> {
    const read = await this.kv.readMetadata({ mount, path });
    if (read.kind !== "found") return answer(404, { errors: [] });
    const versions = [...read.versions].map(([version, { createdAt, deletedAt, destroyed }]) => [
      `${version}`,
      { created_time: createdAt, deletion_time: deletedAt ?? "", destroyed },
    ]);
    return answer(200, {
      data: { current_version: read.currentVersion, versions: Object.fromEntries(versions) },
    });
  }
}

function answer(status: number, body: VaultBody): VaultAnswer {
  return { status, body, retryAfterMs: null };
}

function refusal(status: number, says: string): VaultAnswer {
  return answer(status, { errors: [says] });
}
