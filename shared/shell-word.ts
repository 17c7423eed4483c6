/**
 * A text as one word of a command that somebody may copy into a shell: in single quotes where its characters mean
 * something there, so that what a document holds runs nothing.
 */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A file's path as such a word, which no command takes for a flag. */
export function shellPath(path: string): string {
  return shellWord(path.startsWith("-") ? `./${path}` : path);
}

/** Any other text as such a word, where it might be taken for a flag: behind `--`, so that no flag may follow. */
export function shellOperand(text: string): string {
  return text.startsWith("-") ? `-- ${shellWord(text)}` : shellWord(text);
}
