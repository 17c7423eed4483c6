import { readDocuments } from "../../shared/document/read-documents.ts";
import { type Scope, type ScopeKind, scopeAt } from "../../shared/scope.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { testSealer } from "./in-process-sealing.ts";
import { type MemoryRun, type MemoryWorld, runInMemory } from "./memory-io.ts";
import { testCertificate } from "./test-certificates.ts";

/** Two keys of a cluster, and one of another. */
export const [OLD, NEW, FOREIGN] = [
  testCertificate(-40, 3650, 1),
  testCertificate(-5, 3650, 2),
  testCertificate(-5, 3650, 3),
];
export const [OLD_KEY, NEW_KEY] = [OLD, NEW].map(
  ({ certificatePem }) => readCertificate(certificatePem).fingerprint,
) as [string, string];

const sealers = {
  old: await testSealer(OLD.certificatePem),
  new: await testSealer(NEW.certificatePem),
  foreign: await testSealer(FOREIGN.certificatePem),
};

/** What a value is sealed with. */
export type By = keyof typeof sealers;

/** A value, sealed for the object `team-a/db` unless a scope is given. */
export function sealed(
  by: By,
  plaintext: string,
  scope: Scope | ScopeKind = "strict",
  place = { namespace: "team-a", name: "db" },
): Promise<string> {
  return sealers[by].value(plaintext, typeof scope === "string" ? scopeAt(scope, place) : scope);
}

/** A SealedSecret `team-a/db` as people lay it out, with these values and annotations. */
export function manifest(
  values: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
  name = "db",
): string {
  const notes = Object.entries(annotations).map(
    ([key, text]) => `    ${key}: ${JSON.stringify(text)} # ours\n`,
  );
  const items = Object.entries(values).map(([item, value]) => `    ${item}: ${value} # ${item}, kept\n`);
  return `# kept
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: ${name}   # the name
  namespace: team-a
${notes.length === 0 ? "" : `  annotations:\n${notes.join("")}`}spec:
  template: {type: Opaque}

  encryptedData:
${items.join("")}`;
}

/** Files that every run has: private keys, certificates, and a backup of both keys. */
export const KEY_FILES = {
  "old.key": OLD.privateKeyPem,
  "new.key": NEW.privateKeyPem,
  "old.pem": OLD.certificatePem,
  "new.pem": NEW.certificatePem,
  "backup.yaml": backup(),
};

/** Runs `rotate` in memory, with the files of keys at hand. */
export function rotate(args: readonly string[], world: MemoryWorld = {}): Promise<MemoryRun> {
  return runInMemory(["rotate", ...args], { ...world, files: { ...KEY_FILES, ...world.files } });
}

/** With both keys at hand and the newest certificate. */
export const OFFLINE = ["--private-key", "old.key,new.key", "--cert", "new.pem"];

/** The values of the SealedSecret in a text. */
export function valuesIn(text: string | undefined): Record<string, string> {
  const [document] = readDocuments(text ?? "", "file");
  if (document === undefined) throw new Error("there is no document");
  return (document.value as SealedSecret).spec.encryptedData;
}

/** What a file holds, opened by one key alone; null where that key does not open it. */
export async function openedBy(
  by: "old" | "new",
  text: string | undefined,
): Promise<Record<string, string> | null> {
  const files = { ...KEY_FILES, "s.yaml": text ?? "" };
  const { code, stdout } = await runInMemory(["unseal", "--key", `${by}.key`, "-o", "json", "s.yaml"], {
    files,
  });
  if (code !== 0) return null;
  const { data } = JSON.parse(stdout) as { data: Record<string, string> };
  return Object.fromEntries(
    Object.entries(data).map(([item, base64]) => [item, Buffer.from(base64, "base64").toString()]),
  );
}

function backup(): string {
  const secrets = [OLD, NEW].map(({ certificatePem, privateKeyPem }, at) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `key${at}`, namespace: "kube-system" },
    data: {
      "tls.crt": Buffer.from(certificatePem).toString("base64"),
      "tls.key": Buffer.from(privateKeyPem).toString("base64"),
    },
  }));
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: secrets });
}
