/** The parts of a URL that encodePart differently. */
export type UrlPart = "path" | "host" | "zone" | "user" | "fragment";

const HOST = "A-Za-z0-9\\-_.~!$&'()*+,;=:[\\]<>\"";
/** What stands for itself in each part, as Go's net/url has it. */
const PLAIN: Readonly<Record<UrlPart, RegExp>> = {
  path: /[A-Za-z0-9\-_.~$&+,/:;=@]/,
  host: new RegExp(`[${HOST.replace("[", "\\[")}]`),
  zone: new RegExp(`[${HOST.replace("[", "\\[")}]`),
  user: /[A-Za-z0-9\-_.~$&+,;=]/,
  fragment: /[A-Za-z0-9\-_.~$&+,/:;=?@!()*]/,
};

/** Escapes each byte of a byte string that does not stand for itself. */
export function encodePart(text: string, part: UrlPart): string {
  const plain = PLAIN[part];
  return text.replace(/[^A-Za-z0-9]/g, (byte) => {
    if (plain.test(byte)) return byte;
    return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
}

/** @returns the byte string that `text` stands for, or null where Go refuses it */
export function decodePart(text: string, part: UrlPart): string | null {
  const inHost = part === "host" || part === "zone";
  let legal = true;
  const decoded = text.replace(
    /%(?<hex>[0-9A-Fa-f]{2})?|[^A-Za-z0-9%]/g,
    (found, hex: string | undefined) => {
      if (!found.startsWith("%")) {
        if (inHost && found < "\x80" && !PLAIN[part].test(found)) legal = false;
        return found;
      }
      const byte = String.fromCharCode(Number.parseInt(hex ?? "0", 16));
      if (hex === undefined || (inHost && !isLegalInHost(found, byte, part))) legal = false;
      return byte;
    },
  );
  return legal ? decoded : null;
}

/** A host escapes what is not ASCII, and the percent sign before a zone; a zone what a host could hold, too. */
function isLegalInHost(escaped: string, byte: string, part: UrlPart): boolean {
  if (escaped === "%25") return true;
  return part === "host" ? byte >= "\x80" : byte === " " || PLAIN.host.test(byte);
}
