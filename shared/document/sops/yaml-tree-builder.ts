import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { fromUtf8 } from "../../bytes.ts";
import { DocumentSyntaxError } from "../syntax-error.ts";
import { plainScalar, taggedScalar, unknownTag } from "./go-yaml-scalar.ts";
import type { SopsEntry, SopsList, SopsMap, SopsNode, SopsScalar } from "./tree.ts";
import { scalarSource } from "./yaml-scalar-source.ts";

/** Where the parts of a collection stand in the text, for comments to find their places. */
export type Layout = {
  target: SopsMap | SopsList;
  inFlow: boolean;
  /** The column at which its parts stand, if it is laid out by indentation. */
  column: number;
  /** Offset after its last part, or after its bracket. */
  end: number;
  /** One for each entry or item, in order. */
  parts: { start: number; end: number; value: Layout | null }[];
};

const MAX_DEPTH = 100;
const MAX_NODES = 100_000;
/** More than the API server stores in several objects; counted where an alias repeats something. */
const MAX_REPEATED_BYTES = 4 * 1024 * 1024;

const STRING = "tag:yaml.org,2002:str";

/** A node that an alias may name, and what repeating it costs. */
type Anchored = { node: SopsNode | null; nodes: number; bytes: number };

/** Makes the tree of one document, with aliases expanded: what is repeated is the same object in the tree. */
export class YamlTreeBuilder {
  readonly #text: string;
  readonly #anchors = new Map<string, Anchored>();
  readonly #layouts = new Map<SopsNode, Layout>();
  #nodes = 0;
  #bytes = 0;
  #depth = 0;
  #flowDepth = 0;

  /** @param text all of the text that the document's offsets count in. */
  constructor(text: string) {
    this.#text = text;
  }

