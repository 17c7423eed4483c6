/** Fields whose keys are names rather than fields: Go writes these in the order of their bytes. */
const MAPS = new Set(["labels", "annotations", "encryptedData", "data", "stringData"]);

/**
 * An object as Go's `json.MarshalIndent` writes it, with two spaces: fields in the order they were built, keys of
 * string maps sorted, `<`, `>`, `&`, U+2028 and U+2029 escaped. Without a line break at the end.
 */
export function toJson(object: object): string {
  return write(object, "", "");
}

function write(value: unknown, indent: string, field: string): string {
  if (Array.isArray(value)) return writeList(value, indent);
  if (typeof value === "object" && value !== null) return writeMap(value, indent, field);
  return typeof value === "string" ? quote(value) : JSON.stringify(value);
}

function writeMap(map: object, indent: string, field: string): string {
  const entries = Object.entries(map).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return "{}";
  // JavaScript itself moves keys that look like numbers to the front.
  if (MAPS.has(field)) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const inner = `${indent}  `;
  const lines = entries.map(([key, value]) => `${inner}${quote(key)}: ${write(value, inner, key)}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

function writeList(list: readonly unknown[], indent: string): string {
  if (list.length === 0) return "[]";
  const inner = `${indent}  `;
  return `[\n${list.map((item) => `${inner}${write(item, inner, "")}`).join(",\n")}\n${indent}]`;
}

function quote(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(/[<>&\u2028\u2029]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
