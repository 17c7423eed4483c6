import { readSopsTree } from "../../shared/document/sops/read-tree.ts";
import type { SopsMap } from "../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../shared/document/sops/write-tree.ts";
import { InputError } from "../../shared/errors.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { SopsDocument } from "../../shared/sops-sealed-secret/edit-sops.ts";
import { withItemsInOrder } from "../../shared/sops-sealed-secret/write-sops.ts";
import type { DocumentSource } from "../document-source.ts";
import type { WriteProduct } from "../product.ts";

/** A SOPS document of a file or stream, and how it is written back. */
export type LaidOutSops = SopsDocument & {
  /** The text of a changed document, indented as this one is; in another format as sops has it. */
  write(changed: SopsMap): WriteProduct;
};

/**
 * The document that a SealedSecret was read from, with its comments and the order of its keys.
 * @param source its text; null for an item of a List.
 * @throws InputError when it is no document by itself, or sops could not read it.
 */
export function laidOutSops(
  sealedSecret: SealedSecret,
  source: DocumentSource | null,
  where: string,
): LaidOutSops {
  if (source === null) {
    throw new InputError(
      `${where}: a SOPS document in a List, or laid out like no other, cannot be changed`,
      "write it as a document of its own, best in a file of its own, since sops takes a file for one",
    );
  }
  const [tree] = readSopsTree(source.body, source.format, where);
  if (tree === undefined) throw new InputError(`${where} is empty`, "give a SealedSecret");
  const indent = indentOf(source);
  const write = (changed: SopsMap) => (format: "json" | "yaml") =>
    writeSopsTree(
      [withItemsInOrder(changed)],
      format,
      format === source.format && indent !== null ? { indent } : {},
    );
  return { tree, sealedSecret, where, write };
}

/** How many spaces the first entry below another one stands in; null for tabs, or none. */
function indentOf({ body }: DocumentSource): number | null {
  const spaces = /\n( +)[^\s#-]/.exec(body)?.[1]?.length ?? null;
  return spaces === null || spaces < 2 ? null : spaces;
}
