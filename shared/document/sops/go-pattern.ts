import { RE2JS } from "re2js";
import { utf8 } from "../../bytes.ts";
import { patternSize } from "../../pattern-size.ts";

const LONGEST_PATTERN = 4096;
const LARGEST_PATTERN = 1000;
/** Instructions times bytes that one pattern is tried on in all: it cannot be interrupted. About two seconds in the slowest case. */
const MOST_WORK = 1e8;

/** A pattern that has been tried on more text than is sensible. */
export class PatternWorkError extends Error {}

/**
 * A regular expression in Go's syntax, not anchored, tried on bytes. Apart from the rest, since its library is loaded for
 * documents alone whose rule is more than a few names.
 * @param mostWork instructions times bytes that it may be tried on in all.
 * @returns null when it is no regular expression in that syntax, or a very large one. What it returns throws
 * PatternWorkError once all it was tried on takes too long.
 */
export function goPattern(pattern: string, mostWork = MOST_WORK): ((text: string) => boolean) | null {
  if (pattern.length > LONGEST_PATTERN || patternSize(pattern) > LARGEST_PATTERN) return null;
  const compiled = compile(pattern);
  if (compiled === null) return null;
  let left = mostWork;
  return (text) => {
    const bytes = utf8(text);
    left -= compiled.programSize() * (bytes.length + 1);
    if (left < 0) throw new PatternWorkError();
    return compiled.test(bytes);
  };
}

function compile(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return null;
  }
}
