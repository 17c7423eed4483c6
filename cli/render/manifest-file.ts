import { readStream } from "../../shared/document/document-stream.ts";
import { decodeText } from "../../shared/document/encoding.ts";
import { isList, whereOf } from "../../shared/document/read-documents.ts";
import { toJson } from "../../shared/document/to-json.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { InputError } from "../../shared/errors.ts";
import { unlessForeign } from "../manifest-reading.ts";
import { plainJson } from "./plain-json.ts";
import type { ManifestDocument, ManifestFile, Rendered, RenderedFile } from "./rendered.ts";
import type { Source } from "./sources.ts";

/** Reads the manifests of a file. @throws InputError naming what cannot be read; never quotes it. */
export function readManifestFile({ where, bytes }: Source): ManifestFile {
  const file = unlessForeign(bytes, { isNamed: true }, () => {
    const text = decodeText(bytes, where).replace(/^\ufeff/, "");
    const documents = readStream(text, where);
    return {
      where,
      text,
      documents: documents.map((document, index) => ({
        ...document,
        where: whereOf(where, index, documents.length),
      })),
    };
  });
  if (file === null) throw new InputError(`${where} cannot be read`, "correct it");
  return file;
}

/**
 * The objects in plain as JSON, one after another; those of lists one by one.
 * @throws InputError for a number that JSON does not have.
 */
export function jsonStream(files: readonly RenderedFile[]): string {
  return plainObjects(files)
    .map((object) => `${toJson(object)}\n`)
    .join("");
}

/** The objects in plain, as JSON can hold them; those of lists one by one. @throws InputError as `jsonStream`. */
export function plainObjects(files: readonly RenderedFile[]): object[] {
  return files.flatMap(({ file, rendered }) =>
    file.documents.flatMap((document, index) => rendered[index]?.objects ?? objectsIn(document)),
  );
}

function objectsIn({ value, where }: ManifestDocument): object[] {
  const items = isList(value) ? value["items"] : undefined;
  const whole = plainJson(Array.isArray(items) ? items : [value], where);
  return whole as object[];
}

/**
 * The documents as one stream of YAML, JSON among them, a marker before each: what was opened in the place of what was
 * sealed, all else as it was written. A list of which something was opened comes item by item.
 * @throws InputError for documents that cannot be told apart, or that need a directive of their own.
 */
export function yamlStream(files: readonly RenderedFile[]): string {
  return files.flatMap(({ file, rendered }) => textsOf(file, rendered)).join("");
}

function textsOf({ where, text, documents }: ManifestFile, rendered: readonly Rendered[]): string[] {
  // Documents that nothing but a line with ... separates share one range.
  const ranges = Map.groupBy(documents.keys(), (index) => documents[index]?.start);
  return [...ranges.values()].flatMap((indices) => {
    const [first = 0] = indices;
    const document = documents[first];
    if (document === undefined) return [];
    if (indices.every((index) => rendered[index]?.objects == null)) return [asWritten(text, document)];
    if (indices.length > 1) {
      throw new InputError(
        `${where}: its documents cannot be told apart`,
        "put a line with --- before each of them",
      );
    }
    return (rendered[first]?.objects ?? []).map((object) => `---\n${toYaml(object)}`);
  });
}

/** Escapes of JSON that readers of YAML do not have. */
const FOREIGN_ESCAPE = /\\(?:u|\/)/;
/** What may stand before the marker of a document: comments, and directives, which count for that document alone. */
const LEAD = /^(?:[ \t]*(?:#.*)?\r?\n|%.*\r?\n)*(?=---(?:[ \t\r\n]|$))/;

/** A document's own text, with a marker before it and a line break behind it. */
function asWritten(file: string, { value, where, start, end, format }: ManifestDocument): string {
  const text = file.slice(start, end);
  if (format === "json") {
    return `---\n${FOREIGN_ESCAPE.test(text) ? toJson(plainJson(value, where) as object) : text}\n`;
  }
  const lead = LEAD.exec(text)?.[0];
  const ended = text.endsWith("\n") ? text : `${text}\n`;
  if (lead === undefined) return `---\n${ended}`;
  if (/^%(?!YAML )/m.test(lead)) {
    throw new InputError(
      `${where} begins with a directive, which has no place amid a stream`,
      "write its tags out, and remove the directive",
    );
  }
  return lead.replaceAll(/^%.*\r?\n/gm, "") + ended.slice(lead.length);
}
