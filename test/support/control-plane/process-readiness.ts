import type { ManagedProcess } from "./managed-process.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * Waits until `probe` gives something, for as long as the process runs. On failure the process is stopped.
 * @throws Error with the last lines of its output when it ends, or when `boundMs` pass.
 */
export async function untilReady<T>(
  process: ManagedProcess,
  options: { what: string; boundMs: number },
  probe: () => Promise<T | null>,
): Promise<T> {
  const giveUp = (): string | null => (process.hasEnded() ? `${process.name} has ended` : null);
  try {
    return await waitUntil({ ...options, giveUp }, probe);
  } catch (error) {
    await process.stop(0);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${process.name} did not come up: ${reason}\n${process.lastLines()}`, { cause: error });
  }
}
