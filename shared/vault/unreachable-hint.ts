import { connectionErrorCode, isCertificateCode } from "../kube/unreachable-cause.ts";

/**
 * What to do where a Vault gave no answer.
 * @param error the failure of the connection.
 * @param address Vault's, as it was configured.
 * @param caOption how certificates to trust are given, as its users name it: `--vault-ca-cert FILE`.
 */
export function unreachableHint(error: unknown, address: string, caOption: string): string {
  const code = connectionErrorCode(error) ?? "";
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") return `write ${withScheme(address, "http")} if it has no TLS`;
  if (/ALTNAME|HOSTNAME/.test(code)) return "write the address with a name that Vault's certificate is for";
  if (/EXPIRED|NOT_YET_VALID/.test(code))
    return "renew Vault's certificate, or set the clock of this machine";
  if (isCertificateCode(code))
    return `give the certificates of the authority that signed Vault's with ${caOption}`;
  if (address.startsWith("http:") && BROKEN.has(code))
    return `check Vault, and write ${withScheme(address, "https")} if it speaks TLS`;
  return "check Vault and its address";
}

/** Whether an answer says that TLS was expected: Go's servers, Vault among them, and proxies before it send a page with status 400. */
export function expectsTls(address: string, status: number, text: string): boolean {
  return address.startsWith("http:") && status === 400 && WANTS_TLS.test(text);
}

/** What to do then. */
export function useTlsHint(address: string): string {
  return `write ${withScheme(address, "https")}`;
}

const WANTS_TLS = /^.{0,2000}HTTP request (?:was sent )?to (?:an )?HTTPS (?:server|port)/is;
const BROKEN: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

function withScheme(address: string, scheme: "http" | "https"): string {
  return address.replace(/^https?:/, `${scheme}:`);
}
