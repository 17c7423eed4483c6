import { setTimeout as sleep } from "node:timers/promises";
import type { Question, Way, WayAnswer } from "./way.ts";

const MOST_RETRIES = 10;
const LONGEST_WAIT_S = 30;

/**
 * Asks, and asks again after the wait that the controller wishes when it answers 429: up to ten times, as kubeseal does.
 * @param wait sleeps for so many ms.
 * @returns the first other answer, or the last 429.
 * @throws ClosedWay when the controller was not reached.
 */
export async function askPatiently(
  way: Way,
  question: Question,
  wait: (ms: number) => Promise<unknown> = sleep,
): Promise<WayAnswer> {
  for (let retries = 0; ; retries++) {
    const answer = await way.ask(question);
    if (answer.status !== 429 || retries === MOST_RETRIES) return answer;
    await wait(1000 * Math.min(answer.retryAfterSeconds ?? 1, LONGEST_WAIT_S));
  }
}
