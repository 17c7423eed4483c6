import { InputError, type SealError, UsageError } from "../../shared/errors.ts";
import type { Place } from "../../shared/scope.ts";
import type { Command } from "../command.ts";
import { counted } from "../counted.ts";
import { explainByCluster } from "../explain/by-cluster.ts";
import { explainByKeys } from "../explain/by-keys.ts";
import { explainOptions } from "../explain/explain-options.ts";
import type { Explanation } from "../explain/explanation.ts";
import { explanationTable } from "../explain/table.ts";
import { page } from "../help/pages/explain.ts";
import { jsonText } from "../json-text.ts";
import { writeProduct } from "../output-file.ts";
import { type NamedSealedSecret, readSealedSecrets } from "../sealed-secret-input.ts";

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
    const stdinIsInput = positionals.length === 0;
    const { explanations, obstacle } =
      paths.length === 0
        ? await explainByCluster(sealedSecrets, options, io)
        : {
            explanations: await explainByKeys(sealedSecrets, paths, given, options, { io, stdinIsInput }),
            obstacle: null,
          };
    const text = format === "json" ? json(explanations) : explanationTable(explanations);
    writeProduct(text, { format: null, "sealed-secret-file": null }, io);
    judge(explanations, obstacle);
  },
};

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
  return jsonText({ sealedSecrets: explanations });
}

/** @throws InputError unless everything opens. */
function judge(explanations: readonly Explanation[], obstacle: SealError | null): void {
  if (obstacle !== null && !explanations.every(isOfSops)) {
    throw new InputError(
      `whether these open is not known: no private key was given, and the cluster does not tell: ${obstacle.message}`,
      `give --key PATH with private keys, or mend the way to the cluster: ${obstacle.hint}`,
    );
  }
  const bad = explanations.filter(({ opens }) => opens === false);
  const unknown = explanations.filter(({ opens }) => opens === null);
  const total = counted(explanations.length, "SealedSecret");
  if (bad.length > 0) {
    throw new InputError(
      `${bad.length} of ${total} ${bad.length === 1 ? "does" : "do"} not open as a whole`,
      firstStep(bad),
    );
  }
  if (unknown.length > 0) {
    throw new InputError(
      `it is not known of ${unknown.length} of ${total} whether all of it opens`,
      firstStep(unknown),
    );
  }
}

/** Neither private keys nor the cluster were to tell of it: what is said of it already is all there is. */
function isOfSops({ items }: Explanation): boolean {
  return items.length > 0 && items.every(({ backend }) => backend === "sops");
}

function firstStep([first]: readonly Explanation[]): string {
  const fixes = [...(first?.problems ?? []), ...(first?.items ?? [])].map(({ fix }) => fix);
  return fixes.find((fix) => fix !== null) ?? "apply the file and ask again, or give --key PATH";
}
