import { isDeepStrictEqual } from "node:util";
import { unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { sealedSecretPath } from "../../shared/kube/paths.ts";
import { annotatedScopeKind } from "../../shared/scope.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { type ItemFinding, sealing } from "../opening/item-finding.ts";
import type { NamedSealedSecret } from "../sealed-secret-input.ts";
import { explainForm } from "./explain-offline.ts";
import { type ClusterView, type Explanation, opensAtAll, type Problem } from "./explanation.ts";
import type { RemoteForm } from "./remote-form.ts";

/** What a cluster is asked by. */
export type ClusterQuestion = {
  client: Pick<KubeClient, "server" | "request">;
  /** Namespace of objects that name none. */
  namespace: string;
  /** Fingerprint of the key that the cluster seals with now, or null. */
  currentKey: string | null;
  timeoutMs: number | null;
  /** Tells of values of key services; what the controller says of them counts more. */
  remoteForm: RemoteForm;
};

/**
 * Explains a SealedSecret by what the cluster's controller said of the object of that name. An item's state is known
 * only where the cluster holds the same value, and the controller has looked at it.
 * @throws KubeApiError, KubeUnreachableError when the cluster does not tell.
 */
export async function explainInCluster(
  named: NamedSealedSecret,
  question: ClusterQuestion,
): Promise<Explanation> {
  const form = await explainForm(named, question.remoteForm);
  const { sealedSecret, where } = named;
  const object = await readObject(sealedSecret, question);
  if (object === null) {
    const why = `it is not in the cluster ${question.client.server}`;
    const fix = "apply it, or give --key PATH to explain it without a cluster";
    const items = form.items.map((item) => unknownItem(item, why, fix));
    const cluster = { ...NOTHING_THERE, server: question.client.server, currentKey: question.currentKey };
    return { ...form, items, cluster };
  }
  const cluster = viewOf(object, sealedSecret, question);
  const items = form.items.map((item) => judge(item, named, object, cluster));
  const problems = [...form.problems, ...refusalOf(cluster, items)];
  const opens = opensAtAll(items, problems);
  const isCurrent = cluster.sameAsFile === true && cluster.observedGeneration === cluster.generation;
  return { ...form, where, items, problems, cluster, opens: opens === true && !isCurrent ? null : opens };
}

const NOTHING_THERE: Omit<ClusterView, "server" | "currentKey"> = {
  found: false,
  sameAsFile: null,
  generation: null,
  observedGeneration: null,
  conditions: [],
  openedWith: [],
};

async function readObject(
  { metadata }: SealedSecret,
  { client, namespace, timeoutMs }: ClusterQuestion,
): Promise<SealedSecret | null> {
  const path = sealedSecretPath(metadata.namespace ?? namespace, metadata.name);
  const request = { method: "GET" as const, path, ...(timeoutMs === null ? {} : { timeoutMs }) };
  const found = await unlessGone(client.request(request));
  return found === null ? null : parseSealedSecret(found, "the cluster's SealedSecret");
}

function viewOf(
  object: SealedSecret,
  inFile: SealedSecret,
  { client, currentKey }: ClusterQuestion,
): ClusterView {
  const { metadata, status } = object;
  const keys = status?.signet?.["keys"];
  return {
    server: client.server,
    found: true,
    sameAsFile:
      isDeepStrictEqual(object.spec, inFile.spec) &&
      isDeepStrictEqual(object.sops ?? null, inFile.sops ?? null) &&
      hasSameScope(object, inFile),
    generation: metadata.generation ?? null,
    observedGeneration: status?.observedGeneration ?? null,
    conditions: (status?.conditions ?? []).map(({ type, status: truth, reason, message }) => ({
      type,
      status: truth,
      reason: reason || null,
      message: message || null,
    })),
    openedWith: Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : [],
    currentKey,
  };
}

function hasSameScope(a: SealedSecret, b: SealedSecret): boolean {
  return annotatedScopeKind(a.metadata.annotations) === annotatedScopeKind(b.metadata.annotations);
}

function judge(
  item: ItemFinding,
  { sealedSecret: inFile, file }: NamedSealedSecret,
  object: SealedSecret,
  view: ClusterView,
): ItemFinding {
  if (item.state === "does not open") return item;
  const apply = "apply the file and ask again, or give --key PATH";
  const value = object.spec.encryptedData[item.item] ?? (item.item === "data" ? object.spec.data : undefined);
  const ours = inFile.spec.encryptedData[item.item] ?? inFile.spec.data;
  if (value === undefined) return unknownItem(item, "the cluster's SealedSecret has no such item", apply);
  if (value !== ours) return unknownItem(item, "the cluster's SealedSecret has another value for it", apply);
  if (!hasSameScope(object, inFile)) {
    return unknownItem(item, "the cluster's SealedSecret has another scope", apply);
  }
  const synced = view.conditions.find(({ type }) => type === "Synced");
  if (view.observedGeneration !== view.generation || synced === undefined) {
    const wait = "ask again in a moment; check that the controller runs, and for this namespace";
    return unknownItem(item, "the controller has not looked at it yet", wait);
  }
  if (synced.status === "True") return { ...item, state: "opens", cause: null, why: null, fix: null };
  const said = (synced.message ?? "").split("\n").find((line) => named(line).includes(item.item));
  const isRemote = item.backend !== "classic";
  if (said === undefined) {
    const alone = isRemote ? "signet unseal --item tries it" : "give --key PATH to try it";
    return unknownItem(item, "the controller says nothing of this item", `${alone} by itself`);
  }
  return {
    ...item,
    state: "does not open",
    cause: "refused-by-cluster",
    why: said.replace(/ \([^()]*\)/, ""),
    fix: `seal the value again: ${sealing(file)}${isRemote ? "" : "; --key PATH tells more"}`,
  };
}

function unknownItem(item: ItemFinding, why: string, fix: string): ItemFinding {
  return item.state === "does not open" ? item : { ...item, state: "not known", why, fix };
}

/** Items that a line of the controller's message names, in brackets: `no key could decrypt secret (a, b): …`. */
function named(line: string): string[] {
  return [...line.matchAll(/\(([^()]*)\)/g)].flatMap(([, names = ""]) => names.split(", "));
}

/** Why the controller does not write the Secret, where that is no matter of single items. */
function refusalOf(
  { conditions, observedGeneration, generation }: ClusterView,
  items: ItemFinding[],
): Problem[] {
  const synced = conditions.find(({ type }) => type === "Synced");
  if (synced?.status !== "False" || observedGeneration !== generation) return [];
  if (items.some(({ cause }) => cause === "refused-by-cluster")) return [];
  const reason = synced.reason === null ? "" : ` (${synced.reason})`;
  return [
    {
      why: `the controller does not make the Secret${reason}: ${synced.message ?? "it does not say why"}`,
      fix: "correct what it names; --key PATH tells of each value by itself",
    },
  ];
}
