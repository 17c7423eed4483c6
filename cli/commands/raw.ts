import { InputError, UsageError } from "../../shared/errors.ts";
import { describeScope, type Scope, type ScopeKind, scopeAt } from "../../shared/scope.ts";
import { isItemName } from "../../shared/secret.ts";
import { clientNamespace } from "../cluster.ts";
import type { Command } from "../command.ts";
import { fileFailure } from "../file-failure.ts";
import { requireOtherPlace } from "../file-work.ts";
import { inputFiles } from "../input-files.ts";
import type { Io } from "../io.ts";
import { sealingBackend } from "../key-services/sealing-backend.ts";
import { noticesOf } from "../notices.ts";
import { type KubesealOptions, kubesealOptions } from "../options.ts";
import { writeProduct } from "../output-file.ts";
import { placeBelow, writeResult } from "../output-folder.ts";
import { readStandardInput, requireSecretFile, scopeOption } from "../sealing.ts";
import type { SealingKey } from "../sealing-key.ts";
import { findSealingKey } from "../sealing-key-source.ts";

/** `--raw`: seals bare values, each the whole of a file or of standard input, and prints them in base64. */
export const raw: Command<typeof kubesealOptions> = {
  name: "raw",
  summary: "seal one value and print it in base64",
  options: kubesealOptions,
  async run({ options, positionals, io }) {
    const notices = noticesOf(io, options);
    const kind = scopeOption(options) ?? "strict";
    const sources = valueFiles(options, positionals, io);
    requireSecretFile(options, io);
    const { backend } = sealingBackend(options, io);
    if (backend === "sops") throw noBareValues();
    const items = backend === "cluster" ? null : itemsOf(sources, options);
    const found = await findSealingKey(options, io, notices);
    try {
      const key = await found.forTarget(null);
      if (key.byRule === "sops") throw noBareValues();
      if (key.byRule === "key-service") throw needsItem(key.words);
      key.judgeScope?.(kind, scopeOption(options) !== null, "the value");
      const scope = await scopeOf(kind, options, io);
      const values = new Map(
        sources === null
          ? [["", readStandardInput(io, "a secret to encrypt")]]
          : sources.map(({ target, path }) => [target, readValue(path, io)]),
      );
      const sealed = await sealValues(values, items, scope, key);
      deliver(sealed, options, io);
      const size = values.size === 1 ? "one value" : `${values.size} values`;
      const bound =
        items === null ? "" : `, ${items.size === 1 ? "item" : "items"} ${[...items.values()].join(", ")}`;
      const more = items === null ? "" : key.more;
      notices.note(`sealed ${size}: scope ${describeScope(scope)}${bound}, ${key.words}${more}`);
    } finally {
      await found.close();
    }
  },
};

/** What a flag says is known before; a project's rules are read with the key. */
function needsItem(words: string): UsageError {
  return new UsageError(
    `by the rules of the project this is sealed under ${words}, and --raw needs to be told so`,
    "give --kms-key or --vault-key with it, and --item KEY",
  );
}

function noBareValues(): UsageError {
  return new UsageError(
    "--raw seals bare values, and those of a SOPS document are authenticated all together, so that none stands by itself",
    "seal the whole Secret with signet --backend sops, or add an item to its file with --merge-into FILE",
  );
}

/**
 * Seals all values at once.
 * @param items the item each is for, by its target; null where values are bound to none.
 */
async function sealValues(
  values: ReadonlyMap<string, Uint8Array>,
  items: ReadonlyMap<string, string> | null,
  scope: Scope,
  { sealer, clusterId }: SealingKey,
): Promise<Map<string, string>> {
  const itemOf = (target: string) => items?.get(target) ?? target;
  const named = new Map([...values].map(([target, value]) => [itemOf(target), value]));
  const sealed = await sealer.sealAll(named, { clusterId, scope });
  return new Map([...values.keys()].map((target) => [target, required(sealed.get(itemOf(target)))]));
}

function required(value: string | undefined): string {
  if (value === undefined) throw new Error("a value was not sealed");
  return value;
}

/**
 * The item that each value is for, by target: `--item`, the KEY of `--from-file KEY=FILE`, or the name of the file.
 * @throws UsageError where none says it, or two values are for the same.
 */
