import { InputError, SealError, UsageError } from "../../shared/errors.ts";
import type { PodStreamClient } from "../../shared/kube/client.ts";
import type { Place } from "../../shared/scope.ts";
import { connect, requestTimeoutMs } from "../cluster.ts";
import type { Command } from "../command.ts";
import { explainForm, explainOffline } from "../explain/explain-offline.ts";
import type { Explanation } from "../explain/explanation.ts";
import { explanationTable } from "../explain/table.ts";
import { page } from "../help/pages/explain.ts";
import type { Io } from "../io.ts";
import { noticesOf } from "../notices.ts";
import { readOpeningKeys } from "../opening-keys.ts";
import {
  clientOptions,
  controllerOptions,
  generalOptions,
  type OptionTable,
  type OptionValues,
} from "../options.ts";
import { writeProduct } from "../output-file.ts";
import { type NamedSealedSecret, readSealedSecrets } from "../sealed-secret-input.ts";

/** Flags of `signet explain`. */
export const explainOptions = {
  key: {
    kind: "list",
    value: "PATH",
    group: "seal",
    summary: "private keys: PEM files, backups of key Secrets, folders; - for stdin",
  },
  "recovery-private-key": {
    kind: "list",
    value: "PATH",
    group: "seal",
    summary: "the same, by kubeseal's name",
  },
  candidate: {
    kind: "repeated",
    value: "NAMESPACE/NAME",
    group: "seal",
    summary: "a place a value may have been sealed for; repeatable",
  },
  "list-candidates": {
    kind: "switch",
    group: "seal",
    summary: "with --key: take the cluster's SealedSecrets, as far as you may list them, for such places",
  },
  "allow-nondeterministic-templates": {
    kind: "switch",
    group: "seal",
    summary: "let templates call functions that are random, costly or read the clock",
  },
  format: {
    kind: "text",
    short: "o",
    value: "table|json",
    group: "seal",
    summary: "a table for people, or JSON",
  },
  ...controllerOptions,
  ...clientOptions,
  ...generalOptions,
} as const satisfies OptionTable;

type ExplainOptions = OptionValues<typeof explainOptions>;

/** `signet explain`: says of each item whether it opens, with which key, and if not, why not and what to do. */
export const explain: Command<typeof explainOptions> = {
  name: "explain",
  summary: "say why values open or do not, and what to do",
  options: explainOptions,
  page,
  async run({ options, positionals, io }) {
    const format = (options.format ?? "table").toLowerCase();
    if (format !== "table" && format !== "json") {
      throw new UsageError(`unsupported output format: ${options.format}`, "write -o table or -o json");
    }
    const given = options.candidate.map(candidateOf);
    const paths = [...options.key, ...options["recovery-private-key"]];
    if (paths.length === 0 && options["list-candidates"]) {
      throw new UsageError(
        "--list-candidates goes with --key",
        "give --key PATH with the private keys to try",
      );
    }
    const sealedSecrets = inNamespace(readSealedSecrets(positionals, io), options.namespace);
    const { explanations, obstacle } =
      paths.length > 0
        ? await byKeys(sealedSecrets, paths, given, options, { io, stdinIsInput: positionals.length === 0 })
        : await byCluster(sealedSecrets, options, io);
    const text = format === "json" ? json(explanations) : explanationTable(explanations);
    writeProduct(text, { format: null, "sealed-secret-file": null }, io);
    judge(explanations, obstacle);
  },
};

type Explained = {
  explanations: Explanation[];
  /** Why the cluster could not be asked, or null. */
  obstacle: SealError | null;
};

async function byKeys(
  sealedSecrets: readonly NamedSealedSecret[],
  paths: readonly string[],
  given: readonly Place[],
  options: ExplainOptions,
  { io, stdinIsInput }: { io: Io; stdinIsInput: boolean },
): Promise<Explained> {
  const opening = {
    keys: await readOpeningKeys(paths, io, stdinIsInput),
    keyFlag: "--key",
    acceptWholeObject: true,
    allowNondeterministic: options["allow-nondeterministic-templates"],
  };
  if (options.verbose) {
    const notices = noticesOf(io, { ...options, v: 0 });
    for (const fault of opening.keys.passedOver) notices.note(`note: ${fault}; passed over`);
  }
  const beside = sealedSecrets.map(({ sealedSecret: { metadata } }) => ({
    namespace: metadata.namespace ?? "",
    name: metadata.name,
  }));
  const inCluster = options["list-candidates"] ? await listCandidates(beside, options, io) : [];
  const candidates = [...given, ...beside, ...inCluster];
  const explanations: Explanation[] = [];
  for (const named of sealedSecrets) explanations.push(await explainOffline(named, opening, candidates));
  return { explanations, obstacle: null };
}

