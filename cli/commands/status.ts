import { InputError, UsageError } from "../../shared/errors.ts";
import { annotatedScopeKind } from "../../shared/scope.ts";
import { connect, requestTimeoutMs } from "../cluster.ts";
import type { Command } from "../command.ts";
import { counted } from "../counted.ts";
import { page } from "../help/pages/status.ts";
import { objectsInCluster } from "../inventory/cluster.ts";
import type { Inventory } from "../inventory/sealed-object.ts";
import type { Io } from "../io.ts";
import { jsonText } from "../json-text.ts";
import { writeProduct } from "../output-file.ts";
import { oneLine } from "../shown-text.ts";
import { nextStep } from "../status/next-step.ts";
import { statusOptions } from "../status/status-options.ts";
import { keysOf, type StatusRow, statusTable } from "../status/status-table.ts";
import { syncStateOf } from "../status/sync-state.ts";

/** `signet status`: what is not in sync, and why. */
export const status: Command<typeof statusOptions> = {
  name: "status",
  summary: "say what is not in sync in the cluster, and why",
  options: statusOptions,
  page,
  async run({ options, positionals, io }) {
    const format = (options.format ?? "table").toLowerCase();
    if (format !== "table" && format !== "wide" && format !== "json")
      throw new UsageError(`unsupported output format: ${options.format}`, "write -o table, wide or json");
    const isAll = options["all-namespaces"];
    if (isAll && (options.namespace !== null || positionals.length > 0)) {
      throw new UsageError(
        "--all-namespaces goes with neither a namespace nor names",
        "leave one of them out",
      );
    }
    const timeoutMs = requestTimeoutMs(options["request-timeout"]);
    const client = await connect(options, io);
    try {
      const namespace = isAll ? null : (client.namespace ?? "default");
      const found = await objectsInCluster(client, namespace === null ? null : [namespace], timeoutMs);
      const rows = named(found, positionals, namespace);
      const bad = rows.filter(({ state }) => state.kind !== "in sync");
      // Whoever names objects wants to see these.
      const shown = options["show-all"] || positionals.length > 0 ? rows : bad;
      const text =
        format === "json"
          ? json(shown, namespace, rows.length, bad.length)
          : statusTable(shown, { withNamespace: isAll, isWide: format === "wide", now: io.now() });
      writeProduct(text, { format: null, "sealed-secret-file": null }, io);
      judge({ rows, bad, problems: found.problems }, namespace, io);
    } finally {
      await client.close();
    }
  },
};

/** @throws InputError for a name that is not there. */
function named({ objects }: Inventory, names: readonly string[], namespace: string | null): StatusRow[] {
  const rows = objects.map(({ sealedSecret }) => ({ sealedSecret, state: syncStateOf(sealedSecret) }));
  if (names.length === 0) return rows;
  const gone = names.find((name) => rows.every(({ sealedSecret }) => sealedSecret.metadata.name !== name));
  if (gone !== undefined) {
    throw new InputError(
      `no SealedSecret ${JSON.stringify(gone)} in the namespace ${namespace}`,
      "check the name and the namespace (-n); signet status --show-all lists those there",
    );
  }
  return rows.filter(({ sealedSecret }) => names.includes(sealedSecret.metadata.name));
}

function json(rows: readonly StatusRow[], namespace: string | null, total: number, bad: number): string {
  const sealedSecrets = rows.map(({ sealedSecret, state: { kind, isSynced, reason, message, since } }) => ({
    namespace: sealedSecret.metadata.namespace ?? null,
    name: sealedSecret.metadata.name,
    state: kind,
    synced: isSynced,
    reason,
    message,
    since,
    generation: sealedSecret.metadata.generation ?? null,
    observedGeneration: sealedSecret.status?.observedGeneration ?? null,
    scope: annotatedScopeKind(sealedSecret.metadata.annotations),
    items: Object.keys(sealedSecret.spec.encryptedData).length,
    keys: keysOf(sealedSecret),
  }));
  return jsonText({ namespace, total, inSync: total - bad, sealedSecrets });
}

type Found = Pick<Inventory, "problems"> & { rows: readonly StatusRow[]; bad: readonly StatusRow[] };

/** @throws InputError unless all are in sync: exit code 1. */
function judge({ rows, bad, problems }: Found, namespace: string | null, io: Io): void {
  const where = namespace === null ? "in the cluster" : `in the namespace ${namespace}`;
  for (const { where: which, problem } of problems)
    io.stderr.write(`${oneLine(`warning: ${which} is not looked at: ${problem}`)}\n`);
  const count = counted(rows.length, "SealedSecret");
  const [first] = bad;
  if (first === undefined) {
    if (problems.length === 0) {
      io.stderr.write(rows.length === 0 ? `no SealedSecret ${where}\n` : `${count} ${where}, all in sync\n`);
      return;
    }
    const [one] = problems;
    throw new InputError(`it is not known how all stand: ${one?.problem}`, one?.next ?? "mend the object");
  }
  const { metadata } = first.sealedSecret;
  const isLost = bad.some(({ state }) => state.kind === "not opening");
  const how = `not in sync${isLost ? ", or opened by no key any more" : ""}`;
  throw new InputError(
    `${bad.length} of ${count} ${where} ${bad.length === 1 ? "is" : "are"} ${how}`,
    nextStep({ namespace: metadata.namespace ?? "default", name: metadata.name }, first.state.kind),
  );
}
