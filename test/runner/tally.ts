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

/** Writes a failed test of a program that tests by itself, in one line. */
export function failureLine(failure: string): string {
  return `failed: ${failure.replaceAll(/\s+/g, " ")}`;
}

/** Reads what `failureLine` wrote; null when it is another line. */
export function readFailure(line: string): string | null {
  return /^failed: (.*)$/.exec(line)?.[1] ?? null;
}
