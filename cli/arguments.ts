import { UsageError } from "../shared/errors.ts";
import { nearestWord } from "./nearest-word.ts";
import { hasVariable, type OptionSpec, type OptionTable, type OptionValues, variableOf } from "./options.ts";

/** A command line taken apart. */
export type Arguments<Table extends OptionTable> = { options: OptionValues<Table>; positionals: string[] };

type Value = boolean | string | null | number | string[];

/**
 * Reads a command line the way Go's pflag does, which is what kubeseal's and kubectl's users type: `--flag value` and
 * `--flag=value`; switches take a value with `=` only; `-n ns`, `-n=ns`, `-nns` and joined letters; `--` ends the
 * flags; the last value of a flag counts, lists add up. Environment variables come first, so that the command line
 * overrides them and lists of both add up.
 * @throws UsageError naming the flag; a value is quoted only where it cannot be a secret.
 */
export function readArguments<Table extends OptionTable>(
  table: Table,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Arguments<Table> {
  const values = initialValues(table);
  for (const [name, spec] of Object.entries(table)) {
    const text = hasVariable(spec) ? env[variableOf(name)] : undefined;
    if (text !== undefined && text !== "") take(values, name, spec, text, variableOf(name));
  }
  const positionals: string[] = [];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") positionals.push(...rest.splice(0));
    else if (word.startsWith("--")) readLong(table, values, word, rest);
    else if (word.startsWith("-") && word !== "-") readShort(table, values, word, rest);
    else positionals.push(word);
  }
  return { options: Object.fromEntries(values) as OptionValues<Table>, positionals };
}

function initialValues(table: OptionTable): Map<string, Value> {
  const initial = {
    switch: () => false,
    text: () => null,
    level: () => 0,
    list: () => [],
    repeated: () => [],
  };
  return new Map(Object.entries(table).map(([name, { kind }]) => [name, initial[kind]()]));
}

function readLong(table: OptionTable, values: Map<string, Value>, word: string, rest: string[]): void {
  const equals = word.indexOf("=");
  const name = equals === -1 ? word.slice(2) : word.slice(2, equals);
  const spec = Object.hasOwn(table, name) ? table[name] : undefined;
  if (spec === undefined) throw unknownFlag(table, name);
  const text = equals === -1 ? valueAfter(spec, `--${name}`, rest) : word.slice(equals + 1);
  take(values, name, spec, text, `--${name}`);
}

function readShort(table: OptionTable, values: Map<string, Value>, word: string, rest: string[]): void {
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const [name, spec] = Object.entries(table).find(([, { short }]) => short === letter) ?? [];
    if (name === undefined || spec === undefined) {
      throw new UsageError(`unknown shorthand flag: -${letter}`, "signet help flags lists all flags");
    }
    const following = word.slice(at + 1);
    const isSwitch = spec.kind === "switch" && !following.startsWith("=");
    if (isSwitch || following === "") {
      take(values, name, spec, valueAfter(spec, `-${letter}`, rest), `-${letter}`);
      continue;
    }
    take(values, name, spec, following.replace(/^=/, ""), `-${letter}`);
    return;
  }
}

/** The value of a flag that was given without one in the same word. */
function valueAfter(spec: OptionSpec, typed: string, rest: string[]): string {
  if (spec.kind === "switch") return "true";
  if (spec.kind === "level" && !/^[0-9]+$/.test(rest[0] ?? "")) return "1";
  const next = rest.shift();
  if (next === undefined) {
    throw new UsageError(`flag needs an argument: ${typed}`, `write ${typed} ${spec.value ?? "VALUE"}`);
  }
  return next;
}

const TRUTH: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map((word) => [word, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((word) => [word, false] as const),
]);

/** @param given how the flag was named: `--raw`, `-n`, `SEALED_SECRETS_RAW`. */
function take(values: Map<string, Value>, name: string, spec: OptionSpec, text: string, given: string): void {
  switch (spec.kind) {
    case "switch": {
      const truth = TRUTH.get(text);
      if (truth === undefined) throw notOf(given, text, "true or false");
      values.set(name, truth);
      return;
    }
    case "level":
      if (!/^-?[0-9]{1,9}$/.test(text)) throw notOf(given, text, "a whole number");
      values.set(name, Number(text));
      return;
    case "text":
      values.set(name, text === "" ? null : text);
      return;
    case "list":
      values.set(name, [...(values.get(name) as string[]), ...splitAtCommas(text, given)]);
      return;
    case "repeated":
      values.set(name, [...(values.get(name) as string[]), text]);
  }
}

function notOf(given: string, text: string, wanted: string): UsageError {
  const hint = given.startsWith("-") ? `write ${given}=VALUE with ${wanted}` : `set ${given} to ${wanted}`;
  return new UsageError(`invalid value ${JSON.stringify(text)} for ${given}: it must be ${wanted}`, hint);
}

/** Splits like a line of CSV: a part in double quotes may hold commas, and `""` for a quote (RFC 4180). */
function splitAtCommas(text: string, given: string): string[] {
  if (text === "") return [];
  const parts: string[] = [];
  const part = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (let last = false; !last; ) {
    const found = part.exec(text);
    if (found === null) {
      throw new UsageError(`invalid list for ${given}: a quote is misplaced`, "quote whole parts, or none");
    }
    parts.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    last = found[3] === "";
  }
  return parts;
}

function unknownFlag(table: OptionTable, name: string): UsageError {
  const near = nearestWord(name, Object.keys(table));
  return new UsageError(
    `unknown flag: --${name}`,
    near === null ? "signet help flags lists all flags" : `did you mean --${near}?`,
  );
}
