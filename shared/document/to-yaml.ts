import { naturalOrder } from "./natural-order.ts";
import { yamlKey, yamlString } from "./yaml-scalar.ts";

/**
 * An object in YAML, laid out as Go's writers do, so that files written by either tool differ in content only:
 * keys in natural order, two spaces of indentation, lists at the level of their key, strings quoted where YAML 1.1
 * or 1.2 would read them as something else. Ends with a line break.
 */
export function toYaml(object: object): string {
  return Object.keys(object).length === 0 ? "{}\n" : mapLines(object, 0, "sops" in object);
}

/** @param isSops whether it is part of a SOPS document, which authenticates its encrypted values in their order. */
function mapLines(map: object, level: number, isSops = false, order = naturalOrder): string {
  return Object.entries(map)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => order(a, b))
    .map(([key, value], index) => {
      const head = `${index === 0 ? "" : indentation(level)}${yamlKey(key)}:`;
      if (isSops && isMap(value) && !Array.isArray(value) && !isEmpty(value)) {
        const inner =
          key === "encryptedData"
            ? mapLines(value, level + 1, false, byteOrder)
            : mapLines(value, level + 1, true);
        return `${head}\n${indentation(level + 1)}${inner}`;
      }
      return `${head}${afterKey(value, level, indentation(level).length + yamlKey(key).length + 2)}`;
    })
    .join("");
}

/** The order of the API server's JSON. Names of items are ASCII. */
function byteOrder(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function afterKey(value: unknown, level: number, column: number): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? " []\n" : `\n${indentation(level)}${listLines(value, level)}`;
  }
  if (isMap(value)) {
    return isEmpty(value) ? " {}\n" : `\n${indentation(level + 1)}${mapLines(value, level + 1)}`;
  }
  return ` ${scalar(value, level + 1, column)}\n`;
}

function listLines(list: readonly unknown[], level: number): string {
  return list
    .map((item, index) => `${index === 0 ? "" : indentation(level)}- ${listItem(item, level)}`)
    .join("");
}

function listItem(item: unknown, level: number): string {
  if (Array.isArray(item)) return item.length === 0 ? "[]\n" : listLines(item, level + 1);
  if (isMap(item)) return isEmpty(item) ? "{}\n" : mapLines(item, level + 1);
  return `${scalar(item, level + 1, indentation(level).length + 2)}\n`;
}

function scalar(value: unknown, level: number, column: number): string {
  return typeof value === "string" ? yamlString(value, indentation(level), column) : JSON.stringify(value);
}

function indentation(level: number): string {
  return "  ".repeat(level);
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isEmpty(map: object): boolean {
  return Object.values(map).every((value) => value === undefined);
}
