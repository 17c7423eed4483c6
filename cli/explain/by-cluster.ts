import { SealError, UsageError } from "../../shared/errors.ts";
import type { PodStreamClient } from "../../shared/kube/client.ts";
import { connect, requestTimeoutMs } from "../cluster.ts";
import type { Io } from "../io.ts";
import { noticesOf } from "../notices.ts";
import type { NamedSealedSecret } from "../sealed-secret-input.ts";
import { explainForm } from "./explain-offline.ts";
import type { ExplainOptions } from "./explain-options.ts";
import type { Explanation } from "./explanation.ts";
import { remoteForms } from "./remote-form.ts";

/** What a cluster told. */
export type ToldByCluster = {
  explanations: Explanation[];
  /** Why the cluster could not be asked, or null. */
  obstacle: SealError | null;
};

/** Without keys the cluster's word counts; without a cluster there is only the form of each value. */
export async function explainByCluster(
  sealedSecrets: readonly NamedSealedSecret[],
  options: ExplainOptions,
  io: Io,
): Promise<ToldByCluster> {
  let client: PodStreamClient | null = null;
  const remoteForm = remoteForms(options, io);
  try {
    client = await connect(options, io);
    const { explainInCluster } = await import("../explain/explain-in-cluster.ts");
    const question = {
      client,
      namespace: client.namespace ?? "default",
      timeoutMs: requestTimeoutMs(options["request-timeout"]),
      currentKey: null,
      remoteForm,
    };
    const explanations: Explanation[] = [];
    for (const named of sealedSecrets) explanations.push(await explainInCluster(named, question));
    const currentKey = await currentKeyOf(options, io);
    for (const { cluster } of explanations) if (cluster !== null) cluster.currentKey = currentKey;
    return { explanations, obstacle: null };
  } catch (error) {
    if (!(error instanceof SealError) || error instanceof UsageError) throw error;
    const explanations = await Promise.all(sealedSecrets.map((named) => explainForm(named, remoteForm)));
    return { explanations, obstacle: error };
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
