/** What stands for an expression of a template: its value is not in the text. A character that files do not hold. */
export const FILLED = "\ue000";
/** What stands for an expression that is nothing but a text in quotes. */
export const LITERAL = "\ue001";

/** How expressions begin and end in Go's templates, Jinja, Liquid and ERB. */
const BEGIN = /\{\{|\{%|\{#|<%/g;
const END: Readonly<Record<string, string>> = { "{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>" };
const ONLY_TEXT =
  /^\{\{-?\s*(?:(?:quote|squote|b64enc|print|toString)\s+)?(["'`])[^"'`]+\1\s*(?:\|\s*\w+\s*)*-?\}\}$/;

/** Whether a text may be a template. */
export function hasMarks(text: string): boolean {
  return text.includes("{{") || text.includes("{%") || text.includes("<%");
}

/** A template with a character of that kind for each one of its expressions, line breaks kept: all else stays where it was. */
export function filledTemplate(template: string): string {
  let filled = "";
  let at = 0;
  // By hand, since a pattern would look for each missing end through all of the text.
  const endless = new Set<string>();
  for (const { 0: begin, index } of template.matchAll(BEGIN)) {
    if (index < at || endless.has(begin)) continue;
    const end = template.indexOf(END[begin] ?? begin, index + begin.length);
    if (end === -1) {
      endless.add(begin);
      continue;
    }
    const expression = template.slice(index, end + 2);
    const fill = ONLY_TEXT.test(expression) ? LITERAL : FILLED;
    filled += template.slice(at, index) + expression.replace(/[^\r\n]/g, fill);
    at = end + 2;
  }
  return filled + template.slice(at);
}

/** The same as what a manifest may be read from: lines that hold expressions alone are empty. */
export function filledManifest(template: string): string {
  return filledTemplate(template).replace(/^[ \t]*\ue000[ \t\ue000]*$/gm, (line) => " ".repeat(line.length));
}

/** A name as it is told: with an ellipsis for what a template puts there. */
export function shownName(name: string): string {
  return name.replace(/[\ue000\ue001]+/g, "…");
}
