import { METADATA_KEY } from "../../shared/document/sops/metadata-tree.ts";
import { InputError } from "../../shared/errors.ts";
import { describeScope, type ScopeKind } from "../../shared/scope.ts";
import { sealSecret } from "../../shared/seal-secret.ts";
import { parseSecret } from "../../shared/secret.ts";
import { counted } from "../counted.ts";
import type { Performed, TaskDocument } from "../file-work.ts";
import { inDocument } from "../in-document.ts";
import { renderSops, type SopsRendering } from "../render/render-sops.ts";
import type { SealingKey } from "../sealing-key.ts";

/** Whether an object is a Secret that SOPS encrypted. */
export function isSopsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("kind" in value) || value.kind !== "Secret")
    return false;
  return Object.hasOwn(value, METADATA_KEY);
}

/**
 * Opens a Secret that SOPS encrypted, in memory.
 * @returns the Secret as a manifest.
 * @throws SealError when it may not be opened, or does not open; never quotes a value.
 */
export async function openSopsSecret(
  { value, where, source }: TaskDocument,
  rendering: SopsRendering,
): Promise<object> {
  const text = (await source?.()) ?? null;
  if (text === null) {
    throw new InputError(
      `${where} is an item of a list, and SOPS encrypts whole documents`,
      "give the document as SOPS wrote it",
    );
  }
  const { body, format, sharesMac } = text;
  if (sharesMac) {
    throw new InputError(
      `${where} was encrypted by SOPS together with other documents of the file, under one MAC`,
      "give each document a file of its own, encrypted by itself with sops, and convert those",
    );
  }
  const document = { value, where, start: 0, end: body.length, format };
  const [rendered] = await renderSops({ documents: [document], text: body, where }, rendering);
  const [secret] = rendered?.objects ?? [];
  if (secret !== undefined) return secret;
  throw new InputError(`${where} is no Secret that SOPS encrypted`, "leave it out");
}

/**
 * Seals what it holds as a SealedSecret.
 * @param scope that the user named; else that of the Secret's own annotations.
 */
export async function sealSopsSecret(
  document: TaskDocument,
  rendering: SopsRendering,
  key: SealingKey,
  scope: ScopeKind | null,
): Promise<Performed> {
  const { where } = document;
  const secret = parseSecret(await openSopsSecret(document, rendering), where);
  const { sealer, clusterId, write } = key;
  const request = { sealer, clusterId, scope, name: null, namespace: null, allowEmptyData: false };
  const sealing = await inDocument(where, sealSecret(secret, where, request));
  const product = sealing.sealedSecret;
  const count = counted(secret.items.size, "item");
  return {
    product,
    ...(write === undefined ? {} : { write: write(product) }),
    edits: null,
    note: `${product.metadata.name}, ${describeScope(sealing.scope)}, ${count}`,
  };
}
