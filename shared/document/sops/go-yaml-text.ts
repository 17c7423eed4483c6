import { fromUtf8, toBase64 } from "../../bytes.ts";
import { yamlInline } from "../yaml-scalar.ts";
import { plainScalar } from "./go-yaml-scalar.ts";
import type { SopsScalar } from "./tree.ts";

/** Words of YAML 1.1 that go-yaml reads as strings and yet quotes. */
const OLD_WORD = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
/** Only double quotes carry these; line breaks are judged apart. Characters beyond U+FFFF are among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: YAML's list of what is not printable holds them
const SPECIAL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]/;
const NO_PLAIN_START = /^(?:[#,[\]{}&*!|>'"%@`]|[-?:](?:[ ]|$)|---|\.\.\.| )/;
const NO_PLAIN_INSIDE = /:(?: |$)| #| $/;

/** A key on one line. */
export function yamlKeyText(text: string): string {
  return oneLine(text);
}

/**
 * A scalar as go-yaml v3 writes it for sops.
 * @param column where the lines of a block stand.
 * @param depth the spaces between that column and the one of what holds the scalar.
 * @returns what stands behind the colon or dash, and the further lines.
 */
export function yamlScalarText(scalar: SopsScalar, column: number, depth: number): string[] {
  switch (scalar.kind) {
    case "null":
      return ["null"];
    case "int":
    case "bool":
      return [String(scalar.value)];
    case "float":
      return [floatText(scalar.value)];
    case "time":
      return [scalar.text];
    case "str": {
      const text = fromUtf8(scalar.bytes);
      return text === null ? binaryText(scalar.bytes, column) : stringText(text, column, depth);
    }
  }
}

function stringText(text: string, column: number, depth: number): string[] {
  if (!text.includes("\n")) return [oneLine(text)];
  // A block carries neither what needs an escape nor a space before a line break or at the end.
  if (SPECIAL.test(text) || / (?:\n|$)/.test(text)) return [yamlInline(text, "double", false)];
  return literal(text, column, depth);
}

/** A literal block: its header, and its lines. */
function literal(text: string, column: number, depth: number): string[] {
  // Leading white space would be taken for indentation. Stock sops writes 4, and no hint for a tab: wrong in a list, and for go-yaml.
  const hint = /^[ \n\t]/.test(text) ? String(depth) : "";
  const chomp = !text.endsWith("\n") ? "-" : /(?:^|\n)\n$/.test(text) ? "+" : "";
  const lines = (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
  return [`|${hint}${chomp}`, ...lines.map((line) => (line === "" ? "" : " ".repeat(column) + line))];
}

function oneLine(text: string): string {
  if (text.includes("\n") || text.includes("\t") || SPECIAL.test(text) || resolvesOtherwise(text))
    return yamlInline(text, "double", false);
  if (NO_PLAIN_START.test(text) || NO_PLAIN_INSIDE.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return text;
}

function resolvesOtherwise(text: string): boolean {
  const read = plainScalar(text);
  // A merge key, where it stands for itself, must be quoted.
  if ("problem" in read || read.scalar.kind !== "str" || text === "<<") return true;
  return OLD_WORD.test(text) || BASE_60.test(text);
}

const BASE64_LINE = 70;

function binaryText(bytes: Uint8Array, column: number): string[] {
  const text = toBase64(bytes);
  if (text.length < BASE64_LINE) return [`!!binary ${text}`];
  const lines = text.match(new RegExp(`.{1,${BASE64_LINE}}`, "g")) ?? [];
  return ["!!binary |", ...lines.map((line) => " ".repeat(column) + line)];
}

/** As Go's `strconv.FormatFloat(value, 'g', -1, 64)`: an exponent below 1e-04 and from 1e+06 on. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  if (Object.is(value, -0)) return "-0";
  const [digits = "", power = "0"] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}
