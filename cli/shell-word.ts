/**
 * A path as one word of a command that somebody may copy into a shell: in single quotes where its characters mean
 * something there, so that a file's name runs nothing; not to be taken for a flag.
 */
export function shellWord(path: string): string {
  const named = path.startsWith("-") ? `./${path}` : path;
  return /^[\w@%+=:,./-]+$/.test(named) ? named : `'${named.replaceAll("'", "'\\''")}'`;
}
