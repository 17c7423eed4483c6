import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { isItemName } from "../../shared/secret.ts";
import { builtins } from "../../shared/template/builtins.ts";
import { byteStringToText, utf8ToByteString } from "../../shared/template/byte-string.ts";
import type { FunctionTable } from "../../shared/template/function-table.ts";
import { functionsFor } from "../../shared/template/functions/load.ts";
import { type ItemsRead, itemsRead } from "../../shared/template/items-read.ts";
import { DEFAULT_LIMITS, LimitReached } from "../../shared/template/limits.ts";
import { parseTemplate } from "../../shared/template/parser.ts";
import { whyMissing } from "../../shared/template/refused-functions.ts";
import { TemplateError } from "../../shared/template/template-error.ts";
import type { FieldPath, LintProblem } from "./problem.ts";

/** What lint knows of the controller that will run templates. */
export type TemplateSettings = {
  /** Whether functions that are random, read the clock or are costly may be used. */
  allowNondeterministic: boolean;
};

/**
 * Judges an object's templates by their text: none is run. What they name must be there: a sealed item, one from Vault, or
 * another template.
 */
export async function judgeTemplates(
  { spec }: SealedSecret,
  settings: TemplateSettings,
): Promise<LintProblem[]> {
  const templates = Object.entries(spec.template?.data ?? {});
  // In the old form the whole Secret lay inside, and templates have no part in it.
  if (templates.length === 0 || spec.data !== undefined) return [];
  const sealed = new Set([...Object.keys(spec.encryptedData), ...(spec.vault ?? []).map(({ key }) => key)]);
  const functions = await functionsFor(templates.map(([, source]) => source));
  const there = new Set([...sealed, ...templates.flatMap(([item, text]) => (text === null ? [] : [item]))]);
  const problems: LintProblem[] = [];
  const reads: ItemsRead[] = [];
  let areAllRead = true;
  for (const [item, source] of templates) {
    const at: FieldPath = ["spec", "template", "data", item];
    const problem = (rule: LintProblem["rule"], level: LintProblem["level"], what: string, next?: string) =>
      problems.push({ rule, level, item, at, what, ...(next === undefined ? {} : { next }) });
    const path = `spec.template.data.${item}`;
    if (!isItemName(item)) {
      problem("item-name", "error", `${path} has no name that a Secret's item may have`);
      continue;
    }
    if (source === null) {
      if (!sealed.has(item)) problem("no-effect", "warning", `${path} is null, and there is no such item`);
      continue;
    }
    if (sealed.has(item)) problem("no-effect", "warning", `${path}: the encrypted item of that name wins`);
    const read = readOf(item, source, functions, settings);
    if (read instanceof TemplateError) {
      areAllRead = false;
      // Its hint is a sentence; ours stand before a full stop.
      problem("template", read.refused ? "warning" : "error", read.message, read.hint.replace(/\.$/, ""));
      continue;
    }
    reads.push(read);
    for (const name of read.names) {
      const text = byteStringToText(name);
      if (!there.has(text)) problem("template-item", "error", `${path} reads ${text}, which is not there`);
    }
  }
  // Of a template that cannot be read nobody knows what it uses.
  return areAllRead ? [...problems, ...unused(spec, reads)] : problems;
}

/** What a template reads by its text; an error where it cannot be read, or would be refused. */
function readOf(
  name: string,
  source: string,
  functions: FunctionTable,
  { allowNondeterministic }: TemplateSettings,
): ItemsRead | TemplateError {
  const text = utf8ToByteString(source);
  const refused = new Set<string>();
  let steps = DEFAULT_LIMITS.steps;
  const place = { template: name, line: 1, column: 0 };
  try {
    const templates = parseTemplate(
      name,
      text,
      {
        has: (candidate) => functions.has(candidate) || builtins.has(candidate),
        used: (used) => {
          if (functions.get(used)?.nondeterministic !== undefined) refused.add(used);
        },
        hintFor: whyMissing,
      },
      {
        limits: DEFAULT_LIMITS,
        spend: (count) => {
          steps -= count;
          if (steps < 0) throw new LimitReached("steps");
        },
      },
    );
    if (refused.size > 0 && !allowNondeterministic) {
      const why = `calls functions that controllers refuse by default: ${[...refused].join(", ")}`;
      const hint = "Take them out, or allow them there and here (--allow-nondeterministic-templates).";
      return new TemplateError(place, why, hint, { refused: true });
    }
    return itemsRead(templates, name);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    // Nested or long beyond all measure: a controller says the same.
    if (error instanceof LimitReached || error instanceof RangeError)
      return new TemplateError(place, "it is larger than a controller reads", "Simplify this template.");
    throw error;
  }
}

/** Sealed items that a null keeps out of the Secret, and that no template reads. */
function unused(
  { encryptedData, template }: SealedSecret["spec"],
  reads: readonly ItemsRead[],
): LintProblem[] {
  const isRead = (item: string) => reads.some(({ all, names }) => all || names.has(utf8ToByteString(item)));
  return Object.entries(template?.data ?? {})
    .filter(([item, source]) => source === null && Object.hasOwn(encryptedData, item) && !isRead(item))
    .map(([item]) => ({
      rule: "unused-value",
      level: "warning",
      item,
      at: ["spec", "template", "data", item],
      what: `${item} is kept out of the Secret by a null in spec.template.data, and no template reads it`,
    }));
}
