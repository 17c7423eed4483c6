import { fileText } from "./file-text.ts";
import type { Found } from "./finding.ts";
import { isPlain } from "./plain-text.ts";
import type { GeneratorInput } from "./walk.ts";

/** Encrypted by SOPS in any of its formats. */
const IS_SOPS = /^sops_(?:mac|version)=|^\[sops\]|["']?\bsops\b["']?\s*:\s*[{\r\n]/m;
/** Encrypted by git-crypt. */
const GIT_CRYPT = "\0GITCRYPT\0";

/** Whether a file that a secretGenerator takes stands there in plain text; null where it does not. */
export function judgeInput(bytes: Uint8Array, { kind, generator }: GeneratorInput): Found | null {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, GIT_CRYPT.length));
  if (bytes.length === 0 || head === GIT_CRYPT) return null;
  const text = fileText(bytes);
  const at = text === null ? 0 : plainAt(text, kind);
  if (at === null) return null;
  const what = `${generator} takes this file, and it stands in plain text`;
  return { rule: "secret-generator", at, end: at, within: [], object: generator, item: null, what };
}

function plainAt(text: string, kind: GeneratorInput["kind"]): number | null {
  if (IS_SOPS.test(text)) return null;
  if (kind === "file") return isPlain(text) ? 0 : null;
  for (const { 1: value = "", index } of text.matchAll(/^[ \t]*(?!#)[^=\r\n]+=(.*)$/gm))
    if (isPlain(value)) return index;
  return null;
}
