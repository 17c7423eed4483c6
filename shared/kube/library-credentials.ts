import type { AgentOptions } from "node:https";
import { type DispatcherOptions, KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { Cluster, User } from "@kubernetes/client-node/dist/config_types.js";
import type { Dispatcher } from "undici";
import type { KubeConnection } from "./config.ts";
import { KubeConfigError } from "./config-error.ts";
import {
  type CredentialSource,
  type Credentials,
  credentialError,
  errorCode,
  fingerprint,
  headersOf,
  type Transport,
} from "./credentials.ts";
import type { UserEntry } from "./kubeconfig-file.ts";

/** Gets credentials by what only the library knows: login plugins, and connections through proxies. */
export class LibraryCredentials implements CredentialSource {
  readonly #connection: KubeConnection;
  readonly #cluster: Cluster;
  readonly #user: User;
  #library: LibraryConfig;

  constructor(connection: KubeConnection) {
    this.#connection = connection;
    this.#cluster = libraryCluster(connection);
    this.#user = libraryUser(connection.user);
    this.#library = new LibraryConfig(this.#cluster, this.#user);
  }

  async read(afresh: boolean): Promise<Credentials> {
    if (afresh) this.#library = new LibraryConfig(this.#cluster, this.#user);
    // A password is for the library to weigh against a plugin's token.
    const { username: _username, password: _password, ...user } = this.#connection.user;
    const own = await headersOf({ ...this.#connection, user });
    const applied = await this.#library.apply().catch((error: unknown) => {
      throw pluginError(error, this.#connection);
    });
    return { headers: { ...applied.headers, ...own }, transport: applied.transport };
  }
}

/**
 * The library's configuration, tapped where it maps certificates to connection options: it would make a new agent for
 * each request, without a bound on its connections.
 */
class LibraryConfig extends KubeConfig {
  #options: DispatcherOptions = { type: "none" };
  /** Fingerprint and dispatcher of the SOCKS proxy, kept as long as its options stay. */
  #socks: { fingerprint: string; dispatcher: Dispatcher } | null = null;

  constructor(cluster: Cluster, user: User) {
    super();
    this.loadFromClusterAndUser(cluster, user);
  }

  override createDispatcherOptions(cluster: Cluster | null, agentOptions: AgentOptions): DispatcherOptions {
    this.#options = super.createDispatcherOptions(cluster, agentOptions);
    const known = this.#options.type !== "socks" || this.#socks?.fingerprint === fingerprint(this.#options);
    return known ? { type: "none" } : this.#options;
  }

  async apply(): Promise<{ headers: Record<string, string>; transport: Transport }> {
    const headers: Record<string, string> = {};
    let made: Dispatcher | null = null;
    const context = {
      setHeaderParam: (name: string, value: string) => {
        headers[name] = value;
      },
      setDispatcher: (dispatcher: Dispatcher) => {
        made = dispatcher;
      },
    };
    // Of the request context the library touches these two methods only.
    await this.applySecurityAuthentication(
      context as unknown as Parameters<KubeConfig["applySecurityAuthentication"]>[0],
    );
    const options = this.#options;
    const print = fingerprint(options);
    if (made !== null) this.#socks = { fingerprint: print, dispatcher: made };
    const dispatcher = options.type === "socks" ? (this.#socks?.dispatcher ?? null) : null;
    return { headers, transport: { fingerprint: print, options, dispatcher } };
  }
}

function libraryCluster({ cluster }: KubeConnection): Cluster {
  return {
    name: "cluster",
    server: cluster.server,
    // The library refuses plain http unless verification is off, though there is nothing to verify then.
    skipTLSVerify: cluster.insecureSkipTlsVerify === true || cluster.server.startsWith("http:"),
    ...(cluster.certificateAuthorityData === undefined ? {} : { caData: cluster.certificateAuthorityData }),
    ...(cluster.certificateAuthority === undefined || cluster.certificateAuthorityData !== undefined
      ? {}
      : { caFile: cluster.certificateAuthority }),
    ...(cluster.tlsServerName === undefined ? {} : { tlsServerName: cluster.tlsServerName }),
    ...(cluster.proxyUrl === undefined ? {} : { proxyUrl: cluster.proxyUrl }),
  };
}

function libraryUser(user: UserEntry): User {
  return {
    name: "user",
    ...(user.token === undefined ? {} : { token: user.token.trim() }),
    ...(user.username === undefined ? {} : { username: user.username, password: user.password ?? "" }),
    // Embedded data wins over files, as with kubectl.
    ...(user.clientCertificateData === undefined
      ? user.clientCertificate === undefined
        ? {}
        : { certFile: user.clientCertificate }
      : { certData: user.clientCertificateData }),
    ...(user.clientKeyData === undefined
      ? user.clientKey === undefined
        ? {}
        : { keyFile: user.clientKey }
      : { keyData: user.clientKeyData }),
    ...(user.as === undefined ? {} : { impersonateUser: user.as }),
    ...(user.exec === undefined ? {} : { exec: withExecInfo(user.exec) }),
    ...(user.authProvider === undefined ? {} : { authProvider: user.authProvider }),
  };
}

/** Plugins are promised this variable; the library does not set it. */
function withExecInfo(exec: Record<string, unknown>): Record<string, unknown> {
  const info = { apiVersion: exec["apiVersion"], kind: "ExecCredential", spec: { interactive: false } };
  const env = Array.isArray(exec["env"]) ? exec["env"] : [];
  return { ...exec, env: [...env, { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }] };
}

/** Plugins print tokens and the library passes on what they print: only the kind of failure is told. */
function pluginError(error: unknown, connection: KubeConnection): KubeConfigError {
  const { user, source } = connection;
  const command = user.exec?.["command"];
  if (error instanceof KubeConfigError || typeof command !== "string")
    return credentialError(error, connection);
  return errorCode(error) === "ENOENT"
    ? new KubeConfigError(
        `the credential plugin ${command} of ${source} is not installed`,
        user.exec?.["installHint"] === undefined
          ? "install it, or choose another user"
          : "install it as installHint in the kubeconfig says, or choose another user",
      )
    : new KubeConfigError(
        `the credential plugin ${command} of ${source} failed`,
        "run it by hand to see why; it may ask for a new login",
      );
}
