import type { Place } from "../../shared/scope.ts";
import { connect } from "../cluster.ts";
import type { Io } from "../io.ts";
import { noticesOf } from "../notices.ts";
import { readOpeningKeys } from "../opening-keys.ts";
import type { NamedSealedSecret } from "../sealed-secret-input.ts";
import { explainOffline } from "./explain-offline.ts";
import type { ExplainOptions } from "./explain-options.ts";
import type { Explanation } from "./explanation.ts";
import { remoteForms } from "./remote-form.ts";

/**
 * Explains SealedSecrets by the private keys at some paths. No cluster is asked, but for candidates where that was asked for.
 * @param given places that values may have been sealed for, beside those of the SealedSecrets themselves.
 * @throws SealError when keys cannot be read, or the cluster does not list.
 */
export async function explainByKeys(
  sealedSecrets: readonly NamedSealedSecret[],
  paths: readonly string[],
  given: readonly Place[],
  options: ExplainOptions,
  { io, stdinIsInput }: { io: Io; stdinIsInput: boolean },
): Promise<Explanation[]> {
  const opening = {
    keys: await readOpeningKeys(paths, io, stdinIsInput),
    // No service is asked.
    keyServices: null,
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
  const remoteForm = remoteForms(options, io);
  for (const named of sealedSecrets) {
    explanations.push(await explainOffline(named, opening, candidates, remoteForm));
  }
  return explanations;
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
