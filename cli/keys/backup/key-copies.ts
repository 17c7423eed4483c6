import { fromBase64, fromUtf8 } from "../../../shared/bytes.ts";
import { InputError } from "../../../shared/errors.ts";
import { looksWrapped } from "../../../shared/seal/wrapping-key.ts";
import { ACTIVE, KEY_LABEL, WRAPPED } from "../../../shared/sealing-key-secret.ts";
import type { CopiedKey } from "./backup-document.ts";

const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
/** A label's value, as the API server takes it. */
const LABEL = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * The sealing keys among the objects of a backup.
 * @param where names the backup in errors.
 * @throws InputError for an object that is no Secret with a private key in the open, or when there is none.
 */
export function copiedKeys(objects: readonly unknown[], where: string): CopiedKey[] {
  if (objects.length === 0)
    throw new InputError(`${where} holds no Secret`, "give the file that signet keys backup wrote");
  return objects.map((object, at) => copiedKey(object, `${where}: object ${at + 1}`));
}

function copiedKey(object: unknown, where: string): CopiedKey {
  const refuse = (problem: string) =>
    new InputError(
      `${where} ${problem}`,
      "give the file that signet keys backup wrote, or key Secrets as kubectl prints them",
    );
  const { kind, metadata, data } = mapOf(object);
  if (kind !== "Secret") throw refuse("is no Secret");
  const { name, namespace, labels } = mapOf(metadata);
  if (typeof name !== "string" || !NAME.test(name)) throw refuse("has no name of a Secret");
  const label = mapOf(labels)[KEY_LABEL] ?? ACTIVE;
  if (typeof label !== "string" || !LABEL.test(label))
    throw refuse(`(${name}) has no value of the label ${KEY_LABEL} that a Secret may have`);
  const item = (key: string): string => {
    const text = mapOf(data)[key];
    const decoded = fromBase64(typeof text === "string" ? text : "");
    const value = "bytes" in decoded && decoded.bytes.length > 0 ? fromUtf8(decoded.bytes) : null;
    if (value === null) throw refuse(`(${name}) has no item ${key} that is text`);
    return value;
  };
  const [certificatePem, privateKeyPem] = [item("tls.crt"), item("tls.key")];
  if (looksWrapped(privateKeyPem))
    throw refuse(
      `(${name}) holds a wrapped key, which opens at its own place only: it is copied back with kubectl`,
    );
  return {
    name,
    namespace: typeof namespace === "string" ? namespace : "",
    // What is wrapped in the cluster lies open in a copy.
    label: label === WRAPPED ? ACTIVE : label,
    certificatePem,
    privateKeyPem,
  };
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
