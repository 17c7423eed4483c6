import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

// proc(5) counts in clock ticks, of which Linux has shown 100 a second to programs on every machine for decades.
const ticksPerSecond = 100;
const probeMs = 500;
const quietWindowMs = 2_000;
const quietCpuSeconds = 0.1;

/** CPU time a process has used so far, of all its threads, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field, the name, may hold anything; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Memory a process holds now, and the most it has held, in MiB. */
export function residentMemory(pid: number): { nowMiB: number; peakMiB: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { nowMiB: field("VmRSS"), peakMiB: field("VmHWM") };
}

/**
 * Waits until a process has used next to no CPU for two seconds.
 * @returns when (by performance.now()) that began, to half a second, and the CPU time used so far in seconds.
 * @throws Error when it is still busy after `boundMs`.
 */
export async function untilQuiet(pid: number, boundMs: number): Promise<{ at: number; cpu: number }> {
  const deadline = performance.now() + boundMs;
  const probes: { at: number; cpu: number }[] = [];
  for (;;) {
    const now = { at: performance.now(), cpu: cpuSeconds(pid) };
    probes.push(now);
    const before = probes.findLast(({ at }) => at <= now.at - quietWindowMs);
    if (before !== undefined && now.cpu - before.cpu <= quietCpuSeconds)
      return { at: before.at, cpu: now.cpu };
    if (now.at > deadline) throw new Error(`process ${pid} was still busy after ${boundMs} ms`);
    await sleep(probeMs);
  }
}
