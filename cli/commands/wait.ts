import { setTimeout as pause } from "node:timers/promises";
import { InputError, UsageError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { connect, requestTimeoutMs } from "../cluster.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/wait.ts";
import { oneLine } from "../shown-text.ts";
import { waitOptions } from "../status/status-options.ts";
import { waitForSync } from "../status/wait-for-sync.ts";
import { waitTargets } from "../status/wait-targets.ts";

const DEFAULT_TIMEOUT = "5m";
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
      await requireAnswer(client);
      const left = await waitForSync(targets, {
        client,
        until,
        signal: longestMs === null ? new AbortController().signal : AbortSignal.timeout(longestMs),
        tell: (line) => io.stderr.write(`${oneLine(line)}\n`),
        pause: (signal) => pause(PAUSE_MS, undefined, { signal }).catch(() => undefined),
      });
      requireNone(left, longest);
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

/** @throws InputError naming what is not in sync. */
function requireNone(left: ReadonlyMap<string, string>, longest: string): void {
  if (left.size === 0) return;
  const shown = [...left].slice(0, 5).map(([place, why]) => `${place} (${why})`);
  const more = left.size > shown.length ? ` and ${left.size - shown.length} more` : "";
  throw new InputError(
    `not in sync after ${longest}: ${shown.join(", ")}${more}`,
    "signet status tells how they stand; see whether a controller runs for the namespace, or give a longer --timeout",
  );
}
