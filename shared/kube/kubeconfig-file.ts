import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, resolve, sep } from "node:path";
import { load, YAMLException } from "js-yaml";
import { KubeConfigError } from "./config-error.ts";

/** `clusters[].cluster`, as far as we use it. Paths are absolute, `...Data` is base64 of PEM. */
export type ClusterEntry = {
  server?: string;
  certificateAuthority?: string;
  certificateAuthorityData?: string;
  insecureSkipTlsVerify?: boolean;
  tlsServerName?: string;
  proxyUrl?: string;
};

/** `users[].user`, as far as we use it. Paths are absolute, `...Data` is base64 of PEM. */
export type UserEntry = {
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  clientCertificate?: string;
  clientCertificateData?: string;
  clientKey?: string;
  clientKeyData?: string;
  as?: string;
  asUid?: string;
  asGroups?: readonly string[];
  /** Credential plugin; its shape is judged when it runs. */
  exec?: Record<string, unknown>;
  /** Older plugins (`oidc`, `gcp`, `azure`). */
  authProvider?: Record<string, unknown>;
};

/** `contexts[].context`. */
export type ContextEntry = { cluster?: string; user?: string; namespace?: string };

/** One kubeconfig, or several merged into one. */
export type Kubeconfig = {
  /** The files it was read from, for messages. */
  files: readonly string[];
  currentContext: string | null;
  clusters: ReadonlyMap<string, ClusterEntry>;
  users: ReadonlyMap<string, UserEntry>;
  contexts: ReadonlyMap<string, ContextEntry>;
};

/**
 * Reads kubeconfig files and merges them as kubectl does: the first file that names an entry, or a current context,
 * wins. Relative paths inside are taken from the folder of their file.
 * @param paths in order of precedence.
 * @param missing what to do about a file that is not there: `refuse` for one that was asked for by name, `skip` for the
 * entries of `KUBECONFIG` and the default.
 * @returns null when no file was there or none had any content.
 * @throws KubeConfigError naming the file, and line and column when it is no YAML.
 */
export async function readKubeconfig(
  paths: readonly string[],
  missing: "refuse" | "skip",
): Promise<Kubeconfig | null> {
  const merged = {
    files: [] as string[],
    currentContext: null as string | null,
    clusters: new Map<string, ClusterEntry>(),
    users: new Map<string, UserEntry>(),
    contexts: new Map<string, ContextEntry>(),
  };
  for (const path of paths) {
    const text = await readText(path, missing);
    if (text === null || text.trim() === "") continue;
    const document = new Node(parseYaml(text, path), path, "");
    merged.files.push(path);
    merged.currentContext ??= document.string("current-context") ?? null;
    addNamed(merged.clusters, document.list("clusters"), "cluster", clusterEntry);
    addNamed(merged.users, document.list("users"), "user", userEntry);
    addNamed(merged.contexts, document.list("contexts"), "context", contextEntry);
  }
  return merged.files.length === 0 ? null : merged;
}

async function readText(path: string, missing: "refuse" | "skip"): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" && missing === "skip") return null;
    if (code === "ENOENT")
      throw new KubeConfigError(
        `the kubeconfig ${path} does not exist`,
        "give an existing file with --kubeconfig, or leave the flag out to use KUBECONFIG or ~/.kube/config",
      );
    throw new KubeConfigError(`cannot read the kubeconfig ${path} (${code})`, "check its permissions");
  }
}

/** The parser quotes its input in messages, and a kubeconfig holds tokens: only its position passes. */
function parseYaml(text: string, path: string): unknown {
  try {
    return load(text);
  } catch (error) {
    const mark = error instanceof YAMLException ? error.mark : undefined;
    const where = mark === undefined ? "" : ` (line ${mark.line + 1}, column ${mark.column + 1})`;
    throw new KubeConfigError(
      `the kubeconfig ${path} is not valid YAML${where}`,
      "correct the file, or write it anew with the tool that made it",
    );
  }
}

