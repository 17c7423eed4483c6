import { fromBase64, fromUtf8 } from "../../shared/bytes.ts";
import { encryptSopsDocuments } from "../../shared/document/sops/encrypt-document.ts";
import { plainValueOf, sopsTreeOf } from "../../shared/document/sops/object-tree.ts";
import type { SopsMap } from "../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../shared/document/sops/write-tree.ts";
import { InputError } from "../../shared/errors.ts";
import { openedSecret } from "../../shared/opened-secret.ts";
import { annotatedScopeKind } from "../../shared/scope.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import type { SecretGates } from "../../shared/secret-gates.ts";
import type { Performed } from "../file-work.ts";
import type { Io } from "../io.ts";
import type { UserKeyServices } from "../key-services/user-key-services.ts";
import type { Notices } from "../notices.ts";
import { type OfflineOpening, openOffline, secretManifest } from "../opening/unseal-offline.ts";
import type { KubesealOptions } from "../options.ts";
import { requireAllowed } from "../render/allowed-secret.ts";
import { type PermittedPlaces, requirePermitted } from "../render/permitted-places.ts";
import { sopsTargets } from "../sops/recipients.ts";
import { userSopsKeys } from "../sops-sealed-secret/user-opening.ts";

/** What Secrets are encrypted with. */
export type SopsSecretWriting = {
  options: KubesealOptions;
  io: Io;
  notices: Notices;
  keyServices: UserKeyServices;
};

/** What SealedSecrets are opened with, and what of them may come out bound to no place. */
export type SecretOpening = { opening: OfflineOpening; places: PermittedPlaces; gates: SecretGates };

/**
 * The plain Secret of a SealedSecret.
 * @throws InputError where it has templates or references, which a Secret cannot have, or may not be opened; SealError
 *   when it does not open.
 */
export async function secretOf(
  value: unknown,
  where: string,
  { opening, places, gates }: SecretOpening,
): Promise<object> {
  const sealedSecret = parseSealedSecret(value, where);
  const { template, vault } = sealedSecret.spec;
  const { namespace = "", name, annotations } = sealedSecret.metadata;
  requirePermitted({ namespace, name }, annotatedScopeKind(annotations ?? undefined), where, places);
  const more = [
    ...(Object.keys(template?.data ?? {}).length > 0 ? ["spec.template.data"] : []),
    ...((vault ?? []).length > 0 ? ["spec.vault"] : []),
  ];
  if (more.length > 0) {
    throw new InputError(
      `${where} has ${more.join(" and ")}, and a plain Secret has nothing of the kind`,
      "convert it to a SealedSecret of another backend",
    );
  }
  const opened = await openOffline(sealedSecret, where, opening);
  const secret = openedSecret(sealedSecret, opened);
  requireAllowed(secret, where, gates);
  return secretManifest(secret);
}

/**
 * Encrypts a Secret as SOPS does: its items as text where they are text, all else in clear.
 * @param secret a manifest with its items in `data`.
 * @param target where it comes to lie, for the rules of `.sops.yaml`.
 */
export async function sopsSecretProduct(
  secret: object,
  target: string | null,
  { options, io, notices, keyServices }: SopsSecretWriting,
): Promise<Performed> {
  const { groups, shamirThreshold, by } = await sopsTargets(options, target, io, notices);
  const keys = await userSopsKeys(keyServices, options, io)();
  const plain = sopsTreeOf(laidOut(secret));
  if (plain.kind !== "map") throw new Error("an object became no mapping");
  const encrypted = await encryptSopsDocuments([plain], {
    groups,
    shamirThreshold,
    selection: { rule: "encrypted_regex", pattern: "^(data|stringData)$" },
    macOnlyEncrypted: false,
    wrapper: keys.wrapper("", { recipients: groups.flat(), by }),
    now: io.now(),
    signal: new AbortController().signal,
  });
  const [document = plain] = encrypted;
  return {
    product: objectOf(document),
    write: (format) => writeSopsTree([document], format),
    edits: null,
    note: `${nameOf(secret)}, bound to no place`,
  };
}

function objectOf(document: SopsMap): object {
  const value = plainValueOf(document);
  if (typeof value === "object" && value !== null) return value;
  throw new Error("a mapping became no object");
}

/** Fields in the order in which people write them, and items as text where they are. */
function laidOut(secret: object): object {
  const {
    kind,
    apiVersion,
    metadata,
    data = {},
    ...rest
  } = secret as Record<string, unknown> & {
    data?: Record<string, string>;
  };
  const items = Object.entries(data).map(([item, text]) => [item, text, textOf(text)] as const);
  const texts = items.flatMap(([item, , text]) => (text === null ? [] : [[item, text] as const]));
  const bytes = items.flatMap(([item, base64, text]) => (text === null ? [[item, base64] as const] : []));
  return {
    apiVersion,
    kind,
    metadata,
    ...rest,
    ...(bytes.length === 0 ? {} : { data: Object.fromEntries(bytes) }),
    ...(texts.length === 0 ? {} : { stringData: Object.fromEntries(texts) }),
  };
}

function textOf(base64: string): string | null {
  const read = fromBase64(base64);
  const text = "bytes" in read ? fromUtf8(read.bytes) : null;
  // Control characters and odd line breaks do not come through every editor as they were.
  return text === null || /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}\ufeff]/u.test(text) ? null : text;
}

function nameOf(secret: object): string {
  const { metadata } = secret as { metadata?: { name?: string } };
  return metadata?.name ?? "a Secret";
}
