import { X509Certificate } from "node:crypto";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { Agent, type buildConnector, type Dispatcher, ProxyAgent } from "undici";
import { InputError } from "../errors.ts";

/** How connections to Vault are made. */
export type VaultTransport = {
  /** Whether Vault is reached by https. */
  tls: boolean;
  /** PEM certificates of the authorities to trust, null for those of Node and of the system. */
  ca: string | null;
  /** URL of an HTTP proxy, null for none. */
  proxy: string | null;
};

const COMMON = {
  connections: 16,
  // Vault's listener closes after five minutes without a request, load balancers after one: be first.
  keepAliveTimeout: 30_000,
  allowH2: false,
  connectTimeout: 10_000,
};

/**
 * Connections of one client of Vault.
 * @throws InputError when the certificates cannot be read.
 */
export function vaultDispatcher({ tls, ca, proxy }: VaultTransport): Dispatcher {
  // Once for all connections: to read some hundred certificates takes longer than all else of one.
  const options: buildConnector.BuildOptions = tls ? { secureContext: trusting(ca) } : {};
  if (proxy !== null) return new ProxyAgent({ ...COMMON, uri: proxy, requestTls: options });
  return new Agent({ ...COMMON, connect: { ...options, keepAlive: true, keepAliveInitialDelay: 30_000 } });
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

function trusting(ca: string | null): SecureContext {
  if (ca === null) return createSecureContext({ ca: machineAuthorities() });
  const certificates = ca.match(CERTIFICATE) ?? [];
  if (certificates.length > 0 && certificates.every(isCertificate))
    return createSecureContext({ ca: certificates });
  throw new InputError(
    "the certificates that Vault's is to be signed by cannot be read",
    "give a file with certificates in PEM",
  );
}

/** A context would pass over what is none. */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** Node knows its own and those of NODE_EXTRA_CA_CERTS, but not what a machine trusts beside them. */
function machineAuthorities(): string[] {
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
}
