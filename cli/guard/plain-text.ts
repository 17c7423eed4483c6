import { fromBase64, fromUtf8 } from "../../shared/bytes.ts";
import { parseEncryptedValue } from "../../shared/document/sops/value.ts";
import { looksWrapped } from "../../shared/seal/wrapping-key.ts";
import { FILLED, filledTemplate, hasMarks } from "./template-marks.ts";

/** What other tools write in the place of a value that they encrypted: Ansible Vault, age, PGP, Vault's Transit engine. */
const ENCRYPTED =
  /^(?:\$ANSIBLE_VAULT;|-----BEGIN AGE ENCRYPTED FILE-----|age-encryption\.org\/v1|-----BEGIN PGP MESSAGE-----|vault:v\d+:[A-Za-z0-9+/=]{20,}$)/;

/** Nothing but certificates and public keys in PEM. */
const PUBLIC =
  /^(?:\s*-----BEGIN (CERTIFICATE|TRUSTED CERTIFICATE|CERTIFICATE REQUEST|X509 CRL|PUBLIC KEY|RSA PUBLIC KEY)-----[A-Za-z0-9+/=\s]*-----END \1-----)+\s*$/;

/**
 * Texts that name a value which stands elsewhere: `<path:…>` of the Argo CD Vault Plugin, `ref+vault://…` of vals,
 * `op://…` of 1Password, `vault:PATH#KEY` of Bank-Vaults; or that were blotted out.
 */
const REFERENCE =
  /^(?:<[^<>\r\n]+>|(?:secret)?ref\+[a-z0-9]+:\/\/\S+|op:\/\/\S+|(?:>>)?vault:[^\s:#]+#\S+|\*+|[Rr]edacted|REDACTED)$/;

/** Names of variables that something fills in: `${NAME}`, `$(NAME)`, `$NAME` in capitals. */
const VARIABLE = /\$\{[A-Za-z_][A-Za-z0-9_.]*\}|\$\([A-Za-z_][A-Za-z0-9_.]*\)|^\$[A-Z_][A-Z0-9_]*$/g;

/**
 * Whether a value stands there in plain text. Nothing, what is encrypted, public keys and certificates, and references to
 * values elsewhere do not. A text that references are part of counts only where it gives a credential besides.
 */
export function isPlain(value: string): boolean {
  const text = value.trim();
  if (text === "" || REFERENCE.test(text) || isEncrypted(text) || PUBLIC.test(text)) return false;
  const filled = (hasMarks(text) ? filledTemplate(text) : text).replace(VARIABLE, FILLED);
  return filled.includes(FILLED) ? givesCredential(filled) : true;
}

/** Whether an item under `data`, which is base64, stands there in plain text. */
export function isPlainData(value: string): boolean {
  if (!isPlain(value)) return false;
  const decoded = fromBase64(value.replaceAll(" ", ""));
  if (!("bytes" in decoded)) return true;
  const text = fromUtf8(decoded.bytes);
  return text === null || isPlain(text);
}

/** Whether a value is encrypted by SOPS, or by another tool that says so. */
export function isEncrypted(text: string): boolean {
  return parseEncryptedValue(text) !== null || looksWrapped(text) || ENCRYPTED.test(text);
}

const ASSIGNMENT =
  /(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)["']?[ \t]*[:=][ \t]*["']?([^\s"',;]+)/gi;
const IN_ADDRESS = /:\/\/[^\s:@/]*:([^\s@/]+)@/g;
const NO_VALUE = /^(?:true|false|null|none|\||>|[|>][+-])$/i;

/** Whether a text in which references are filled gives a password or the like as it is. */
function givesCredential(filled: string): boolean {
  for (const pattern of [ASSIGNMENT, IN_ADDRESS]) {
    for (const [, value = ""] of filled.matchAll(pattern))
      if (!value.includes(FILLED) && !NO_VALUE.test(value)) return true;
  }
  return false;
}
