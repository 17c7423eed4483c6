import { type CipherGCMTypes, createDecipheriv, hkdfSync } from "node:crypto";
import { type Bytes, fromBase64, toBase64 } from "../../shared/bytes.ts";
import type { Scope } from "../../shared/scope.ts";
import type { KmsApi, KmsContext } from "../../shared/seal/kms-api.ts";
import type {
  TransitApi,
  TransitBinding,
  TransitCiphertext,
  TransitOpened,
} from "../../shared/seal/transit-api.ts";
import { readVectors } from "./vectors.ts";

/** Where a vector's value is found. */
export type ValuePlace = { clusterId: string; scope: Scope; item: string };
/** Where a vector's wrapped sealing key is found. */
export type KeyPlace = {
  clusterId: string;
  namespace: string;
  name: string;
  fingerprint: string;
  certificate: string;
};

type Vector<At> = {
  name: string;
  point: string;
  madeBy: string;
  key: string;
  /** The place bytes it was sealed for, in hexadecimal. */
  place: string;
  sealed: string;
  at: At;
  expect: { outcome: "opened"; plaintext: string } | { outcome: "malformed"; problem: string };
};

/** A case of kms:1 or kms-key:1 (test/vectors/README.md). */
export type KmsVector<At = ValuePlace> = Vector<At> & {
  blob: string;
  dataKey: string;
  context: KmsContext;
  nonce: string;
};

/** A case of vault:1 or vault-key:1 (test/vectors/README.md). */
export type VaultVector<At = ValuePlace> = Vector<At> & {
  type: string;
  binding: TransitBinding;
  versions: string[];
};

const isWrappedKey = ({ name }: { name: string }) => name.startsWith("wrapped-key");

/** The cases of values under AWS KMS, and of sealing keys wrapped by it. */
export function kmsVectors() {
  const all = readVectors<KmsVector<never>>("kms");
  return {
    values: all.filter((one) => !isWrappedKey(one)) as KmsVector[],
    keys: all.filter(isWrappedKey) as KmsVector<KeyPlace>[],
  };
}

/** The cases of values under Vault, and of sealing keys wrapped by it. */
export function vaultVectors() {
  const all = readVectors<VaultVector<never>>("vault");
  return {
    values: all.filter((one) => !isWrappedKey(one)) as VaultVector[],
    keys: all.filter(isWrappedKey) as VaultVector<KeyPlace>[],
  };
}

/** KMS as far as a vector goes: it gives out its data key for its key, blob and context. */
export function kmsOf({ key, blob, dataKey, context }: KmsVector<unknown>): Pick<KmsApi, "decrypt"> {
  const spelled = (pairs: KmsContext) => JSON.stringify(Object.entries(pairs).sort());
  return {
    decrypt: async (wrapped, given) => {
      const fits =
        wrapped.key === key && toBase64(wrapped.blob) === blob && spelled(given) === spelled(context);
      return fits ? bytesOf(dataKey) : null;
    },
  };
}

/** Vault as far as a vector goes: it opens what its key sealed, at the place given. */
export function transitOf(vector: VaultVector<unknown>): Pick<TransitApi, "describeKey" | "decrypt"> {
  const { binding, versions } = vector;
  return {
    describeKey: async () => ({ binding, latestVersion: versions.length, minDecryptionVersion: 1 }),
    decrypt: async (_name, _binding, values) => values.map((value) => openByHand(vector, value)),
  };
}

/** Vault's Transit engine by Node's own functions: AEAD of the key's type, nonce || ciphertext || tag. */
export function openByHand(
  { type, binding, versions }: VaultVector<unknown>,
  { ciphertext, place }: TransitCiphertext,
): TransitOpened {
  const [, version = "", text = ""] = /^vault:v(\d+):(.*)$/.exec(ciphertext) ?? [];
  const master = bytesOf(versions[Number(version) - 1] ?? "");
  const sealed = bytesOf(text);
  const isDerived = binding === "context";
  const key = isDerived ? Buffer.from(hkdfSync("sha256", master, "", place, master.length)) : master;
  const cipher = {
    "aes128-gcm96": "aes-128-gcm",
    "aes256-gcm96": "aes-256-gcm",
    "chacha20-poly1305": "chacha20-poly1305",
  }[type];
  const decipher = createDecipheriv(cipher as CipherGCMTypes, key, sealed.subarray(0, 12), {
    authTagLength: 16,
  });
  if (!isDerived) decipher.setAAD(place);
  decipher.setAuthTag(sealed.subarray(-16));
  try {
    return {
      plaintext: new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])),
    };
  } catch {
    return { refused: "not-authentic" };
  }
}

/** Bytes of base64 that must be right. */
export function bytesOf(base64: string): Bytes {
  const decoded = fromBase64(base64);
  if (!("bytes" in decoded)) throw new Error("not base64");
  return decoded.bytes;
}
