import { parseIp } from "./ip-address.ts";
import { decodePart } from "./url-escape.ts";

const PORT = /^(?::[0-9]*)?$/;

/**
 * Reads the host of a URL with its port, as Go 1.26 does: of `http` and `https` a second colon is refused.
 * @returns host and port decoded, or null where Go gives an error
 */
export function parseHost(scheme: string, text: string): string | null {
  const bracket = text.lastIndexOf("[");
  if (bracket > 0) return null;
  if (bracket === 0) return parseLiteral(text);
  const colon = /^https?$/.test(scheme) ? text.indexOf(":") : text.lastIndexOf(":");
  if (colon >= 0 && !PORT.test(text.slice(colon))) return null;
  return decodePart(text, "host");
}

/** `[…]` holds an IPv6 address, perhaps with a zone. */
function parseLiteral(text: string): string | null {
  const end = text.lastIndexOf("]");
  if (end < 0 || !PORT.test(text.slice(end + 1))) return null;
  const written = text.slice(1, end);
  const zoneAt = written.indexOf("%25");
  const address = decodePart(zoneAt < 0 ? written : written.slice(0, zoneAt), "host");
  const zone = zoneAt < 0 ? "" : decodePart(written.slice(zoneAt), "zone");
  if (address === null || zone === null) return null;
  const whole = address + zone;
  const percent = whole.indexOf("%");
  const [ip, name] = percent < 0 ? [whole, null] : [whole.slice(0, percent), whole.slice(percent + 1)];
  return name === "" || parseIp(ip)?.length !== 16 ? null : `[${whole}]${text.slice(end + 1)}`;
}
