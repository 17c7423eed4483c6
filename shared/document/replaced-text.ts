import { readsAs } from "./edit-document.ts";
import { indentBefore, lineEnd, lineStart, nextLine, splice } from "./splice.ts";
import { parseSyntax } from "./syntax-tree.ts";
import { toJson } from "./to-json.ts";
import { toYaml } from "./to-yaml.ts";
import type { DocumentFormat } from "./write-documents.ts";

/**
 * The content of a YAML document: what `withBody` puts other content in the place of.
 * @returns null when its syntax cannot be followed.
 */
export function bodyOf(document: string): string | null {
  const root = parseSyntax(document);
  if (root === null) return null;
  const isOnMarkersLine = indentBefore(document, root.start) === null;
  return document.slice(isOnMarkersLine ? root.start : lineStart(document, root.start), root.end);
}

/**
 * A YAML document with other content; what stands before and after the content stays.
 * @returns null when its syntax cannot be followed.
 */
export function withBody(document: string, content: string, lineBreak: string): string | null {
  const root = parseSyntax(document);
  if (root === null) return null;
  const from = root.start;
  const isOnMarkersLine = indentBefore(document, from) === null;
  const head = document.slice(0, lineStart(document, from)) + (isOnMarkersLine ? `---${lineBreak}` : "");
  const { end } = root;
  const tail = document.slice(document[end - 1] === "\n" ? end : nextLine(document, end));
  const body = content.replace(/^---[ \t]*\r?\n/, "").trimEnd();
  return head + body + (document.endsWith("\n") || tail !== "" ? lineBreak : "") + tail;
}

/**
 * A List's text with another object as one of its items: in JSON, and between brackets, over several lines if the old
 * one was; in block style indented as the old one.
 * @param value what the text holds.
 * @returns null when the result would not read as it must.
 */
export function withItem(
  text: string,
  value: Record<string, unknown>,
  index: number,
  object: object,
  format: DocumentFormat,
  lineBreak: string,
): string | null {
  const root = parseSyntax(text);
  const items = root?.kind === "map" ? root.entries.find(({ key }) => key === "items")?.value : undefined;
  const old = items?.kind === "list" ? items.entries[index]?.value : undefined;
  if (items?.kind !== "list" || old === undefined) return null;
  const isLine = !text.slice(old.start, old.end).includes("\n");
  const inFlow = format === "json" || items.inFlow;
  const indent = inFlow ? lineIndent(text, old.start) : " ".repeat(old.start - lineStart(text, old.start));
  const json = toJson(object);
  const written = inFlow ? (isLine ? JSON.stringify(JSON.parse(json)) : json) : toYaml(object).trimEnd();
  const lines = written.split("\n").map((line, at) => (at === 0 || line === "" ? line : indent + line));
  const end = text[old.end - 1] === "\n" ? lineEnd(text, old.end - 1) : old.end;
  const replaced = splice(text, [{ start: old.start, end, text: lines.join(lineBreak) }]);
  const held = Array.isArray(value["items"]) ? value["items"].with(index, JSON.parse(json)) : [];
  return readsAs(replaced, { ...value, items: held }) ? replaced : null;
}

function lineIndent(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, at), at))?.[0] ?? "";
}
