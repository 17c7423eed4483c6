const ofFaults = Number(process.env["SIGNET_TEST_PATIENCE_MS"] ?? Number.POSITIVE_INFINITY);

/**
 * How long a test waits for what should come before it calls it missing.
 * @param boundMs far longer than it ever takes. Where faults are put into the sources on purpose it is cut short, since
 *   there many waits are in vain.
 */
export function patienceMs(boundMs: number): number {
  return Math.min(boundMs, ofFaults);
}
