/**
 * On a SealedSecret that is a SOPS document: Flux is to apply it as it stands. Without it a Kustomization that decrypts opens
 * the document on its way to the cluster, and its plain values lie in etcd.
 */
export const FLUX_DECRYPT_ANNOTATION = "kustomize.toolkit.fluxcd.io/decrypt";

/** The value that keeps Flux off; it takes capital letters for small ones. */
export const FLUX_DECRYPT_DISABLED = "Disabled";

/** Whether these annotations keep Flux from opening the document. */
export function keepsFluxOff(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return annotations?.[FLUX_DECRYPT_ANNOTATION]?.toLowerCase() === FLUX_DECRYPT_DISABLED.toLowerCase();
}
