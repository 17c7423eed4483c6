import { type Bytes, fromUtf8, utf8 } from "../../../shared/bytes.ts";
import { encryptSopsDocuments } from "../../../shared/document/sops/encrypt-document.ts";
import type { SopsUnwrapper, SopsWrapper } from "../../../shared/document/sops/key-services.ts";
import type { SopsRecipient } from "../../../shared/document/sops/metadata.ts";
import { hasMetadata, metadataOf } from "../../../shared/document/sops/metadata-tree.ts";
import { plainValueOf, sopsTreeOf } from "../../../shared/document/sops/object-tree.ts";
import { openSopsDocuments } from "../../../shared/document/sops/open-document.ts";
import { readSopsTree } from "../../../shared/document/sops/read-tree.ts";
import { recipientOf } from "../../../shared/document/sops/recipients.ts";
import type { SopsFormat, SopsMap } from "../../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../../shared/document/sops/write-tree.ts";
import { InputError } from "../../../shared/errors.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";

/** A sealing key outside the cluster. */
export type CopiedKey = {
  /** Name and namespace of its Secret. */
  name: string;
  namespace: string;
  /** `active` where it is in use; else the label that took it out. */
  label: string;
  /** Both in PEM. */
  certificatePem: string;
  privateKeyPem: string;
};

/** What writing a backup takes. Any of the recipients opens it. */
export type BackupWriting = {
  recipients: readonly SopsRecipient[];
  wrapper: SopsWrapper;
  format: SopsFormat;
  now: Date;
};

const NEVER = new AbortController().signal;
/** The private keys alone: which keys a backup holds is to be seen without opening it. The MAC covers all of it. */
const PRIVATE_KEYS = { rule: "encrypted_regex", pattern: "^tls\\.key$" } as const;

/**
 * A backup of sealing keys: a List of their Secrets, of which SOPS encrypts the private keys (docs/formats.md).
 * @returns its text, and what opens it again without any of the recipients' keys, for a look at what was written.
 * @throws SealError of a recipient that cannot be wrapped for.
 */
export async function writeBackup(
  keys: readonly CopiedKey[],
  { recipients, wrapper, format, now }: BackupWriting,
): Promise<{ text: string; unwrapper: SopsUnwrapper; wipe(): void }> {
  const plain = sopsTreeOf({ apiVersion: "v1", kind: "List", items: keys.map(secretOf) });
  if (plain.kind !== "map") throw new Error("a List became no mapping");
  let dataKey: Bytes | null = null;
  const keeping: SopsWrapper = {
    wrap(recipient, share, signal) {
      dataKey ??= new Uint8Array(share);
      return wrapper.wrap(recipient, share, signal);
    },
  };
  const documents = await encryptSopsDocuments([plain], {
    groups: [recipients],
    shamirThreshold: 0,
    selection: PRIVATE_KEYS,
    macOnlyEncrypted: false,
    wrapper: keeping,
    now,
    where: "the backup",
    signal: NEVER,
  });
  const kept = dataKey ?? new Uint8Array();
  return {
    text: writeSopsTree(documents, format),
    unwrapper: { unwrap: async () => ({ share: new Uint8Array(kept) }) },
    wipe: () => kept.fill(0),
  };
}

/** A file with sealing keys, before it is opened. */
export type BackupFile = {
  /** Whom it is encrypted for, without those that only sops knows; null where it lies open. */
  recipients: readonly SopsRecipient[] | null;
  /** Its objects as they stand in the file, private keys encrypted; nothing vouches for them. */
  readonly unopened: readonly unknown[];
  /**
   * Opens it: the MAC is checked first.
   * @throws SealError when no key at hand opens it, or it was changed.
   */
  open(unwrapper: SopsUnwrapper): Promise<unknown[]>;
};

/**
 * Reads a backup, or key Secrets that lie open as `kubectl get -o yaml` prints them.
 * @param where names it in errors.
 * @throws InputError for what is no YAML or JSON; SopsError for metadata that SOPS did not write.
 */
export function readBackup(bytes: Uint8Array, where: string): BackupFile {
  const text = fromUtf8(bytes);
  if (text === null)
    throw new InputError(`${where} is not text`, "give the file that signet keys backup wrote");
  const isJson = /^\ufeff?\s*\{/.test(text);
  const documents = readSopsTree(text, isJson ? "json" : "yaml", where);
  const unopened = objectsIn(documents);
  if (!hasMetadata(documents)) return { recipients: null, unopened, open: async () => unopened };
  const { metadata } = metadataOf(documents, where);
  return {
    recipients: metadata.groups.flat().flatMap((entry) => recipientOf(entry) ?? []),
    unopened,
    async open(unwrapper) {
      const opened = await openSopsDocuments(documents, { unwrapper, where, signal: NEVER });
      opened.wipe();
      return objectsIn(opened.documents);
    },
  };
}

function secretOf({ name, namespace, label, certificatePem, privateKeyPem }: CopiedKey): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: { [KEY_LABEL]: label } },
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": Buffer.from(utf8(certificatePem)).toString("base64"),
      "tls.key": Buffer.from(utf8(privateKeyPem)).toString("base64"),
    },
  };
}

/** The objects of a stream, those of Lists among them. */
function objectsIn(documents: readonly SopsMap[]): unknown[] {
  return documents.map(plainValueOf).flatMap((value) => {
    const { kind, items } = value as { kind?: unknown; items?: unknown };
    return typeof kind === "string" && kind.endsWith("List") && Array.isArray(items)
      ? (items as unknown[])
      : [value];
  });
}
