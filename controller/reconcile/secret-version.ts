import type { KubeObject } from "../../shared/kube/client.ts";

/** Which Secret stands under a name, and in which version. */
export type SecretVersion = {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Uid of the object that controls it; empty for none. */
  readonly controller: string;
};

/** The version of a Secret as the API server gave it, whole or its metadata only. */
export function secretVersion({ metadata }: KubeObject): SecretVersion {
  const { uid = "", resourceVersion = "", ownerReferences } = metadata;
  const controller = ownerReferences?.find((reference) => reference.controller === true);
  return { uid, resourceVersion, controller: controller?.uid ?? "" };
}

/** Whether both are the same Secret, unchanged. */
export function sameVersion(a: SecretVersion, b: SecretVersion | undefined): boolean {
  return b !== undefined && a.uid === b.uid && a.resourceVersion === b.resourceVersion;
}
