import { InputError, UsageError } from "../../shared/errors.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/generate.ts";
import {
  GENERATED_TYPES,
  type GeneratedType,
  type Generation,
  generationOf,
} from "../items/generated-items.ts";
import { requireItemName } from "../items/item-name.ts";
import { asKubesealOptions, sealedItemOptions } from "../items/item-options.ts";
import { itemTarget, writeTarget } from "../items/item-target.ts";
import { requireThere, requireWritable, writeBoth } from "../items/public-part.ts";
import { requireNameForNew, sealNewFile, setItems } from "../items/set-items.ts";
import { sealingBackend } from "../key-services/sealing-backend.ts";
import { MergeMeans } from "../merge-means.ts";
import type { MergeTarget } from "../merge-target.ts";
import { nearestWord } from "../nearest-word.ts";
import { noticesOf } from "../notices.ts";
import type { OptionTable } from "../options.ts";
import { writeProduct } from "../output-file.ts";
import { scopeOption } from "../sealing.ts";

const generateOptions = {
  type: {
    kind: "text",
    value: GENERATED_TYPES.join("|"),
    group: "mode",
    summary: "what to make; password when not given",
  },
  keep: {
    kind: "switch",
    group: "mode",
    summary: "leave everything as it is where the items are there already",
  },
  replace: { kind: "switch", group: "mode", summary: "make values anew that are there already" },
  length: {
    kind: "text",
    value: "N",
    group: "mode",
    summary: "password, htpasswd: how many characters; 32 when not given",
  },
  alphabet: {
    kind: "text",
    value: "NAME",
    group: "mode",
    summary: "of alphanumeric (when not given), letters, digits, hex, symbols",
  },
  characters: {
    kind: "text",
    value: "TEXT",
    group: "mode",
    summary: "the characters themselves, instead of --alphabet",
  },
  bits: {
    kind: "text",
    value: "N",
    group: "mode",
    summary: "rsa, tls: length of an RSA key; rsa has 3072 when not given, tls P-256",
  },
  san: { kind: "list", value: "NAME", group: "mode", summary: "tls: DNS names and IP addresses" },
  days: { kind: "text", value: "N", group: "mode", summary: "tls: how long it is valid; 365 when not given" },
  login: { kind: "text", value: "NAME", group: "mode", summary: "htpasswd: whose password it is" },
  "output-file": {
    kind: "text",
    short: "w",
    value: "FILE",
    group: "mode",
    summary: "rsa, ed25519, tls: write the public key or certificate to this file when it was made",
  },
  ...sealedItemOptions,
} as const satisfies OptionTable;

/** `signet generate FILE KEY…`: makes values that nobody sees, and seals them into a SealedSecret's file. */
export const generate: Command<typeof generateOptions> = {
  name: "generate",
  summary: "make passwords and keys that are sealed at once",
  options: generateOptions,
  page,
  async run({ options, positionals, io }) {
    const [path, ...words] = positionals;
    if (path === undefined)
      throw new UsageError("which item of which file?", "write signet generate FILE KEY");
    for (const word of words) requireItemName(word);
    if (options.keep && options.replace) {
      throw new UsageError("--keep and --replace exclude each other", "give one of them");
    }
    const type = typeOf(options.type);
    const generation = await generationOf(type, words, options, io);
    const output = options["output-file"];
    if (output !== null) requirePublicPart(type, generation);
    const notices = noticesOf(io, { ...options, v: 0 });
    const asked = scopeOption(options);
    sealingBackend(options, io, generateOptions);
    const target = itemTarget(path, options, io.files);
    if (target === null) requireNameForNew(path, options.name);
    else if (isKept(target.sealedSecret, target.where, generation, options)) {
      if (output !== null) requireThere(output, target.where, generation, io.files);
      notices.note(`kept ${generation.keys.join(", ")} in ${target.where}`);
      return;
    }
    if (output !== null) requireWritable(output, path, io.files);
    if (generation.warning !== null) notices.alert(generation.warning);
    const means = new MergeMeans(asked, asKubesealOptions(options), io, notices, generateOptions);
    try {
      const { items, shown } = await generation.make();
      const write =
        target === null
          ? await sealNewFile(path, items, means, generation.secretType)
          : await sealed(target, items, means);
      for (const value of items.values()) value.fill(0);
      if (shown === null || output === null) write();
      else writeBoth({ output, shown }, { path, write }, io);
      if (shown !== null && output === null)
        writeProduct(shown, { format: null, "sealed-secret-file": null }, io);
    } finally {
      await means.close();
    }
  },
};

function requirePublicPart(type: GeneratedType, { publicPart }: Generation): void {
  if (publicPart !== null) return;
  throw new UsageError(
    `--output-file takes what everybody may see, and --type ${type} makes nothing of that kind`,
    "leave --output-file out: what is made is sealed, and shown nowhere",
  );
}

/** Seals items for a file that is there; nothing is written yet. @returns writes it, and tells of it. */
async function sealed(
  target: MergeTarget,
  items: ReadonlyMap<string, Uint8Array>,
  means: MergeMeans,
): Promise<() => void> {
  const note = await setItems(target, items, means);
  return () => {
    writeTarget(target, means.io.files);
    means.notices.note(note);
  };
}

function typeOf(text: string | null): GeneratedType {
  const type = GENERATED_TYPES.find((known) => known === (text ?? "password"));
  if (type !== undefined) return type;
  const near = nearestWord(text ?? "", GENERATED_TYPES);
  throw new UsageError(
    `invalid value ${JSON.stringify(text)} for --type`,
    near === null ? `write one of ${GENERATED_TYPES.join(", ")}` : `did you mean ${near}?`,
  );
}

/** Whether all is there and may stay; nothing is made for a part of a pair, which would not fit the rest. */
function isKept(
  { spec }: SealedSecret,
  where: string,
  { keys }: Generation,
  { keep, replace }: { keep: boolean; replace: boolean },
): boolean {
  const there = keys.filter((key) => Object.hasOwn(spec.encryptedData, key));
  if (there.length === 0 || replace) return false;
  if (keep && there.length === keys.length) return true;
  const missing = keys.filter((key) => !there.includes(key));
  if (keep) {
    throw new InputError(
      `${where} has ${there.join(", ")} but not ${missing.join(", ")}`,
      "make the missing ones by themselves if they do not belong together, or give --replace to make all anew",
    );
  }
  throw new InputError(
    `${where} has ${there.join(", ")} already`,
    "give --keep to leave it as it is, or --replace to make it anew",
  );
}
