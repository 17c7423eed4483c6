const OTHER_SIGNS = /[{}()[\]]/;

/** Whether a pattern has no signs but `*`, `**` and `?`: what others mean elsewhere takes as long to try as its author likes. */
export function isPlainPattern(pattern: string): boolean {
  return !OTHER_SIGNS.test(pattern);
}

/**
 * Whether a path fits a pattern: `*` is any text without a slash, `?` one character, `**` between slashes any number of folders, at the
 * end all that lies below. The rest stands for itself, case included. Takes at most the product of both lengths, whatever they say.
 * @param path with slashes, without one at its start.
 */
export function fitsPattern(path: string, pattern: string): boolean {
  const wanted = pattern.split("/").filter((part) => part !== "" && part !== ".");
  const parts = wanted.at(-1) === "**" ? [...wanted, "*"] : wanted;
  return fits(path.split("/"), parts, "**", fitsPart);
}

function fitsPart(name: string, part: string): boolean {
  return fits([...name], [...part], "*", (sign, wanted) => wanted === "?" || sign === wanted);
}

/** Goes back to the last of the signs for anything, and no further: what an earlier one could take, that one can. */
function fits(
  texts: readonly string[],
  wanted: readonly string[],
  anything: string,
  fitsOne: (text: string, wanted: string) => boolean,
): boolean {
  let at = 0;
  let last: { next: number; from: number } | null = null;
  for (let from = 0; from < texts.length; ) {
    const sign = wanted[at];
    if (sign === anything) {
      at += 1;
      last = { next: at, from };
    } else if (sign !== undefined && fitsOne(texts[from] ?? "", sign)) {
      at += 1;
      from += 1;
    } else if (last !== null) {
      last.from += 1;
      at = last.next;
      from = last.from;
    } else return false;
  }
  return wanted.slice(at).every((sign) => sign === anything);
}
