import { fromBase64 } from "../../shared/bytes.ts";
import { SealError } from "../../shared/errors.ts";
import { splitContainer } from "../../shared/seal/classic-container.ts";

/** What the controller answered is not the same SealedSecret sealed anew. */
export class RotateAnswerError extends SealError {
  override readonly code: string = "rotate-answer";
}

/**
 * The new values in what a controller answered to `/v1/rotate`. Nothing else of it counts: whoever gave it must not get at
 * scope or template.
 * @param sent the values that it was sent, by item.
 * @param answer parsed, and otherwise unjudged.
 * @param where names the SealedSecret in errors.
 * @throws RotateAnswerError where one of them lacks its new value, or has what cannot be it.
 */
export function newValues(
  sent: ReadonlyMap<string, string>,
  answer: unknown,
  where: string,
): Map<string, string> {
  const answered = encryptedDataOf(answer);
  return new Map([...sent].map(([item, before]) => [item, newValue(item, before, answered[item], where)]));
}

function encryptedDataOf(answer: unknown): Record<string, unknown> {
  const spec = isMap(answer) ? answer["spec"] : undefined;
  const encryptedData = isMap(spec) ? spec["encryptedData"] : undefined;
  return isMap(encryptedData) ? encryptedData : {};
}

function newValue(item: string, before: string, after: unknown, where: string): string {
  const problem = problemOf(before, after);
  if (problem === null && typeof after === "string") return after;
  throw new RotateAnswerError(
    `${where}: the controller's answer ${problem} for spec.encryptedData.${item}`,
    "check what answers in the controller's place",
  );
}

function problemOf(before: string, after: unknown): string | null {
  if (typeof after !== "string") return "has no value";
  if (after === before) return "has the old value";
  const [old, renewed] = [ciphertextBytes(before), ciphertextBytes(after)];
  if (renewed === null) return "has no sealed value";
  // The plain value stays as long as it was, whatever the size of the key.
  return old === null || old === renewed ? null : "has a value of another length";
}

/** How long the encrypted value itself is; null for what is no sealed value. */
function ciphertextBytes(value: string): number | null {
  const decoded = fromBase64(value);
  return "illegalAt" in decoded ? null : (splitContainer(decoded.bytes)?.ciphertext.length ?? null);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
