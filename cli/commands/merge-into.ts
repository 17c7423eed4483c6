import type { Edit } from "../../shared/document/edit-document.ts";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { writeDocuments } from "../../shared/document/write-documents.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import { SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import { annotatedScopeKind, describeScope, type ScopeKind, scopeAt } from "../../shared/scope.ts";
import { formOf } from "../../shared/seal/codec.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { inFieldOrder } from "../../shared/sealed-secret-order.ts";
import { readSealingKeyHint, writeSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import type { SecretManifest } from "../../shared/secret.ts";
import { parseSecret } from "../../shared/secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import { clientNamespace } from "../cluster.ts";
import type { Command } from "../command.ts";
import { kindOf } from "../document-kind.ts";
import { inDocument } from "../in-document.ts";
import { inputFiles, readInput } from "../input-files.ts";
import type { Io } from "../io.ts";
import { backendSpokenOf, type ChosenBackend, sealingBackend } from "../key-services/sealing-backend.ts";
import { unlessForeign } from "../manifest-reading.ts";
import { requireFewSealings, requireNotReferenced } from "../merge-limits.ts";
import { MergeMeans } from "../merge-means.ts";
import { mergeScopeKind } from "../merge-scope.ts";
import {
  editTarget,
  type MergeTarget,
  mergeTargets,
  type TargetFile,
  targetOf,
  writeTargets,
} from "../merge-target.ts";
import { type Notices, noticesOf } from "../notices.ts";
import { type KubesealOptions, kubesealOptions } from "../options.ts";
import { outputFormat } from "../output-file.ts";
import { startProgress } from "../progress.ts";
import { opensUnder } from "../scope-proof.ts";
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

/** Merges one Secret into its place. @returns a line that tells of it. */
async function mergeOne(
  place: MergeTarget,
  secret: SecretManifest,
  where: string,
  means: MergeMeans,
): Promise<string> {
  const { asked, options, io, notices } = means;
  const isSops = isSopsSealedSecret(place.sealedSecret);
  const { mergeIntoSops, requireMergeBackend } = await import("../sops-sealed-secret/merge-sops.ts");
  requireMergeBackend(isSops, backendSpokenOf(io), place.where, options);
  if (secret.items.size === 0 && !options["allow-empty-data"]) {
    throw new InputError(
      `${where}: secret.data is empty in input Secret, assuming this is an error and aborting. To work with empty data, --allow-empty-data can be used`,
      "add items under data or stringData, or give --allow-empty-data to merge labels and annotations alone",
    );
  }
  if (isSops) {
    const kind = annotatedScopeKind(place.sealedSecret.metadata.annotations ?? undefined);
    warnOfOtherPlace(kind, secret, where, place, notices);
    const namespaceIn = (target: MergeTarget) => namespaceOf(target, options, io);
    const merging = { opener: means.sops(), asked, namespaceOf: namespaceIn, io };
    return mergeIntoSops(place, secret, templateEdits(secret), merging);
  }
  const { edits, note } = await sealFor(place, secret, where, means);
  editTarget(place, edits);
  return note;
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
  const secrets = notes.length === 1 ? "1 Secret" : `${notes.length} Secrets`;
  progress.line(`merged ${secrets} into ${files === 1 ? "1 file" : `${files} files`}`);
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

/** One Secret's share in the result. */
type Merge = { edits: Edit[]; note: string };

async function sealFor(
  target: MergeTarget,
  secret: SecretManifest,
  where: string,
  means: MergeMeans,
): Promise<Merge> {
  const { asked, options, io, notices } = means;
  const found = await means.key();
  const key = await found.forTarget(null);
  const { sealedSecret } = target;
  const kind = await mergeScopeKind({
    sealedSecret,
    where: target.where,
    asked,
    annotated: annotatedScopeKind(secret.annotations),
    opens: () => opensUnder(sealedSecret, target.where, found.keyServices, { options, io, notices }),
  });
  const { name } = sealedSecret.metadata;
  const namespace = kind === "cluster-wide" ? "" : await namespaceOf(target, options, io);
  const scope = scopeAt(kind, { namespace, name });
  warnOfOtherPlace(kind, secret, where, target, notices);
  const sealing = key.sealer.sealAll(secret.items, { clusterId: key.clusterId, scope });
  const sealed = await inDocument(where, sealing);
  const edits = editsFor(sealedSecret, secret, sealed, key.sealer.hint);
  const items = [...sealed.keys()].join(", ");
  return {
    edits,
    note: `merged ${items === "" ? "no items" : items} into ${target.where}: ${name}, scope ${describeScope(scope)}, ${key.words}${found.backend === "cluster" ? "" : key.more}`,
  };
}

/** The file's name and namespace count, as in kubeseal; where the Secret says others, one of the two may be a mistake. */
function warnOfOtherPlace(
  kind: ScopeKind,
  secret: SecretManifest,
  where: string,
  { sealedSecret: { metadata }, where: place }: MergeTarget,
  notices: Notices,
): void {
  const bound = {
    strict: ["namespace", "name"],
    "namespace-wide": ["namespace"],
    "cluster-wide": [],
  } as const;
  const differ = bound[kind].filter(
    (field) => secret[field] !== null && metadata[field] !== undefined && secret[field] !== metadata[field],
  );
  for (const field of differ) {
    notices.warn(
      `${where} says ${field} ${secret[field]}, but it is sealed for that of ${place}, ${metadata[field]}`,
    );
  }
}

/** An explicit namespace that is not the file's is an error, as in kubeseal; a file that names none gets the client's. */
async function namespaceOf(
  { sealedSecret, where }: MergeTarget,
  options: KubesealOptions,
  io: Io,
): Promise<string> {
  const own = sealedSecret.metadata.namespace ?? "";
  if (own !== "" && options.namespace !== null && options.namespace !== own) {
    throw new InputError(
      `namespace mismatch: ${where} is in namespace ${JSON.stringify(own)} but ${JSON.stringify(options.namespace)} was specified`,
      "leave --namespace out: the file says where its SealedSecret belongs",
    );
  }
  const namespace = own === "" ? ((await clientNamespace(options, io))?.name ?? "") : own;
  if (namespace !== "") return namespace;
  throw new InputError(
    `${where}: the SealedSecret must declare a namespace`,
    "add metadata.namespace to it, or give --namespace NAMESPACE",
  );
}

/** What the Secret's own metadata changes in the template. */
function templateEdits(secret: SecretManifest): Edit[] {
  const inTemplate = (map: "labels" | "annotations") =>
    Object.entries(secret[map]).map(
      ([key, value]): Edit => ({ path: ["spec", "template", "metadata", map, key], value }),
    );
  return [...inTemplate("annotations"), ...inTemplate("labels")];
}

function editsFor(
  { metadata, spec }: SealedSecret,
  secret: SecretManifest,
  sealed: ReadonlyMap<string, string>,
  keyHint: string | null,
): Edit[] {
  const names = new Set([...Object.keys(spec.encryptedData), ...sealed.keys()]);
  const known = new Map(readSealingKeyHint(metadata.annotations, classicItems(spec.encryptedData)));
  for (const item of sealed.keys()) {
    if (keyHint === null) known.delete(item);
    else known.set(item, keyHint);
  }
  const hint = writeSealingKeyHint(known, names);
  const hintPath = ["metadata", "annotations", SEALING_KEY_ANNOTATION];
  const isHinted = metadata.annotations?.[SEALING_KEY_ANNOTATION] !== undefined;
  return [
    ...[...sealed].map(([item, value]): Edit => ({ path: ["spec", "encryptedData", item], value })),
    ...templateEdits(secret),
    ...(sealed.size === 0
      ? []
      : hint !== null
        ? [{ path: hintPath, value: hint }]
        : isHinted
          ? [{ path: hintPath, remove: true } as const]
          : []),
  ];
}

/** Items that hints may be about: values of key services name their keys themselves. */
function classicItems(encryptedData: Readonly<Record<string, string>>): string[] {
  return Object.keys(encryptedData).filter((item) => formOf(encryptedData[item] ?? "").backend === "classic");
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
