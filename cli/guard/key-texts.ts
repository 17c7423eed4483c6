import { fromBase64 } from "../../shared/bytes.ts";
import type { Found } from "./finding.ts";

/** An age identity, classic or post-quantum. Those of plugins are no keys by themselves. */
export const AGE_IDENTITY = /AGE-SECRET-KEY-(?:PQ-)?1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{40,}/;

const AGE_IDENTITIES = new RegExp(AGE_IDENTITY, "g");
const PEM_BEGIN = /-----BEGIN ((?:RSA |EC |DSA |OPENSSH )?PRIVATE KEY|PGP PRIVATE KEY BLOCK)-----/g;
/** The same in base64, as it stands under `data`, in kubeconfigs and in values of charts. */
const PEM_IN_BASE64 = /LS0tLS1CRUdJTi[A-Za-z0-9+/]{40,}={0,2}/g;
/** What a file must have in it for any of these. */
const MARKS = /AGE-SECRET-KEY-|PRIVATE KEY|LS0tLS1CRUdJTi/;

/** How much of a key is looked at. */
const HEAD_CHARACTERS = 800;
/** Base64 that a key has at least, on whatever lines: text that only speaks of keys has not. */
const BODY = /^[A-Za-z0-9+/]{40}/;

/** Finds private keys and age identities in any text. */
export function findKeys(text: string): Found[] {
  if (!MARKS.test(text)) return [];
  return [
    ...matches(text, AGE_IDENTITIES).map((match) => foundAt("age-identity", match, "an age identity")),
    ...matches(text, PEM_BEGIN).flatMap((match) =>
      isOpenKey(text.slice(match.index, match.index + HEAD_CHARACTERS))
        ? [foundAt("private-key", match, `a private key (${match[1]?.toLowerCase()})`)]
        : [],
    ),
    ...matches(text, PEM_IN_BASE64).flatMap((match) =>
      isOpenKey(decodedHead(match[0])) ? [foundAt("private-key", match, "a private key in base64")] : [],
    ),
  ];
}

/** Of what a text holds without end, the first thousands tell enough. */
const MOST_MATCHES = 5000;

function matches(text: string, pattern: RegExp): RegExpExecArray[] {
  return [...text.matchAll(pattern).take(MOST_MATCHES)];
}

function foundAt(rule: "age-identity" | "private-key", match: RegExpExecArray, what: string): Found {
  const at = match.index;
  return {
    rule,
    at,
    end: at,
    within: [],
    object: null,
    item: null,
    what: `${what} stands in plain text`,
    matched: match[0],
  };
}

function decodedHead(base64: string): string {
  const whole = base64.slice(0, HEAD_CHARACTERS).replace(/=+$/, "");
  const decoded = fromBase64(whole.slice(0, whole.length - (whole.length % 4)));
  return "bytes" in decoded ? new TextDecoder("latin1").decode(decoded.bytes) : "";
}

/** Whether a text begins with a private key in PEM that no passphrase protects. */
function isOpenKey(text: string): boolean {
  const [, kind = "", rest = ""] =
    /^-----BEGIN ((?:RSA |EC |DSA |OPENSSH )?PRIVATE KEY|PGP PRIVATE KEY BLOCK)-----([\s\S]*)$/.exec(text) ??
    [];
  if (kind === "" || /Proc-Type:\s*4,\s*ENCRYPTED/.test(rest)) return false;
  const body = rest
    .replace(/^(?:\\[nr]|\s)*(?:[A-Z][A-Za-z-]*: [^\r\n\\]*(?:\\[nr]|\s)+)*/, "")
    // As it may be laid out in code and in values: escapes, quotes, indentation.
    .replace(/\\[nrt]|[\s"'`,|>#]/g, "");
  return BODY.test(body) && !(kind.startsWith("OPENSSH") && isLockedOpenssh(body));
}

/** OpenSSH's own format names the cipher of the passphrase behind its first words; `none` for none. */
function isLockedOpenssh(body: string): boolean {
  const decoded = fromBase64(body.slice(0, 40));
  const text = "bytes" in decoded ? new TextDecoder("latin1").decode(decoded.bytes) : "";
  return text.startsWith("openssh-key-v1\0") && !text.slice(19).startsWith("none");
}
