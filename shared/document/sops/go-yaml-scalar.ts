import { fromBase64, utf8 } from "../../bytes.ts";
import { goTime } from "./go-time.ts";
import type { SopsScalar } from "./tree.ts";

/** What a scalar is, or why it cannot be: a clause without a subject, in our words. */
export type ScalarRead = { scalar: SopsScalar } | { problem: string };

const TAGS = "tag:yaml.org,2002:";
const WORDS: ReadonlyMap<string, SopsScalar> = new Map<string, SopsScalar>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, { kind: "null" }] as const),
  ...["true", "True", "TRUE"].map((word) => [word, { kind: "bool", value: true }] as const),
  ...["false", "False", "FALSE"].map((word) => [word, { kind: "bool", value: false }] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, { kind: "float", value: Number.NaN }] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map(
    (word) => [word, { kind: "float", value: Number.POSITIVE_INFINITY }] as const,
  ),
  ...["-.inf", "-.Inf", "-.INF"].map(
    (word) => [word, { kind: "float", value: Number.NEGATIVE_INFINITY }] as const,
  ),
]);
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** Signs stand before the prefix, and for lower-case binary and octal also behind it: so Go reads them. */
const INTEGER =
  /^(?:(?<sign>[-+]?)(?:0[xX](?<hex>[0-9a-fA-F]+)|0[bB](?<binary>[01]+)|0[oO]?(?<octal>[0-7]+)|(?<decimal>0|[1-9][0-9]*))|0b(?<binarySign>[-+])(?<signedBinary>[01]+)|0o(?<octalSign>[-+])(?<signedOctal>[0-7]+))$/;
/** Where the point comes first, underscores may only stand between digits. */
const POINT_FIRST = /^\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?$/;
const TOO_LARGE = "this integer takes more than 64 bits with a sign: put it in quotes to have it a string";

/**
 * What go-yaml v3 makes of a plain scalar without a tag: neither YAML 1.1 nor 1.2.
 * @param source its text, line breaks folded.
 */
export function plainScalar(source: string): ScalarRead {
  const word = WORDS.get(source);
  if (word !== undefined) return { scalar: word };
  if (!/^[-+.0-9]/.test(source)) return text(source);
  if (source.startsWith("."))
    return (POINT_FIRST.test(source) ? float(source.replaceAll("_", "")) : null) ?? text(source);
  const time = goTime(source);
  if (time !== null) return { scalar: { kind: "time", text: time } };
  const digits = source.replaceAll("_", "");
  return integer(digits) ?? (FLOAT.test(digits) ? float(digits) : null) ?? text(source);
}

/**
 * What go-yaml v3 makes of a scalar with a tag.
 * @param tag in full, such as `tag:yaml.org,2002:int`.
 */
export function taggedScalar(tag: string, source: string): ScalarRead {
  const name = tag.startsWith(TAGS) ? tag.slice(TAGS.length) : null;
  if (name === "str") return text(source);
  // How sops writes the string that a plain scalar would be a merge key for.
  if (name === "merge" && source === "<<") return text(source);
  if (name === "binary") {
    const decoded = fromBase64(source.replace(/[\r\n]/g, ""));
    return "bytes" in decoded
      ? { scalar: { kind: "str", bytes: decoded.bytes } }
      : { problem: "what is tagged !!binary is not base64" };
  }
  const kind = KINDS.get(name ?? "");
  if (kind === undefined) return { problem: unknownTag(tag) };
  const read = plainScalar(source);
  if ("problem" in read || read.scalar.kind === kind) return read;
  if (kind === "float" && read.scalar.kind === "int")
    return { scalar: { kind, value: Number(read.scalar.value) } };
  return { problem: `this is not what its tag !!${name} says` };
}

const KINDS: ReadonlyMap<string, SopsScalar["kind"]> = new Map([
  ["null", "null"],
  ["bool", "bool"],
  ["int", "int"],
  ["float", "float"],
  ["timestamp", "time"],
]);

/** Tags of YAML's own that may be named: any other may be the begin of a value that lacks its quotes. */
const NAMED = ["set", "omap", "pairs", "value", "yaml", "merge", "map", "seq"];

/** Why a tag is refused, in our words. */
export function unknownTag(tag: string): string {
  const name = NAMED.find((known) => tag === TAGS + known);
  return name === undefined
    ? "a tag that is not known here; put the value in quotes if its exclamation mark belongs to it"
    : `the tag !!${name} is not supported here`;
}

function text(source: string): ScalarRead {
  return source.isWellFormed()
    ? { scalar: { kind: "str", bytes: utf8(source) } }
    : { problem: "it holds half a surrogate pair" };
}

function float(source: string): ScalarRead | null {
  const value = Number(source);
  return Number.isFinite(value) ? { scalar: { kind: "float", value } } : null;
}

function integer(digits: string): ScalarRead | null {
  const groups = INTEGER.exec(digits)?.groups;
  if (groups === undefined) return null;
  const { hex, binary, octal, decimal, signedBinary, signedOctal } = groups;
  const magnitude =
    parsed("0x", hex) ??
    parsed("0b", binary ?? signedBinary) ??
    parsed("0o", octal ?? signedOctal) ??
    parsed("", decimal) ??
    null;
  if (magnitude === null) return null;
  const sign = groups["sign"] ?? groups["binarySign"] ?? groups["octalSign"];
  const value = sign === "-" ? -magnitude : magnitude;
  if (value === BigInt.asIntN(64, value)) return { scalar: { kind: "int", value } };
  return sign === "" && value === BigInt.asUintN(64, value) ? { problem: TOO_LARGE } : null;
}

/** @returns null for more digits than 64 bits have in any base: a long number would cost time. */
function parsed(prefix: string, digits: string | undefined): bigint | null {
  if (digits === undefined) return null;
  const significant = digits.replace(/^0+(?=.)/, "");
  return significant.length > 64 ? null : BigInt(prefix + significant);
}
