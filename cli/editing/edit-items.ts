import { randomBytes } from "node:crypto";
import { decodeText } from "../../shared/document/encoding.ts";
import { FileError, InputError } from "../../shared/errors.ts";
import type { Io } from "../io.ts";
import type { MergeTarget } from "../merge-target.ts";
import type { Notices } from "../notices.ts";
import { EDITED_TEXT } from "./edited-secret.ts";
import { editorCommand } from "./editor-command.ts";
import { changeIn, type EditedItems, type ItemsChange, itemsText } from "./items-text.ts";
import type { OpenedItems } from "./opened-items.ts";
import type { Edited, TextEditing } from "./text-editing.ts";

/** Saves of what cannot be read, after which it is no person who edits: a program would go on for ever. */
const MOST_SAVES = 100;

/** How it is edited. */
export type Editing = { allowDisk: boolean; io: Pick<Io, "env">; notices: Notices };

/**
 * Has the user change items in an editor, and again for as long as what he saves cannot be read.
 * @returns what he changed; null when he left nothing of the text.
 * @throws InputError when he saved the same unreadable text twice, unreadable ones a hundred times, or bytes that are no text;
 * FileError when no editor could be had.
 */
export async function editItems(
  { sealedSecret, where, file }: MergeTarget,
  { opened, sealed }: OpenedItems,
  editing: TextEditing,
  { allowDisk, io, notices }: Editing,
): Promise<ItemsChange | null> {
  const { words, name, isKnown } = editorCommand(io.env, (program) => editing.programAt(program));
  if (!isKnown) {
    notices.alert(`it is not known what copies ${name} keeps of what it edits: see to it that it keeps none`);
  }
  const items: EditedItems = {
    name: sealedSecret.metadata.name,
    namespace: sealedSecret.metadata.namespace ?? null,
    where,
    opened,
    sealed,
    mark: `(sealed ${randomBytes(4).toString("hex")})`,
  };
  const request = {
    fileName: `${file.target.replace(/\.(?:ya?ml|json)$/i, "")}.yaml`,
    command: words,
    variables: {},
    allowDisk,
  };
  let text = itemsText(items);
  for (let saves = 1; ; saves++) {
    const content = contentOf(await editing.edit({ ...request, text }), name);
    const saved = withFault(decodeText(content, `${where}: ${EDITED_TEXT}`), "");
    try {
      return changeIn(saved, items);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const again = withFault(saved, error.message);
      if (again === text || saves === MOST_SAVES)
        throw new InputError(`${where}: ${error.message}`, "nothing was changed: edit it again");
      text = again;
    }
  }
}

/**
 * The text with what is wrong above it, in the place of what was wrong the last time. It is read with such a line, too, so that
 * the lines that are named are those that the editor shows.
 */
function withFault(text: string, message: string): string {
  return `# error: ${message}\n${text.replace(/^# error: .*\n/, "")}`;
}

function contentOf(edited: Edited, name: string): Uint8Array {
  switch (edited.kind) {
    case "edited":
      return edited.content;
    case "no-memory":
      throw new FileError(
        "there is no folder in memory here, and plain values would lie on a disk while they are edited",
        "give --allow-disk if that may be; signet set changes single items without a file",
      );
    case "no-file":
      throw new FileError(
        `the file to edit could not be kept: ${edited.code}`,
        "check the temporary folder and its space; nothing was changed",
      );
    case "not-started":
      throw new FileError(
        `the editor ${name} could not be started: ${edited.code}`,
        "set SIGNET_EDITOR, VISUAL or EDITOR to one that is there",
      );
    case "failed":
      throw new FileError(
        `the editor ${name} ended with ${edited.code === null ? "a signal" : `code ${edited.code}`}`,
        "nothing was changed",
      );
  }
}