async function listCandidates(beside: readonly Place[], options: ExplainOptions, io: Io): Promise<Place[]> {
  const { placesInCluster } = await import("../explain/cluster-candidates.ts");
  const client = await connect(options, io);
  try {
    return await placesInCluster(
      client,
      beside.map(({ namespace }) => namespace).filter((namespace) => namespace !== ""),
    );
  } finally {
    await client.close();
  }
}

/** Without keys the cluster's word counts; without a cluster there is only the form of each value. */
async function byCluster(
  sealedSecrets: readonly NamedSealedSecret[],
  options: ExplainOptions,
  io: Io,
): Promise<Explained> {
  let client: PodStreamClient | null = null;
  try {
    client = await connect(options, io);
    const { explainInCluster } = await import("../explain/explain-in-cluster.ts");
    const question = {
      client,
      namespace: client.namespace ?? "default",
      timeoutMs: requestTimeoutMs(options["request-timeout"]),
      currentKey: null,
    };
    const explanations: Explanation[] = [];
    for (const named of sealedSecrets) explanations.push(await explainInCluster(named, question));
    const currentKey = await currentKeyOf(options, io);
    for (const { cluster } of explanations) if (cluster !== null) cluster.currentKey = currentKey;
    return { explanations, obstacle: null };
  } catch (error) {
    if (!(error instanceof SealError) || error instanceof UsageError) throw error;
    return { explanations: sealedSecrets.map(explainForm), obstacle: error };
  } finally {
    await client?.close();
  }
}

/** The key that the cluster seals with now; it only puts the file's claims into place, so that it may be missing. */
async function currentKeyOf(options: ExplainOptions, io: Io): Promise<string | null> {
  const { openController } = await import("../controller-client.ts");
  const { readFoundCertificate } = await import("../sealing-certificate.ts");
  const notices = noticesOf(io, { ...options, v: 0 });
  try {
    const controller = await openController(options, io, notices);
    try {
      return readFoundCertificate(await controller.certificate()).fingerprint;
    } finally {
      await controller.close();
    }
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    notices.note(`note: which key the cluster seals with now is not known: ${error.message}`);
    return null;
  }
}

function candidateOf(text: string): Place {
  const [namespace = "", name = "", ...rest] = text.split("/");
  if (namespace === "" || rest.length > 0) {
    throw new UsageError(
      `invalid value ${JSON.stringify(text)} for --candidate`,
      "write --candidate NAMESPACE/NAME, or --candidate NAMESPACE",
    );
  }
  return { namespace, name };
}

/** Objects that name no namespace stand in the one given. */
function inNamespace(
  sealedSecrets: readonly NamedSealedSecret[],
  namespace: string | null,
): readonly NamedSealedSecret[] {
  if (namespace === null) return sealedSecrets;
  return sealedSecrets.map((named) => {
    const { sealedSecret } = named;
    const metadata = { namespace, ...sealedSecret.metadata };
    return { ...named, sealedSecret: { ...sealedSecret, metadata } };
  });
}

function json(explanations: readonly Explanation[]): string {
  return `${JSON.stringify({ sealedSecrets: explanations }, null, 2)}\n`;
}

/** @throws InputError unless everything opens. */
function judge(explanations: readonly Explanation[], obstacle: SealError | null): void {
  if (obstacle !== null) {
    throw new InputError(
      `whether these open is not known: no private key was given, and the cluster does not tell: ${obstacle.message}`,
      `give --key PATH with private keys, or mend the way to the cluster: ${obstacle.hint}`,
    );
  }
  const bad = explanations.filter(({ opens }) => opens === false);
  const unknown = explanations.filter(({ opens }) => opens === null);
  const total = explanations.length === 1 ? "1 SealedSecret" : `${explanations.length} SealedSecrets`;
  if (bad.length > 0) {
    throw new InputError(`${bad.length} of ${total} does not open as a whole`, firstStep(bad));
  }
  if (unknown.length > 0) {
    throw new InputError(
      `of ${unknown.length} of ${total} it is not known whether it opens`,
      firstStep(unknown),
    );
  }
}

function firstStep([first]: readonly Explanation[]): string {
  const fixes = [...(first?.problems ?? []), ...(first?.items ?? [])].map(({ fix }) => fix);
  return fixes.find((fix) => fix !== null) ?? "apply the file and ask again, or give --key PATH";
}