function addNamed<T>(
  into: Map<string, T>,
  entries: readonly Node[],
  field: string,
  read: (node: Node) => T,
): void {
  for (const entry of entries) {
    const name = entry.string("name");
    if (name === undefined) throw entry.wrong("name", "is missing");
    if (!into.has(name)) into.set(name, read(entry.child(field)));
  }
}

function clusterEntry(node: Node): ClusterEntry {
  return present({
    server: node.string("server"),
    certificateAuthority: node.path("certificate-authority"),
    certificateAuthorityData: node.string("certificate-authority-data"),
    insecureSkipTlsVerify: node.boolean("insecure-skip-tls-verify"),
    tlsServerName: node.string("tls-server-name"),
    proxyUrl: node.string("proxy-url"),
  });
}

function userEntry(node: Node): UserEntry {
  const exec = node.object("exec");
  const command = exec?.["command"];
  // A command with a separator is relative to the kubeconfig; a bare one is looked up in PATH.
  if (exec !== undefined && typeof command === "string" && command.includes(sep))
    exec["command"] = node.absolute(command);
  return present({
    token: node.string("token"),
    tokenFile: node.path("tokenFile"),
    username: node.string("username"),
    password: node.string("password"),
    clientCertificate: node.path("client-certificate"),
    clientCertificateData: node.string("client-certificate-data"),
    clientKey: node.path("client-key"),
    clientKeyData: node.string("client-key-data"),
    as: node.string("as"),
    asUid: node.string("as-uid"),
    asGroups: node.strings("as-groups"),
    exec,
    authProvider: node.object("auth-provider"),
  });
}

function contextEntry(node: Node): ContextEntry {
  return present({
    cluster: node.string("cluster"),
    user: node.string("user"),
    namespace: node.string("namespace"),
  });
}

/** The object without its undefined fields. */
function present<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** A mapping inside a kubeconfig whose fields are read with their types checked. Empty strings count as absent. */
class Node {
  readonly #fields: Record<string, unknown>;
  readonly #file: string;
  readonly #place: string;

  constructor(value: unknown, file: string, place: string) {
    this.#file = file;
    this.#place = place;
    if (value !== undefined && value !== null && (typeof value !== "object" || Array.isArray(value)))
      throw this.wrong("", "must be a mapping");
    this.#fields = { ...(value ?? {}) };
  }

  wrong(field: string, how: string): KubeConfigError {
    const place = `${this.#place}${field}`.replace(/^\./, "").replace(/\.$/, "");
    return new KubeConfigError(
      `the kubeconfig ${this.#file} is not valid: ${place === "" ? "the document" : place} ${how}`,
      "correct the file, or write it anew with the tool that made it",
    );
  }

  child(field: string): Node {
    return new Node(this.#fields[field], this.#file, `${this.#place}${field}.`);
  }

  list(field: string): Node[] {
    const value = this.#fields[field] ?? [];
    if (!Array.isArray(value)) throw this.wrong(field, "must be a list");
    return value.map((item, index) => new Node(item, this.#file, `${this.#place}${field}[${index}].`));
  }

  string(field: string): string | undefined {
    const value = this.#fields[field];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value !== "string") throw this.wrong(field, "must be a string");
    return value;
  }

  strings(field: string): string[] | undefined {
    const value = this.#fields[field];
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
      throw this.wrong(field, "must be a list of strings");
    return value;
  }

  boolean(field: string): boolean | undefined {
    const value = this.#fields[field];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "boolean") throw this.wrong(field, "must be true or false");
    return value;
  }

  object(field: string): Record<string, unknown> | undefined {
    const value = this.#fields[field];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) throw this.wrong(field, "must be a mapping");
    return { ...value };
  }

  path(field: string): string | undefined {
    const value = this.string(field);
    return value === undefined ? undefined : this.absolute(value);
  }

  absolute(path: string): string {
    return isAbsolute(path) ? path : resolve(dirname(this.#file), path);
  }
}

function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown cause";
}
