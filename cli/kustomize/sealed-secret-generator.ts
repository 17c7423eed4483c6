import { readDocuments } from "../../shared/document/read-documents.ts";
import { SCOPE_ITEM } from "../../shared/document/sops/scope-item.ts";
import { InputError } from "../../shared/errors.ts";
import { KIND, SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import { annotatedScopeKind, scopeAnnotations } from "../../shared/scope.ts";
import { type Sealing, sealSecret } from "../../shared/seal-secret.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { readSealingKeyHint, writeSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import type { SecretManifest } from "../../shared/secret.ts";
import { readArguments } from "../arguments.ts";
import { kindOf } from "../document-kind.ts";
import type { Io } from "../io.ts";
import { noticesOf } from "../notices.ts";
import { kubesealOptions } from "../options.ts";
import { showSealing } from "../sealing.ts";
import { findSealingKey } from "../sealing-key-source.ts";
import type { SealedSecretGeneratorConfig } from "./function-config.ts";
import { type GeneratorInputs, readInputs } from "./generator-inputs.ts";
import { readIfThere, requireInside } from "./paths-inside.ts";

/** What a generator made. */
export type Generated = {
  sealedSecret: SealedSecret;
  /** Items that were sealed now; the others were sealed before. */
  sealedNow: readonly string[];
};

/**
 * Makes the SealedSecret of a configuration: values of its sealedFile as they are, so that no build differs from the one
 * before, and others sealed with what the environment names. What was sealed before is not compared with the inputs.
 * @param anew items to seal in any case.
 * @throws SealError when an input is missing, the file is for another object, or nothing can be sealed.
 */
export async function generateSealedSecret(
  config: SealedSecretGeneratorConfig,
  anew: readonly string[],
  io: Io,
): Promise<Generated> {
  const inputs = readInputs(config, io);
  const before = readSealedFile(config, io);
  const unknown = anew.find((name) => inputs.names !== null && !inputs.names.has(name));
  if (unknown !== undefined)
    throw new InputError(`${config.where} has no item ${JSON.stringify(unknown)}`, "name one that it has");
  const held = new Set(Object.keys(before?.spec.encryptedData ?? {}));
  const wanted = inputs.names ?? new Set([...inputs.values.keys(), ...held, ...anew]);
  const sealedNow = [...wanted].filter((name) => !held.has(name) || anew.includes(name)).sort();
  requireValues(config, inputs, sealedNow, before !== null);
  if (before?.sops !== undefined) requireUnchanged(config, wanted, held, sealedNow);
  const sealing = sealedNow.length === 0 ? null : await sealItems(config, inputs, sealedNow, io);
  if (before === null) return { sealedSecret: required(sealing), sealedNow };
  return { sealedSecret: joined(config, before, sealing?.sealedSecret ?? null, wanted), sealedNow };
}

async function sealItems(
  config: SealedSecretGeneratorConfig,
  { values }: GeneratorInputs,
  names: readonly string[],
  io: Io,
): Promise<Sealing> {
  const { options } = readArguments(kubesealOptions, [], io.env);
  // Whom it is sealed for is told in any case: the environment may be another one than was thought of.
  const notices = noticesOf(io, { verbose: true, v: 0 });
  // Nor is it for files of the tree to say, a project's among them: they may be a stranger's.
  const found = await findSealingKey(options, io, notices, kubesealOptions, null);
  try {
    const key = await found.forTarget(config.sealedFile);
    const secret = secretOf(config, values, names);
    const { sealer, clusterId } = key;
    const request = { sealer, clusterId, scope: null, name: null, namespace: null, allowEmptyData: false };
    const sealing = await sealSecret(secret, config.where, request);
    showSealing(sealing, secret, key, notices);
    return sealing;
  } finally {
    await found.close();
  }
}

function secretOf(
  { name, namespace, scope, labels, annotations, type, immutable }: SealedSecretGeneratorConfig,
  values: GeneratorInputs["values"],
  names: readonly string[],
): SecretManifest {
  const items = names.flatMap((item) => {
    const value = values.get(item);
    return value === undefined ? [] : [[item, new Uint8Array(value)] as const];
  });
  const all = { ...annotations, ...scopeAnnotations(scope) };
  const metadata = { name, namespace, generateName: null, labels, annotations: all, droppedMetadata: [] };
  return { ...metadata, type, immutable, items: new Map(items) };
}

function readSealedFile(config: SealedSecretGeneratorConfig, io: Io): SealedSecret | null {
  const { sealedFile, where, name, namespace, scope } = config;
  if (sealedFile === null) return null;
  requireInside([sealedFile], where, io);
  const bytes = readIfThere(sealedFile, where, io);
  if (bytes === null) return null;
  const [document, ...others] = readDocuments(bytes, sealedFile);
  if (document === undefined || others.length > 0 || kindOf(document.value) !== KIND) {
    throw new InputError(
      `${where}: ${sealedFile} is not one SealedSecret`,
      "keep its SealedSecret alone in that file",
    );
  }
  const sealedSecret = parseSealedSecret(document.value, sealedFile);
  const { metadata, spec } = sealedSecret;
  if (spec.data !== undefined && spec.data !== "")
    throw new InputError(`${where}: ${sealedFile} has the old form, a Secret sealed as one`, "seal it anew");
  const differs =
    metadata.name !== name
      ? "name"
      : (metadata.namespace ?? null) !== namespace
        ? "namespace"
        : annotatedScopeKind(metadata.annotations ?? undefined) !== scope
          ? "scope"
          : null;
  if (differs === null) return sealedSecret;
  throw new InputError(
    `${where}: ${sealedFile} was sealed for another ${differs}`,
    `correct the ${differs}, or remove the file and run signet-krm seal`,
  );
}

function requireValues(
  { where, sealedFile }: SealedSecretGeneratorConfig,
  { values, missing }: GeneratorInputs,
  sealedNow: readonly string[],
  isSealedBefore: boolean,
): void {
  const without = sealedNow.find((name) => !values.has(name));
  if (without === undefined && (isSealedBefore || missing.length === 0)) return;
  const item = without === undefined ? "" : `the item ${without} was not sealed before, and `;
  throw new InputError(
    `${where}: ${item}${missing.join(", ")} cannot be found`,
    sealedFile === null
      ? "put it there; or add sealedFile: FILE, to seal once and commit that"
      : `where it is at hand, run signet-krm seal and commit ${sealedFile}`,
  );
}

/** Its values are authenticated together. */
function requireUnchanged(
  { where, sealedFile }: SealedSecretGeneratorConfig,
  wanted: ReadonlySet<string>,
  held: ReadonlySet<string>,
  sealedNow: readonly string[],
): void {
  const own = [...held].filter((name) => name !== SCOPE_ITEM);
  if (sealedNow.length === 0 && own.every((name) => wanted.has(name))) return;
  throw new InputError(
    `${where}: ${sealedFile} is a SOPS document, to which no build adds items, nor takes any out`,
    "change it with sops edit or signet --merge-into, or remove it and run signet-krm seal",
  );
}

function joined(
  config: SealedSecretGeneratorConfig,
  before: SealedSecret,
  now: SealedSecret | null,
  wanted: ReadonlySet<string>,
): SealedSecret {
  if (now?.sops !== undefined) {
    throw new InputError(
      `${config.where}: ${config.sealedFile} is no SOPS document, and cannot become one item by item`,
      "remove it and run signet-krm seal",
    );
  }
  const all = { ...before.spec.encryptedData, ...now?.spec.encryptedData };
  const isSops = before.sops !== undefined;
  const kept = Object.entries(all).filter(([name]) => isSops || wanted.has(name));
  const encryptedData = Object.fromEntries(kept);
  const spec = { ...before.spec, encryptedData, template: templateOf(config, before) };
  return { ...before, metadata: { ...before.metadata, ...hints(before, now, encryptedData) }, spec };
}

/** Which keys open it, where both are known. */
function hints(
  before: SealedSecret,
  now: SealedSecret | null,
  items: object,
): Pick<SealedSecret["metadata"], "annotations"> {
  if (now === null) return {};
  const fresh = Object.keys(now.spec.encryptedData);
  const known = new Map([
    ...readSealingKeyHint(before.metadata.annotations, Object.keys(before.spec.encryptedData)),
    ...readSealingKeyHint(now.metadata.annotations, fresh),
  ]);
  const { [SEALING_KEY_ANNOTATION]: _, ...others } = before.metadata.annotations ?? {};
  const text = writeSealingKeyHint(known, Object.keys(items));
  return { annotations: text === null ? others : { ...others, [SEALING_KEY_ANNOTATION]: text } };
}

/** What the configuration says of the Secret counts over what the file says. */
function templateOf(
  { type, immutable, labels, annotations }: SealedSecretGeneratorConfig,
  { spec: { template } }: SealedSecret,
): NonNullable<SealedSecret["spec"]["template"]> {
  const { labels: hadLabels, annotations: hadAnnotations, ...metadata } = template?.metadata ?? {};
  const allLabels = { ...hadLabels, ...labels };
  const allAnnotations = { ...hadAnnotations, ...annotations };
  return {
    ...template,
    ...(type === null ? {} : { type }),
    ...(immutable === null ? {} : { immutable }),
    metadata: {
      ...metadata,
      ...(Object.keys(allLabels).length === 0 ? {} : { labels: allLabels }),
      ...(Object.keys(allAnnotations).length === 0 ? {} : { annotations: allAnnotations }),
    },
  };
}

function required(sealing: Sealing | null): SealedSecret {
  if (sealing === null) throw new InputError("nothing is to be sealed", "add literals, files or envs");
  return sealing.sealedSecret;
}
