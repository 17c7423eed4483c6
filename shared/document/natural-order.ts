const LETTER = /\p{L}/u;
const DIGIT = /\p{Nd}/u;

/**
 * The order in which Go's YAML writers put the keys of a map: by the first character that differs; letters after
 * everything else and by code point; anything else by the number that begins there (none counts as zero), then by
 * how long that number is, then by code point. So `a2` stands before `a10`. With letters after
 * numbers this is not transitive (`1a` < `2` < `12` < `1a`), here as there.
 */
export function naturalOrder(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((character, index) => character !== right[index]);
  if (at === -1 || right[at] === undefined) return left.length - right.length;
  const [x = "", y = ""] = [left[at], right[at]];
  const letters = Number(LETTER.test(x)) - Number(LETTER.test(y));
  if (letters !== 0) return letters;
  if (!LETTER.test(x)) {
    const [m, n] = [digitsAt(left, at), digitsAt(right, at)];
    const numbers = compareNumbers(m, n, insideNumber(left, at));
    if (numbers !== 0) return numbers;
    if (m.length !== n.length) return m.length - n.length;
  }
  return (x.codePointAt(0) ?? 0) - (y.codePointAt(0) ?? 0);
}

function digitsAt(characters: readonly string[], at: number): string {
  const end = characters.findIndex((character, index) => index >= at && !DIGIT.test(character));
  return characters.slice(at, end === -1 ? undefined : end).join("");
}

/** Whether the digits before this place, if any, make leading zeros count. */
function insideNumber(characters: readonly string[], at: number): boolean {
  let first = at;
  while (first > 0 && DIGIT.test(characters[first - 1] ?? "")) first--;
  return characters.slice(first, at).some((digit) => digit !== "0");
}

function compareNumbers(a: string, b: string, zerosCount: boolean): number {
  const [m, n] = zerosCount ? [a, b] : [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  if (m.length !== n.length) return m.length - n.length;
  return m < n ? -1 : Number(m > n);
}
