import { BlockList, isIP, isIPv6 } from "node:net";
import { isThisMachine } from "./plain-address.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for a URL, by the rules Go's clients follow: `HTTPS_PROXY` or `HTTP_PROXY` by the
 * URL's scheme, in capitals or small letters; none for this machine itself, nor for what `NO_PROXY` lists (`*`, names
 * with all their subdomains, addresses, address ranges, each with a port or without).
 * @returns the proxy's URL, null for none.
 */
export function environmentProxy(url: string, env: Environment): string | null {
  const { protocol, hostname, port } = new URL(url);
  const name = protocol === "https:" ? "HTTPS_PROXY" : protocol === "http:" ? "HTTP_PROXY" : null;
  const proxy = name === null ? null : env[name] || env[name.toLowerCase()];
  if (!proxy) return null;
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (isThisMachine(host)) return null;
  const exceptions = (env["NO_PROXY"] || env["no_proxy"] || "").split(",").map((entry) => entry.trim());
  const portInUse = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  if (exceptions.some((entry) => entry !== "" && covers(entry.toLowerCase(), host, portInUse))) return null;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

function covers(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const [, withoutPort = entry, entryPort] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) return false;
  const name = withoutPort.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) return name === host || inRange(name, host);
  const domain = name.replace(/^\*?\./, "");
  // A leading dot leaves the domain itself out.
  return host.endsWith(`.${domain}`) || (name === domain && host === domain);
}

function inRange(range: string, address: string): boolean {
  const [base = "", bits] = range.split("/");
  if (bits === undefined || isIP(base) === 0 || !/^\d{1,3}$/.test(bits)) return false;
  const family = isIPv6(base) ? "ipv6" : "ipv4";
  if (Number(bits) > (family === "ipv6" ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family);
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
