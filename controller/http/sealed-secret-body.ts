import { readDocuments } from "../../shared/document/read-documents.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";

/**
 * The one SealedSecret in the body of a request, JSON or YAML.
 * @returns null when it is none, or not exactly one: which of the two is not said to the client.
 */
export function readSealedSecretBody(body: unknown): SealedSecret | null {
  if (!(body instanceof Uint8Array)) return null;
  try {
    const documents = readDocuments(body, "the body");
    return documents.length === 1 ? parseSealedSecret(documents[0]?.value, "the body") : null;
  } catch {
    return null;
  }
}
