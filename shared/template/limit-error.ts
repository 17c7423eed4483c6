import type { TemplateLimits } from "./limits.ts";
import { TemplateError, type TemplatePlace } from "./template-error.ts";

const WORDS: Readonly<Record<keyof TemplateLimits, string>> = {
  sourceBytes: "the source is too long",
  nesting: "parentheses or blocks are nested too deeply",
  steps: "the templates take too many steps",
  callDepth: "templates call templates too deeply",
  depth: "evaluation goes too deep",
  outputBytes: "the output is too long",
  totalOutputBytes: "the output of all templates together is too long",
  stringBytes: "a string on the way is too long",
  workBytes: "the strings on the way are too long together",
  milliseconds: "the templates take too much time",
};

/** The error for a limit that was reached at a place. It names the limit and its height. */
export function limitError(
  place: TemplatePlace,
  limit: keyof TemplateLimits,
  limits: TemplateLimits,
): TemplateError {
  const reason = `${WORDS[limit]} (limit ${limit} of ${limits[limit]})`;
  return new TemplateError(place, reason, "Make the templates of this object do less.", { limit });
}
