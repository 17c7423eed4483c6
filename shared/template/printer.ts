import { toByteString } from "./byte-string.ts";
import { type FormatFlags, noFlags, pad } from "./format-flags.ts";
import { formatInteger, formatNumber, formatString } from "./format-scalar.ts";
import { type CallContext, TemplateFunctionError } from "./function-table.ts";
import { readCharacters } from "./functions/accounting.ts";
import {
  type GoInteger,
  type GoMap,
  type GoSlice,
  type GoStruct,
  sortedEntries,
  typeOf,
  types,
  type Value,
} from "./value.ts";

/** What printing is charged to. */
export type Budget = Pick<CallContext, "spend" | "grow">;

// Go's stack would take a value that holds itself until the process dies.
const DEEPEST = 1000;
/** The verbs for which a pointer within another value prints as its address. */
const ADDRESS_VERB = /^[vbodxX]$/;
const STRINGABLE = /^[vsxXq]$/;

/** Prints values as Go's fmt does, one after another, into `text` (a byte string). */
export class Printer {
  text = "";
  flags: FormatFlags = noFlags();
  readonly #budget: Budget;
  /** While a wrong verb is told of, methods such as String() are left alone. */
  #erring = false;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Appends a byte string and accounts for it. */
  write(text: string): void {
    this.#budget.grow(text.length);
    this.text += text;
  }

  /**
   * Prints a value for a verb, by the flags.
   * @throws TemplateFunctionError for `%p` of what has an address, and for values nested without end.
   */
  print(value: Value, verb: string): void {
    const type = typeOf(value);
    if (type === null) {
      if (verb === "T" || verb === "v") this.write(pad("<nil>", this.flags));
      else this.#wrongVerb(value, verb);
      return;
    }
    if (verb === "T") this.write(formatString(type.name, "s", this.flags) ?? "");
    else if (verb === "p") this.#address(value);
    else if (type.name === types.bytes.name && verb === "v" && this.flags.sharpV)
      this.#items(value as GoSlice, verb, 0, "[]byte");
    else this.#value(value, verb, 0);
  }

  #address(value: Value): void {
    const kind = typeOf(value)?.kind;
    if (kind === "map" || kind === "slice" || kind === "ptr")
      throw new TemplateFunctionError("%p prints an address, and values have none here");
    this.#wrongVerb(value, "p");
  }

  #value(value: Value, verb: string, depth: number): void {
    this.#budget.spend(1);
    if (depth > DEEPEST) throw new TemplateFunctionError("a value nested too deeply cannot be printed");
    if (this.#byMethod(value, verb)) return;
    if (typeof value === "string" && (/^[qxX]$/.test(verb) || this.flags.sharpV))
      readCharacters(this.#budget, value.length);
    const scalar = scalarText(value, verb, this.flags);
    if (scalar !== undefined) this.#orWrong(scalar, value, verb);
    else if (typeof value !== "object") return;
    else if (value.tag === "slice") this.#slice(value, verb, depth);
    else if (value.tag === "map") this.#map(value, verb, depth);
    else if (value.tag === "struct") this.#struct(value, verb, depth);
    else this.write(this.flags.sharpV ? "interface {}(nil)" : "<nil>");
  }

  #byMethod(value: Value, verb: string): boolean {
    const type = typeOf(value);
    if (this.#erring || type === null) return false;
    if (this.flags.sharpV) {
      if (type.goString === undefined) return false;
      this.write(formatString(type.goString(value), "s", this.flags) ?? "");
      return true;
    }
    if (type.string === undefined || !STRINGABLE.test(verb)) return false;
    this.write(formatString(type.string(value), verb, this.flags) ?? "");
    return true;
  }

  #orWrong(text: string | null, value: Value, verb: string): void {
    if (text === null) this.#wrongVerb(value, verb);
    else this.write(text);
  }

  #wrongVerb(value: Value, verb: string): void {
    const type = typeOf(value);
    this.write(`%!${verb}(`);
    if (type === null) this.write("<nil>");
    else {
      this.write(`${type.name}=`);
      this.#erring = true;
      this.#value(value, "v", 0);
      this.#erring = false;
    }
    this.write(")");
  }

  #slice(value: GoSlice, verb: string, depth: number): void {
    const asText = value.type.element?.kind === "uint8" && /^[sqxX]$/.test(verb);
    if (asText) this.write(formatString(bytesOf(value), verb, this.flags) ?? "");
    else this.#items(value, verb, depth, value.type.name);
  }

  #items(value: GoSlice, verb: string, depth: number, name: string): void {
    const { sharpV } = this.flags;
    if (sharpV && value.isNil) {
      this.write(`${name}(nil)`);
      return;
    }
    this.write(sharpV ? `${name}{` : "[");
    value.items.forEach((item, index) => {
      if (index > 0) this.write(sharpV ? ", " : " ");
      this.#value(item, verb, depth + 1);
    });
    this.write(sharpV ? "}" : "]");
  }

  #map(value: GoMap, verb: string, depth: number): void {
    const { sharpV } = this.flags;
    if (sharpV && value.isNil) {
      this.write(`${value.type.name}(nil)`);
      return;
    }
    this.write(sharpV ? `${value.type.name}{` : "map[");
    sortedEntries(value).forEach(([key, item], index) => {
      if (index > 0) this.write(sharpV ? ", " : " ");
      this.#value(key, verb, depth + 1);
      this.write(":");
      this.#value(item, verb, depth + 1);
    });
    this.write(sharpV ? "}" : "]");
  }

  #struct(value: GoStruct, verb: string, depth: number): void {
    const { sharpV, plusV } = this.flags;
    if (value.type.kind === "ptr" && depth > 0) {
      if (ADDRESS_VERB.test(verb)) throw new TemplateFunctionError("a pointer's address cannot be printed");
      this.#wrongVerb(value, verb);
      return;
    }
    if (value.type.kind === "ptr") this.write("&");
    this.write(sharpV ? `${value.type.name.replace(/^\*/, "")}{` : "{");
    let first = true;
    for (const [name, field] of value.fields) {
      if (!first) this.write(sharpV ? ", " : " ");
      first = false;
      if (sharpV || plusV) this.write(`${name}:`);
      this.#value(field, verb, depth + 1);
    }
    this.write("}");
  }
}

/** The text of what is not made of other values: null for a verb that does not fit, undefined for the rest. */
function scalarText(value: Value, verb: string, flags: FormatFlags): string | null | undefined {
  switch (typeof value) {
    case "string":
      return formatString(value, verb, flags);
    case "number":
      return formatNumber(value, verb, flags);
    case "boolean":
      return /[tv]/.test(verb) ? pad(String(value), flags) : null;
    default:
      return value.tag === "integer" ? integerText(value, verb, flags) : undefined;
  }
}

function integerText({ value, type }: GoInteger, verb: string, flags: FormatFlags): string | null {
  const hex = verb === "v" && flags.sharpV && type.kind.startsWith("uint");
  return hex ? formatInteger(value, "x", { ...flags, sharp: true }) : formatInteger(value, verb, flags);
}

function bytesOf({ items }: GoSlice): string {
  const codes = items.map((item) =>
    typeof item === "object" && item.tag === "integer" ? Number(item.value) : 0,
  );
  return toByteString(Uint8Array.from(codes));
}
