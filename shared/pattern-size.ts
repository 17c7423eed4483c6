/** What one pass over a pattern has seen of an open group. */
type Level = { size: number; lastAtom: number };

const COUNT = /\{(?<least>[0-9]+)(?:,(?<most>[0-9]*))?\}/y;
const CLASS = /\[\^?\]?(?:\\[\s\S]|\[:\^?\w+:\]|[^\]\\])*\]/y;
const ESCAPE = /\\(?:[pPx]\{[^}]*\}|[\s\S])/y;
const QUOTED = /\\Q(?<text>[\s\S]*?)(?:\\E|$)/y;
/** Go refuses larger counts. */
const MOST = 1000;

/**
 * About how many instructions a regular expression compiles to: its counted repetitions are written out. It bounds
 * what is compiled, and need not be exact.
 */
export function patternSize(pattern: string): number {
  const levels: Level[] = [{ size: 0, lastAtom: 0 }];
  const add = (size: number): void => {
    const level = levels.at(-1);
    if (level === undefined) return;
    level.size += size;
    level.lastAtom = size;
  };
  for (let at = 0; at < pattern.length; ) {
    const { length, size, repeats, opens, closes } = pieceAt(pattern, at);
    at += length;
    if (opens) levels.push({ size: 2, lastAtom: 0 });
    else if (closes && levels.length > 1) add(levels.pop()?.size ?? 0);
    else if (repeats > 0) repeatLast(levels.at(-1), repeats);
    else add(size);
  }
  return levels.reduce((total, level) => total + level.size, 0);
}

type Piece = { length: number; size: number; repeats: number; opens: boolean; closes: boolean };

function pieceAt(pattern: string, at: number): Piece {
  const none = { size: 1, repeats: 0, opens: false, closes: false };
  const quoted = match(QUOTED, pattern, at);
  if (quoted !== null) return { ...none, length: quoted[0].length, size: quoted.groups?.text?.length ?? 0 };
  const count = match(COUNT, pattern, at);
  if (count !== null) return { ...none, length: count[0].length, repeats: countOf(count) };
  const whole = match(ESCAPE, pattern, at) ?? match(CLASS, pattern, at);
  if (whole !== null) return { ...none, length: whole[0].length };
  return { ...none, length: 1, opens: pattern[at] === "(", closes: pattern[at] === ")" };
}

function match(token: RegExp, pattern: string, at: number): RegExpExecArray | null {
  token.lastIndex = at;
  return token.exec(pattern);
}

function countOf({ groups }: RegExpExecArray): number {
  return Math.max(1, Math.min(MOST, Math.max(Number(groups?.least ?? 0), Number(groups?.most ?? 0))));
}

/** Each copy after the least one takes an instruction more. */
function repeatLast(level: Level | undefined, times: number): void {
  if (level === undefined) return;
  const repeated = (level.lastAtom + 1) * times;
  level.size += repeated - level.lastAtom;
  level.lastAtom = repeated;
}
