import assert from "node:assert/strict";
import { test } from "node:test";
import { renderTemplates, type TemplateJob } from "../../../shared/template/template.ts";

/** A template and what it gives: its output, or `ERROR NAME:LINE:COLUMN: words`. */
export type Row = readonly [template: string, expected: string];

const bytes = (text: string, encoding: BufferEncoding = "utf8") => Buffer.from(text, encoding);

/** Items that templates of the rows read. */
const DATA: ReadonlyMap<string, Uint8Array> = new Map([
  ["foo", bytes('b<&>"ar')],
  ["tls.crt", bytes("X")],
  ["bin", bytes("fffe00", "hex")],
  ["n", bytes("42")],
  ["empty", bytes("")],
  ["uni", bytes("h\u00e9\u00e9\u65e5\u672c\u{1f600}\u00ad\u2028")],
]);

/** Renders one template, named `k`, with no functions but Go's own unless others are given. */
export function render(template: string, settings: Partial<TemplateJob> = {}): string {
  const job = { data: DATA, functions: new Map(), ...settings, templates: new Map([["k", template]]) };
  const rendered = renderTemplates(job).get("k");
  assert.ok(rendered);
  if ("output" in rendered) return Buffer.from(rendered.output).toString();
  return rendered.error.message.replace(/^template: /, "ERROR ");
}

/** A test for each row. */
export function checkRows(rows: readonly Row[]): void {
  for (const [template, expected] of rows)
    test(JSON.stringify(template), () => assert.equal(render(template), expected));
}
