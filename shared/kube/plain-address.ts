/**
 * Whether what is sent to an address can be read on its way: `http://`, to another machine than this one.
 * @param address an absolute URL; what is none is not plain.
 */
export function isPlainAddress(address: string): boolean {
  if (!/^http:/i.test(address) || !URL.canParse(address)) return false;
  return !isThisMachine(new URL(address).hostname.replace(/^\[|\]$/g, ""));
}

/** @param host name or address, an IPv6 one without brackets. */
export function isThisMachine(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
