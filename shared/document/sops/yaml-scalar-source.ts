import type { Scalar } from "yaml";
import { DocumentSyntaxError } from "../syntax-error.ts";

const KEY_END = /[ \t\n]*:[,[\]{}]/y;
const LINE_SEPARATOR = /[\u0085\u2028\u2029]/;

/**
 * The text of a scalar, its lines folded and its escapes resolved, as go-yaml v3 has it.
 * @param text what the node's offsets count in.
 * @param inFlow whether it stands between brackets.
 * @throws DocumentSyntaxError where go-yaml would read something else than the library that made the node.
 */
export function scalarSource(node: Scalar, text: string, inFlow: boolean): string {
  const source = node.source ?? "";
  const [start, end] = node.range ?? [0, 0];
  const unlike = reasonUnlike(node, text.slice(start, end), inFlow && endsKeyAtOnce(text, end), inFlow);
  if (unlike !== null) throw new DocumentSyntaxError(unlike, start);
  if (isBlock(node)) {
    requireNoLongerBlanks(node, text);
    // Where the text ends without a line break, so does go-yaml's block.
    return end === text.length && !text.endsWith("\n") ? source.replace(/\n$/, "") : source;
  }
  // To go-yaml these end lines, and blanks around them are layout; so stock sops writes them.
  return LINE_SEPARATOR.test(source) && node.type === "QUOTE_SINGLE"
    ? source.replace(/[ \t]*([\u2028\u2029]+)[ \t]*/g, "$1")
    : source;
}

/** Whether a colon follows, and behind it at once what ends an entry. */
function endsKeyAtOnce(text: string, end: number): boolean {
  KEY_END.lastIndex = end;
  return KEY_END.test(text);
}

function isBlock({ type }: Scalar): boolean {
  return type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED";
}

/** Why a scalar might be read otherwise; null when it is not. */
function reasonUnlike(node: Scalar, raw: string, endsKey: boolean, inFlow: boolean): string | null {
  if (LINE_SEPARATOR.test(raw) && (node.type !== "QUOTE_SINGLE" || /[\n\u0085]/.test(raw)))
    return "a line separator (U+0085, U+2028, U+2029) must be escaped, in double quotes";
  if (node.type === "QUOTE_DOUBLE" && /\\\n[ \t]*\n/.test(raw))
    return "an empty line after a line break that is escaped is read in two ways";
  if (inFlow && raw === "" && node.tag !== undefined) return "a tag without a value";
  if (inFlow && node.type === "PLAIN" && (raw.startsWith("?") || endsKey))
    return "a question mark or colon between brackets needs quotes, or a space behind it";
  return null;
}

/**
 * Lines of spaces at the end of a block are content to go-yaml where they are longer than the indentation that the header
 * says, and end the line before where they are the text's last.
 */
function requireNoLongerBlanks({ srcToken, range }: Scalar, text: string): void {
  if (srcToken?.type !== "block-scalar") return;
  const [header] = srcToken.props.filter((token) => token.type === "block-scalar-header");
  const form = header !== undefined && "source" in header ? header.source : "";
  if (!/[1-9+]/.test(form)) return;
  const indent = srcToken.indent + Number(/[1-9]/.exec(form)?.[0] ?? Number.POSITIVE_INFINITY);
  const [, end] = range ?? [0, 0];
  const inside = srcToken.source.split("\n");
  const last = inside.findLastIndex((line) => !isBlank(line));
  const rest = text.slice(end);
  const behind = (/^(?: *\n)*/.exec(rest)?.[0] ?? "").split("\n");
  const endsText = /^[ \n]*$/.test(rest) && /\n +$/.test(text);
  if (endsText || [...inside.slice(last + 1), ...behind].some((line) => line.length > indent))
    throw new DocumentSyntaxError("spaces at the end of a block are read in two ways", end);
}

function isBlank(line: string): boolean {
  return /^ *$/.test(line);
}
