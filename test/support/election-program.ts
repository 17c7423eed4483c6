/*
 * Stands for election and, while it leads, appends a line to a log in a ConfigMap as fast as it can: its name and the number
 * of its term. Arguments: kubeconfig, name, namespace. Lease and ConfigMap are called `election`; times are 9 s, 6 s, 0.5 s.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../controller/runtime/clock.ts";
import { fenced } from "../../controller/runtime/fenced-client.ts";
import { LeaderElection } from "../../controller/runtime/leader-election.ts";
import type { Term } from "../../controller/runtime/term.ts";
import { SealError } from "../../shared/errors.ts";
import { loadKubeConfig } from "../../shared/kube/config.ts";
import { connectKube } from "../../shared/kube/http-client.ts";
import { corePath } from "../../shared/kube/paths.ts";

const [kubeconfig = "", name = "", namespace = ""] = process.argv.slice(2);
const client = connectKube(await loadKubeConfig({ kubeconfig }), { version: "test" });
const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());
let terms = 0;

const election = new LeaderElection({
  client,
  clock: systemClock,
  namespace,
  name: "election",
  identity: name,
  leaseDurationMs: 9_000,
  renewDeadlineMs: 6_000,
  retryPeriodMs: 500,
  onChange: ({ leading, holder }) => console.log(`change ${leading} ${holder}`),
  onError: tell,
});
await election.run(append, stopping.signal);
console.log("ended");
await client.close();

async function append(term: Term): Promise<void> {
  const label = `${name}/${++terms}`;
  console.log(`begin ${label}`);
  await term.annotate({ [`example.com/${name}`]: label });
  const writer = fenced(client, term);
  const path = corePath("configmaps", namespace, "election");
  while (!term.signal.aborted) {
    try {
      const log = await writer.request({ method: "GET", path });
      const data = log["data"] as { lines?: string } | undefined;
      const body = { ...log, data: { lines: `${data?.lines ?? ""}${label}\n` } };
      await writer.request({ method: "PUT", path, body });
    } catch (error) {
      tell(error);
    }
    await sleep(20);
  }
  console.log(`end ${label}`);
}

function tell(error: unknown): void {
  console.log(
    error instanceof SealError ? `error ${error.code}: ${error.message}: ${error.hint}` : `error ${error}`,
  );
}
