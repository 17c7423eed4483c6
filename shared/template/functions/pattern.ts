import { RE2JS } from "re2js";
import { fromUtf8 } from "../../bytes.ts";
import { patternSize } from "../../pattern-size.ts";
import { fromByteString, runeAt } from "../byte-string.ts";
import { type CallContext, TemplateFunctionError } from "../function-table.ts";

/** A match by byte offsets. `groups[0]` is all of it; a group that took no part is null. */
export type Match = { start: number; end: number; groups: readonly ([number, number] | null)[] };

/** The pattern is no regular expression in Go's syntax. The message does not repeat it. */
export class PatternSyntaxError extends TemplateFunctionError {}

const LONGEST_PATTERN = 4096;
const LARGEST_PATTERN = 10_000;
/** Instructions times bytes of one search, which cannot be interrupted: a third of a second in the slowest case. */
const LARGEST_SEARCH = 2e7;
const SEARCH_A_STEP = 1000;
const COMPILED_A_STEP = 10;

/** What a run has compiled, so that a pattern in a loop is compiled once. */
const compiled = new WeakMap<CallContext, Map<string, RE2JS>>();

/**
 * A regular expression in Go's syntax. It matches bytes in time linear to their number.
 * @param pattern a byte string
 * @throws PatternSyntaxError; TemplateFunctionError for a pattern larger than we compile
 */
export function compilePattern(pattern: string, context: CallContext): RE2JS {
  const known = compiled.get(context) ?? new Map<string, RE2JS>();
  compiled.set(context, known);
  const found = known.get(pattern) ?? compile(pattern, context);
  known.set(pattern, found);
  return found;
}

function compile(pattern: string, context: CallContext): RE2JS {
  if (pattern.length > LONGEST_PATTERN) {
    throw new TemplateFunctionError(`the pattern is longer than ${LONGEST_PATTERN} bytes`);
  }
  const text = fromUtf8(fromByteString(pattern));
  if (text === null) throw new PatternSyntaxError("the pattern is not valid UTF-8");
  const size = patternSize(text);
  if (size > LARGEST_PATTERN) {
    throw new TemplateFunctionError("the pattern is too large once its repetitions are written out");
  }
  context.spend(Math.ceil(size / COMPILED_A_STEP));
  try {
    return RE2JS.compile(text);
  } catch {
    throw new PatternSyntaxError("the pattern is not a regular expression in Go's syntax");
  }
}

/** Whether a pattern matches anywhere in a byte string. */
export function matches(pattern: RE2JS, text: string, context: CallContext): boolean {
  accountFor(pattern, text.length, context);
  return pattern.test(fromByteString(text));
}

/** Searches one byte string for one pattern. */
export class Search {
  readonly #pattern: RE2JS;
  readonly #text: string;
  readonly #context: CallContext;
  readonly #matcher: ReturnType<RE2JS["matcher"]>;

  constructor(pattern: RE2JS, text: string, context: CallContext) {
    this.#pattern = pattern;
    this.#text = text;
    this.#context = context;
    this.#matcher = pattern.matcher(fromByteString(text));
  }

  /** The first match that begins at an offset or after it. */
  from(offset: number): Match | null {
    const left = this.#text.length - offset;
    if (left < 0) return null;
    checkSearch(this.#pattern, left);
    const matcher = this.#matcher;
    const found = matcher.find(offset);
    accountFor(this.#pattern, found ? matcher.end() - offset : left, this.#context);
    if (!found) return null;
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, group): [number, number] | null =>
      matcher.start(group) < 0 ? null : [matcher.start(group), matcher.end(group)],
    );
    return { start: matcher.start(), end: matcher.end(), groups };
  }

  /** All matches, at most so many (below 0: all), without an empty one right after another (Go: FindAll). */
  *all(most: number): Generator<Match, void, undefined> {
    let previousEnd = -1;
    for (let at = 0, count = 0; (most < 0 || count < most) && at <= this.#text.length; ) {
      const match = this.from(at);
      if (match === null) return;
      const isEmptyHere = match.end === at;
      const repeats = isEmptyHere && match.start === previousEnd;
      at = isEmptyHere ? at + this.widthAt(at) : match.end;
      previousEnd = match.end;
      if (repeats) continue;
      count++;
      yield match;
    }
  }

  /** Bytes of the character at an offset; 1 at the end. */
  widthAt(offset: number): number {
    return offset < this.#text.length ? runeAt(this.#text, offset).width : 1;
  }
}

function checkSearch(pattern: RE2JS, bytes: number): void {
  if (pattern.programSize() * bytes > LARGEST_SEARCH) {
    throw new TemplateFunctionError("the text is too long for a pattern of this size");
  }
}

function accountFor(pattern: RE2JS, bytes: number, context: CallContext): void {
  checkSearch(pattern, bytes);
  context.spend(1 + Math.ceil((pattern.programSize() * bytes) / SEARCH_A_STEP));
}
