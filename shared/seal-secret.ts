import { InputError } from "./errors.ts";
import { API_VERSION, KIND, SEALING_KEY_ANNOTATION } from "./resource.ts";
import {
  annotatedScopeKind,
  CLUSTER_WIDE_ANNOTATION,
  NAMESPACE_WIDE_ANNOTATION,
  type Scope,
  type ScopeKind,
  scopeAnnotations,
  scopeAt,
} from "./scope.ts";
import type { Sealer } from "./seal/sealer.ts";
import type { SealedSecret } from "./sealed-secret.ts";
import type { SecretManifest } from "./secret.ts";

/** How to seal whole Secrets: what the command line said, resolved. */
export type SealRequest = {
  sealer: Sealer;
  clusterId: string | null;
  /** The scope named on the command line, or null when none was. */
  scope: ScopeKind | null;
  /** The name every Secret gets, or null to keep its own. */
  name: string | null;
  /** The namespace for Secrets that name none; `explicit` when the user named it and a different one is an error. */
  namespace: { name: string; explicit: boolean } | null;
  allowEmptyData: boolean;
};

/** One Secret sealed. */
export type Sealing = { sealedSecret: SealedSecret; scope: Scope };

/**
 * Seals one Secret as kubeseal does: scope from the flag or the Secret's annotations, name and namespace from the
 * flags or the Secret, everything else of its metadata into the template.
 * @param where names the Secret in errors.
 * @throws InputError when the Secret has no items, no name or no namespace, or contradicts the flags.
 */
export async function sealSecret(
  secret: SecretManifest,
  where: string,
  request: SealRequest,
): Promise<Sealing> {
  if (secret.items.size === 0 && !request.allowEmptyData) {
    throw new InputError(
      `${where}: secret.data is empty in input Secret, assuming this is an error and aborting. To work with empty data, --allow-empty-data can be used`,
      "add items under data or stringData",
    );
  }
  const name = request.name ?? secret.name;
  if (name === null) {
    throw new InputError(
      `${where}: missing metadata.name in input Secret`,
      "add metadata.name, or give --name NAME",
    );
  }
  const kind = scopeKindOf(secret, where, request.scope);
  const namespace = namespaceOf(secret, where, kind, request.namespace);
  const scope = scopeAt(kind, { namespace: namespace ?? "", name });
  const annotations = annotationsFor(kind, request.sealer);
  const bare: SealedSecret = {
    kind: KIND,
    apiVersion: API_VERSION,
    metadata: {
      name,
      ...(namespace === null ? {} : { namespace }),
      ...(isEmpty(annotations) ? {} : { annotations }),
    },
    spec: {
      template: templateOf(secret, name, namespace, request.scope),
      encryptedData: {},
    },
  };
  return { sealedSecret: await withValues(bare, secret.items, scope, request), scope };
}

/**
 * An object with its items sealed.
 * @param bare without values.
 */
export async function withValues(
  bare: SealedSecret,
  items: ReadonlyMap<string, Uint8Array>,
  scope: Scope,
  { sealer, clusterId }: Pick<SealRequest, "sealer" | "clusterId">,
): Promise<SealedSecret> {
  const binding = { clusterId, scope };
  if (sealer.sealObject !== undefined) return sealer.sealObject(bare, items, binding);
  const encryptedData = sorted(Object.fromEntries(await sealer.sealAll(items, binding)));
  return { ...bare, spec: { ...bare.spec, encryptedData } };
}

function annotationsFor(kind: ScopeKind, { hint }: Sealer): Record<string, string> {
  return { ...scopeAnnotations(kind), ...(hint === null ? {} : { [SEALING_KEY_ANNOTATION]: hint }) };
}

function scopeKindOf(secret: SecretManifest, where: string, asked: ScopeKind | null): ScopeKind {
  const annotated = annotatedScopeKind(secret.annotations);
  if (asked === "strict" && annotated !== "strict") {
    throw new InputError(
      `${where}: --scope strict contradicts the Secret's own annotation, which says ${annotated}`,
      "remove the annotation from the Secret, or give the scope you mean with --scope",
    );
  }
  return asked ?? annotated;
}

function namespaceOf(
  secret: SecretManifest,
  where: string,
  kind: ScopeKind,
  asked: SealRequest["namespace"],
): string | null {
  // Cluster-wide values open anywhere, so a namespace is kept but never filled in.
  if (kind === "cluster-wide") return secret.namespace;
  if (asked?.explicit === true && secret.namespace !== null && secret.namespace !== asked.name) {
    throw new InputError(
      `${where}: namespace mismatch: input secret is in namespace ${JSON.stringify(secret.namespace)} but ${JSON.stringify(asked.name)} was specified`,
      "give the namespace the Secret names, or correct its metadata.namespace",
    );
  }
  const namespace = secret.namespace ?? asked?.name ?? null;
  if (namespace === null) {
    throw new InputError(
      `${where}: secret must declare a namespace`,
      "add metadata.namespace, or give --namespace NAMESPACE",
    );
  }
  return namespace;
}

function templateOf(
  secret: SecretManifest,
  name: string,
  namespace: string | null,
  asked: ScopeKind | null,
): NonNullable<SealedSecret["spec"]["template"]> {
  const annotations = asked === null ? secret.annotations : rescoped(secret.annotations, asked);
  return {
    metadata: {
      name,
      ...(secret.generateName === null ? {} : { generateName: secret.generateName }),
      ...(namespace === null ? {} : { namespace }),
      ...(isEmpty(secret.labels) ? {} : { labels: sorted(secret.labels) }),
      ...(isEmpty(annotations) ? {} : { annotations: sorted(annotations) }),
    },
    ...(secret.type === null ? {} : { type: secret.type }),
    ...(secret.immutable === null ? {} : { immutable: secret.immutable }),
  };
}

/** A scope named on the command line replaces the input's scope annotations, as kubeseal does. */
function rescoped(annotations: Record<string, string>, kind: ScopeKind): Record<string, string> {
  const {
    [CLUSTER_WIDE_ANNOTATION]: _cluster,
    [NAMESPACE_WIDE_ANNOTATION]: _namespace,
    ...rest
  } = annotations;
  return kind === "strict" ? annotations : { ...rest, ...scopeAnnotations(kind) };
}

function isEmpty(map: object): boolean {
  return Object.keys(map).length === 0;
}

function sorted(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
