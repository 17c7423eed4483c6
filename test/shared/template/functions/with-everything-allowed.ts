import assert from "node:assert/strict";
import { functionsFor } from "../../../../shared/template/functions/load.ts";
import type { TemplateLimits } from "../../../../shared/template/limits.ts";
import { renderTemplates } from "../../../../shared/template/template.ts";

/** Where the clock of these tests stands: 2024-02-29T13:04:05.678Z. */
export const NOW = 1_709_211_845_678;

export type FreeOptions = {
  items?: Readonly<Record<string, string>>;
  limits?: Partial<TemplateLimits>;
  now?: number;
};

/** What a template gives where random, costly and clock functions are allowed; an error's message after `ERROR `. */
export async function renderFreely(template: string, options: FreeOptions = {}): Promise<string> {
  const rendered = renderTemplates({
    templates: new Map([["k", template]]),
    data: new Map(Object.entries(options.items ?? {}).map(([item, text]) => [item, Buffer.from(text)])),
    functions: await functionsFor([template]),
    // A busy machine is slow at making keys.
    limits: { milliseconds: 60_000, ...options.limits },
    allowNondeterministic: true,
    now: () => options.now ?? NOW,
  }).get("k");
  assert.ok(rendered);
  return "error" in rendered ? `ERROR ${rendered.error.message}` : Buffer.from(rendered.output).toString();
}
