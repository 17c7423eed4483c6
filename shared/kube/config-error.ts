import { SealError } from "../errors.ts";

/**
 * The configuration that leads to the API server is missing, unreadable or contradicts itself. The message names the
 * file, context, cluster or user, never a token, password or key.
 */
export class KubeConfigError extends SealError {
  override readonly code: string = "kube-config";
}
