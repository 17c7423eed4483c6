import type { SopsSelection } from "../../shared/document/sops/metadata.ts";
import type { Found } from "./finding.ts";

/** A file that is to be encrypted by SOPS and has no sops block of a format that is not YAML or JSON. */
export type ExpectedEncryption = {
  found: Found;
  isByName: boolean;
  /** What would be selected, for formats whose values are looked at; undefined for others. */
  selection?: SopsSelection;
};

/** Names that people give to files that SOPS encrypts. */
const NAMED =
  /[^/]\.(?:sops|enc|encrypted)\.(?:ya?ml|json|env|ini|txt|toml|properties)$|^(?:.*\/)?secrets?\.sops\./i;
/** SOPS' own file of rules, which their patterns may fit. */
const RULES = /^(?:.*\/)?\.sops\.ya?ml$/;
/** How files begin that other tools encrypted. */
const ENCRYPTED_WHOLE =
  /^(?:\$ANSIBLE_VAULT;|age-encryption\.org\/v1|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----)/;

/**
 * Whether a file should be encrypted by SOPS, and does not show that it is.
 * @param rule what the creation rule selects that is meant for this file; null without one.
 * @returns null when it need not be, or when it is, as far as its text tells. YAML and JSON are for the caller to look at.
 */
export function expectsEncryption(
  path: string,
  rule: SopsSelection | null,
  text: string,
): ExpectedEncryption | null {
  if (RULES.test(path)) return null;
  const isByName = NAMED.test(path);
  if ((!isByName && rule === null) || text.trim() === "" || ENCRYPTED_WHOLE.test(text)) return null;
  const why = isByName ? "by its name" : "by the creation rule of .sops.yaml that is meant for it";
  const what = `the file is to be encrypted ${why}, and has no sops block`;
  const found: Found = { rule: "decrypted-file", at: 0, end: 0, within: [], object: null, item: null, what };
  if (/\.(?:ya?ml|json)$/i.test(path)) return { found, isByName, selection: rule ?? { rule: "default" } };
  if (/\.env$/i.test(path)) return /^sops_(?:mac|version)=/m.test(text) ? null : { found, isByName };
  if (/\.ini$/i.test(path)) return /^\[sops\]/m.test(text) ? null : { found, isByName };
  // All else SOPS writes as one value in JSON.
  return /^\s*\{[\s\S]*"sops"\s*:\s*\{/.test(text) ? null : { found, isByName };
}
