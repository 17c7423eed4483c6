import { InputError } from "../errors.ts";
import { readStream, type StreamDocument } from "./document-stream.ts";
import { isSameValue } from "./edit.ts";
import { type Edit, editDocument } from "./edit-document.ts";
import { decodeText, encodeText, encodingOf, type TextEncoding } from "./encoding.ts";
import { type InputDocument, isList, objectsOf, whereOf } from "./read-documents.ts";
import { withBody, withItem } from "./replaced-text.ts";
import { lineBreakOf } from "./splice.ts";
import { toJson } from "./to-json.ts";
import { toYaml } from "./to-yaml.ts";

/** An object in a file, and where it stands. */
export type FileDocument = InputDocument & {
  /** Offset of its document in the file's text; the items of a List share one range. */
  start: number;
  end: number;
  format: "json" | "yaml";
  /** Its index among the items of a List. */
  list?: number;
};

/**
 * Reads a file so that single documents in it can be changed and all else in it stays as it is, byte for byte.
 * @param bytes UTF-8 with or without a byte order mark, or UTF-16 with one; `toBytes` gives back the same.
 * @param where names the file in errors.
 * @throws InputError as `readDocuments` does.
 */
export function readDocumentFile(bytes: Uint8Array, where: string): DocumentFile {
  return new DocumentFile(bytes, where);
}

/** An object and the document that it is, or that it is an item of. */
type Located = { part: StreamDocument; document: FileDocument };

/** A file of YAML or JSON documents that can be changed one by one. Made by `readDocumentFile`. */
export class DocumentFile {
  readonly #where: string;
  readonly #encoding: TextEncoding;
  /** Byte order marks, as characters. */
  readonly #mark: string;
  #text: string;
  #parts: StreamDocument[];
  #located: readonly Located[];

  constructor(bytes: Uint8Array, where: string) {
    this.#where = where;
    this.#encoding = encodingOf(bytes);
    const decoded = decodeText(bytes, where);
    // One mark the decoder removed; readers pass over a second one.
    const isMarked =
      this.#encoding !== "utf-8" || (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf);
    const second = decoded.startsWith("\ufeff") ? "\ufeff" : "";
    this.#mark = (isMarked ? "\ufeff" : "") + second;
    this.#text = decoded.slice(second.length);
    this.#parts = separateAtDots(this.#text, readStream(this.#text, where));
    this.#located = this.#locate();
  }

  /** What the file holds now. Its text without byte order marks; offsets count in it. */
  get text(): string {
    return this.#text;
  }

  /** `json` when every document is a JSON object; `yaml` else, and for a file without documents. */
  get format(): "json" | "yaml" {
    return this.#parts.length > 0 && this.#parts.every(({ format }) => format === "json") ? "json" : "yaml";
  }

  /** The objects in the file, with the values, names and order of `readDocuments`. */
  get documents(): readonly FileDocument[] {
    return this.#located.map(({ document }) => document);
  }

  /**
   * Makes changes to one object and leaves all other characters of the file as they are.
   * @param index into `documents`; edits leave indices as they are.
   * @throws InputError when the object cannot be edited in place; the file is then unchanged.
   */
  edit(index: number, edits: readonly Edit[]): void {
    const { part, document } = this.#at(index);
    const { start, end } = part;
    const prefix = document.list === undefined ? [] : ["items", document.list];
    const full = edits.map((edit) => ({ ...edit, path: [...prefix, ...edit.path] }));
    const text = this.#text.slice(start, end);
    this.#put(part, editDocument(text, full, document.where, { text: this.#text, start }));
  }

