import { fromUtf8, utf8 } from "../../shared/bytes.ts";
import { InputError } from "../../shared/errors.ts";
import { isItemName } from "../../shared/secret.ts";
import type { Io } from "../io.ts";
import type { SealedSecretGeneratorConfig } from "./function-config.ts";
import { readIfThere, requireInside } from "./paths-inside.ts";

/** What a generator is to seal, as far as it is there: plain files are seldom committed. */
export type GeneratorInputs = {
  /** Every item that is asked for; null where a file that would name some is missing. */
  names: ReadonlySet<string> | null;
  values: ReadonlyMap<string, Uint8Array>;
  /** Files that are not there. */
  missing: readonly string[];
};

type Inputs = { names: Set<string>; values: Map<string, Uint8Array>; missing: string[]; isWhole: boolean };

/**
 * Reads literals, files and env files as kustomize's secretGenerator does.
 * @throws InputError naming the entry by its place, never by its value.
 */
export function readInputs(config: SealedSecretGeneratorConfig, io: Io): GeneratorInputs {
  const { where, literals, files, envs } = config;
  const inputs: Inputs = { names: new Set(), values: new Map(), missing: [], isWhole: true };
  for (const [index, literal] of literals.entries()) {
    const [name, value] = split(literal, `${where}: literals, entry ${index + 1}`);
    take(inputs, name, utf8(withoutQuotes(value)), where);
  }
  const named = files.map((entry): readonly [string, string] => {
    if (entry.includes("=")) return split(entry, `${where}: files`);
    return [entry.replace(/^.*[\\/]/, ""), entry];
  });
  requireInside([...named.map(([, path]) => path), ...envs], where, io);
  for (const [name, path] of named) {
    const bytes = readIfThere(path, where, io);
    if (bytes === null) inputs.missing.push(path);
    take(inputs, name, bytes, where);
  }
  for (const path of envs) {
    const bytes = readIfThere(path, where, io);
    if (bytes === null) {
      inputs.missing.push(path);
      inputs.isWhole = false;
      continue;
    }
    for (const [name, value] of envLines(bytes, `${where}: ${path}`)) take(inputs, name, utf8(value), where);
  }
  if (inputs.names.size === 0 && inputs.isWhole)
    throw new InputError(`${where} names nothing to seal`, "add literals, files or envs");
  return { names: inputs.isWhole ? inputs.names : null, values: inputs.values, missing: inputs.missing };
}

function take(inputs: Inputs, name: string, value: Uint8Array | null, where: string): void {
  if (!isItemName(name)) {
    throw new InputError(
      `${where}: ${JSON.stringify(name)} is not a name a Secret's item may have`,
      "use letters, digits, '-', '_' and '.'; write NAME=PATH for a file whose name has others",
    );
  }
  if (inputs.names.has(name))
    throw new InputError(`${where} names the item ${name} twice`, "take one of them out");
  inputs.names.add(name);
  if (value !== null) inputs.values.set(name, value);
}

function split(entry: string, where: string): [name: string, value: string] {
  const at = entry.indexOf("=");
  if (at > 0) return [entry.slice(0, at), entry.slice(at + 1)];
  throw new InputError(`${where} has no name and value`, "write NAME=VALUE");
}

function withoutQuotes(value: string): string {
  return /^(["'])(.*)\1$/s.exec(value)?.[2] ?? value;
}

function envLines(bytes: Uint8Array, where: string): [name: string, value: string][] {
  const text = fromUtf8(bytes)?.replace(/^\ufeff/, "");
  if (text === undefined)
    throw new InputError(`${where} is no text in UTF-8`, "give it under files, as one value");
  return text.split(/\r?\n/).flatMap((line, index) => {
    const entry = line.replace(/^\s+/, "");
    return entry === "" || entry.startsWith("#") ? [] : [split(entry, `${where}: line ${index + 1}`)];
  });
}