  /** @throws DocumentSyntaxError for what sops, or a second reader, would take otherwise. */
  build(node: Node | null): SopsNode {
    if (node === null) return { kind: "null" };
    if (isAlias(node)) return this.#aliased(node);
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) throw new DocumentSyntaxError("not a value", 0);
    const anchored = this.#anchoredAs(node);
    this.#nodes++;
    const built = isScalar(node) ? this.#scalar(node) : this.#collection(node);
    if (anchored !== null) {
      anchored.node = built;
      anchored.nodes = this.#nodes - anchored.nodes;
      anchored.bytes = this.#bytes - anchored.bytes;
    }
    return built;
  }

  /** Where the parts of a collection that was built stand; an alias stands where its anchor does. */
  layoutOf(collection: SopsMap | SopsList): Layout {
    const layout = this.#layouts.get(collection);
    if (layout === undefined) throw new TypeError("not built here");
    return layout;
  }

  #anchoredAs(node: Scalar | YAMLMap | YAMLSeq): Anchored | null {
    const { anchor } = node;
    if (anchor === undefined) return null;
    // To go-yaml a line separator ends it, and the line.
    if (!/^[\w.-]+$/.test(anchor))
      throw new DocumentSyntaxError(
        "an anchor of other characters than letters, digits, _, - and .",
        offsetOf(node),
      );
    const anchored = { node: null, nodes: this.#nodes, bytes: this.#bytes };
    this.#anchors.set(anchor, anchored);
    return anchored;
  }

  #aliased(alias: Alias): SopsNode {
    const anchored = this.#anchors.get(alias.source);
    const at = offsetOf(alias);
    if (anchored === undefined)
      throw new DocumentSyntaxError("an alias names no anchor that stands before it", at);
    if (anchored.node === null) throw new DocumentSyntaxError("an alias stands inside its own anchor", at);
    this.#nodes += anchored.nodes;
    this.#bytes += anchored.bytes;
    if (this.#nodes > MAX_NODES || this.#bytes > MAX_REPEATED_BYTES)
      throw new DocumentSyntaxError("its aliases expand to too much", at);
    return anchored.node;
  }

  #scalar(node: Scalar): SopsScalar {
    const source = scalarSource(node, this.#text, this.#flowDepth > 0);
    const isPlain = node.type === undefined || node.type === "PLAIN";
    const tag = tagOf(node) ?? (isPlain ? null : STRING);
    const read = tag === null ? plainScalar(source) : taggedScalar(tag, source);
    if ("problem" in read) throw new DocumentSyntaxError(read.problem, offsetOf(node));
    if (read.scalar.kind === "str") this.#bytes += read.scalar.bytes.length;
    return read.scalar;
  }

  #collection(node: YAMLMap | YAMLSeq): SopsMap | SopsList {
    const at = offsetOf(node);
    const kind = isMap(node) ? "map" : "list";
    const tag = tagOf(node);
    if (tag !== null && tag !== `tag:yaml.org,2002:${kind === "map" ? "map" : "seq"}`)
      throw new DocumentSyntaxError(unknownTag(tag), at);
    if (++this.#depth > MAX_DEPTH) throw new DocumentSyntaxError(`more than ${MAX_DEPTH} levels`, at);
    const target: SopsMap | SopsList = isMap(node)
      ? { kind: "map", entries: [] }
      : { kind: "list", items: [] };
    const layout: Layout = {
      target,
      inFlow: node.flow === true,
      column: columnOf(node),
      end: node.range?.[1] ?? at,
      parts: [],
    };
    this.#layouts.set(target, layout);
    if (layout.inFlow) this.#flowDepth++;
    if (target.kind === "map") this.#fillMap(node as YAMLMap, target, layout);
    else this.#fillList(node as YAMLSeq, target, layout);
    this.#depth--;
    if (layout.inFlow) this.#flowDepth--;
    return target;
  }

  #fillMap(node: YAMLMap, target: SopsMap, layout: Layout): void {
    const keys = new Set<string>();
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const entry = this.#entry(pair);
      if (keys.has(entry.key))
        throw new DocumentSyntaxError("this key appears twice in its mapping", offsetOf(pair.key));
      keys.add(entry.key);
      target.entries.push(entry);
      layout.parts.push(this.#part(pair.key, pair.value, entry.value));
    }
  }

  #fillList(node: YAMLSeq, target: SopsList, layout: Layout): void {
    const dashes = dashesOf(node);
    (node.items as Node[]).forEach((item, index) => {
      const built = this.build(item);
      target.items.push(built);
      const part = this.#part(item, item, built);
      layout.parts.push({ ...part, start: dashes[index] ?? part.start });
    });
  }

  #part(first: Node, value: Node | null, built: SopsNode): Layout["parts"][number] {
    const start = offsetOf(first);
    // What an alias repeats stands elsewhere.
    const own = value !== null && !isAlias(value);
    const layout = own && (built.kind === "map" || built.kind === "list") ? this.layoutOf(built) : null;
    return { start, end: value?.range?.[1] ?? first.range?.[1] ?? start, value: layout };
  }

  #entry({ key, value }: Pair<Node, Node | null>): SopsEntry {
    const at = offsetOf(key);
    if (!isScalar(key)) throw new DocumentSyntaxError("a key must be a string, written out", at);
    const read = this.build(key);
    if (read.kind !== "str")
      throw new DocumentSyntaxError("a key must be a string: put it in quotes to have it one", at);
    const text = fromUtf8(read.bytes);
    if (text === null) throw new DocumentSyntaxError("a key must be text", at);
    const isPlain = key.type === "PLAIN" && key.tag === undefined;
    const isMerge = text === "<<" && (isPlain || key.tag === "tag:yaml.org,2002:merge");
    return { kind: "entry", key: text, value: this.build(value), ...(isMerge ? { isMerge } : {}) };
  }
}

/** To go-yaml a lone exclamation mark says nothing. */
function tagOf({ tag }: Scalar | YAMLMap | YAMLSeq): string | null {
  return tag === undefined || tag === "!" ? null : tag;
}

function columnOf({ srcToken }: YAMLMap | YAMLSeq): number {
  return srcToken !== undefined && "indent" in srcToken ? srcToken.indent : 0;
}

/** Where the dashes of a list stand; none between brackets. */
function dashesOf({ srcToken }: YAMLSeq): number[] {
  if (srcToken?.type !== "block-seq") return [];
  return srcToken.items.flatMap(({ start }) =>
    start.flatMap(({ type, offset }) => (type === "seq-item-ind" ? [offset] : [])),
  );
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
