import { readDocuments } from "../../shared/document/read-documents.ts";
import { type Scope, scopeOf } from "../../shared/scope.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import { classicUnsealer } from "../../shared/seal/rsa-hybrid.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";

/** Sealed values opened under a scope: the plain text of each, or how opening ended (`not-my-key`). */
export async function openedValues(
  values: Readonly<Record<string, string>>,
  scope: Scope,
  privateKeyPem: string,
): Promise<Record<string, string>> {
  const unsealer = classicUnsealer([await readOpeningKey(privateKeyPem)], { diagnose: false });
  const outcomes = await unsealer.unsealAll(
    new Map(Object.entries(values)),
    { clusterId: null, scope },
    AbortSignal.timeout(60_000),
  );
  return Object.fromEntries(
    [...outcomes].map(([item, outcome]) => [
      item,
      outcome.kind === "opened" ? Buffer.from(outcome.plaintext).toString() : outcome.kind,
    ]),
  );
}

/** The items of every SealedSecret in a text, opened where each stands, by `namespace/name`. */
export async function openedObjects(
  text: string,
  privateKeyPem: string,
): Promise<Record<string, Record<string, string>>> {
  const opened: Record<string, Record<string, string>> = {};
  for (const { value, where } of readDocuments(text, "result")) {
    const isOurs =
      typeof value === "object" && value !== null && "kind" in value && value.kind === "SealedSecret";
    if (!isOurs) continue;
    const { metadata, spec } = parseSealedSecret(value, where);
    const { namespace = "", name, annotations } = metadata;
    const scope = scopeOf({ namespace, name, annotations: annotations ?? undefined });
    opened[`${namespace}/${name}`] = await openedValues(spec.encryptedData, scope, privateKeyPem);
  }
  return opened;
}
