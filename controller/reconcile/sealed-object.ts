import { SealError } from "../../shared/errors.ts";
import type { KubeObject } from "../../shared/kube/client.ts";
import { API_VERSION, KIND } from "../../shared/resource.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import type { StatusHolder } from "./conditions.ts";

/** A SealedSecret whole, as it is worked on. */
export type SealedObject = {
  /** As the API server gave it. */
  object: KubeObject;
  /** The same, checked; or why it is not a SealedSecret that can be worked on. */
  parsed: { ok: true; sealedSecret: SealedSecret } | { ok: false; problem: string };
};

/** Reads an object. Never throws: a malformed one gets a condition, not silence. */
export function sealedObject(raw: KubeObject): SealedObject {
  // Lists of built-in kinds carry neither; those of custom resources do, older servers' perhaps not.
  const object: KubeObject = { ...raw, apiVersion: API_VERSION, kind: KIND };
  try {
    return { object, parsed: { ok: true, sealedSecret: parseSealedSecret(object, "the object") } };
  } catch (error) {
    const problem = error instanceof SealError ? error.message : "it cannot be read";
    return { object, parsed: { ok: false, problem } };
  }
}

/** What the conditions are told by. Of a malformed object a status that can be read counts all the same. */
export function statusHolder({ object, parsed }: SealedObject): StatusHolder {
  if (parsed.ok) return parsed.sealedSecret;
  const metadata = { generation: object.metadata.generation };
  try {
    const bare = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: "status" },
      spec: { encryptedData: {} },
    };
    const { status } = parseSealedSecret({ ...bare, status: object["status"] }, "the status");
    return { metadata, status };
  } catch {
    return { metadata };
  }
}
