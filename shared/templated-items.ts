import type { SealedSecret } from "./sealed-secret.ts";
import { isItemName } from "./secret.ts";
import type { AppliedTemplates, TemplateSettings } from "./template/apply-templates.ts";

/** How an object's templates are run; functions are loaded here. */
export type TemplatedSettings = Omit<TemplateSettings, "functions">;

/** The first template that is for no item a Secret may have, in words; null when there is none. */
export function unfitTemplate({ spec }: SealedSecret): string | null {
  const unfit = Object.keys(templatesOf(spec)).find((item) => !isItemName(item));
  if (unfit === undefined) return null;
  return `spec.template.data.${JSON.stringify(unfit).slice(1, -1)} is not a name a Secret's item may have`;
}

/**
 * The items of a SealedSecret's Secret: the opened ones, and those that its templates make of them.
 * @param opened the opened items by name.
 * @returns with failures, the items must not be used.
 */
export async function templatedItems(
  { spec }: SealedSecret,
  opened: ReadonlyMap<string, Uint8Array>,
  settings: TemplatedSettings,
): Promise<AppliedTemplates> {
  const templates = new Map(Object.entries(templatesOf(spec)));
  if (templates.size === 0) {
    return {
      items: new Map(opened),
      failures: [],
      whileRunning: new Set(),
      warnings: [],
      unmade: new Map(),
    };
  }
  // Loaded with the first template: most clusters, and most SealedSecrets, have none.
  const [{ applyTemplates }, { functionsFor }] = await Promise.all([
    import("./template/apply-templates.ts"),
    import("./template/functions/load.ts"),
  ]);
  return applyTemplates(opened, templates, {
    ...settings,
    functions: await functionsFor(templates.values()),
  });
}

/** In the old form the whole Secret lay inside, and templates have no part in it, as in the reference. */
function templatesOf({ data, template }: SealedSecret["spec"]): Readonly<Record<string, string | null>> {
  return data === undefined ? (template?.data ?? {}) : {};
}
