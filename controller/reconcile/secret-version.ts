import type { KubeObject } from "../../shared/kube/client.ts";

/** Which Secret stands under a name, and in which version. */
export type SecretVersion = { readonly uid: string; readonly resourceVersion: string };

/** The version of a Secret as the API server gave it, whole or its metadata only. */
export function secretVersion({ metadata }: KubeObject): SecretVersion {
  return { uid: metadata.uid ?? "", resourceVersion: metadata.resourceVersion ?? "" };
}

/** Whether both are the same Secret, unchanged. */
export function sameVersion(a: SecretVersion, b: SecretVersion | undefined): boolean {
  return b !== undefined && a.uid === b.uid && a.resourceVersion === b.resourceVersion;
}
