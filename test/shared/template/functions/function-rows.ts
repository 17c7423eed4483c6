import assert from "node:assert/strict";
import { test } from "node:test";
import type { FunctionTable } from "../../../../shared/template/function-table.ts";
import { sprigFunctions } from "../../../../shared/template/functions/sprig.ts";
import type { TemplateLimits } from "../../../../shared/template/limits.ts";
import { renderTemplates } from "../../../../shared/template/template.ts";

/** The items that templates in these tests read: text to be escaped, bytes that are not UTF-8, and both mixed. */
export const DATA: ReadonlyMap<string, Uint8Array> = new Map([
  ["foo", Buffer.from('b<&>"ar')],
  ["bin", Uint8Array.of(0xff, 0xfe, 0)],
  ["mixed", Buffer.concat([Buffer.from("aé"), Uint8Array.of(0xff), Buffer.from("Bc d")])],
]);

export type RenderOptions = {
  data?: ReadonlyMap<string, Uint8Array>;
  limits?: Partial<TemplateLimits>;
  random?: (length: number) => Uint8Array;
};

/** What a template gives with sprig's functions: its output as text, or the message of its error after `ERROR `. */
export function render(template: string, { data = DATA, limits = {}, random }: RenderOptions = {}): string {
  const rendered = renderTemplates({
    templates: new Map([["k", template]]),
    data,
    functions: sprigFunctions,
    // A busy machine must not decide what a template gives: tests of the limit on time set their own.
    limits: { milliseconds: 60_000, ...limits },
    ...(random === undefined ? {} : { allowNondeterministic: true, randomBytes: random }),
  }).get("k");
  assert.ok(rendered);
  return "error" in rendered ? `ERROR ${rendered.error.message}` : Buffer.from(rendered.output).toString();
}

/** A template and what it gives: as Go 1.26 with sprig 3.3 gives it, errors aside, whose words are ours. */
export type Row = readonly [template: string, expected: string];

/** A test for each row, and one that no function of a table is without a row. */
export function checkFunctions(table: FunctionTable, rows: readonly Row[]): void {
  for (const [template, expected] of rows) {
    test(template, () => assert.equal(render(template), expected));
  }
  test("every function has a row", () => {
    const named = new Set(rows.flatMap(([template]) => template.match(/\w+/g) ?? []));
    assert.deepEqual(
      [...table.keys()].filter((name) => !named.has(name)),
      [],
    );
  });
}
