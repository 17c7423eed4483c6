import { parseDurationMs } from "../shared/duration.ts";
import { UsageError } from "../shared/errors.ts";

/** One option: how its text becomes a value, what it is without one, and what the help says. */
export type OptionSpec<T> = {
  read: (text: string) => T | null;
  /** The form a value has, for errors and the help: `a whole number`. */
  form: string;
  fallback: T;
  /** The default for the help, where it cannot be told from the value. */
  shown?: string;
  help: string;
  /** May stand without a value, which then is this text. */
  bare?: string;
  /** An old name, which counts where the present one is not given. */
  formerly?: string;
};

/** The values of a table of options. */
export type OptionValues<Specs> = {
  [Name in keyof Specs]: Specs[Name] extends OptionSpec<infer T> ? T : never;
};

/** An option that takes any text. */
export function text(fallback: string, help: string): OptionSpec<string> {
  return { read: (value) => value, form: "text", fallback, help };
}

/** An option that is on or off. */
export function flag(fallback: boolean, help: string): OptionSpec<boolean> {
  const read = (value: string) =>
    ["true", "1", "t", "T", "TRUE", "True"].includes(value)
      ? true
      : ["false", "0", "f", "F", "FALSE", "False"].includes(value)
        ? false
        : null;
  return { read, form: "true or false", fallback, help, bare: "true" };
}

/** An option that takes a number within bounds. */
export function number(
  fallback: number,
  help: string,
  bounds: { min: number; max?: number; whole?: boolean },
): OptionSpec<number> {
  const { min, max = Number.MAX_SAFE_INTEGER, whole = true } = bounds;
  const read = (value: string) => {
    const parsed = /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(value) ? Number(value) : Number.NaN;
    return (!whole || Number.isInteger(parsed)) && parsed >= min && parsed <= max ? parsed : null;
  };
  const upper = max === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${max}`;
  const lower = min === Number.MIN_SAFE_INTEGER ? "" : `, at least ${min}`;
  return { read, form: `a${whole ? " whole" : ""} number${lower}${upper}`, fallback, help };
}

/** An option that takes a duration; its value is in milliseconds. */
export function duration(
  fallbackMs: number,
  help: string,
  bounds: { minMs: number; maxMs?: number; orZero?: boolean },
): OptionSpec<number> {
  const { minMs, maxMs = Number.MAX_SAFE_INTEGER, orZero = false } = bounds;
  const read = (value: string) => {
    const ms = parseDurationMs(value);
    if (ms === null) return null;
    return (ms >= minMs && ms <= maxMs) || (orZero && ms === 0) ? ms : null;
  };
  const upper = maxMs === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${maxMs / 3_600_000}h`;
  const least = `${orZero ? "0 or " : ""}at least ${minMs / 1000}s${upper}`;
  return { read, form: `a duration such as 720h or 1h30m, ${least}`, fallback: fallbackMs, help };
}

/** An option that takes one of a few words, in capital or small letters. */
export function choice<const Word extends string>(
  words: readonly Word[],
  fallback: Word,
  help: string,
): OptionSpec<Word> {
  const read = (value: string) => words.find((word) => word.toLowerCase() === value.toLowerCase()) ?? null;
  return { read, form: words.join(" or "), fallback, help };
}

/** An option that takes a comma list; spaces around entries and empty entries do not count. */
export function list(help: string): OptionSpec<readonly string[]> {
  const read = (value: string) =>
    value
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "");
  return { read, form: "a list with commas", fallback: [], help };
}

const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Whether a namespace can have that name. */
export function isNamespaceName(text: string): boolean {
  return NAMESPACE.test(text);
}

/** An option that takes a comma list of namespaces. @param orAll whether `*` may stand for all of them. */
export function namespaceList(help: string, { orAll = false } = {}): OptionSpec<readonly string[]> {
  const { read: split, ...spec } = list(help);
  const read = (value: string) => {
    const names = split(value) ?? [];
    return names.every((name) => isNamespaceName(name) || (orAll && name === "*")) ? names : null;
  };
  return { ...spec, read, form: `names of namespaces with commas${orAll ? ", or *" : ""}` };
}

