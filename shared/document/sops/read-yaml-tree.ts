import { Composer, type CST, type Document, Parser, type YAMLParseError } from "yaml";
import { DocumentSyntaxError } from "../syntax-error.ts";
import type { SopsMap } from "./tree.ts";
import { commentsOf, type FoundComment, placeComments } from "./yaml-comments.ts";
import { YamlTreeBuilder } from "./yaml-tree-builder.ts";

/** What YAML's own grammar for characters leaves out, as go-yaml has it. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be refused
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufeff\ufffe\uffff]|\p{Cs}/u;

/**
 * Reads all documents of a YAML stream.
 * @param source without a byte order mark.
 * @throws DocumentSyntaxError where it is no YAML, where the root of a document is no mapping, and for a stream that
 *   does not begin with content.
 */
export function readYamlTrees(source: string): SopsMap[] {
  // To go-yaml a carriage return alone ends a line, too; lines keep their numbers.
  const text = source.replace(/\r\n?/g, "\n");
  const unprintable = UNPRINTABLE.exec(text);
  if (unprintable !== null) throw new DocumentSyntaxError("it holds a control character", unprintable.index);
  try {
    const tokens = [...new Parser().parse(text)];
    return treesOf(text, tokens);
  } catch (error) {
    if (error instanceof DocumentSyntaxError) throw error;
    // Text of the library, or its stack has run out.
    throw new DocumentSyntaxError("it is not valid YAML, or has too many levels", 0);
  }
}

function treesOf(text: string, tokens: readonly CST.Token[]): SopsMap[] {
  const composer = new Composer({
    schema: "failsafe",
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
    keepSourceTokens: true,
  });
  const documents: Document.Parsed[] = [];
  for (const token of tokens) {
    if (token.type === "directive" && !/^%YAML[ \t]+1\.[12](?:[ \t]|$)/.test(token.source)) {
      throw new DocumentSyntaxError("a directive that is not supported here", token.offset);
    }
    documents.push(...composer.next(token));
  }
  documents.push(...composer.end(false, text.length));
  if (documents.length === 0) throw new DocumentSyntaxError("the text has no content", 0);
  const groups = text.includes("#") ? commentsByDocument(tokens) : [];
  return documents.map((document, index) => treeOf(text, document, groups[index] ?? [], index > 0));
}

function treeOf(
  text: string,
  document: Document.Parsed,
  comments: readonly FoundComment[],
  mayBeEmpty: boolean,
): SopsMap {
  const [error] = document.errors;
  if (error !== undefined) throw inOurWords(error, text);
  const builder = new YamlTreeBuilder(text);
  const start = document.contents?.range?.[0] ?? document.range[0];
  const root = builder.build(document.contents);
  if (root.kind === "map") {
    placeComments(text, comments, builder.layoutOf(root));
    return root;
  }
  if (root.kind !== "null") throw new DocumentSyntaxError("the document must be a mapping", start);
  if (!mayBeEmpty) throw new DocumentSyntaxError("the document has no content", start);
  return { kind: "map", entries: comments.map(({ text: words }) => ({ kind: "comment", text: words })) };
}

/** Comments before a document's marker belong to it where no other is open. */
function commentsByDocument(tokens: readonly CST.Token[]): FoundComment[][] {
  const groups: FoundComment[][] = [];
  let waiting: FoundComment[] = [];
  for (const token of tokens) {
    const found = commentsOf(token);
    if (token.type === "document") {
      groups.push([...waiting, ...found]);
      waiting = [];
    } else if (token.type === "doc-end") groups.at(-1)?.push(...found);
    else waiting.push(...found);
  }
  groups.at(-1)?.push(...waiting);
  return groups;
}

/** The library's own messages may quote the text. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "an alias takes neither anchor nor tag",
  BAD_ALIAS: "an alias or anchor without a proper name",
  BAD_COLLECTION_TYPE: "this collection is not what its tag says",
  BAD_DIRECTIVE: "a directive that is not supported here",
  BAD_DQ_ESCAPE: "a string in double quotes holds an unknown escape",
  BAD_INDENT: "the indentation does not fit",
  BAD_PROP_ORDER: "an anchor or a tag stands at the wrong place",
  BAD_SCALAR_START: "a value that begins like this needs quotes",
  BLOCK_AS_IMPLICIT_KEY: "a key may not be a list or a mapping",
  BLOCK_IN_FLOW: "what stands between brackets must not be laid out by indentation",
  KEY_OVER_1024_CHARS: "a key is longer than 1024 characters",
  MISSING_CHAR: "a quote, bracket, comma, colon or space is missing",
  MULTILINE_IMPLICIT_KEY: "a key needs a colon and a space after it, on one line",
  MULTIPLE_ANCHORS: "a value has two anchors",
  MULTIPLE_TAGS: "a value has two tags",
  RESOURCE_EXHAUSTION: "too many levels",
  TAB_AS_INDENT: "a tab is used for indentation; YAML wants spaces",
  TAG_RESOLVE_FAILED: "a tag that is not known here",
  UNEXPECTED_TOKEN: "text stands where none may",
};

function inOurWords(error: YAMLParseError, text: string): DocumentSyntaxError {
  const at = Math.min(error.pos[0], text.length);
  return new DocumentSyntaxError(PROBLEMS[error.code] ?? "it is not valid YAML", at);
}
