import { utf8ToByteString } from "../byte-string.ts";
import { type CallContext, type FunctionTable, goFunction } from "../function-table.ts";
import { slice, types, zeroOf } from "../value.ts";
import { makeItems, writeBytes } from "./accounting.ts";
import { compilePattern, type Match, matches, PatternSyntaxError, Search } from "./pattern.ts";
import { expand, readReplacement } from "./replacement.ts";
import { tableOf } from "./table.ts";

const { int, string } = types;

const mustRegexMatch = goFunction([string, string], ([pattern, text], context) =>
  matches(compilePattern(pattern, context), text, context),
);
const regexFind = goFunction([string, string], ([pattern, text], context) => {
  const found = new Search(compilePattern(pattern, context), text, context).from(0);
  return found === null ? "" : text.slice(found.start, found.end);
});
const regexFindAll = goFunction([string, string, int], ([pattern, text, most], context) => {
  const search = new Search(compilePattern(pattern, context), text, context);
  const found = collect(search, Number(most.value), context);
  if (found.length === 0) return zeroOf(types.strings);
  return slice(
    found.map(({ start, end }) => text.slice(start, end)),
    types.strings,
  );
});
const regexReplaceAll = goFunction([string, string, string], ([pattern, text, template], context) => {
  const compiled = compilePattern(pattern, context);
  const names = Object.entries<number>(compiled.namedGroups());
  const byName = new Map(names.map(([name, group]) => [utf8ToByteString(name), group]));
  const replacement = readReplacement(template);
  const search = new Search(compiled, text, context);
  return replaced(search, text, (match) => expand(replacement, text, match, byName), context);
});
const regexReplaceAllLiteral = goFunction([string, string, string], ([pattern, text, by], context) =>
  replaced(new Search(compilePattern(pattern, context), text, context), text, () => by, context),
);
const regexSplit = goFunction([string, string, int], ([pattern, text, most], context) => {
  const compiled = compilePattern(pattern, context);
  const count = Number(most.value);
  if (count === 0) return zeroOf(types.strings);
  if (text === "" && pattern !== "") return slice([""], types.strings);
  return slice(
    between(text, collect(new Search(compiled, text, context), count, context), count),
    types.strings,
  );
});

/** Sprig's functions on regular expressions, in Go's syntax. */
export const regexFunctions: FunctionTable = tableOf({
  regexMatch: goFunction([string, string], (args, context) => {
    try {
      return mustRegexMatch.call(args, context);
    } catch (error) {
      if (error instanceof PatternSyntaxError) return false;
      throw error;
    }
  }),
  mustRegexMatch,
  regexFind,
  mustRegexFind: regexFind,
  regexFindAll,
  mustRegexFindAll: regexFindAll,
  regexReplaceAll,
  mustRegexReplaceAll: regexReplaceAll,
  regexReplaceAllLiteral,
  mustRegexReplaceAllLiteral: regexReplaceAllLiteral,
  regexSplit,
  mustRegexSplit: regexSplit,
  regexQuoteMeta: goFunction([string], ([text], context) => {
    writeBytes(context, text.length);
    return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
  }),
});

function collect(search: Search, most: number, context: CallContext): Match[] {
  const found: Match[] = [];
  for (const match of search.all(most)) {
    makeItems(context, 1);
    found.push(match);
  }
  return found;
}

/** The texts between matches (Go: Split). An empty match at the very begin parts nothing. */
function between(text: string, found: readonly Match[], most: number): string[] {
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const match of found) {
    if (most > 0 && parts.length >= most - 1) break;
    end = match.start;
    if (match.end !== 0) parts.push(text.slice(begin, end));
    begin = match.end;
  }
  return end === text.length ? parts : [...parts, text.slice(begin)];
}

/** Puts a text in the place of every match, but not of an empty one right after another (Go: ReplaceAll). */
function replaced(search: Search, text: string, by: (match: Match) => string, context: CallContext): string {
  let out = "";
  let lastEnd = 0;
  const write = (more: string): void => {
    writeBytes(context, more.length);
    out += more;
  };
  for (let at = 0; at <= text.length; ) {
    const match = search.from(at);
    if (match === null) break;
    write(text.slice(lastEnd, match.start));
    if (match.end > lastEnd || match.start === 0) write(by(match));
    lastEnd = match.end;
    at = Math.max(match.end, at + search.widthAt(at));
  }
  write(text.slice(lastEnd));
  return out;
}
