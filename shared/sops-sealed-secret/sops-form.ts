import { SCOPE_ITEM } from "../document/sops/scope-item.ts";
import { formOf } from "../seal/codec.ts";

/** A SealedSecret as far as its SOPS document goes. */
export type SopsSealedSecret = {
  spec: { encryptedData: Readonly<Record<string, string>> };
  sops?: Readonly<Record<string, unknown>> | undefined;
};

/**
 * Whether a SealedSecret is a SOPS document, or was one before something opened it on its way here.
 */
export function isSopsSealedSecret({ spec: { encryptedData }, sops }: SopsSealedSecret): boolean {
  if (sops !== undefined || Object.hasOwn(encryptedData, SCOPE_ITEM)) return true;
  return Object.values(encryptedData).some((value) => formOf(value).backend === "sops");
}
