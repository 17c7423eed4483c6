import {
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  nullCoreTag,
  Schema,
  strTag,
  YAMLException,
} from "js-yaml";
import { fromBase64, fromUtf8 } from "../bytes.ts";
import { exactNumber, UnquotedScalar } from "../unquoted-scalar.ts";
import { setOwn } from "./json.ts";
import { DocumentSyntaxError } from "./syntax-error.ts";

/**
 * What a plain scalar must look like to be a number, in YAML 1.2's core schema or in YAML 1.1 as Go's readers know
 * it: octal `0777` and `0o17`, hexadecimal, binary, underscores between digits, exponents, infinities. Sexagesimal
 * `1:30` is not among them: no reader of Secrets takes it for a number.
 */
const NUMBER =
  /^(?:[-+]?0b[01_]+|[-+]?0o[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const NUMBER_STARTS = [..."+-.0123456789"];
const TRUTH = /^(?:true|True|TRUE|false|False|FALSE)$/;

const numberTag = defineScalarTag<number | UnquotedScalar>("tag:yaml.org,2002:float", {
  implicit: true,
  implicitFirstChars: NUMBER_STARTS,
  resolve: (source) => (NUMBER.test(source) ? exactNumber(Number(source), source) : NOT_RESOLVED),
  identify: () => false,
});

/** `!!int` occurs as an explicit tag only; implicit integers resolve as numbers above. */
const integerTag = defineScalarTag<number | UnquotedScalar>("tag:yaml.org,2002:int", {
  resolve: (source) => (NUMBER.test(source) ? exactNumber(Number(source), source) : NOT_RESOLVED),
  identify: () => false,
});

const truthTag = defineScalarTag<boolean | UnquotedScalar>("tag:yaml.org,2002:bool", {
  implicit: true,
  implicitFirstChars: [..."tTfF"],
  resolve(source) {
    if (!TRUTH.test(source)) return NOT_RESOLVED;
    const value = source.toLowerCase() === "true";
    return String(value) === source ? value : new UnquotedScalar(source);
  },
  identify: () => false,
});

/** Text in base64, as Go's readers take it; bytes that are no text have no place in a document. */
const binaryTag = defineScalarTag<string>("tag:yaml.org,2002:binary", {
  resolve(source) {
    const decoded = fromBase64(source.replace(/\s/g, ""));
    return ("bytes" in decoded ? fromUtf8(decoded.bytes) : null) ?? NOT_RESOLVED;
  },
  identify: () => false,
});

/** Keys are what the author wrote, also where the text reads as a number or a truth value. */
const mapTag = defineMappingTag<Record<string, unknown>>("tag:yaml.org,2002:map", {
  create: () => ({}),
  addPair(map, key, value) {
    const text = keyText(key);
    if (text === null) return "complex key";
    setOwn(map, text, value);
    return "";
  },
  has(map, key) {
    const text = keyText(key);
    return text !== null && Object.hasOwn(map, text);
  },
  keys: (map) => Object.keys(map),
  get: (map, key) => (typeof key === "string" && Object.hasOwn(map, key) ? map[key] : null),
  // With a last step of its own a map cannot be an alias inside itself.
  finalize: (map) => map,
  identify: () => false,
});

const seqTag = defineSequenceTag<unknown[]>("tag:yaml.org,2002:seq", {
  create: () => [],
  addItem(list, item) {
    list.push(item);
  },
  finalize: (list) => list,
  identify: () => false,
});

function keyText(key: unknown): string | null {
  if (typeof key === "string") return key;
  if (typeof key === "number" || typeof key === "boolean") return String(key);
  return key instanceof UnquotedScalar ? key.source : null;
}

const SCHEMA = new Schema([
  strTag,
  nullCoreTag,
  truthTag,
  integerTag,
  numberTag,
  binaryTag,
  mergeTag,
  seqTag,
  mapTag,
]);
const MAX_ALIASES = 1000;
const MAX_NODES = 100_000;
/** More than the API server stores in several objects. */
const MAX_EXPANDED_CHARACTERS = 4 * 1024 * 1024;

/**
 * Reads all YAML documents of a text: YAML 1.2's core schema with merge keys; numbers and truth values whose text
 * would change are UnquotedScalar, `yes`, `on`, `y` and dates are strings. Documents without content are left
 * out.
 * @throws DocumentSyntaxError with the offset where reading stopped.
 */
export function readYaml(text: string): unknown[] {
  const documents = load(text);
  if (/[*]/.test(text)) requireBounded(documents, text.length);
  return documents.filter((document) => document !== null && document !== undefined);
}

function load(text: string): unknown[] {
  try {
    return loadAll(text, { schema: SCHEMA, maxAliases: MAX_ALIASES });
  } catch (error) {
    if (error instanceof YAMLException) {
      const at = error.mark?.position ?? 0;
      const isAtEnd = at >= text.trimEnd().length;
      throw new DocumentSyntaxError(isAtEnd ? ENDS_EARLY : inOurWords(error.reason), at);
    }
    throw new DocumentSyntaxError("it is not valid YAML", 0);
  }
}

/** A few aliases of lists, or of one long string, make a small text a huge document. */
function requireBounded(documents: readonly unknown[], textLength: number): void {
  // Without aliases nothing can be longer than its own text.
  const most = textLength + MAX_EXPANDED_CHARACTERS;
  let nodes = 0;
  let characters = 0;
  const open = [...documents];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node === "string") characters += node.length;
    if (++nodes > MAX_NODES || characters > most) {
      throw new DocumentSyntaxError("its aliases expand to too much", 0);
    }
    if (typeof node === "object" && node !== null) {
      for (const [key, child] of Object.entries(node)) {
        characters += key.length;
        open.push(child);
      }
    }
  }
}

const ENDS_EARLY = "the document ends too early: a quote or bracket is not closed, or a colon is missing";

/** Problems by what the reader's reason says; the reason itself may hold a name from the document. */
const PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [/duplicated mapping key/, "this key appears twice in its map"],
  [/complex key/, "a key is empty, a list or a map"],
  [/tab characters/, "a tab is used for indentation; YAML wants spaces"],
  [/indentation/, "the indentation does not fit"],
  [/within a (single|double) quoted scalar/, "a quoted string is not closed"],
  [/flow collection|node content/, "a bracket is not closed, or a comma is missing or too many"],
  [/escape sequence|hexadecimal/, "a string in double quotes holds an unknown escape"],
  [/unidentified alias|recursive alias/, "an alias names no anchor that stands before it"],
  [/maxAliases|maxTotalMergeKeys|merge sequence/, "it has too many aliases or merge keys"],
  [/cannot merge/, "a merge key (<<) takes maps only"],
  [/maxDepth/, "it has too many levels"],
  [/non-printable|null byte|JSON character/, "it holds a control character"],
  [/\btag\b|directive/i, "it has a tag or directive that is not supported here"],
  [/implicit key|expected ':'|key-value separator/, "a key needs a colon and a space after it"],
  [/document separator/, "text is left over where the document should end"],
];

function inOurWords(reason: string): string {
  return PROBLEMS.find(([pattern]) => pattern.test(reason))?.[1] ?? "it is not valid YAML";
}
