import { KubeApiError } from "../shared/kube/api-error.ts";

/** What a person can do where the API server refuses what must be watched. */
export type Remedies = {
  /** Where the right to it lacks (403). */
  forbidden: string;
  /** Where the API server does not know it (404). */
  unknown?: string;
};

/**
 * The field `hint` of a log line about a refusal that stays until somebody does something; no field for what passes by
 * itself, such as an API server that is away.
 */
export function refusalHint(error: unknown, { forbidden, unknown }: Remedies): { hint?: string } {
  if (!(error instanceof KubeApiError)) return {};
  if (error.status === 401) return { hint: error.hint };
  if (error.status === 403) return { hint: forbidden };
  return error.status === 404 && unknown !== undefined ? { hint: unknown } : {};
}
