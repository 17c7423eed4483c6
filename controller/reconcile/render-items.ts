import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { TemplateLimits } from "../../shared/template/limits.ts";
import type { TemplateError } from "../../shared/template/template-error.ts";
import { templatedItems, unfitTemplate } from "../../shared/templated-items.ts";
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
  if (hasTemplates(sealedSecret)) backoff.failed(keyOf(sealedSecret), versionOf(sealedSecret));
}

function keyOf({ metadata: { namespace = "", name } }: SealedSecret): string {
  return `${namespace}/${name}`;
}

/**
 * What does not depend on values is told in full. Of failures while running one is told at most, and where it is for
 * the first version only: a template with a line for each letter that fails on the right one would spell a value out.
 */
function describeFailures(
  failures: readonly TemplateError[],
  whileRunning: ReadonlySet<TemplateError>,
  isFirst: boolean,
): string {
  const reading = failures.filter((failure) => !whileRunning.has(failure)).map(({ message }) => message);
  const running = failures.find((failure) => whileRunning.has(failure));
  if (running === undefined) return reading.sort().join("\n");
  const where = isFirst
    ? running.message
    : "a template fails while it runs; signet unseal tells which and where";
  return [...reading.sort(), where].join("\n");
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
  const problem = unfitTemplate(sealedSecret);
  if (problem !== null) return { ok: false, reason: "MalformedSealedSecret", problem };
  if (hasTemplates(sealedSecret) && !policy.enabled) {
    const problem = "spec.template.data: templates are turned off in this cluster (--templates=false)";
    return { ok: false, reason: "TemplateFailed", problem };
  }
  const { allowNondeterministic } = policy;
  const { items, failures, whileRunning, warnings } = await templatedItems(sealedSecret, opened, {
    limits: LIMITS,
    allowNondeterministic,
  });
  if (failures.length > 0) {
    noteFailure(sealedSecret, policy);
    const isFirst = policy.backoff.isFirst(keyOf(sealedSecret), versionOf(sealedSecret));
    const problem = describeFailures(failures, whileRunning, isFirst);
    return { ok: false, reason: "TemplateFailed", problem };
  }
  if (warnings.length === 0) return { ok: true, items, warnings: [] };
  const { warningInWords } = await import("../../shared/template/apply-templates.ts");
  return { ok: true, items, warnings: warnings.map(warningInWords).sort() };
}
