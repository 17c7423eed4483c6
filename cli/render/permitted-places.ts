import { InputError, UsageError } from "../../shared/errors.ts";
import type { ScopeKind } from "../../shared/scope.ts";
import type { Io } from "../io.ts";
import type { RenderOptions } from "./render-options.ts";

/** Where an object stands, as far as its document says it. */
export type StatedPlace = { namespace: string; name: string };

/** What may be opened: the word of whoever calls the program, and never of the tree. */
export type PermittedPlaces = {
  /** Namespaces of which sealed objects are opened; null for all. */
  namespaces: ReadonlySet<string> | null;
  /** Where objects stand that name no namespace; null when nobody says it. */
  fallback: string | null;
  clusterWide: boolean;
  /** SOPS documents that do not say what they were sealed for. */
  unbound: boolean;
};

type PlaceOptions = Pick<
  RenderOptions,
  "allow-namespace" | "allow-cluster-wide" | "allow-unbound" | "namespace"
>;

/**
 * Reads it from the flags. As a plugin of Argo CD, whose variables tell it, the namespace that the Application deploys to is the
 * only one, whatever flags say beyond that; variables that an Application sets for its plugin (ARGOCD_ENV_…) are not read.
 * @throws UsageError for what is no namespace; where Argo CD names none, or one that the flags do not.
 */
export function permittedPlaces(options: PlaceOptions, { env }: Pick<Io, "env">): PermittedPlaces {
  const given = options["allow-namespace"].flatMap((text) => text.split(","));
  for (const namespace of [...given, ...(options.namespace === null ? [] : [options.namespace])]) {
    requireNamespace(namespace, given.includes(namespace) ? "--allow-namespace" : "--namespace");
  }
  const flags = { clusterWide: options["allow-cluster-wide"], unbound: options["allow-unbound"] };
  const allowed = given.length === 0 ? null : new Set(given);
  const application = applicationNamespace(env);
  if (application === null) return { ...flags, namespaces: allowed, fallback: options.namespace };
  if (application === "") {
    throw new UsageError(
      "the Application deploys to no namespace, so that nothing sealed may be opened for it (ARGOCD_APP_NAMESPACE is empty)",
      "set spec.destination.namespace in the Application",
    );
  }
  if (allowed !== null && !allowed.has(application)) {
    throw new UsageError(
      `--allow-namespace does not name ${JSON.stringify(application)}, the namespace that the Application deploys to`,
      "deploy to a namespace that this plugin serves, or have whoever runs it name that one, too",
    );
  }
  return { ...flags, namespaces: new Set([application]), fallback: options.namespace ?? application };
}

/** The namespace that Argo CD deploys to; empty when it names none, null when it is not Argo CD that calls. */
function applicationNamespace(env: Io["env"]): string | null {
  const isPlugin = Object.keys(env).some((name) => name.startsWith("ARGOCD_APP_"));
  return isPlugin ? (env["ARGOCD_APP_NAMESPACE"] ?? "") : null;
}

function requireNamespace(text: string, flag: string): void {
  if (/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return;
  throw new UsageError(
    `${JSON.stringify(text)} is no namespace, for ${flag}`,
    `write ${flag} NAMESPACE; leave it out where every namespace is meant`,
  );
}

/**
 * Judges, before anything is opened and anybody asked, whether a sealed object may be.
 * @returns the namespace that it stands in, `fallback` where it names none; empty where nobody says it.
 * @throws InputError naming the flag that permits it.
 */
export function requirePermitted(
  { namespace, name }: StatedPlace,
  scope: ScopeKind,
  where: string,
  places: PermittedPlaces,
): string {
  const stands = namespace === "" ? (places.fallback ?? "") : namespace;
  const what = `${where}: ${stands === "" ? name : `${stands}/${name}`}`;
  if (places.namespaces !== null && stands === "") {
    throw new InputError(
      `${what} names no namespace, and some only are rendered here`,
      "add metadata.namespace, or give --namespace NAMESPACE",
    );
  }
  if (places.namespaces !== null && !places.namespaces.has(stands)) {
    throw new InputError(
      `${what} is for a namespace that is not rendered here`,
      `render it where ${stands} is permitted by --allow-namespace, or by an Application of Argo CD that deploys there`,
    );
  }
  if (scope === "cluster-wide" && !places.clusterWide) {
    throw new InputError(
      `${what} is sealed cluster-wide, so that any namespace could claim it`,
      "seal it for its namespace; or permit such values with --allow-cluster-wide",
    );
  }
  return stands;
}
