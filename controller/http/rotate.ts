import { LAST_APPLIED_ANNOTATIONS } from "../../shared/annotations.ts";
import { type OpeningContext, openValues, WHOLE_OBJECT } from "../../shared/open-sealed-secret.ts";
import { API_VERSION, KIND, SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import { scopeOf } from "../../shared/scope.ts";
import type { Sealer } from "../../shared/seal/sealer.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { UnquotedScalar } from "../../shared/unquoted-scalar.ts";
import type { Answer } from "./verify.ts";

/**
 * `/v1/rotate`: the same SealedSecret with its values sealed anew under the newest key. Each value keeps its item and
 * the scope under which it opened; template and Vault references stay as they are, neither run, read nor changed, and the old whole-object
 * form stays one value, since its parts would tell what lay inside. 409 when a value does not open, 500 for what is
 * not a SealedSecret.
 */
export async function rotate(
  sealedSecret: SealedSecret | null,
  opening: OpeningContext,
  sealer: Sealer | null,
  signal: AbortSignal,
): Promise<Answer> {
  if (sealedSecret === null || sealer === null) return { status: 500 };
  const result = await openValues(sealedSecret, opening, signal);
  if (!result.ok) return { status: 409 };
  const { metadata, spec } = sealedSecret;
  const annotations = metadata.annotations ?? {};
  const scope = scopeOf({ namespace: metadata.namespace ?? "", name: metadata.name, annotations });
  const sealed = await sealer.sealAll(result.values, { clusterId: opening.clusterId, scope });
  const kept = Object.entries(annotations).filter(([key]) => !LAST_APPLIED_ANNOTATIONS.has(key));
  const rotated: SealedSecret = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: metadata.name,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      ...(metadata.labels == null ? {} : { labels: metadata.labels }),
      annotations: { ...Object.fromEntries(kept), [SEALING_KEY_ANNOTATION]: sealer.keyId },
    },
    spec: {
      ...(spec.template === undefined ? {} : { template: spec.template }),
      ...(result.form === "items"
        ? { encryptedData: Object.fromEntries(sealed) }
        : { encryptedData: {}, data: sealed.get(WHOLE_OBJECT) ?? "" }),
      // Items that stand in Vault are not sealed.
      ...(spec.vault === undefined ? {} : { vault: spec.vault }),
    },
  };
  return { status: 200, body: JSON.stringify(rotated, plainScalar) };
}

/** In YAML a number of the template may be written in a way that JSON does not know. */
function plainScalar(_field: string, value: unknown): unknown {
  if (!(value instanceof UnquotedScalar)) return value;
  const lower = value.source.toLowerCase();
  return lower === "true" || lower === "false" ? lower === "true" : Number(value.source);
}
