import { setTimeout as pause } from "node:timers/promises";
import { InputError, UsageError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { connect, requestTimeoutMs } from "../cluster.ts";
import type { Command } from "../command.ts";
import { counted } from "../counted.ts";
import { page } from "../help/pages/wait.ts";
import type { Io } from "../io.ts";
import { listed } from "../listed.ts";
import { oneLine } from "../shown-text.ts";
import { waitOptions } from "../status/status-options.ts";
import { type Unready, waitForSync } from "../status/wait-for-sync.ts";
import { waitTargets } from "../status/wait-targets.ts";

const DEFAULT_TIMEOUT = "5m";
/** Beyond that a timer of Node's goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Before a watch that ended is opened anew. */
const PAUSE_MS = 1000;

/** `signet wait`: waits until SealedSecrets are in sync. */
export const wait: Command<typeof waitOptions> = {
  name: "wait",
  summary: "wait until SealedSecrets are in sync",
  options: waitOptions,
  page,
  async run({ options, positionals, io }) {
    const until = (options.for ?? "ready").toLowerCase();
    if (until !== "ready" && until !== "synced")
      throw new UsageError(`unknown state to wait for: ${options.for}`, "write --for ready or --for synced");
    const longest = options.timeout ?? DEFAULT_TIMEOUT;
    const longestMs = requestTimeoutMs(longest, "--timeout");
    const timeoutMs = requestTimeoutMs(options["request-timeout"]);
    const client = await connect(options, io);
    try {
      const namespace = client.namespace ?? "default";
      const words = { names: positionals, filename: options.filename, all: options.all };
      const targets = await waitTargets(words, { namespace, client, timeoutMs }, io);
      const places = targets.map(({ namespace, name }) => `${namespace}/${name}`);
      const atMost = longestMs === null ? "however long it takes" : `${longest} at most`;
      io.stderr.write(`${oneLine(`waiting for ${listed(places)}, ${atMost}`)}\n`);
      await requireAnswer(client);
      const left = await waitForSync(targets, {
        client,
        until,
        signal:
          longestMs === null
            ? new AbortController().signal
            : AbortSignal.timeout(Math.min(longestMs, LONGEST_TIMER_MS)),
        tell: (line) => io.stderr.write(`${oneLine(line)}\n`),
        pause: (signal) => pause(PAUSE_MS, undefined, { signal }).catch(() => undefined),
      });
      requireNone(left, longest, io);
    } finally {
      await client.close();
    }
  },
};

/**
 * A cluster that goes away in between is waited for; one that never answers would be waited for in silence.
 * @throws KubeUnreachableError.
 */
async function requireAnswer(client: Pick<KubeClient, "request">): Promise<void> {
  try {
    await client.request({ method: "GET", path: "/version" });
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
  }
}

/**
 * Tells of each object that is not in sync, with its next step.
 * @throws InputError counting them.
 */
function requireNone(left: ReadonlyMap<string, Unready>, longest: string, io: Io): void {
  if (left.size === 0) return;
  for (const [place, { why, next }] of left) {
    io.stderr.write(`${oneLine(`${place}: not in sync: ${why}`)}\n    ${oneLine(next)}\n`);
  }
  throw new InputError(
    `${counted(left.size, "SealedSecret")} ${left.size === 1 ? "is" : "are"} not in sync after ${longest}`,
    "do what stands below each, or give a longer --timeout",
  );
}
