const LINE_WIDTH = 80;

/** Plain text that some reader of YAML 1.1 or 1.2 takes for null, a truth value, a number, a time or a merge key. */
const NOT_A_STRING: readonly RegExp[] = [
  /^(?:~|null|Null|NULL|)$/,
  /^(?:y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE|n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/,
  /^[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+)$/,
  /^[-+]?(?:\.[0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9_]+)?$/,
  /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/,
  /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]*)?[ \t]*(?:Z|[-+][0-9:]+)?)?$/,
];

/** Characters that only double quotes can carry; line breaks are judged apart. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: YAML's list of what is not printable holds them
const SPECIAL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]/;
/** What a plain scalar may neither be nor begin with in block context. */
const NO_PLAIN_START = /^(?:[,[\]{}#&*!|>'"%@`]|[-?:](?:[ ]|$)|---|\.\.\.)/;
const NO_PLAIN_INSIDE = /:(?: |$)| #/;
const NO_PLAIN_IN_FLOW = /[,[\]{}]/;

/** A key: one line, whatever it holds. */
export function yamlKey(text: string): string {
  // A plain `<<` would merge.
  if (text === "<<" || text.includes("\n")) return doubleQuoted(text, null, 0);
  return inOneStyle(text, null, 0);
}

/**
 * A string as a value.
 * @param indent the spaces that begin each further line.
 * @param column how many characters stand before it on its line.
 */
export function yamlString(text: string, indent: string, column: number): string {
  if (text.includes("\n")) {
    return canBeLiteral(text) ? literal(text, indent) : doubleQuoted(text, indent, column);
  }
  return inOneStyle(text, indent, column);
}

/** How a scalar is quoted in YAML. */
export type Quoting = "plain" | "single" | "double";

/**
 * A string on one line, quoted as asked where that can carry it, else as it needs.
 * @param inFlow whether it stands between brackets, where commas and brackets end plain text.
 */
export function yamlInline(text: string, quoting: Quoting, inFlow: boolean): string {
  const asNeeded = yamlKey(text);
  if (quoting === "double" || asNeeded.startsWith('"')) {
    const carried = quoting === "single" && !SPECIAL.test(text) && !text.includes("\n");
    return carried ? singleQuoted(text) : doubleQuoted(text, null, 0);
  }
  if (asNeeded.startsWith("'")) return asNeeded;
  return quoting === "single" || (inFlow && NO_PLAIN_IN_FLOW.test(text)) ? singleQuoted(text) : text;
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function inOneStyle(text: string, indent: string | null, column: number): string {
  if (SPECIAL.test(text) || NOT_A_STRING.some((pattern) => pattern.test(text))) {
    return doubleQuoted(text, indent, column);
  }
  if (text !== text.trim() || NO_PLAIN_START.test(text) || NO_PLAIN_INSIDE.test(text)) {
    return `'${folded(text.replaceAll("'", "''"), indent, column + 1)}'`;
  }
  return folded(text, indent, column);
}

/** Breaks at the first single space beyond the line width; a reader turns the break back into a space. */
function folded(text: string, indent: string | null, column: number): string {
  if (indent === null || column + text.length <= LINE_WIDTH) return text;
  let out = "";
  let at = column;
  for (let index = 0; index < text.length; index++) {
    const inside = index > 0 && index < text.length - 1;
    if (inside && at > LINE_WIDTH && isLoneSpace(text, index)) {
      out += `\n${indent}`;
      at = indent.length;
    } else {
      out += text[index];
      at++;
    }
  }
  return out;
}

function isLoneSpace(text: string, index: number): boolean {
  return text[index] === " " && text[index - 1] !== " " && text[index + 1] !== " ";
}

/** Literal blocks carry neither special characters nor a space before a line break or at the end. */
function canBeLiteral(text: string): boolean {
  return !SPECIAL.test(text) && !/ (?:\n|$)/.test(text);
}

function literal(text: string, indent: string): string {
  // Leading white space would be taken for indentation.
  const hint = /^[ \n]/.test(text) ? "2" : "";
  const chomp = !text.endsWith("\n") ? "-" : /(?:^|\n)\n$/.test(text) ? "+" : "";
  const lines = (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
  return `|${hint}${chomp}${lines.map((line) => (line === "" ? "\n" : `\n${indent}${line}`)).join("")}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\0": "\\0",
  "\u0007": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\u001b": "\\e",
  "\u0085": "\\N",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

function doubleQuoted(text: string, indent: string | null, column: number): string {
  const characters = [...text.toWellFormed()];
  let out = '"';
  let at = column + 1;
  characters.forEach((character, index) => {
    const inside = index > 0 && index < characters.length - 1;
    if (indent !== null && inside && at > LINE_WIDTH && character === " " && characters[index - 1] !== " ") {
      // The reader turns the break into one space and drops further ones unless they are escaped.
      out += `\n${indent}${characters[index + 1] === " " ? "\\" : ""}`;
      at = indent.length;
      return;
    }
    const written = escaped(character);
    out += written;
    at += written.length;
  });
  return `${out}"`;
}

function escaped(character: string): string {
  const short = ESCAPES[character];
  if (short !== undefined) return short;
  if (!SPECIAL.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code > 0xffff) return `\\U${hex.padStart(8, "0")}`;
  return code > 0xff ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`;
}
