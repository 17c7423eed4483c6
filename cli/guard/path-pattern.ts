/** A pattern that is tried on paths. */
export type PathPattern = (path: string) => Promise<boolean>;

/** What both engines read alike, and soon. */
const PLAIN_PATH = /^[\x20-\x7e]{0,300}$/;
const MOST_REPEATS = 3;
/** What means the same in Go's syntax and in JavaScript's: letters, escaped marks, dots, small classes, choices without repeats. */
const TOKEN = /[\w/\- ,=@]|\\[.\-/]|\.|\[[\w./\- ]+\]|\((?:\?:)?(?=[\w./\\-][^()]*\))|\)|\||[*+?]|[$^]/y;

/**
 * Makes a pattern of Go's syntax, not anchored, ready to be tried on paths. Most are simple ones: those take JavaScript's own
 * engine, which is at hand, and only where they cannot take long in it. What is no pattern fits nothing, and so does one that
 * takes too long: whoever sends a path may have written the pattern, too.
 */
export function pathPattern(pattern: string): PathPattern {
  const simple = isSimple(pattern) ? compiled(pattern) : null;
  let full: Promise<(path: string) => boolean> | null = null;
  return async (path) => {
    if (simple !== null && PLAIN_PATH.test(path)) return simple.test(path);
    full ??= inGoSyntax(pattern);
    return (await full)(path);
  };
}

function compiled(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern);
  } catch {
    return null;
  }
}

async function inGoSyntax(pattern: string): Promise<(path: string) => boolean> {
  const { goPattern } = await import("../../shared/document/sops/go-pattern.ts");
  const fits = goPattern(pattern);
  return (path) => {
    try {
      return fits?.(path) ?? false;
    } catch {
      return false;
    }
  };
}

/** Whether both engines read a pattern alike, and JavaScript's tries it on a path in no time. */
function isSimple(pattern: string): boolean {
  let repeats = 0;
  let before = "";
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < pattern.length) {
    const token = TOKEN.exec(pattern)?.[0];
    if (token === undefined) return false;
    if (/^[*+]$/.test(token)) repeats += 1;
    // A group is not repeated, and nothing twice.
    if (/^[*+?]$/.test(token) && /^(?:|[*+?$^|]|\(.*)$/.test(before)) return false;
    if (/^[*+]$/.test(token) && before === ")") return false;
    before = token;
  }
  return repeats <= MOST_REPEATS;
}
