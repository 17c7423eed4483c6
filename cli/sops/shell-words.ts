/**
 * The words of a command as a shell would have them, without a shell: blanks between them, quotes of both kinds, backslashes
 * (in double quotes before `"` and `\` alone). Nothing is expanded.
 * @returns null where a quote or a backslash is left open, and for no words at all.
 */
export function shellWords(command: string): string[] | null {
  const words: string[] = [];
  let at = 0;
  while (at < command.length) {
    const blank = /\s+/y;
    blank.lastIndex = at;
    at += blank.exec(command)?.[0].length ?? 0;
    if (at >= command.length) break;
    let word = "";
    while (at < command.length) {
      const part = PART;
      part.lastIndex = at;
      const found = part.exec(command);
      if (found === null) break;
      const { plain, single, double, escaped } = found.groups ?? {};
      word += plain ?? single ?? double?.replaceAll(/\\(["\\])/g, "$1") ?? escaped ?? "";
      at += found[0].length;
    }
    if (at < command.length && !/\s/.test(command.charAt(at))) return null;
    words.push(word);
  }
  return words.length === 0 ? null : words;
}

const PART =
  /(?<plain>[^\s'"\\]+)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[\s\S])*)"|\\(?<escaped>[\s\S])/y;
