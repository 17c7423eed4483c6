import { utf8 } from "../bytes.ts";
import { utf8ToByteString } from "./byte-string.ts";
import type { ItemsRead } from "./items-read.ts";
import { renderTemplates, type TemplateJob } from "./template.ts";
import type { TemplateError } from "./template-error.ts";

/** What an author should know of templates that work, but perhaps not as meant. Names items only. */
export type TemplateWarning =
  /** The item is also an encrypted one, which wins: what the template makes is dropped. */
  | { readonly kind: "overridden"; readonly item: string }
  /** The template of `item` reads `source`, which is a template itself: it gets its source, not its output. */
  | { readonly kind: "reads-source"; readonly item: string; readonly source: string };

/** A warning in words: items by name, and nothing of what they hold. */
export function warningInWords(warning: TemplateWarning): string {
  switch (warning.kind) {
    case "overridden":
      return `spec.template.data.${warning.item} has no effect: the encrypted item of that name wins`;
    case "reads-source":
      return `spec.template.data.${warning.item} reads ${warning.source}, which is a template too: it gets the template's text, not what it makes`;
  }
}

/** What came of the templates of one object. With failures, `items` must not be used. */
export type AppliedTemplates = {
  /** The Secret's items. */
  readonly items: Map<string, Uint8Array>;
  readonly failures: readonly TemplateError[];
  /** Those among them that came while a template ran: whether and where it fails then can depend on a value. */
  readonly whileRunning: ReadonlySet<TemplateError>;
  readonly warnings: readonly TemplateWarning[];
  /** Items that were not made, as their templates read others that are not known here; those, by item. */
  readonly unmade: ReadonlyMap<string, readonly string[]>;
};

/** How templates are run: everything a TemplateJob has but what is taken from the object. */
export type TemplateSettings = Omit<TemplateJob, "templates" | "data">;

/**
 * Makes a Secret's items from the decrypted ones and from `spec.template.data`, by the rules of sealed-secrets 0.40.
 *
 * Templates read the decrypted items and the sources of those templates whose names no encrypted item has. A null
 * takes the decrypted item of its name out of the Secret; templates can read it still. Items that the settings call unknown
 * count as decrypted ones that cannot be read.
 */
export function applyTemplates(
  decrypted: ReadonlyMap<string, Uint8Array>,
  templateData: ReadonlyMap<string, string | null>,
  settings: TemplateSettings,
): AppliedTemplates {
  const items = new Map(decrypted);
  const data = new Map(decrypted);
  const templates = new Map<string, string>();
  const warnings: TemplateWarning[] = [];
  const isDecrypted = (item: string) => decrypted.has(item) || settings.unknown?.has(item) === true;
  for (const [item, source] of templateData) {
    if (source === null) items.delete(item);
    else {
      templates.set(item, source);
      if (isDecrypted(item)) warnings.push({ kind: "overridden", item });
      else data.set(item, utf8(source));
    }
  }
  const failures: TemplateError[] = [];
  const unmade = new Map<string, readonly string[]>();
  const whileRunning = new Set<TemplateError>();
  const readable = new Map(
    [...templates]
      .filter(([item, source]) => !isDecrypted(item) && source.includes("{{"))
      .map(([item]) => [utf8ToByteString(item), item]),
  );
  for (const [item, rendered] of renderTemplates({ ...settings, templates, data })) {
    if ("error" in rendered) {
      failures.push(rendered.error);
      if (rendered.whileRunning) whileRunning.add(rendered.error);
      continue;
    }
    if (rendered.lacks.length > 0) {
      if (!isDecrypted(item)) unmade.set(item, rendered.lacks);
      continue;
    }
    if (!isDecrypted(item)) items.set(item, rendered.output);
    warnings.push(...sourcesRead(item, rendered.read, readable, MOST_WARNINGS - warnings.length));
  }
  return { items, failures, whileRunning, warnings, unmade };
}

/** Nobody reads more of them, and templates that read all others have as many as their number squared. */
const MOST_WARNINGS = 100;

/** @param readable the templates that others can read, by their names as byte strings. */
function sourcesRead(
  item: string,
  { all, names }: ItemsRead,
  readable: ReadonlyMap<string, string>,
  most: number,
): TemplateWarning[] {
  const read: Iterable<string> = all ? readable.keys() : names;
  const warnings: TemplateWarning[] = [];
  for (const name of read) {
    if (warnings.length >= most) break;
    const source = readable.get(name);
    if (source !== undefined) warnings.push({ kind: "reads-source", item, source });
  }
  return warnings;
}
