/** Annotations of an object. */
export type Annotations = Readonly<Record<string, string>>;

/** Asks of a generator's object, and of its plain form, that a digest of the content follows the name. */
const NEEDS_HASH = "kustomize.config.k8s.io/needs-hash";
/** What kustomize itself makes of that; of a transformer's objects it heeds this one alone (tried with 5.8.2). */
const HASH_SUFFIX = "internal.config.kubernetes.io/needsHashSuffix";
/** Says what becomes of an object of the same name below: create, merge or replace. */
const BEHAVIOUR = "kustomize.config.k8s.io/behavior";
const PREVIOUS = "internal.config.kubernetes.io/previous";

/** By these kustomize knows objects again, and what they were called; they go before it writes what it built. */
const OF_THE_BUILD =
  /^(?:internal\.config\.kubernetes\.io\/.*|config\.kubernetes\.io\/(?:index|path|local-config)|config\.k8s\.io\/id|kustomize\.config\.k8s\.io\/id)$/;

/** What a function is run as. */
export type Role = "generator" | "transformer";

/** A name and a namespace that an object had; the namespace is empty where it named none. */
export type FormerPlace = { namespace: string; name: string };

/** What an object that kustomize hands over says of itself. */
export function annotationsOf(value: unknown): Annotations {
  const metadata = fieldOf(value, "metadata");
  const annotations = fieldOf(metadata, "annotations");
  if (typeof annotations !== "object" || annotations === null) return {};
  const entries = Object.entries(annotations).filter((entry): entry is [string, string] => {
    return typeof entry[1] === "string";
  });
  return Object.fromEntries(entries);
}

/** Those of them that the build put there. */
export function buildAnnotations(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => OF_THE_BUILD.test(name)));
}

/** Where an object stood before kustomize renamed and moved it, the first first. */
export function formerPlaces(annotations: Annotations): FormerPlace[] {
  const names = listed(annotations[`${PREVIOUS}Names`]);
  const namespaces = listed(annotations[`${PREVIOUS}Namespaces`]);
  return names.map((name, index) => ({ name, namespace: namespaces[index] ?? "" }));
}

/**
 * The annotations of a Secret that takes the place of a sealed object in a build.
 * @param own the Secret's, with those that the sealed object had from the build, if any.
 * @param role what the function is run as; generators and transformers ask for a digest in different words.
 */
export function renderedAnnotations(
  own: Annotations,
  sealed: Annotations,
  role: Role,
  asked: { needsHash: boolean; behaviour: string | null },
): Annotations {
  const { [NEEDS_HASH]: wanted, [BEHAVIOUR]: behaves, ...rest } = own;
  const needsHash = asked.needsHash || wanted === "true" || sealed[NEEDS_HASH] === "true";
  const behaviour = asked.behaviour ?? sealed[BEHAVIOUR] ?? behaves;
  const kinds = sealed[`${PREVIOUS}Kinds`];
  return {
    ...rest,
    ...buildAnnotations(sealed),
    // References to the Secret follow only where it was one under its former names, too.
    ...(kinds === undefined ? {} : { [`${PREVIOUS}Kinds`]: kinds.replaceAll(/[^,]+/g, "Secret") }),
    ...(needsHash ? hashMark(role) : {}),
    ...(behaviour !== undefined && role === "generator" ? { [BEHAVIOUR]: behaviour } : {}),
  };
}

/** What has a digest of an object's content follow its name. */
export function hashMark(role: Role): Annotations {
  return role === "generator" ? { [NEEDS_HASH]: "true" } : { [HASH_SUFFIX]: "enabled" };
}

/** An object with other annotations; without any where there are none. */
export function withAnnotations(object: object, annotations: Annotations): object {
  const { annotations: _, ...metadata } = (fieldOf(object, "metadata") ?? {}) as Record<string, unknown>;
  const isEmpty = Object.keys(annotations).length === 0;
  return { ...object, metadata: { ...metadata, ...(isEmpty ? {} : { annotations }) } };
}

function listed(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(",");
}

function fieldOf(value: unknown, field: string): unknown {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap && Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
}
