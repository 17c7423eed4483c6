import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { isItemName } from "../../shared/secret.ts";
import type { TemplateLimits } from "../../shared/template/limits.ts";
import type { Reason } from "./conditions.ts";
import type { TemplateBackoff } from "./template-backoff.ts";

/** Whether and how templates run: options of the controller's start, the same for all objects. */
export type TemplatePolicy = {
  enabled: boolean;
  /** Whether functions may be used that are random, read the clock or are costly. */
  allowNondeterministic: boolean;
  backoff: TemplateBackoff;
};

/** What came of an object's templates. Texts name templates, lines and functions, never a value. */
export type RenderedItems =
  | { ok: true; items: ReadonlyMap<string, Uint8Array>; warnings: string[] }
  | { ok: false; reason: Reason; problem: string };

/** Templates run where every other object waits: enough for any configuration file, too little to be felt. */
const LIMITS: Partial<TemplateLimits> = { milliseconds: 250, steps: 250_000 };

/** Whether an object has templates that would have to run. */
export function hasTemplates({ spec }: SealedSecret): boolean {
  // In the old whole-object form templates are ignored, as in the reference.
  if (spec.data !== undefined) return false;
  return Object.values(spec.template?.data ?? {}).some((source) => source !== null);
}

/** Uid and generation: what tells one version of an object from all others. */
export function versionOf({ metadata }: SealedSecret): string {
  return `${metadata.uid ?? ""}/${metadata.generation ?? 0}`;
}

/**
 * Notes that an object could not be brought in sync after its templates ran. Their own failures count, and so does a
 * Secret that is refused for what they made: either can depend on a value.
 */
export function noteFailure(sealedSecret: SealedSecret, { backoff }: TemplatePolicy): void {
  const { namespace = "", name } = sealedSecret.metadata;
  if (hasTemplates(sealedSecret)) backoff.failed(`${namespace}/${name}`, versionOf(sealedSecret));
}

/**
 * The items of the Secret: the opened ones, and those that the object's templates make of them.
 * @param opened the opened items by name.
 */
export async function renderItems(
  sealedSecret: SealedSecret,
  opened: ReadonlyMap<string, Uint8Array>,
  policy: TemplatePolicy,
): Promise<RenderedItems> {
  const { spec } = sealedSecret;
  const templateData = new Map(Object.entries(spec.template?.data ?? {}));
  if (templateData.size === 0 || spec.data !== undefined) return { ok: true, items: opened, warnings: [] };
  const unfit = [...templateData.keys()].find((item) => !isItemName(item));
  if (unfit !== undefined) {
    const problem = `spec.template.data.${JSON.stringify(unfit).slice(1, -1)} is not a name a Secret's item may have`;
    return { ok: false, reason: "MalformedSealedSecret", problem };
  }
  if (hasTemplates(sealedSecret) && !policy.enabled) {
    const problem = "spec.template.data: templates are turned off in this cluster (--templates=false)";
    return { ok: false, reason: "TemplateFailed", problem };
  }
  // Loaded with the first template: most clusters have none.
  const [{ applyTemplates, warningInWords }, { functionsFor }] = await Promise.all([
    import("../../shared/template/apply-templates.ts"),
    import("../../shared/template/functions/load.ts"),
  ]);
  const { allowNondeterministic } = policy;
  const { items, failures, warnings } = applyTemplates(opened, templateData, {
    functions: await functionsFor(templateData.values()),
    limits: LIMITS,
    allowNondeterministic,
  });
  if (failures.length > 0) {
    noteFailure(sealedSecret, policy);
    const lines = failures.map(({ message }) => message).sort();
    return { ok: false, reason: "TemplateFailed", problem: lines.join("\n") };
  }
  return { ok: true, items, warnings: warnings.map(warningInWords).sort() };
}
