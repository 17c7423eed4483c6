import { equalBytes, fromUtf8, toBase64, utf8 } from "../../shared/bytes.ts";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { InputError } from "../../shared/errors.ts";
import { EDITED_TEXT, editedFault, editedSecret } from "./edited-secret.ts";

/** What of a SealedSecret is edited. */
export type EditedItems = {
  /** Where it stands, for the text's head and its metadata. */
  name: string;
  namespace: string | null;
  where: string;
  /** Plain values by item. */
  opened: ReadonlyMap<string, Uint8Array>;
  /** Items that are not opened. */
  sealed: ReadonlySet<string>;
  /** What stands for their values: a text that nobody writes by chance. */
  mark: string;
};

/** What an edit comes to. */
export type ItemsChange = { set: Map<string, Uint8Array>; removed: string[] };

/**
 * The text to edit: a Secret, texts under `stringData` and other bytes in base64 under `data`.
 */
export function itemsText(items: EditedItems): string {
  const { name, namespace, opened, sealed, mark, where } = items;
  const texts: Record<string, string> = {};
  const data: Record<string, string> = {};
  for (const [item, bytes] of opened) {
    const text = fromUtf8(bytes);
    if (text !== null && isPlain(text)) texts[item] = text;
    else data[item] = toBase64(bytes);
  }
  for (const item of sealed) texts[item] = mark;
  const object = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, ...(namespace === null ? {} : { namespace }) },
    stringData: texts,
    ...(Object.keys(data).length === 0 ? {} : { data }),
  };
  return headOf(where, sealed.size > 0 ? mark : null) + toYaml(object);
}

function headOf(where: string, mark: string | null): string {
  const lines = [
    `Items of ${where}. Change, add or take out entries, save, and leave the editor:`,
    "what differs is sealed, the rest of the file stays as it is.",
    "Bytes that are no text stand under data, in base64. An empty file changes nothing.",
    ...(mark === null
      ? []
      : [`${mark} stands for a value that is not opened here: it stays unless you write another.`]),
  ];
  return lines.map((line) => `${`# ${line}`.trimEnd()}\n`).join("");
}

/** Texts that editors show and keep as they are. */
function isPlain(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what no editor shows
  return !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\p{Cs}/u.test(text);
}

/**
 * What was changed.
 * @param text what was saved.
 * @returns null when nothing is left of the text: nothing is to be changed then.
 * @throws InputError with line and column and no word of the text, for one that is no Secret of that name, or has more than items.
 */
export function changeIn(text: string, items: EditedItems): ItemsChange | null {
  const documents = readDocuments(text, EDITED_TEXT);
  const [document] = documents;
  if (document === undefined) return null;
  if (documents.length > 1)
    throw new InputError(`${EDITED_TEXT} holds several documents`, "leave one of them");
  const secret = editedSecret(document.value, text);
  const isElsewhere = secret.name !== items.name || secret.namespace !== items.namespace;
  if (isElsewhere) {
    const problem = "name and namespace are those of the SealedSecret, and cannot be changed here";
    throw editedFault(text, ["metadata"], problem);
  }
  const set = new Map<string, Uint8Array>();
  const mark = utf8(items.mark);
  for (const [item, bytes] of secret.items) {
    if (equalBytes(bytes, mark)) {
      if (items.sealed.has(item)) continue;
      throw editedFault(
        text,
        ["stringData", item],
        "this has the mark of a value that is not opened: signet rename gives such an item another name",
      );
    }
    const before = items.opened.get(item);
    if (before === undefined || !equalBytes(before, bytes)) set.set(item, bytes);
  }
  const known = [...items.opened.keys(), ...items.sealed];
  return { set, removed: known.filter((item) => !secret.items.has(item)) };
}
