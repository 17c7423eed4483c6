import { SCOPE_ITEM } from "../../shared/document/sops/scope-item.ts";
import { InputError } from "../../shared/errors.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import type { Io } from "../io.ts";
import { type NamedSealedSecret, readSealedSecrets } from "../sealed-secret-input.ts";
import { type OfflineOpening, unsealOffline } from "./unseal-offline.ts";

/** Which item of which SealedSecret; a name or namespace that is null fits any. */
export type WantedItem = { item: string; name: string | null; namespace: string | null };

/**
 * Opens one item of the SealedSecrets given. An encrypted item is opened alone, whatever the others are; one that a
 * template makes needs all of them.
 * @param args files and folders; none for standard input.
 * @returns the item's plain bytes.
 * @throws InputError when no SealedSecret has it, several have, or it does not open.
 */
export async function openOneItem(
  wanted: WantedItem,
  args: readonly string[],
  opening: OfflineOpening,
  io: Io,
): Promise<Uint8Array> {
  const { item } = wanted;
  const candidates = readSealedSecrets(args, io).filter(({ sealedSecret: { metadata } }) => {
    const { name, namespace } = wanted;
    return (
      (name ?? metadata.name) === metadata.name && (namespace ?? metadata.namespace) === metadata.namespace
    );
  });
  const { sealedSecret, where } = theOneWith(item, candidates);
  const { spec } = sealedSecret;
  const alone = spec.encryptedData[item];
  // Values of a SOPS document are authenticated all together.
  const single: SealedSecret =
    alone === undefined || isSopsSealedSecret(sealedSecret)
      ? sealedSecret
      : { ...sealedSecret, spec: { encryptedData: { [item]: alone }, ...wholeOf(spec) } };
  const { secret, unmade } = await unsealOffline(single, where, opening);
  const why = unmade.get(item);
  if (why !== undefined)
    throw new InputError(`${where}: ${why}`, "read it from the Secret in the cluster, if you may");
  const plaintext = secret.items.get(item);
  if (plaintext === undefined) throw noSuchItem(item, [...secret.items.keys()], where);
  return plaintext;
}

/** Both forms in one object are refused, also where one item is asked for. */
function wholeOf({ data }: SealedSecret["spec"]): { data?: string } {
  return data === undefined ? {} : { data };
}

function theOneWith(item: string, candidates: readonly NamedSealedSecret[]): NamedSealedSecret {
  const [first] = candidates;
  if (first === undefined) {
    throw new InputError(
      "no SealedSecret of that name and namespace in the input",
      "give documents with kind: SealedSecret, and their own --name and --namespace or none",
    );
  }
  const having = candidates.filter(({ sealedSecret }) => itemsOf(sealedSecret)?.includes(item) ?? true);
  const [found, another] = having;
  const referring = candidates.find(({ sealedSecret: { spec } }) =>
    spec.vault?.some(({ key }) => key === item),
  );
  if (found === undefined && referring !== undefined) {
    throw new InputError(
      `${referring.where}: the item ${JSON.stringify(item)} stands in spec.vault: the controller reads it from Vault, and it is not opened here`,
      "read it with vault kv get, if you may",
    );
  }
  if (found === undefined) {
    throw noSuchItem(
      item,
      candidates.flatMap(({ sealedSecret }) => itemsOf(sealedSecret) ?? []),
      candidates.length === 1 ? first.where : `none of ${candidates.length} SealedSecrets`,
    );
  }
  if (another !== undefined) {
    throw new InputError(
      `${having.length} SealedSecrets have an item ${JSON.stringify(item)}: ${having.map(({ where }) => where).join(", ")}`,
      "say which by --name and --namespace, or give one file",
    );
  }
  return found;
}

/** The items of the Secret; null where they lie inside the old whole-object form. */
function itemsOf({ spec }: SealedSecret): string[] | null {
  if (spec.data !== undefined) return null;
  const made = Object.entries(spec.template?.data ?? {}).filter(([, source]) => source !== null);
  const sealed = Object.keys(spec.encryptedData).filter((item) => item !== SCOPE_ITEM);
  return [...new Set([...sealed, ...made.map(([item]) => item)])];
}

function noSuchItem(item: string, items: readonly string[], where: string): InputError {
  const known = [...new Set(items)].sort().join(", ");
  return new InputError(
    `${where} ${where.startsWith("none ") ? "has an" : "has no"} item ${JSON.stringify(item)}`,
    known === "" ? "it has no items at all" : `items are ${known}`,
  );
}
