import { InputError } from "../../shared/errors.ts";
import type { ScopeKind } from "../../shared/scope.ts";
import { ConfigFields } from "./config-fields.ts";

/** Has sealed objects come out in plain. */
export type RenderSecretsConfig = {
  kind: "RenderSecrets";
  /** Names it in errors. */
  where: string;
  /** Files with sealed objects, for a generator; paths from the folder of the kustomization. */
  files: readonly string[];
  allowNamespaces: readonly string[];
  allowClusterWide: boolean;
  allowUnbound: boolean;
  /** Where the objects of `files` stand that name no namespace. */
  namespace: string | null;
  /** Whether what lacks a key stays sealed, for a controller. */
  leaveSealed: boolean;
  needsHash: boolean;
  behaviour: string | null;
};

/** Makes a SealedSecret of what lies in files, and of what was sealed before. */
export type SealedSecretGeneratorConfig = {
  kind: "SealedSecretGenerator";
  where: string;
  name: string;
  namespace: string | null;
  scope: ScopeKind;
  type: string | null;
  immutable: boolean | null;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  literals: readonly string[];
  files: readonly string[];
  envs: readonly string[];
  /** File with the SealedSecret that was made before, whose values are taken as they are. */
  sealedFile: string | null;
  needsHash: boolean;
};

/** Sees that no SealedSecret was renamed so that it does not open. */
export type CheckSealedSecretsConfig = { kind: "CheckSealedSecrets"; where: string };

/** What a function is told to do. */
export type FunctionConfig = RenderSecretsConfig | SealedSecretGeneratorConfig | CheckSealedSecretsConfig;

/** Of all our configurations. */
export const CONFIG_API_VERSION = "signet.dev/v1alpha1";
const SCOPES = ["strict", "namespace-wide", "cluster-wide"] as const satisfies readonly ScopeKind[];
const KINDS = ["RenderSecrets", "SealedSecretGenerator", "CheckSealedSecrets"] as const;

/**
 * Reads what a function is told to do.
 * @throws InputError naming the field that is wrong, missing or unknown.
 */
export function readFunctionConfig(value: unknown): FunctionConfig {
  const fields = new ConfigFields(value ?? {}, "the configuration of the function");
  const apiVersion = fields.text("apiVersion");
  const kind = fields.word("kind", KINDS);
  if (apiVersion !== CONFIG_API_VERSION || kind === null) {
    throw new InputError(
      `the configuration of the function must say apiVersion: ${CONFIG_API_VERSION}, and which kind it is`,
      `write kind: ${KINDS.join(", or ")}`,
    );
  }
  const metadata = fields.inner("metadata");
  const name = metadata.text("name");
  if (name === null) throw new InputError(`${kind} must have metadata.name`, "add it");
  const where = `${kind} ${name}`;
  const namespace = metadata.text("namespace");
  const own = new ConfigFields(value, where);
  own.passOver("apiVersion", "kind", "metadata");
  const config = read(kind, own, { where, name, namespace });
  own.requireNoOthers();
  return config;
}

function read(
  kind: (typeof KINDS)[number],
  own: ConfigFields,
  at: { where: string; name: string; namespace: string | null },
): FunctionConfig {
  switch (kind) {
    case "RenderSecrets":
      return renderSecrets(own, at.where);
    case "SealedSecretGenerator":
      return sealedSecretGenerator(own, at);
    case "CheckSealedSecrets":
      return { kind, where: at.where };
  }
}

function renderSecrets(own: ConfigFields, where: string): RenderSecretsConfig {
  const allowNamespaces = own.texts("allowNamespaces");
  if (allowNamespaces.length === 0) {
    throw new InputError(
      `${where} does not say of which namespaces sealed objects may be opened`,
      "add allowNamespaces: [NAMESPACE]",
    );
  }
  return {
    kind: "RenderSecrets",
    where,
    files: own.texts("files"),
    allowNamespaces,
    allowClusterWide: own.truth("allowClusterWide") ?? false,
    allowUnbound: own.truth("allowUnbound") ?? false,
    namespace: own.text("namespace"),
    leaveSealed: own.truth("leaveSealed") ?? false,
    needsHash: own.truth("needsHash") ?? false,
    behaviour: own.word("behavior", ["create", "merge", "replace"]),
  };
}

function sealedSecretGenerator(
  own: ConfigFields,
  at: { where: string; name: string; namespace: string | null },
): SealedSecretGeneratorConfig {
  const { where } = at;
  const config: SealedSecretGeneratorConfig = {
    kind: "SealedSecretGenerator",
    ...at,
    scope: own.word("scope", SCOPES) ?? "strict",
    type: own.text("type"),
    immutable: own.truth("immutable"),
    labels: own.textsByName("labels"),
    annotations: own.textsByName("annotations"),
    literals: own.texts("literals"),
    files: own.texts("files"),
    envs: own.texts("envs"),
    sealedFile: own.text("sealedFile"),
    needsHash: own.truth("needsHash") ?? false,
  };
  if (config.namespace === null && config.scope !== "cluster-wide")
    throw new InputError(`${where} does not say for which namespace it seals`, "add metadata.namespace");
  if (config.needsHash) requireHashable(config);
  return config;
}

/** A digest at the end of the name must neither change what values are bound to, nor differ from build to build. */
function requireHashable({ where, scope, sealedFile }: SealedSecretGeneratorConfig): void {
  if (scope === "strict") {
    throw new InputError(
      `${where} has needsHash, and values of strict scope are bound to the name without a digest: nobody could open them`,
      "leave needsHash out, or write scope: namespace-wide",
    );
  }
  if (sealedFile !== null) return;
  throw new InputError(
    `${where} has needsHash, and without sealedFile its values, and so its name, are others with every build`,
    "add sealedFile: FILE, and commit that file",
  );
}
