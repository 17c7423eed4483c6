import { readFile } from "node:fs/promises";
import type { DispatcherOptions } from "@kubernetes/client-node/dist/config.js";
import type { KubeConnection } from "./config.ts";
import {
  type CredentialSource,
  type Credentials,
  credentialError,
  fingerprint,
  headersOf,
} from "./credentials.ts";

/** Whether all that a connection needs can be read from its configuration. */
export function isPlain({ cluster, user }: KubeConnection): boolean {
  return cluster.proxyUrl === undefined && user.exec === undefined && user.authProvider === undefined;
}

/** Certificates and tokens that stand in the configuration, or in files it names. */
export class PlainCredentials implements CredentialSource {
  readonly #connection: KubeConnection;

  constructor(connection: KubeConnection) {
    this.#connection = connection;
  }

  async read(): Promise<Credentials> {
    const headers = await headersOf(this.#connection);
    const connect = await this.#tls().catch((error: unknown) => {
      throw credentialError(error, this.#connection);
    });
    const options: DispatcherOptions = {
      type: "agent",
      connect: { ...connect, keepAlive: true, keepAliveInitialDelay: 30_000 },
    };
    return { headers, transport: { fingerprint: fingerprint(options), options, dispatcher: null } };
  }

  async #tls() {
    const { cluster, user } = this.#connection;
    // Embedded data wins over files, as with kubectl.
    const ca = await pem(cluster.certificateAuthorityData, cluster.certificateAuthority);
    const cert = await pem(user.clientCertificateData, user.clientCertificate);
    const key = await pem(user.clientKeyData, user.clientKey);
    return {
      ...(ca === null ? {} : { ca }),
      ...(cert === null ? {} : { cert }),
      ...(key === null ? {} : { key }),
      ...(cluster.insecureSkipTlsVerify === true ? { rejectUnauthorized: false } : {}),
      ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
    };
  }
}

async function pem(data: string | undefined, file: string | undefined): Promise<Buffer | null> {
  if (data !== undefined) return Buffer.from(data, "base64");
  return file === undefined ? null : readFile(file);
}
