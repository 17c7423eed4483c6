import { readDocuments } from "../shared/document/read-documents.ts";
import { InputError, UsageError } from "../shared/errors.ts";
import { annotatedScopeKind, describeScope, parseScopeKind, type ScopeKind } from "../shared/scope.ts";
import type { Sealing, SealRequest } from "../shared/seal-secret.ts";
import { parseSecret, type SecretManifest } from "../shared/secret.ts";
import { fileFailure } from "./file-failure.ts";
import type { Io } from "./io.ts";
import type { Notices } from "./notices.ts";
import type { KubesealOptions } from "./options.ts";
import type { SealingKey } from "./sealing-key.ts";

/** A Secret and how errors name it. */
export type NamedSecret = { secret: SecretManifest; where: string };

/**
 * The scope the user named, or null. An empty one counts as none, as in kubeseal.
 * @throws UsageError for what is no scope.
 */
export function scopeOption({ scope }: { scope: string | null }): ScopeKind | null {
  const kind = scope === null ? null : parseScopeKind(scope);
  if (scope !== null && kind === null) {
    throw new UsageError(
      `invalid value ${JSON.stringify(scope)} for --scope`,
      "write --scope strict, namespace-wide or cluster-wide; SEALED_SECRETS_SCOPE sets it too",
    );
  }
  return kind;
}

/**
 * The bytes of the file of `-f`, or null when none was given.
 * @throws FileError when it cannot be read.
 */
export function readSecretFile(options: KubesealOptions, io: Io): Uint8Array | null {
  const path = options["secret-file"];
  if (path === null) return null;
  try {
    return io.files.read(path);
  } catch (error) {
    throw fileFailure(
      `Could not read file specified with --secret-file: ${path}`,
      "give an existing, readable file with -f, or give the input on standard input",
      error,
    );
  }
}

/**
 * Sees that the file of `-f` is there, as kubeseal does before all else; it is read later, once.
 * @throws FileError when it is not.
 */
export function requireSecretFile(options: KubesealOptions, io: Io): void {
  const path = options["secret-file"];
  if (path !== null && io.files.kindOf(path) === null) readSecretFile(options, io);
}

/**
 * Standard input up to its end.
 * @param expected what somebody at a terminal is told to type.
 * @throws FileError when it cannot be read.
 */
export function readStandardInput(io: Io, expected = "json/yaml k8s resource"): Uint8Array {
  if (io.stdin.isTerminal) io.stderr.write(`(tty detected: expecting ${expected} in stdin)\n`);
  try {
    return io.stdin.read();
  } catch (error) {
    throw fileFailure("cannot read standard input", "give the input in a file with -f FILE", error);
  }
}

/**
 * Every Secret of a stream; a stream with anything else in it is refused as a whole.
 * @param source names the stream in errors.
 * @throws InputError naming the document.
 */
export function readSecrets(input: Uint8Array, source: string): NamedSecret[] {
  const documents = readDocuments(input, source);
  if (documents.length === 0) {
    throw new InputError(
      `${source}: no secrets found. Ensure the input is valid and UTF-8 encoded`,
      "give at least one document with apiVersion: v1 and kind: Secret",
    );
  }
  return documents.map(({ value, where }) => ({ secret: parseSecret(value, where), where }));
}

/**
 * The namespace for Secrets that name none: the one given; the client's, looked up only when some Secret needs it.
 * @param clientNamespace looks it up.
 */
export async function namespaceFor<Namespace>(
  secrets: readonly NamedSecret[],
  scope: ScopeKind | null,
  options: KubesealOptions,
  clientNamespace: () => Promise<Namespace>,
): Promise<Namespace | SealRequest["namespace"]> {
  if (options.namespace !== null) return { name: options.namespace, explicit: true };
  const isNeeded = secrets.some(
    ({ secret }) =>
      secret.namespace === null && (scope ?? annotatedScopeKind(secret.annotations)) !== "cluster-wide",
  );
  return isNeeded ? clientNamespace() : null;
}

/** Has the scope of a Secret judged by the rules of a project, where there are some. @throws InputError naming the document. */
export function judgeScope(
  { judgeScope: judge }: SealingKey,
  { annotations }: SecretManifest,
  scope: ScopeKind | null,
  where: string,
): void {
  const annotated = annotatedScopeKind(annotations);
  judge?.(scope ?? annotated, scope !== null || annotated !== "strict", where);
}

/** Metadata that every object read from a cluster carries: not worth a word. */
const SERVER_NOISE = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "selfLink",
  "managedFields",
]);

/** Says what was sealed for whom, and what of the Secret's metadata was left out. */
export function showSealing(
  { sealedSecret, scope }: Sealing,
  { droppedMetadata }: SecretManifest,
  { words, more }: SealingKey,
  notices: Notices,
): void {
  const { namespace, name } = sealedSecret.metadata;
  const object = namespace === undefined ? name : `${namespace}/${name}`;
  notices.note(`sealed ${object}: scope ${describeScope(scope)}, ${words}${more}`);
  const dropped = droppedMetadata.filter((field) => !SERVER_NOISE.has(field));
  if (dropped.length > 0) {
    const fields = dropped.map((field) => JSON.stringify(field).slice(1, -1)).join(", ");
    notices.note(`note: ${object}: not kept from metadata: ${fields}`);
  }
}
