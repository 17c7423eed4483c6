import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { DispatcherOptions } from "@kubernetes/client-node/dist/config.js";
import type { Dispatcher } from "undici";
import type { KubeConnection } from "./config.ts";
import { KubeConfigError } from "./config-error.ts";

/** What a request needs to be trusted, and to trust the server. */
export type Credentials = {
  /** Authorization and impersonation. A list stands for a repeated header. */
  headers: Readonly<Record<string, string | string[]>>;
  transport: Transport;
};

/** How connections are made. */
export type Transport = {
  /** Changes exactly when certificates, keys or the proxy change. */
  fingerprint: string;
  options: DispatcherOptions;
  /** The library's own dispatcher, for the SOCKS proxies that only it can speak to. */
  dispatcher: Dispatcher | null;
};

/** Where credentials come from. */
export interface CredentialSource {
  /**
   * @param afresh true after a 401: whatever is remembered of plugins is dropped.
   * @throws KubeConfigError when a file cannot be read or a plugin fails.
   */
  read(afresh: boolean): Promise<Credentials>;
}

/** The headers that need no plugin. @throws KubeConfigError when the token file cannot be read. */
export async function headersOf({ user, source }: KubeConnection): Promise<Credentials["headers"]> {
  const token = user.tokenFile === undefined ? user.token?.trim() : await readToken(user.tokenFile, source);
  const password = Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64");
  return {
    ...(user.username === undefined ? {} : { Authorization: `Basic ${password}` }),
    ...(token === undefined || token === "" ? {} : { Authorization: `Bearer ${token}` }),
    ...(user.as === undefined ? {} : { "Impersonate-User": user.as }),
    ...(user.asUid === undefined ? {} : { "Impersonate-Uid": user.asUid }),
    ...(user.asGroups === undefined ? {} : { "Impersonate-Group": [...user.asGroups] }),
  };
}

/**
 * The bearer token that stands in the configuration or in a file that it names; null where there is none, as with
 * certificates and plugins.
 * @throws KubeConfigError when the token file cannot be read.
 */
export async function bearerToken(connection: KubeConnection): Promise<string | null> {
  const { Authorization } = await headersOf(connection);
  const [, token = null] = /^Bearer (.+)$/.exec(String(Authorization ?? "")) ?? [];
  return token;
}

/** What stands for the connection's options in comparisons. */
export function fingerprint(options: DispatcherOptions): string {
  const hash = createHash("sha256");
  hash.update(
    JSON.stringify(options, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
    ),
  );
  return hash.digest("base64");
}

async function readToken(path: string, source: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new KubeConfigError(
      `cannot read the token file ${path} of ${source} (${errorCode(error)})`,
      "check that the file exists and may be read",
    );
  });
  const token = text.trim();
  if (token === "")
    throw new KubeConfigError(`the token file ${path} of ${source} is empty`, "write the token again");
  return token;
}

/** A failure to get credentials in our words: those of libraries and files are not repeated. */
export function credentialError(error: unknown, { source }: KubeConnection): KubeConfigError {
  if (error instanceof KubeConfigError) return error;
  const path = error instanceof Error && "path" in error ? error.path : undefined;
  if (typeof path === "string")
    return new KubeConfigError(
      `cannot read ${path}, named in ${source} (${errorCode(error)})`,
      "check that the file exists and may be read",
    );
  return new KubeConfigError(
    `no credentials can be had from ${source}`,
    "log in to the cluster again with the tool that wrote the kubeconfig",
  );
}

/** The code of a system error, which is all that is told of it. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown cause";
}
