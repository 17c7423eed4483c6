import { recipientLine } from "../../shared/document/sops/keys/recipient-text.ts";
import type { SopsKeyEntry } from "../../shared/document/sops/metadata.ts";
import { metadataOf } from "../../shared/document/sops/metadata-tree.ts";
import { recipientOf } from "../../shared/document/sops/recipients.ts";
import { SCOPE_ITEM } from "../../shared/document/sops/scope-item.ts";
import { SealError } from "../../shared/errors.ts";
import { WHOLE_OBJECT } from "../../shared/open-sealed-secret.ts";
import { annotatedScopeKind } from "../../shared/scope.ts";
import { formOf } from "../../shared/seal/codec.ts";
import { RemoteValueError } from "../../shared/seal/remote-value-error.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { readSealingKeyHint, type SealingKeyHint } from "../../shared/sealing-key-hint.ts";
import { formRefusal, valuesTree } from "../../shared/sops-sealed-secret/clear-form.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import { keyNamed } from "../key-services/named-keys.ts";
import type { Origin, SealedObject, SealedValue, ValueBackend } from "./sealed-object.ts";

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** Where a document was found, and what it stands for. */
export type FoundAt = {
  origin: Origin;
  /** Names it in errors. */
  where: string;
  /** The namespace of an object that names none; null to leave it without one. */
  namespace: string | null;
};

/**
 * Reads a document of kind SealedSecret with its values.
 * @throws InputError naming document and field when it is no valid one; never quotes a value.
 */
export function readSealedObject(document: unknown, { origin, where, namespace }: FoundAt): SealedObject {
  const read = parseSealedSecret(document, where);
  const metadata = namespace === null ? read.metadata : { namespace, ...read.metadata };
  const sealedSecret = { ...read, metadata };
  return {
    origin,
    where,
    sealedSecret,
    scope: annotatedScopeKind(metadata.annotations),
    values: valuesOf(sealedSecret),
  };
}

function valuesOf(sealedSecret: SealedSecret): SealedValue[] {
  const { metadata, spec } = sealedSecret;
  const texts = Object.entries(spec.encryptedData);
  if (spec.data !== undefined) texts.push([WHOLE_OBJECT, spec.data]);
  const hint = readSealingKeyHint(
    metadata.annotations,
    texts.map(([item]) => item),
  );
  const values = texts.map(([item, text]) => {
    const backend = backendOf(text);
    return { item, text, backend, claimed: claimOf(item, text, backend, hint) };
  });
  return isSopsSealedSecret(sealedSecret) ? valuesOfDocument(values, recipientsOf(sealedSecret)) : values;
}

function backendOf(text: string): ValueBackend {
  const { backend } = formOf(text);
  return backend === "pq" ? "unknown" : backend;
}

function claimOf(item: string, text: string, backend: ValueBackend, hint: SealingKeyHint): string | null {
  if (backend === "kms" || backend === "vault") {
    try {
      return `${backend}:${keyNamed(backend, item, text)}`;
    } catch (error) {
      if (!(error instanceof RemoteValueError)) throw error;
      return null;
    }
  }
  const claimed = hint.get(item) ?? "";
  return backend === "classic" && FINGERPRINT.test(claimed) ? claimed : null;
}

/**
 * Of a SOPS document, those that it encrypted: they open as a whole or not at all, so that all have one claim. What says its place
 * is no item. Values of another form beside them open by themselves for whoever has their key, so that they count as what they are.
 */
function valuesOfDocument(values: readonly SealedValue[], claimed: string | null): SealedValue[] {
  return values.flatMap((value): SealedValue[] => {
    if (value.text !== "" && value.backend !== "sops") return [value];
    return value.item === SCOPE_ITEM ? [] : [{ ...value, backend: "sops", claimed }];
  });
}

function recipientsOf(sealedSecret: SealedSecret): string | null {
  if (formRefusal(sealedSecret) !== null) return null;
  try {
    const { metadata } = metadataOf([valuesTree(sealedSecret)], "the SOPS document");
    const lines = metadata.groups.flat().map(lineOf);
    return lines.length === 0 ? null : lines.join("; ");
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return null;
  }
}

function lineOf(entry: SopsKeyEntry): string {
  if (entry.type === "other") return entry.list;
  const recipient = recipientOf(entry);
  return recipient === null ? entry.type : recipientLine(recipient);
}
