import { readStream } from "../../shared/document/document-stream.ts";
import { lineStart, nextLine } from "../../shared/document/splice.ts";
import { parseSyntax } from "../../shared/document/syntax-tree.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { InputError } from "../../shared/errors.ts";
import { plainJson } from "../render/plain-json.ts";

/** One object that kustomize hands to a function. */
export type ListItem = {
  value: Readonly<Record<string, unknown>>;
  /** Names it in errors: `SealedSecret shop/db`. */
  where: string;
  /** The object by itself in YAML, as it stands in the input. */
  text: string;
};

/** What kustomize asks of a function. Format: the KRM functions specification, `config.kubernetes.io/v1`. */
export type ResourceList = {
  items: readonly ListItem[];
  /** What the function is told to do; undefined where nobody said it. */
  functionConfig: unknown;
};

const API_VERSION = "config.kubernetes.io/v1";
const KIND = "ResourceList";

/**
 * Reads what a function gets on its standard input.
 * @throws InputError when it is no ResourceList, or one of its items no object.
 */
export function readResourceList(text: string): ResourceList {
  const [document, ...others] = readStream(text, "standard input");
  const list = document?.value;
  if (others.length > 0 || !isMap(list) || list["kind"] !== KIND) {
    throw new InputError(
      "standard input is no ResourceList: kustomize runs this program, and gives it one",
      "name it in an annotation config.kubernetes.io/function, as docs/kustomize.md shows; signet-krm --help tells the rest",
    );
  }
  const items: unknown = list["items"] ?? [];
  if (!Array.isArray(items))
    throw new InputError("the items of the ResourceList are no list", "run it by kustomize");
  const texts = textsOfItems(text, items.length);
  return {
    functionConfig: list["functionConfig"],
    items: items.map((value: unknown, index) => {
      if (!isMap(value)) throw new InputError(`item ${index + 1} is no object`, "run it by kustomize");
      const where = nameOf(value, index);
      return { value, where, text: texts?.[index] ?? toYaml(plainJson(value, where) as object) };
    }),
  };
}

/** The answer: the texts of the objects, each by itself, in their order. */
export function writeResourceList(texts: readonly string[]): string {
  const head = `apiVersion: ${API_VERSION}\nkind: ${KIND}\n`;
  if (texts.length === 0) return `${head}items: []\n`;
  return `${head}items:\n${texts.map(asListItem).join("")}`;
}

function asListItem(text: string): string {
  // Blank lines at its end may belong to a text.
  return `- ${text.replaceAll(/\n(?=[^\r\n])/g, "\n  ")}${text.endsWith("\n") ? "" : "\n"}`;
}

/** @returns null where they are not laid out one below the other, as kustomize has them. */
function textsOfItems(text: string, count: number): string[] | null {
  const root = parseSyntax(text);
  const items = root?.kind === "map" ? root.entries.find(({ key }) => key === "items")?.value : undefined;
  if (items?.kind !== "list" || items.inFlow || items.entries.length !== count) return null;
  const texts: string[] = [];
  for (const { start, end, value } of items.entries) {
    if (value.kind !== "map" || value.inFlow) return null;
    const column = value.start - lineStart(text, value.start);
    // Lines of comments behind it are nobody's.
    const stop = text[end - 1] === "\n" ? end : nextLine(text, end);
    if (lineStart(text, start) !== lineStart(text, value.start)) return null;
    const [first = "", ...lines] = text.slice(value.start, stop).split("\n");
    if (lines.some((line) => line.trim() !== "" && !/^ *$/.test(line.slice(0, column)))) return null;
    texts.push([first, ...lines.map((line) => line.slice(column))].join("\n"));
  }
  return texts;
}

function nameOf(value: ListItem["value"], index: number): string {
  const metadata = isMap(value["metadata"]) ? value["metadata"] : {};
  const { kind } = value;
  const { name, namespace } = metadata;
  if (typeof kind !== "string" || typeof name !== "string") return `item ${index + 1}`;
  return typeof namespace === "string" && namespace !== ""
    ? `${kind} ${namespace}/${name}`
    : `${kind} ${name}`;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
