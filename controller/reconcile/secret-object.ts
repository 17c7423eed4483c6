import type { KubeObject } from "../../shared/kube/client.ts";

/** A core/v1 Secret as the API server gives it. `data` is base64. */
export type SecretObject = KubeObject & {
  type?: string;
  immutable?: boolean | null;
  data?: Record<string, string> | null;
};

/** The Secret a SealedSecret asks for, before the existing one is looked at. */
export type WantedSecret = {
  namespace: string;
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Null where the SealedSecret names none: `Opaque` when created, the existing type when merged into. */
  type: string | null;
  immutable: boolean | null;
  /** Items in base64. */
  data: Record<string, string>;
  /** Uid of the SealedSecret that owns it, null when it asks for no owner. */
  owner: { name: string; uid: string } | null;
};

/** On an existing Secret, "true": may be overwritten and adopted. */
export const MANAGED_ANNOTATION = "sealedsecrets.bitnami.com/managed";
/** On an existing Secret, "true": our items are merged into it. */
export const PATCH_ANNOTATION = "sealedsecrets.bitnami.com/patch";
/** In a template, "true": the Secret gets no owner reference. */
export const SKIP_OWNER_ANNOTATION = "sealedsecrets.bitnami.com/skip-set-owner-references";
/** On a Secret we merged into: JSON array of the items that are ours. */
export const MANAGED_ITEMS_ANNOTATION = "signet.dev/managed-items";
/** On a Secret of ours that has no owner: uid of the SealedSecret that made it so. Never from a template. */
export const SEALED_BY_ANNOTATION = "signet.dev/sealed-by";
