import { runeAt } from "../byte-string.ts";
import { isDigit, isLetter } from "./letter-case.ts";
import type { Match } from "./pattern.ts";

/** A replacement taken apart: texts, and groups by number or name. */
export type Replacement = readonly (string | { group: number } | { name: string })[];

/**
 * Takes a replacement apart by the rules of Go's regexp.Expand: `$1`, `$name`, `${name}`, `$$`. A name is as long as
 * letters, digits and `_` go. What fits no rule stays as it is.
 * @param template a byte string
 */
export function readReplacement(template: string): Replacement {
  const parts: (string | { group: number } | { name: string })[] = [];
  for (let at = 0; at < template.length; ) {
    const dollar = template.indexOf("$", at);
    if (dollar < 0) {
      parts.push(template.slice(at));
      break;
    }
    parts.push(template.slice(at, dollar));
    const reference = readReference(template, dollar + 1);
    parts.push(reference?.part ?? "$");
    at = reference?.end ?? dollar + 1;
  }
  return parts;
}

type Reference = { part: Replacement[number]; end: number };

function readReference(template: string, start: number): Reference | null {
  if (template[start] === "$") return { part: "$", end: start + 1 };
  const inBraces = template[start] === "{";
  const from = inBraces ? start + 1 : start;
  const to = nameEnd(template, from);
  if (to === from || (inBraces && template[to] !== "}")) return null;
  const name = template.slice(from, to);
  const isNumber = /^(?:0|[1-9][0-9]*)$/.test(name);
  return { part: isNumber ? { group: Number(name) } : { name }, end: inBraces ? to + 1 : to };
}

function nameEnd(template: string, start: number): number {
  let at = start;
  while (at < template.length) {
    const { point, width } = runeAt(template, at);
    if (!isLetter(point) && !isDigit(point) && point !== 0x5f) break;
    at += width;
  }
  return at;
}

/**
 * What a replacement gives for one match. A group that does not exist or took no part gives nothing.
 * @param names groups by name
 */
export function expand(
  replacement: Replacement,
  text: string,
  match: Match,
  names: ReadonlyMap<string, number>,
): string {
  return replacement
    .map((part) => {
      if (typeof part === "string") return part;
      const group = match.groups["group" in part ? part.group : (names.get(part.name) ?? -1)];
      return group ? text.slice(...group) : "";
    })
    .join("");
}
