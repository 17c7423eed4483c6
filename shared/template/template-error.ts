import { SealError } from "../errors.ts";

/** Where in a template something is wrong. `column` counts bytes from 0, as Go's messages do. */
export type TemplatePlace = { readonly template: string; readonly line: number; readonly column: number };

/** What is known of the cause besides the words. */
export type TemplateFault = {
  /** The function that failed or was refused. */
  readonly functionName?: string;
  /** The limit that was reached, by its name in TemplateLimits. */
  readonly limit?: string;
  /** The template is sound, but uses functions that must be allowed expressly. */
  readonly refused?: boolean;
};

/**
 * A template cannot be read or run. The message names template, line, column and function: never a value, the text
 * given to `fail`, or a literal of the source.
 */
export class TemplateError extends SealError {
  override readonly code: string = "template";
  readonly place: TemplatePlace;
  readonly functionName: string | null;
  readonly limit: string | null;
  readonly refused: boolean;

  /** @param reason begins in lower case, without a full stop. */
  constructor(place: TemplatePlace, reason: string, hint: string, fault: TemplateFault = {}) {
    super(`template: ${place.template}:${place.line}:${place.column}: ${reason}`, hint);
    this.place = place;
    this.functionName = fault.functionName ?? null;
    this.limit = fault.limit ?? null;
    this.refused = fault.refused ?? false;
  }
}

/** The place of an offset in a source; both count bytes. */
export function placeAt(template: string, source: string, at: number): TemplatePlace {
  const before = source.slice(0, at);
  const column = at - (before.lastIndexOf("\n") + 1);
  let line = 1;
  for (let feed = before.indexOf("\n"); feed !== -1; feed = before.indexOf("\n", feed + 1)) line++;
  return { template, line, column };
}
