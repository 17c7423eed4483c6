/** What came of some tests. A test marked as to do did neither pass nor fail. */
export type Tally = { passed: number; failed: number; skipped: number; todo: number };

/** Adds tallies up. */
export function total(tallies: readonly Tally[]): Tally {
  const sum = { passed: 0, failed: 0, skipped: 0, todo: 0 };
  for (const { passed, failed, skipped, todo } of tallies) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
    sum.todo += todo;
  }
  return sum;
}

/**
 * Reads the summary at the end of what Node's TAP reporter wrote ("# pass 12").
 * @returns null when there is none, since the run broke off.
 */
export function readTapSummary(tap: string): Tally | null {
  const last = tap.trimEnd().split("\n").slice(-12).join("\n");
  const count = (word: string): number => Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(last)?.[1]);
  const [pass, fail, cancelled] = [count("pass"), count("fail"), count("cancelled")];
  const tally = { passed: pass, failed: fail + cancelled, skipped: count("skipped"), todo: count("todo") };
  return Object.values(tally).some(Number.isNaN) ? null : tally;
}

/** Reads a last line such as "12 passed, 0 failed, 0 skipped"; null when it is another. */
export function readLastLine(output: string): Tally | null {
  const match = /(?:^|\n)(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(output.trimEnd());
  if (match === null) return null;
  return { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3]), todo: 0 };
}

/** Writes a tally as `readLastLine` reads it. */
export function lastLine({ passed, failed, skipped, todo }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped + todo} skipped`;
}
