import { type InputDocument, readDocuments } from "../../shared/document/read-documents.ts";
import { writeDocuments } from "../../shared/document/write-documents.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import { annotatedScopeKind, describeScope, parseScopeKind, type ScopeKind } from "../../shared/scope.ts";
import type { Certificate } from "../../shared/seal/certificate.node.ts";
import { certificateSealer } from "../../shared/seal/classic-sealer.node.ts";
import { type Sealing, type SealRequest, sealSecret } from "../../shared/seal-secret.ts";
import { parseSecret, type SecretManifest } from "../../shared/secret.ts";
import { findCertificate } from "../certificate-source.ts";
import { clientNamespace } from "../cluster.ts";
import type { Command } from "../command.ts";
import { fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
import { type Notices, noticesOf } from "../notices.ts";
import { type KubesealOptions, kubesealOptions } from "../options.ts";
import { outputFormat, writeProduct } from "../output-file.ts";
import { dayInWords, sealingCertificate } from "../sealing-certificate.ts";

/** The main mode: seals every Secret of the input, or none. */
export const seal: Command<typeof kubesealOptions> = {
  name: "seal",
  summary: "seal Secrets",
  options: kubesealOptions,
  async run({ options, io }) {
    const scope = scopeOption(options);
    const format = outputFormat(options);
    const notices = noticesOf(io, options);
    // A file that cannot be read is told before any cluster is asked; standard input is read once all else is well.
    const file = options["secret-file"] === null ? null : readFile(options["secret-file"], io);
    const certificate = sealingCertificate(await findCertificate(options, io), io, notices);
    const secrets = readSecrets(file ?? readStandardInput(io), options["secret-file"] ?? "standard input");
    const request: SealRequest = {
      sealer: certificateSealer(certificate),
      clusterId: options["cluster-id"],
      scope,
      name: options.name,
      namespace: await namespaceFor(secrets, scope, options, io),
      allowEmptyData: options["allow-empty-data"],
    };
    const sealings: Sealing[] = [];
    for (const { secret, where } of secrets) sealings.push(await sealSecret(secret, where, request));
    writeProduct(
      writeDocuments(
        sealings.map(({ sealedSecret }) => sealedSecret),
        format,
      ),
      options,
      io,
    );
    sealings.forEach((sealing, index) => {
      show(sealing, secrets[index]?.secret.droppedMetadata ?? [], certificate, notices);
    });
  },
};

type NamedSecret = { secret: SecretManifest; where: string };

/** The scope the user named, or null. An empty one counts as none, as in kubeseal. */
function scopeOption({ scope }: KubesealOptions): ScopeKind | null {
  const kind = scope === null ? null : parseScopeKind(scope);
  if (scope !== null && kind === null) {
    throw new UsageError(
      `invalid value ${JSON.stringify(scope)} for --scope`,
      "write --scope strict, namespace-wide or cluster-wide",
    );
  }
  return kind;
}

function readFile(path: string, io: Io): Uint8Array {
  try {
    return io.files.read(path);
  } catch (error) {
    throw fileFailure(
      `could not read file specified with --secret-file: ${path}`,
      "give an existing, readable file with -f, or give the Secret on standard input",
      error,
    );
  }
}

function readStandardInput(io: Io): Uint8Array {
  if (io.stdin.isTerminal) io.stderr.write("(tty detected: expecting json/yaml k8s resource in stdin)\n");
  try {
    return io.stdin.read();
  } catch (error) {
    throw fileFailure("cannot read standard input", "give the Secret in a file with -f FILE", error);
  }
}

function readSecrets(input: Uint8Array, source: string): NamedSecret[] {
  const documents: InputDocument[] = readDocuments(input, source);
  if (documents.length === 0) {
    throw new InputError(
      `no secrets found in ${source}. Ensure the input is valid and UTF-8 encoded`,
      "give at least one document with apiVersion: v1 and kind: Secret",
    );
  }
  return documents.map(({ value, where }) => ({ secret: parseSecret(value, where), where }));
}

/** The namespace of the client is looked up only when some Secret needs it. */
async function namespaceFor(
  secrets: readonly NamedSecret[],
  scope: ScopeKind | null,
  options: KubesealOptions,
  io: Io,
): Promise<SealRequest["namespace"]> {
  const isNeeded = secrets.some(
    ({ secret }) =>
      secret.namespace === null && (scope ?? annotatedScopeKind(secret.annotations)) !== "cluster-wide",
  );
  return isNeeded || options.namespace !== null ? clientNamespace(options, io) : null;
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

function show(
  { sealedSecret, scope }: Sealing,
  droppedMetadata: readonly string[],
  certificate: Certificate,
  notices: Notices,
): void {
  const { namespace, name } = sealedSecret.metadata;
  const object = namespace === undefined ? name : `${namespace}/${name}`;
  notices.note(
    `sealed ${object}: scope ${describeScope(scope)}, certificate ${certificate.fingerprint}, valid until ${dayInWords(certificate.notAfter)}`,
  );
  const dropped = droppedMetadata.filter((field) => !SERVER_NOISE.has(field));
  if (dropped.length > 0) {
    const fields = dropped.map((field) => JSON.stringify(field).slice(1, -1)).join(", ");
    notices.note(`note: ${object}: not kept from metadata: ${fields}`);
  }
}
