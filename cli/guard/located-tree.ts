import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, type ScalarEvent } from "js-yaml";

/** A document as it stands in a text: every node with its offset, repeated keys kept, aliases in the place of what they name. */
export type LocatedNode = LocatedMap | LocatedList | LocatedScalar;

export type LocatedMap = { kind: "map"; at: number; entries: LocatedEntry[] };

/** An entry of a map; what `<<` brings in stands among the others. The key is null where it is no scalar. */
export type LocatedEntry = { key: string | null; at: number; value: LocatedNode };

export type LocatedList = { kind: "list"; at: number; items: LocatedNode[] };

export type LocatedScalar = {
  kind: "scalar";
  at: number;
  /** Offset after it. */
  end: number;
  text: string;
  /** Without quotes: it may be a number, a truth value or nothing at all. */
  isPlain: boolean;
  /** Of a literal block the offset of its first line, whose lines are those of the value. */
  bodyAt: number | null;
};

type Open = { node: LocatedMap | LocatedList; anchor: string | null; key: LocatedEntry | null };

/**
 * Reads YAML, or JSON as a part of it, by the events of the reader that all else is read with. More is taken than that one
 * takes: any tag, and repeated keys.
 * @param base offset that the text itself stands at: what is added to all others.
 * @returns the documents; null when the text is none, or has a key that is a map or a list, as `{{ }}` of templates reads.
 */
export function readLocated(text: string, base = 0): LocatedNode[] | null {
  try {
    return new TreeBuilder(text, base).build(parseEvents(text, {}));
  } catch {
    // The reader's own words may quote the text.
    return null;
  }
}

class ComplexKey extends Error {}
class TooMuch extends Error {}
/** A few aliases make a small text a huge document. */
const MOST_MERGED = 10_000;

class TreeBuilder {
  readonly #text: string;
  readonly #base: number;
  readonly #documents: LocatedNode[] = [];
  readonly #anchors = new Map<string, LocatedNode>();
  readonly #open: (Open | "document")[] = [];
  #merged = 0;

  constructor(text: string, base: number) {
    this.#text = text;
    this.#base = base;
  }

  build(events: readonly Event[]): LocatedNode[] {
    for (const event of events) this.#take(event);
    return this.#documents;
  }

  #take(event: Event): void {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        this.#anchors.clear();
        this.#open.push("document");
        return;
      case EVENT_ID.MAPPING:
        this.#enter({ kind: "map", at: this.#base + event.start, entries: [] }, event);
        return;
      case EVENT_ID.SEQUENCE:
        this.#enter({ kind: "list", at: this.#base + event.start, items: [] }, event);
        return;
      case EVENT_ID.SCALAR: {
        const node = this.#scalar(event);
        this.#name(this.#anchorOf(event), node);
        this.#add(node);
        return;
      }
      case EVENT_ID.ALIAS: {
        const name = this.#text.slice(event.anchorStart, event.anchorEnd);
        this.#add(this.#anchors.get(name) ?? emptyAt(this.#base + event.anchorStart));
        return;
      }
      case EVENT_ID.POP: {
        const closed = this.#open.pop();
        if (closed === undefined || closed === "document") return;
        if (closed.node.kind === "map") closed.node.entries = this.#withMerges(closed.node.entries);
        // Not before it is closed, so that no alias stands inside what it names.
        this.#name(closed.anchor, closed.node);
      }
    }
  }

  #enter(node: LocatedMap | LocatedList, event: { anchorStart: number; anchorEnd: number }): void {
    this.#add(node);
    this.#open.push({ node, anchor: this.#anchorOf(event), key: null });
  }

  #add(node: LocatedNode): void {
    const into = this.#open.at(-1);
    if (into === undefined || into === "document") {
      this.#documents.push(node);
    } else if (into.node.kind === "list") {
      into.node.items.push(node);
    } else if (into.key === null) {
      if (node.kind !== "scalar") throw new ComplexKey();
      into.key = { key: node.text, at: node.at, value: node };
      into.node.entries.push(into.key);
    } else {
      into.key.value = node;
      into.key = null;
    }
  }

  #scalar(event: ScalarEvent): LocatedScalar {
    if (event.valueStart < 0) return emptyAt(this.#base);
    return {
      kind: "scalar",
      at: this.#base + event.valueStart,
      end: this.#base + event.valueEnd,
      text: getScalarValue(this.#text, event),
      isPlain: event.style === SCALAR_STYLE.PLAIN,
      bodyAt: event.style === SCALAR_STYLE.LITERAL_BLOCK ? this.#base + event.valueStart : null,
    };
  }

  #withMerges(entries: LocatedEntry[]): LocatedEntry[] {
    if (!entries.some(({ key }) => key === "<<")) return entries;
    return entries.flatMap((entry) => {
      if (entry.key !== "<<") return [entry];
      const sources = entry.value.kind === "list" ? entry.value.items : [entry.value];
      return sources.flatMap((source) => {
        if (source.kind !== "map") return [entry];
        this.#merged += source.entries.length;
        if (this.#merged > MOST_MERGED) throw new TooMuch();
        return source.entries;
      });
    });
  }

  #anchorOf({ anchorStart, anchorEnd }: { anchorStart: number; anchorEnd: number }): string | null {
    return anchorStart < 0 ? null : this.#text.slice(anchorStart, anchorEnd);
  }

  #name(anchor: string | null, node: LocatedNode): void {
    if (anchor !== null) this.#anchors.set(anchor, node);
  }
}

function emptyAt(at: number): LocatedScalar {
  return { kind: "scalar", at, end: at, text: "", isPlain: true, bodyAt: null };
}

/** Every value of a key, since a key may be repeated. */
export function valuesOf(map: LocatedMap, key: string): LocatedNode[] {
  return map.entries.flatMap((entry) => (entry.key === key ? [entry.value] : []));
}

/** The maps that are values of a key. */
export function mapsOf(map: LocatedMap, key: string): LocatedMap[] {
  return valuesOf(map, key).flatMap((value) => (value.kind === "map" ? [value] : []));
}

/** The lists that are values of a key. */
export function listsOf(map: LocatedMap, key: string): LocatedList[] {
  return valuesOf(map, key).flatMap((value) => (value.kind === "list" ? [value] : []));
}

/** The text under a key, the last one of several, as readers have it; null where there is none. */
export function textOf(map: LocatedMap, key: string): string | null {
  const scalar = valuesOf(map, key).findLast((value) => value.kind === "scalar");
  return scalar?.kind === "scalar" ? scalar.text : null;
}

/** Whether a scalar is no value at all. */
export function isNothing({ isPlain, text }: LocatedScalar): boolean {
  return text === "" || (isPlain && /^(?:~|null|Null|NULL)$/.test(text));
}