  /**
   * Puts another object in an object's place. Of a YAML document the directives, comments and the marker before its
   * content stay, and so do comments after it.
   * @param replacement an object, written in the format of what it replaces; or text of one document in that format.
   * @throws InputError when the text cannot be read; when the object is an item of a `SecretList` or
   *   `SealedSecretList`, or of a List and given as text.
   */
  replace(index: number, replacement: object | string): void {
    const { part, document } = this.#at(index);
    const { format, start, end } = part;
    const old = this.#text.slice(start, end);
    const lineBreak = lineBreakOf(this.#text);
    if (document.list !== undefined) {
      const { value } = part;
      // The items of other lists are of one kind, which the list says for them.
      const isMixed = isList(value) && value["kind"] === "List" && typeof replacement === "object";
      const text = isMixed ? withItem(old, value, document.list, replacement, format, lineBreak) : null;
      if (text === null) {
        throw new InputError(
          `${document.where} cannot be replaced in place: it is an item of a list`,
          "write the items as documents of their own, separated by a line with ---",
        );
      }
      this.#put(part, text);
      return;
    }
    const written =
      typeof replacement === "string"
        ? replacement
        : format === "json"
          ? toJson(replacement)
          : toYaml(replacement);
    const text = written.replaceAll(/\r?\n/g, lineBreak);
    const body = format === "json" ? text.trim() : withBody(old, text, lineBreak);
    if (body === null) {
      throw new InputError(
        `${document.where} cannot be replaced in place: its layout does not allow it`,
        "write it with lines that end in LF or CR LF, each document after a line with ---",
      );
    }
    this.#put(part, body);
  }

  /**
   * The file's content, in the encoding and with the byte order mark that it had.
   * @throws InputError when the whole does not read as its documents do, one by one.
   */
  toBytes(): Uint8Array {
    const read = readStream(this.#text, this.#where);
    const isWhole =
      read.length === this.#parts.length &&
      read.every(({ value }, index) => isSameValue(value, this.#parts[index]?.value));
    if (!isWhole) {
      throw new InputError(
        `${this.#where} cannot be changed in place: its documents would run into each other`,
        "separate documents by a line with ---, then run the same again",
      );
    }
    return encodeText(this.#mark + this.#text, this.#encoding);
  }

  #locate(): Located[] {
    return this.#parts.flatMap((part, index) => {
      const { value, start, end, format } = part;
      const where = whereOf(this.#where, index, this.#parts.length);
      return objectsOf(value, where).map((object, item) => ({
        part,
        document: { ...object, start, end, format, ...(isList(value) ? { list: item } : {}) },
      }));
    });
  }

  #at(index: number): Located {
    const located = this.#located[index];
    if (located === undefined) throw new RangeError("no document has this index");
    return located;
  }

  #put(part: StreamDocument, text: string): void {
    const where = whereOf(this.#where, this.#parts.indexOf(part), this.#parts.length);
    const [read, ...others] = readStream(text, where);
    if (read === undefined || others.length > 0) {
      throw new InputError(
        `${where} cannot be changed in place: one document must stand there`,
        "give one document",
      );
    }
    const { start, end } = part;
    this.#text = this.#text.slice(0, start) + text + this.#text.slice(end);
    const grown = text.length - (end - start);
    this.#parts = this.#parts.map((other) => {
      if (other === part) return { ...part, value: read.value, end: end + grown };
      return other.start < end ? other : { ...other, start: other.start + grown, end: other.end + grown };
    });
    this.#located = this.#locate();
  }
}

/**
 * Gives each of several YAML documents that no `---` separates, but a line with `...`, its own range.
 * Where that cannot be done they keep their common one, and editing refuses it.
 */
function separateAtDots(text: string, parts: readonly StreamDocument[]): StreamDocument[] {
  const groups: StreamDocument[][] = [];
  for (const part of parts) {
    const group = groups.at(-1);
    if (group?.[0]?.start === part.start) group.push(part);
    else groups.push([part]);
  }
  return groups.flatMap((group) => {
    const [first] = group;
    if (first === undefined || group.length === 1) return group;
    const ranges = rangesAtDots(text, first).filter(({ start, end }) =>
      holdsDocument(text.slice(start, end)),
    );
    return group.map((part, at) => (ranges.length === group.length ? { ...part, ...ranges[at] } : part));
  });
}

function holdsDocument(text: string): boolean {
  try {
    return readStream(text, "").length === 1;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

function rangesAtDots(text: string, { start, end }: StreamDocument): { start: number; end: number }[] {
  const chunk = text.slice(start, end);
  const ends = [...chunk.matchAll(/^\.\.\.(?=[ \t\r\n]|$).*(?:\r?\n|$)/gm)].map(
    ({ index, 0: line }) => start + index + line.length,
  );
  return [...ends, end].map((stop, index, stops) => ({ start: stops[index - 1] ?? start, end: stop }));
}
