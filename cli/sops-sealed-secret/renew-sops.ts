import { recipientLine } from "../../shared/document/sops/keys/recipient-text.ts";
import { plainValueOf } from "../../shared/document/sops/object-tree.ts";
import { recipientsOf } from "../../shared/document/sops/recipients.ts";
import type { SopsMap } from "../../shared/document/sops/tree.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { itemCount, openToEdit, renewed } from "../../shared/sops-sealed-secret/edit-sops.ts";
import type { DocumentSource } from "../document-source.ts";
import type { Performed } from "../file-work.ts";
import { inDocument } from "../in-document.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { OF_THE_SERVER } from "../server-fields.ts";
import type { UserSopsKeys } from "../sops/user-sops-keys.ts";
import { remoteScope } from "../values-by-backend.ts";
import { requireNamedReaders } from "./named-readers.ts";
import { laidOutSops } from "./task-document.ts";
import type { SopsOpener } from "./user-opening.ts";

/** What writing SOPS documents anew takes. */
export type SopsRenewal = {
  opener: SopsOpener;
  keys: () => Promise<UserSopsKeys>;
  io: Io;
  notices: Notices;
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
export async function renewSops(
  sealedSecret: SealedSecret,
  source: DocumentSource | null,
  where: string,
  { opener, keys, io, notices, target, path }: SopsRenewal,
): Promise<Performed> {
  const scope = remoteScope(sealedSecret, where);
  const { namespace = "", name } = sealedSecret.metadata;
  const { signal } = new AbortController();
  const document = laidOutSops(sealedSecret, source, where);
  const opening = { clusterId: opener.clusterId, scope, unwrapper: opener.unwrapperFor(namespace) };
  const placed = await inDocument(where, openToEdit(document, opening, signal));
  try {
    const recipients = recipientsOf(placed.opened.metadata.groups, where).flat();
    await requireNamedReaders(recipients, target ?? path, where, io, notices);
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
      note: `${name}, ${count === 1 ? "1 item" : `${count} items`}, ${readers}`,
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
