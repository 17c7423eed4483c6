import { getCACertificates } from "node:tls";
import { Agent, type buildConnector, type Dispatcher, ProxyAgent } from "undici";

/** How connections to Vault are made. */
export type VaultTransport = {
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

/** Connections of one client of Vault. */
export function vaultDispatcher({ ca, proxy }: VaultTransport): Dispatcher {
  const tls: buildConnector.BuildOptions = { ca: ca ?? trustedAuthorities() };
  if (proxy !== null) return new ProxyAgent({ ...COMMON, uri: proxy, requestTls: tls });
  return new Agent({ ...COMMON, connect: { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 } });
}

/** Node knows its own and those of NODE_EXTRA_CA_CERTS, but not what a machine trusts beside them. */
function trustedAuthorities(): string[] {
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
}
