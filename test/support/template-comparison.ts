import type { FunctionTable } from "../../shared/template/function-table.ts";
import { functionsFor } from "../../shared/template/functions/load.ts";
import { renderTemplates } from "../../shared/template/template.ts";
import { items } from "../interop/fixtures/templates/items.ts";
import { type GoResult, renderWithGo } from "./go-template.ts";

/** What became of one template on either side. */
export type Compared = { place: string; source: string; go: GoResult; ours: OurResult };
type OurResult = { output: Buffer } | { error: string };

// Making keys takes its time on a busy machine; what is compared here is the language.
const limits = { milliseconds: 60_000, steps: 10_000_000 };

/**
 * Renders every source by Go and by us, as template `k` with the corpus's items, which a SealedSecret's template sees
 * beside its own source.
 */
export async function compareWithGo(
  sources: readonly { place: string; source: string }[],
): Promise<Compared[]> {
  const sets = sources.map(({ place, source }) => ({
    name: place,
    templates: new Map([["k", Buffer.from(source)]]),
    data: dataFor(source),
  }));
  const byGo = await renderWithGo(sets);
  const functions = await functionsFor(sources.map(({ source }) => source));
  return sources.map(({ place, source }, at) => {
    const go = byGo[at]?.get("k");
    if (go === undefined) throw new Error(`Go gave no result for ${place}`);
    return { place, source, go, ours: renderOurselves(source, functions) };
  });
}

/** Says how the two differ; null when they are alike: the same bytes, or both an error. */
export function difference({ place, source, go, ours }: Compared): string | null {
  const alike =
    "output" in go && "output" in ours
      ? go.output.equals(ours.output)
      : !("output" in go) && !("output" in ours);
  if (alike) return null;
  const show = (result: GoResult | OurResult): string =>
    "output" in result ? JSON.stringify(result.output.toString("latin1")) : `error: ${result.error}`;
  return `${place}\n  ${source}\n  Go:   ${show(go)}\n  ours: ${show(ours)}`;
}

function dataFor(source: string): Map<string, Uint8Array> {
  return new Map(Object.entries({ ...items, k: source }).map(([item, value]) => [item, Buffer.from(value)]));
}

function renderOurselves(source: string, functions: FunctionTable): OurResult {
  const rendered = renderTemplates({
    templates: new Map([["k", source]]),
    data: dataFor(source),
    functions,
    limits,
    allowNondeterministic: true,
  }).get("k");
  if (rendered === undefined) throw new Error("no result for the template");
  return "output" in rendered ? { output: Buffer.from(rendered.output) } : { error: rendered.error.message };
}