function itemsOf(sources: readonly ValueFile[] | null, options: KubesealOptions): Map<string, string> {
  const ofFlag = options["from-file"]
    .map((text) => /^([^=]*)=/.exec(text)?.[1])
    .find((key) => key !== undefined);
  const given = options.item ?? ofFlag ?? null;
  const files = sources ?? [{ target: "", path: "" }];
  if (options.item !== null && files.length > 1) {
    throw new UsageError(
      "--item names one item, and several values were given",
      "leave --item out: the files' names count",
    );
  }
  const items = new Map<string, string>();
  const targets = new Map<string, string>();
  for (const { target } of files) {
    const item = given ?? target.replace(/^.*\//, "");
    if (item === "") {
      throw new UsageError(
        "the item that the value is for is not known, and values of key services are bound to one",
        "give --item KEY, the name it will have under spec.encryptedData",
      );
    }
    if (!isItemName(item)) {
      throw new UsageError(
        `${JSON.stringify(item)} is not a name a Secret's item may have`,
        "give --item KEY, or rename the file",
      );
    }
    if (targets.has(item)) {
      throw new UsageError(
        `${targets.get(item)} and ${target} are both for the item ${item}`,
        "seal them one after the other, each with its --item",
      );
    }
    targets.set(item, target);
    items.set(target, item);
  }
  return items;
}

const NOT_IN_PLACE = {
  inPlace: {
    refusal: "--raw would put ciphertext in the place of the plain value",
    hint: "give another folder with --output-dir, or take the values from standard output",
  },
};

type ValueFile = { path: string; target: string };

/** The files that hold the values; null for standard input. */
function valueFiles(options: KubesealOptions, args: readonly string[], io: Io): ValueFile[] | null {
  const { "from-file": fromFile, "secret-file": secretFile } = options;
  if (fromFile.length > 1) {
    throw new InputError(
      "must provide only one --from-file when encrypting a single item with --raw",
      "give one --from-file; several files go as arguments",
    );
  }
  if (options["in-place"]) throw new UsageError(NOT_IN_PLACE.inPlace.refusal, NOT_IN_PLACE.inPlace.hint);
  if (options["output-dir"] !== null && options["sealed-secret-file"] !== null) {
    throw new UsageError("--output-dir and --sealed-secret-file exclude each other", "give one of them");
  }
  const [only] = fromFile;
  // As kubectl has it, `key=path`; the key is of no use here.
  const named = only === undefined ? secretFile : only.replace(/^[^=]*=/, "");
  if (args.length === 0) return named === null ? null : [{ path: named, target: "" }];
  if (named !== null) {
    throw new UsageError("values were given both by flag and as arguments", "give all of them as arguments");
  }
  // Any file is a value, so a folder's manifests are not what is meant.
  const folder = args.find((arg) => io.files.kindOf(arg) === "folder");
  if (folder !== undefined) {
    throw new UsageError(
      `${folder} is a folder, and --raw seals single values`,
      `write ${folder}/* for its files`,
    );
  }
  const found = inputFiles(args, io.files, options["output-dir"] ?? "");
  const unfit = found.length > 1 && options["output-dir"] === null ? found.find(isUnfit) : undefined;
  if (unfit !== undefined) {
    throw new UsageError(
      `${unfit.path}: ${JSON.stringify(unfit.target)} is not a name a Secret's item may have`,
      "values of several files are printed as lines for encryptedData: rename the file, seal it alone, or give --output-dir",
    );
  }
  for (const { path, target } of found) {
    if (options["output-dir"] !== null)
      requireOtherPlace(NOT_IN_PLACE, path, outputPath(options["output-dir"], target, io), io);
  }
  return found;
}

const isUnfit = ({ target }: ValueFile) => !isItemName(target);

async function scopeOf(kind: ScopeKind, options: KubesealOptions, io: Io): Promise<Scope> {
  if (kind === "cluster-wide") return scopeAt(kind, { namespace: "", name: "" });
  const found = await clientNamespace(options, io);
  const namespace = found?.name ?? "";
  if (namespace === "") {
    // Without any kubeconfig kubeseal says only that.
    const why = found === null ? "invalid configuration: no configuration has been provided; " : "";
    throw new InputError(
      `${why}must provide the --namespace flag with --raw and --scope ${kind}`,
      "give --namespace, the namespace the Secret will be in",
    );
  }
  if (kind === "strict" && options.name === null) {
    throw new InputError(
      "must provide the --name flag with --raw and --scope strict",
      "give --name, the name the Secret will have; or a wider --scope",
    );
  }
  return scopeAt(kind, { namespace, name: options.name ?? "" });
}

function readValue(path: string, io: Io): Uint8Array {
  try {
    return io.files.read(path);
  } catch (error) {
    throw fileFailure(`cannot read ${path}`, "give an existing, readable file that holds the value", error);
  }
}

/** One value stands alone, without a line break; several come as `file: value` lines, fit for `encryptedData`. */
function deliver(sealed: ReadonlyMap<string, string>, options: KubesealOptions, io: Io): void {
  const folder = options["output-dir"];
  if (folder !== null) {
    for (const [target, value] of sealed) {
      const path = outputPath(folder, target, io);
      writeResult(path, value, io.files, { makesFolder: true });
    }
    return;
  }
  const [first] = sealed.values();
  const lines = [...sealed].map(([target, value]) => `${target}: ${value}\n`);
  writeProduct(sealed.size === 1 ? (first ?? "") : lines.join(""), options, io);
}

function outputPath(folder: string, target: string, { files }: Io): string {
  return placeBelow(folder, target === "" ? "value" : target, files);
}