/** A qualified name of Kubernetes: an optional DNS subdomain with a slash, and at most 63 characters. */
const QUALIFIED_NAME =
  /^(?=.{1,317}$)(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * An option that takes a label selector as the API server reads it: `app=web,tier!=db,env in (a,b),!old,size>3`. A wrong
 * one would be refused at each list, and nothing would be served.
 */
export function labelSelector(help: string): OptionSpec<string> {
  const read = (value: string) => {
    const requirements = value.match(/(?:\([^()]*\)|[^,()])+|,/g) ?? [];
    const whole = requirements.join("") === value && requirements.every(isRequirement);
    return value.trim() === "" || whole ? value : null;
  };
  return { read, form: "a label selector such as app=web,tier!=db,!old", fallback: "", help };
}

/** Of a selector taken apart: requirements at even places, commas at odd ones, a requirement at the end. */
function isRequirement(part: string, index: number, parts: readonly string[]): boolean {
  if (index % 2 === 1) return part === "," && index < parts.length - 1;
  const [, not = "", name = "", rest = ""] = /^\s*(!?)\s*([^\s!=<>(),]+)\s*(.*?)\s*$/s.exec(part) ?? [];
  if (!QUALIFIED_NAME.test(name)) return false;
  if (rest === "") return true;
  const compared = /^(==|=|!=|<|>)\s*(\S*)$/.exec(rest);
  const set = /^(?:in|notin)\s*\((.*)\)$/s.exec(rest);
  if (not !== "" || (compared ?? set) === null) return false;
  if (set !== null) return (set[1] ?? "").split(",").every((one) => LABEL_VALUE.test(one.trim()));
  const [, operator = "", text = ""] = compared ?? [];
  return /[<>]/.test(operator) ? /^\d{1,18}$/.test(text) : LABEL_VALUE.test(text);
}

/** An option that takes annotations, `name=value,name=value`. */
export function annotationPairs(help: string): OptionSpec<Readonly<Record<string, string>>> {
  return pairs(help, (name) => QUALIFIED_NAME.test(name));
}

/** An option that takes labels, `name=value,name=value`. */
export function labelPairs(help: string): OptionSpec<Readonly<Record<string, string>>> {
  return pairs(help, (name, value) => QUALIFIED_NAME.test(name) && LABEL_VALUE.test(value));
}

function pairs(
  help: string,
  fits: (name: string, value: string) => boolean,
): OptionSpec<Readonly<Record<string, string>>> {
  const read = (value: string) => {
    const entries = value.split(",").filter((entry) => entry.trim() !== "");
    const parsed = entries.map((entry) => /^\s*([^=\s]+)=(.*)$/.exec(entry));
    const found = parsed.map((match): [string, string] => [match?.[1] ?? "", match?.[2]?.trim() ?? ""]);
    return found.every(([name, text]) => fits(name, text)) ? Object.fromEntries(found) : null;
  };
  return {
    read,
    form: "name=value,name=value with names and values that Kubernetes allows",
    fallback: {},
    help,
  };
}

/** Environment variable of an option: `SEALED_SECRETS_` and its name in upper case, dashes as underscores. */
export function environmentName(option: string): string {
  return `SEALED_SECRETS_${option.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * Reads options from the command line, then the environment, then the table: `--name=value`, `--name value`.
 * @throws UsageError naming the option or variable that is unknown or has a value of the wrong form.
 */
export function readOptions<Specs extends Readonly<Record<string, OptionSpec<unknown>>>>(
  specs: Specs,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): OptionValues<Specs> {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const variables = [name, ...(spec.formerly === undefined ? [] : [spec.formerly])].map(environmentName);
    const variable = variables.find((candidate) => environment[candidate] !== undefined) ?? "";
    const value = environment[variable];
    values[name] = value === undefined ? spec.fallback : parsed(spec, value, variable);
  }
  const present = new Map(
    Object.entries(specs).flatMap(([name, { formerly }]) =>
      formerly === undefined ? [] : [[formerly, name]],
    ),
  );
  const given = new Set<string>();
  const rest = [...args];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [, typed = "", text] = /^--?([a-z0-9-]+)(?:=(.*))?$/s.exec(argument) ?? [];
    const name = present.get(typed) ?? typed;
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) {
      throw new UsageError(
        `unknown option ${JSON.stringify(argument.split("=")[0])}`,
        "controller --help lists the options",
      );
    }
    const value = text ?? spec.bare ?? rest.shift();
    if (value === undefined) throw new UsageError(`--${typed} needs a value`, `give ${spec.form}`);
    const result = parsed(spec, value, `--${typed}`);
    if (typed === name) given.add(name);
    else if (given.has(name)) continue;
    values[name] = result;
  }
  return values as OptionValues<Specs>;
}

function parsed(spec: OptionSpec<unknown>, value: string, source: string): unknown {
  const result = spec.read(value);
  if (result === null) throw new UsageError(`${source} has a value of the wrong form`, `give ${spec.form}`);
  return result;
}
