import { recipientLine } from "../../shared/document/sops/keys/recipient-text.ts";
import { plainValueOf } from "../../shared/document/sops/object-tree.ts";
import { recipientsOf } from "../../shared/document/sops/recipients.ts";
import type { SopsMap } from "../../shared/document/sops/tree.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { itemCount, openToEdit, renewed } from "../../shared/sops-sealed-secret/edit-sops.ts";
import { counted } from "../counted.ts";
import type { DocumentSource } from "../document-source.ts";
import type { Performed } from "../file-work.ts";
import { inDocument } from "../in-document.ts";
import type { Io } from "../io.ts";
import type { UserKeyServiceOptions, UserKeyServices } from "../key-services/user-key-services.ts";
import type { Notices } from "../notices.ts";
import type { SopsOpeningOptions } from "../options.ts";
import { OF_THE_SERVER } from "../server-fields.ts";
import type { UserSopsKeys } from "../sops/user-sops-keys.ts";
import { remoteScope } from "../values-by-backend.ts";
import { type NamedReaders, namedReaders } from "./named-readers.ts";
import { laidOutSops } from "./task-document.ts";
import { type SopsOpener, userSopsKeys, userSopsOpener } from "./user-opening.ts";

/** What writing SOPS documents anew takes. */
type RenewalMeans = {
  opener: SopsOpener;
  keys: () => Promise<UserSopsKeys>;
  io: Io;
  notices: Notices;
  requireNamed: NamedReaders;
};

/** Where a document lies. */
type DocumentPlace = {
  /** The file that takes the result; null for a stream, in which what a server wrote into the object is left out. */
  target: string | null;
  /** The file it comes from, whose rule says who may read it where the result is a stream. */
  path: string | null;
};

/**
 * Writes a SealedSecret that is a SOPS document anew: another data key for the same recipients, its keys in byte order.
 * @param source its text; null for an item of a List.
 * @throws SealError when it does not open here, or cannot be wrapped again for all of its recipients.
 */
export type RenewSops = (
  sealedSecret: SealedSecret,
  source: DocumentSource | null,
  where: string,
  place: DocumentPlace,
) => Promise<Performed>;

/** What writes the SOPS documents of one run anew: the cluster is asked, and keys and rules are read, once for all of them. */
export function sopsRenewer(
  keyServices: UserKeyServices,
  options: UserKeyServiceOptions & SopsOpeningOptions,
  io: Io,
  notices: Notices,
): RenewSops {
  const means: RenewalMeans = {
    opener: userSopsOpener(keyServices, options, io),
    keys: userSopsKeys(keyServices, options, io),
    io,
    notices,
    requireNamed: namedReaders(io, notices),
  };
  return (...document) => renewSops(means, ...document);
}

async function renewSops(
  { opener, keys, io, notices, requireNamed }: RenewalMeans,
  sealedSecret: SealedSecret,
  source: DocumentSource | null,
  where: string,
  { target, path }: DocumentPlace,
): Promise<Performed> {
  const scope = remoteScope(sealedSecret, where);
  const { namespace = "", name } = sealedSecret.metadata;
  const { signal } = new AbortController();
  const document = laidOutSops(sealedSecret, source, where);
  const opening = { clusterId: opener.clusterId, scope, unwrapper: opener.unwrapperFor(namespace) };
  const placed = await inDocument(where, openToEdit(document, opening, signal));
  try {
    const recipients = recipientsOf(placed.opened.metadata.groups, where).flat();
    await requireNamed(recipients, target ?? path, where);
    const readers = `for ${recipients.map(recipientLine).join("; ")}`;
    if (target === null) notices.note(`${where}: re-encrypted ${readers}`);
    const wrapper = (await keys()).wrapper(namespace, { recipients: [], by: "user" });
    const how = { wrapper, scope, now: io.now() };
    const anew = await inDocument(where, renewed(document, placed, how, signal));
    const changed = target === null ? withoutServerFields(anew) : anew;
    const count = itemCount(placed);
    return {
      product: plainValueOf(changed) as object,
      write: document.write(changed),
      edits: null,
      note: `${name}, ${counted(count, "item")}, ${readers}`,
    };
  } finally {
    placed.opened.wipe();
  }
}

function withoutServerFields(document: SopsMap): SopsMap {
  return {
    kind: "map",
    entries: document.entries.flatMap((entry) => {
      if (entry.kind === "comment" || entry.value.kind !== "map") return [entry];
      if (entry.key === "status") return [];
      if (entry.key !== "metadata") return [entry];
      const kept = entry.value.entries.filter(
        (field) => field.kind === "comment" || !OF_THE_SERVER.has(field.key),
      );
      return [{ ...entry, value: { kind: "map" as const, entries: kept } }];
    }),
  };
}
