import { readDocuments } from "../../shared/document/read-documents.ts";
import { writeDocuments } from "../../shared/document/write-documents.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import { inFieldOrder } from "../../shared/sealed-secret-order.ts";
import type { SecretManifest } from "../../shared/secret.ts";
import { parseSecret } from "../../shared/secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import type { Command } from "../command.ts";
import { counted } from "../counted.ts";
import { kindOf } from "../document-kind.ts";
import { inputFiles, readInput } from "../input-files.ts";
import type { Io } from "../io.ts";
import { type ChosenBackend, sealingBackend } from "../key-services/sealing-backend.ts";
import { unlessForeign } from "../manifest-reading.ts";
import { requireFewSealings, requireNotReferenced } from "../merge-limits.ts";
import { MergeMeans } from "../merge-means.ts";
import { mergeOne } from "../merge-one.ts";
import { type MergeTarget, mergeTargets, type TargetFile, targetOf, writeTargets } from "../merge-target.ts";
import { noticesOf } from "../notices.ts";
import { type KubesealOptions, kubesealOptions } from "../options.ts";
import { outputFormat } from "../output-file.ts";
import { startProgress } from "../progress.ts";
import { requireInRepository } from "../repository-links.ts";
import { type NamedSecret, readSecretFile, readSecrets, readStandardInput, scopeOption } from "../sealing.ts";

/**
 * `--merge-into FILE`: seals the input's items for the SealedSecret in FILE and writes them into it. Everything else
 * of the file stays as it is, byte for byte; the file is written once all is well, or not at all.
 */
export const mergeInto: Command<typeof kubesealOptions> = {
  name: "merge-into",
  summary: "seal the input and merge it into this SealedSecret",
  options: kubesealOptions,
  async run({ options, positionals, io }) {
    const notices = noticesOf(io, options);
    const asked = scopeOption(options);
    if (options["sealed-secret-file"] !== null) {
      notices.warn("--merge-into writes the file it names: --sealed-secret-file is left alone");
    }
    const file = positionals.length === 0 ? readSecretFile(options, io) : null;
    // Flags that contradict each other are told before any file is looked at.
    const { backend } = sealingBackend(options, io);
    const means = new MergeMeans(asked, options, io, notices);
    try {
      const targets = await readTargets(backend, means);
      if (options["output-dir"] === null) requireInRepository(options["merge-into"] ?? "", io.files);
      if (!targets.every(({ sealedSecret }) => isSopsSealedSecret(sealedSecret))) await means.key();
      const secrets =
        positionals.length > 0
          ? secretsOfFiles(positionals, options, io)
          : readSecrets(file ?? readStandardInput(io), options["secret-file"] ?? "standard input");
      const changed = new Set<TargetFile>();
      const merged = new Set<MergeTarget>();
      const notes: string[] = [];
      const givers = new Map<string, string>();
      for (const { secret, where } of secrets) {
        const place = targetOf(targets, secret, where);
        requireNewItems(secret, where, place, givers);
        requireNotReferenced(place, secret);
        notes.push(await mergeOne(place, secret, where, means));
        changed.add(place.file);
        merged.add(place);
      }
      for (const target of merged) requireFewSealings(target);
      const contents = new Map([...changed].map((target) => [target, contentOf(target, options)]));
      writeTargets(contents, options["output-dir"], io.files);
      if (positionals.length === 0) for (const note of notes) notices.note(note);
      else tellEach(notes, changed.size, io);
    } finally {
      await means.close();
    }
  },
};

/** The files' own documents say whether a certificate is needed. Where they cannot be read, it is told first, as in kubeseal. */
async function readTargets(backend: ChosenBackend["backend"], means: MergeMeans): Promise<MergeTarget[]> {
  try {
    return mergeTargets(means.options["merge-into"] ?? "", means.io.files);
  } catch (error) {
    if (backend !== "sops") await means.key();
    throw error;
  }
}

/** Two Secrets of one run must not give one item: the value that is lost may be the right one. */
function requireNewItems(
  { items }: SecretManifest,
  where: string,
  { where: place }: MergeTarget,
  givers: Map<string, string>,
): void {
  for (const item of items.keys()) {
    const key = JSON.stringify([place, item]);
    const other = givers.get(key);
    if (other !== undefined) {
      throw new InputError(
        `${other} and ${where} both have an item ${item} for ${place}`,
        "leave one of them out, or merge them one after the other",
      );
    }
    givers.set(key, where);
  }
}

/** Who gives files reads a line for each Secret and a summary, as with every other mode. */
function tellEach(notes: readonly string[], files: number, io: Io): void {
  const progress = startProgress(io, notes.length);
  for (const note of notes) progress.line(note);
  const secrets = counted(notes.length, "Secret");
  progress.line(`merged ${secrets} into ${counted(files, "file")}`);
}

function secretsOfFiles(args: readonly string[], options: KubesealOptions, io: Io): NamedSecret[] {
  if (options["secret-file"] !== null) {
    throw new UsageError("Secrets were given both with -f and as arguments", "give all of them as arguments");
  }
  const found = inputFiles(args, io.files).flatMap((input) => {
    const content = readInput(input.path, io);
    return unlessForeign(content, input, () => readDocuments(content, input.path)) ?? [];
  });
  const secrets = found.filter(({ value }) => kindOf(value) === "Secret");
  if (secrets.length === 0) {
    throw new InputError("no Secret in the files given", "give files with apiVersion: v1 and kind: Secret");
  }
  return secrets.map(({ value, where }) => ({ secret: parseSecret(value, where), where }));
}

/** The file keeps its format unless another one is asked for in so many words. */
function contentOf({ document, path }: TargetFile, options: KubesealOptions): Uint8Array | string {
  const format =
    options.format === null ? document.format : outputFormat({ ...options, "sealed-secret-file": null });
  if (format === document.format) return document.toBytes();
  const { documents } = document;
  if (documents.length > 1) {
    throw new UsageError(
      `${path} holds ${documents.length} documents, and --format ${format} would rewrite all of them`,
      "leave --format out: the file keeps its own",
    );
  }
  return writeDocuments(
    documents.map(({ value }) => inFieldOrder(value as object)),
    format,
  );
}
