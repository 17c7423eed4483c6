import { fromUtf8 } from "../../bytes.ts";
import { SopsError } from "./sops-error.ts";
import type { SopsEntry, SopsList, SopsMap, SopsNode } from "./tree.ts";

/** Takes fields out of a mapping of the metadata, strictly by their types; `null` counts as absent, as it does in SOPS. */
export class MetadataReader {
  readonly #entries: ReadonlyMap<string, SopsNode>;
  readonly #where: string;
  readonly #path: string;
  readonly #taken = new Set<string>();

  /**
   * @param where names the document in errors.
   * @param path of the mapping, such as `sops.kms[0]`.
   * @throws SopsError (metadata) when a field stands there twice.
   */
  constructor(map: SopsMap, where: string, path: string) {
    this.#where = where;
    this.#path = path;
    const entries = entriesOf(map);
    this.#entries = new Map(entries.map(({ key, value }) => [key, value]));
    if (this.#entries.size < entries.length) throw this.error("has a field twice", "remove one of the two");
  }

  /** Text of a field; null for none. */
  text(name: string): string | null {
    const node = this.#take(name);
    if (node === null) return null;
    const text = node.kind === "str" ? fromUtf8(node.bytes) : null;
    if (text === null) throw this.#wrongType(name, "a quoted string");
    return text;
  }

  /** Text of a field that has to be there. */
  requiredText(name: string): string {
    const text = this.text(name);
    if (text === null || text === "") {
      throw this.error(`has no ${name}`, "take the document as SOPS wrote it");
    }
    return text;
  }

  flag(name: string): boolean {
    const node = this.#take(name);
    if (node === null) return false;
    if (node.kind !== "bool") throw this.#wrongType(name, "true or false");
    return node.value;
  }

  /** A whole number from 0 to 255; 0 for none. */
  count(name: string): number {
    const node = this.#take(name);
    if (node === null) return 0;
    if (node.kind !== "int" || node.value < 0n || node.value > 255n) {
      throw this.#wrongType(name, "a whole number from 0 to 255");
    }
    return Number(node.value);
  }

  /** The mappings of a list; none when it is absent. */
  maps(name: string): SopsMap[] {
    const node = this.#take(name);
    if (node === null) return [];
    if (node.kind !== "list") throw this.#wrongType(name, "a list");
    const maps = node.items.filter((item) => item.kind !== "comment");
    if (!maps.every((item) => item.kind === "map")) throw this.#wrongType(name, "a list of mappings");
    return maps;
  }

  /** A mapping of texts; empty when it is absent. */
  texts(name: string): Readonly<Record<string, string>> {
    const node = this.#take(name);
    if (node === null) return {};
    if (node.kind !== "map") throw this.#wrongType(name, "a mapping of strings");
    const inner = new MetadataReader(node, this.#where, `${this.#path}.${name}`);
    return Object.fromEntries(entriesOf(node).map(({ key }) => [key, inner.text(key) ?? ""]));
  }

  /** What nobody has taken. */
  rest(): SopsEntry[] {
    return [...this.#entries]
      .filter(([key, value]) => !this.#taken.has(key) && value.kind !== "null")
      .map(([key, value]) => ({ kind: "entry", key, value }));
  }

  /** An error that names this mapping. `problem` follows its path. */
  error(problem: string, hint: string): SopsError {
    return new SopsError("metadata", `${this.#where}: ${this.#path} ${problem}`, hint);
  }

  #take(name: string): SopsNode | null {
    this.#taken.add(name);
    const node = this.#entries.get(name);
    return node === undefined || node.kind === "null" ? null : node;
  }

  #wrongType(name: string, wanted: string): SopsError {
    const message = `${this.#where}: ${this.#path}.${name} must be ${wanted}`;
    return new SopsError("metadata", message, "take the document as SOPS wrote it");
  }
}

/** Entries of a mapping without the comments between them. */
export function entriesOf(map: SopsMap): SopsEntry[] {
  return map.entries.filter((entry) => entry.kind === "entry");
}

/** Whether a field is a list of entries that wrap a data key: mappings with an `enc`. */
export function isKeyList(node: SopsNode): node is SopsList {
  if (node.kind !== "list") return false;
  const items = node.items.filter((item) => item.kind !== "comment");
  return items.length > 0 && items.every((item) => item.kind === "map" && hasEnc(item));
}

function hasEnc(map: SopsMap): boolean {
  return entriesOf(map).some(({ key, value }) => key === "enc" && value.kind === "str");
}
