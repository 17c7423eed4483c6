import { readDocuments } from "../../shared/document/read-documents.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";

const BODY = "the body";
/** Lines that begin a document; empty ones do not count as such, many would only cost time. */
const MAX_MARKERS = 8;
const MARKER = /^---(?=[ \t\r]|$)/gm;

/**
 * The one SealedSecret in the body of a request, JSON or YAML.
 * @returns null when it is none, or not exactly one: which of the two is not said to the client.
 */
export function readSealedSecretBody(body: unknown): SealedSecret | null {
  if (!(body instanceof Uint8Array) || hasManyMarkers(body)) return null;
  try {
    const [first] = readDocuments(body, BODY);
    // One of several has its number in its name, and the item of a List that of the item.
    if (first?.where !== BODY) return null;
    return parseSealedSecret(first.value, BODY);
  } catch {
    return null;
  }
}

function hasManyMarkers(body: Uint8Array): boolean {
  let markers = 0;
  for (const _ of new TextDecoder().decode(body).matchAll(MARKER)) {
    markers += 1;
    if (markers > MAX_MARKERS) return true;
  }
  return false;
}
