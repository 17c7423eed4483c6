import { CERTIFICATE_CONFIG_MAP } from "../../shared/key-publication.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { shellPath, shellWord } from "../../shared/shell-word.ts";
import { objectsInCluster } from "../inventory/cluster.ts";
import type { Inventory, SealedObject } from "../inventory/sealed-object.ts";
import { objectsInTrees } from "../inventory/trees.ts";
import type { Io } from "../io.ts";
import { readableKeys } from "../keys/connected-secrets.ts";
import { KeySecrets } from "../keys/key-secrets.ts";
import { publishedKeys } from "../keys/published-keys.ts";
import type { SealingKey } from "../keys/sealing-key.ts";
import { listed } from "../listed.ts";
import { type Check, type Looking, objectAt, ok, unlessForbidden, wanting } from "./check.ts";

/** Annotations of SealedSecrets that the reference passes over, and what is lost with each. */
const POLICIES: Readonly<Record<string, string>> = {
  "signet.dev/existing-secret": "a Secret that it did not make is adopted only where it says so itself",
  "signet.dev/on-removal": "the Secret goes with its SealedSecret",
  "signet.dev/recreate": "a Secret that cannot be changed is not made anew",
  "signet.dev/drift": "changes of the Secret are neither kept nor repaired by it",
};

/**
 * What stands in the way of going back to the reference's controller, object by object: values and fields that it does not
 * open, annotations that it passes over.
 */
export function leavingObjects({ objects, problems }: Inventory): Check[] {
  return [
    ...objects.flatMap(ofObject),
    ...problems.map(
      ({ where, problem, next }): Check => ({ level: "unknown", about: where, found: problem, next }),
    ),
  ];
}

function ofObject({ where, origin, sealedSecret, values }: SealedObject): Check[] {
  const checks: Check[] = [];
  const convert =
    origin.kind === "cluster"
      ? "in its file: signet convert --backend cluster --in-place FILE, then apply it"
      : `signet convert --backend cluster --in-place ${shellPath(origin.path)}, then apply it`;
  const byBackend = Map.groupBy(
    values.filter(({ backend }) => backend !== "classic"),
    ({ backend }) => backend,
  );
  for (const [backend, those] of byBackend) {
    const items = those.map(({ item }) => item);
    const next = backend === "unknown" ? "seal it again with the cluster's certificate" : convert;
    checks.push(wanting("fail", where, `${listed(items)}: sealed by the backend ${backend}`, next));
  }
  const references = (sealedSecret.spec.vault ?? []).map(({ key }) => key);
  if (references.length > 0) {
    const next = "seal the values that stand in Vault: signet --merge-into, and take spec.vault out";
    checks.push(wanting("fail", where, `${listed(references)}: read from Vault by spec.vault`, next));
  }
  const nulls = Object.entries(sealedSecret.spec.template?.data ?? {}).flatMap(([item, source]) =>
    source === null ? [item] : [],
  );
  if (nulls.length > 0) {
    const next = "leave the items out of encryptedData, or make the templates' Secret another one";
    checks.push(
      wanting("warn", where, `${listed(nulls)}: kept out of the Secret by null in spec.template.data`, next),
    );
  }
  for (const [annotation, lost] of Object.entries(POLICIES)) {
    if (sealedSecret.metadata.annotations?.[annotation] === undefined) continue;
    checks.push(
      wanting(
        "warn",
        where,
        `the annotation ${annotation} counts for nothing there: ${lost}`,
        "see that nothing depends on it",
      ),
    );
  }
  return checks;
}

/** What stands in the way among sealing keys, and which one the reference would seal with. */
export function leavingKeys(keys: readonly SealingKey[], seals: string | null): Check[] {
  const about = "keys";
  const checks = keys
    .filter(({ wrappedBy }) => wrappedBy !== null)
    .map(({ name }) =>
      wanting(
        "fail",
        about,
        `${name} is wrapped: the reference does not see it`,
        `signet keys unwrap ${shellWord(name)}`,
      ),
    );
  const [newest] = keys.toSorted((a, b) => beginOf(b) - beginOf(a));
  if (newest !== undefined && seals !== null && newest.certificate.fingerprint !== seals) {
    const { name, certificate } = newest;
    const found = `the reference seals with the newest, ${name} (${certificate.fingerprint}), and not with ${seals}`;
    checks.push(
      wanting("warn", about, found, "see that it is yours and backed up; or retire it: signet keys retire"),
    );
  }
  return checks;
}

function beginOf({ certificate }: SealingKey): number {
  return certificate.notBefore.getTime();
}

/** The ConfigMap with the certificate, which nobody renews there. */
function leavingPublication(looking: Looking): Promise<Check[]> {
  const about = "published";
  const { namespace } = looking.search;
  return unlessForbidden(about, `get the ConfigMap ${namespace}/${CERTIFICATE_CONFIG_MAP}`, async () => {
    const path = corePath("configmaps", namespace, CERTIFICATE_CONFIG_MAP);
    if ((await objectAt(looking, path)) === null) return [];
    const found = `the ConfigMap ${namespace}/${CERTIFICATE_CONFIG_MAP} stays behind, and the reference renews neither its certificate nor what vouches for the next: pins need a new word at each renewal there`;
    const next = `once the reference runs: kubectl -n ${shellWord(namespace)} delete configmap ${CERTIFICATE_CONFIG_MAP}`;
    return [wanting("warn", about, found, next)];
  });
}

/** Looks through cluster, keys and trees for what stands in the way. @param paths trees, too. */
export async function checkLeaving(looking: Looking, paths: readonly string[], io: Io): Promise<Check[]> {
  const { namespace, timeoutMs } = looking.search;
  const kube = looking.client as KubeClient;
  const checks = [
    ...(await unlessForbidden("objects", "list SealedSecrets of all namespaces", async () =>
      leavingObjects(await objectsInCluster(kube, null, timeoutMs)),
    )),
    ...(paths.length === 0 ? [] : leavingObjects(await objectsInTrees(paths, io))),
    ...(await leavingPublication(looking)),
    ...(await unlessForbidden("keys", `list Secrets in ${namespace}`, async () => {
      const problems: Check[] = [];
      const secrets = await new KeySecrets(kube, namespace, timeoutMs).inUse();
      const tell = (problem: string, next: string) => {
        const found = `${problem}: the reference ends at its start where there is one`;
        problems.push(wanting("fail", "keys", found, next));
      };
      const keys = secrets.flatMap((secret) => readableKeys(secret, tell, { toWrite: false }));
      const { sealing } = await publishedKeys(kube, namespace, timeoutMs);
      const seals = typeof sealing === "string" ? null : sealing.fingerprint;
      return [...problems, ...leavingKeys(keys, seals)];
    })),
  ];
  return checks.length > 0
    ? checks
    : [ok("leaving", "nothing stands in the way of the reference's controller")];
}
