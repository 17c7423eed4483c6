import { utf8 } from "../../shared/bytes.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { shellOperand, shellWord } from "../../shared/shell-word.ts";
import type { KvRead, KvReader } from "../../shared/vault/kv-answer.ts";
import type { EntryVersion } from "./entry-version.ts";
import { VaultReferenceError } from "./reference-error.ts";
import type { VaultReference } from "./vault-reference.ts";

/** Items of a Secret as Vault has them, and the version that each was read in. */
export type ReferencedItems = {
  items: ReadonlyMap<string, Uint8Array>;
  versions: ReadonlyMap<string, EntryVersion>;
};

/** Requests of one object to Vault at once: what it asked for before is in memory by then. */
const AT_ONCE = 2;
/** So much a Secret holds: https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size */
const MOST_BYTES = 1024 * 1024;

/** How paths of the engine's API begin; those of entries may begin so, too. */
const BEGINS_AS_API = /^(?:data|metadata)\//;
const WITHOUT_DATA = "give the path without data/ or metadata/ at its begin, as vault kv get does";

type Found = Extract<KvRead, { kind: "found" }>;
type Entry = { first: VaultReference; references: VaultReference[] };
/** What is kept of an entry: its version, and the values that are asked for. */
type Taken = { version: EntryVersion; values: ReadonlyMap<VaultReference, Uint8Array> };

/**
 * Reads the values of an object's references: each entry once, however many items come from it.
 * @throws VaultReferenceError, KeyServiceError: that of the first item in the object's order; the signal's reason when aborted.
 */
export async function readItems(
  references: readonly VaultReference[],
  kv: KvReader,
  signal: AbortSignal,
): Promise<ReferencedItems> {
  const entries = byEntry(references);
  const taken = new Map<VaultReference, { version: EntryVersion; value: Uint8Array }>();
  let bytes = 0;
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    const some = entries.slice(at, at + AT_ONCE);
    // All of them end before the first fault counts, so that the same fault is told whichever comes first.
    for (const result of await Promise.allSettled(some.map((entry) => readEntry(entry, kv, signal)))) {
      if (result.status === "rejected") throw result.reason;
      const { version, values } = result.value;
      for (const [reference, value] of values) {
        bytes += value.length;
        if (bytes > MOST_BYTES) throw tooLarge();
        taken.set(reference, { version, value });
      }
    }
  }
  const items = new Map<string, Uint8Array>();
  const versions = new Map<string, EntryVersion>();
  for (const reference of references) {
    const read = taken.get(reference);
    if (read === undefined) continue;
    items.set(reference.key, read.value);
    versions.set(reference.key, read.version);
  }
  return { items, versions };
}

function byEntry(references: readonly VaultReference[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const reference of references) {
    const { mount, path, version } = reference;
    const id = JSON.stringify([mount, path, version]);
    const entry = entries.get(id);
    if (entry === undefined) entries.set(id, { first: reference, references: [reference] });
    else entry.references.push(reference);
  }
  return [...entries.values()];
}

/** Reads an entry, of which nothing is kept but what is asked for: all else may be many times that. */
async function readEntry({ first, references }: Entry, kv: KvReader, signal: AbortSignal): Promise<Taken> {
  const { mount, path, version } = first;
  const fields = new Set(references.map(({ field }) => field));
  const read = await kv
    .readSecret({ mount, path }, { fields, signal, ...(version === null ? {} : { version }) })
    .catch((error: unknown) => {
      const denied = error instanceof KeyServiceError && error.fault === "denied";
      throw denied ? forbidden(first, error) : error;
    });
  if (read.kind !== "found") throw absence(first, read);
  // What was not asked for is not taken.
  if (version !== null && read.version !== version) throw absence(first, { kind: "missing" });
  const values = new Map<VaultReference, Uint8Array>();
  let characters = 0;
  for (const reference of references) {
    const text = textOf(reference, read);
    characters += text.length;
    if (characters > MOST_BYTES) throw tooLarge();
    values.set(reference, utf8(text));
  }
  return { version: { version: read.version, createdAt: read.createdAt }, values };
}

function tooLarge(): VaultReferenceError {
  return new VaultReferenceError(
    "VaultValuesTooLarge",
    "spec.vault: the values that it names have more than 1 MiB in all, and a Secret holds no more",
    "name smaller fields, or divide the items among several SealedSecrets",
  );
}

function textOf(reference: VaultReference, { fields, version }: Found): string {
  const field = fields.get(reference.field);
  const text = field?.text ?? null;
  if (text !== null) return text;
  const what = field === undefined ? "is not there" : "is null";
  throw new VaultReferenceError(
    "VaultFieldMissing",
    `${where(reference)}: field ${JSON.stringify(reference.field)} ${what} in version ${version}`,
    "write a version that has the field, or correct the name of the field in spec.vault",
  );
}

function forbidden(reference: VaultReference, cause: KeyServiceError): VaultReferenceError {
  const { mount, path } = reference;
  const allowing = `allow read on ${mount}/data/${path} and ${mount}/metadata/${path} in the policy of its role`;
  return new VaultReferenceError(
    "VaultForbidden",
    `${where(reference)}: Vault does not let the ServiceAccount signet-vault of this namespace read it`,
    BEGINS_AS_API.test(path)
      ? `${WITHOUT_DATA}; if that is a part of its name, ${allowing}`
      : `if it is this namespace's to read, ${allowing}`,
    { cause },
  );
}

function absence(
  reference: VaultReference,
  absent: Exclude<KvRead, { kind: "found" }>,
): VaultReferenceError | KeyServiceError {
  const { mount, path, version } = reference;
  switch (absent.kind) {
    case "missing":
      return new VaultReferenceError(
        "VaultSecretMissing",
        `${where(reference)}: ${version === null ? "nothing was ever written there" : `there is no version ${version}`}`,
        BEGINS_AS_API.test(path)
          ? WITHOUT_DATA
          : `check mount and path in spec.vault, or write it: ${putting(reference)}`,
      );
    case "deleted":
      return new VaultReferenceError(
        "VaultSecretDeleted",
        `${where(reference)}: version ${absent.version} was deleted; the Secret stays as it is`,
        `write a new version, or bring it back: vault kv undelete -mount=${shellWord(mount)} -versions=${absent.version} ${shellOperand(path)}`,
      );
    case "destroyed":
      return new VaultReferenceError(
        "VaultVersionDestroyed",
        `${where(reference)}: version ${absent.version} was destroyed; the Secret stays as it is`,
        version === null
          ? `write a new version: ${putting(reference)}`
          : "name another version in spec.vault",
      );
    case "not-kv-2":
      return new VaultReferenceError(
        "VaultSecretMissing",
        `${where(reference)}: ${FOUND[absent.found]}`,
        absent.found === "kv-1"
          ? `vault kv enable-versioning ${shellOperand(mount)}`
          : "correct the mount in spec.vault, or have the engine mounted there",
      );
  }
}

const FOUND = {
  "kv-1": "version 1 of the KV engine is mounted there, and version 2 is needed",
  other: "another engine than KV is mounted there",
  nothing: "nothing is mounted there",
};

/** Author's texts, in a command that an operator may copy. */
function putting({ mount, path }: VaultReference): string {
  return `vault kv put -mount=${shellWord(mount)} ${shellOperand(path)} …`;
}

/** These names stand in the object. */
function where({ key, mount, path }: VaultReference): string {
  return `item ${key} (Vault, mount ${mount}, path ${path})`;
}
