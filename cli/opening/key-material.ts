import { fromBase64, fromUtf8 } from "../../shared/bytes.ts";
import { decodeText } from "../../shared/document/encoding.ts";
import { type InputDocument, readDocuments } from "../../shared/document/read-documents.ts";
import { InputError } from "../../shared/errors.ts";
import { CertificateError, readCertificate } from "../../shared/seal/certificate.node.ts";
import { PrivateKeyError, readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import type { OpeningKey } from "../../shared/seal/rsa-hybrid.ts";
import { looksWrapped } from "../../shared/seal/wrapping-key.ts";

/** A private key, and where it was found: `backup.yaml, item 2 (Secret kube-system/sealed-secrets-key7xk2p)`. */
export type FoundKey = { opening: OpeningKey; source: string };

/** Something that was looked at and gives no key: what it is, and what to do about it. Never quotes content. */
export type NoKey = {
  /** A sentence with its subject: `Secret kube-system/tls has no item tls.key`. */
  fault: string;
  hint: string;
};

/** What the content of a file gives. */
export type KeyMaterial = { found: FoundKey[]; without: NoKey[] };

const WANTED =
  "give an unencrypted RSA private key in PEM form, or Secrets with an item tls.key, as kubectl get secret -o yaml prints them";

/**
 * The private sealing keys in a file's content: PEM (PKCS#1 or PKCS#8, several blocks), or Secrets with an item
 * `tls.key` in JSON or YAML: one, a stream, a `List`, a `SecretList`, or a bare list without a kind.
 * @param where names the content in sources and faults.
 * @returns every usable key, and what of the content gives none; both empty for an empty content.
 * @throws InputError when it is neither text nor JSON nor YAML.
 */
export async function readKeyMaterial(content: Uint8Array, where: string): Promise<KeyMaterial> {
  // DER, and PKCS#12 in it, begin with a SEQUENCE of a long length.
  if (content[0] === 0x30 && (content[1] ?? 0) >= 0x80) {
    throw new InputError(
      `${where} holds no private key that can be read: it is binary (DER or PKCS#12)`,
      "turn it into PEM with openssl rsa -inform DER, or openssl pkcs12 -nodes",
    );
  }
  const text = decodeText(content, where);
  if (/^-----BEGIN /m.test(text)) return fromPem(text, where);
  const material: KeyMaterial = { found: [], without: [] };
  for (const document of objectsIn(text, where)) add(material, await fromSecret(document));
  return material;
}

function add(material: KeyMaterial, { found, without }: KeyMaterial): void {
  material.found.push(...found);
  material.without.push(...without);
}

const PEM_BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?^-----END \1-----/gm;

async function fromPem(text: string, where: string): Promise<KeyMaterial> {
  const material: KeyMaterial = { found: [], without: [] };
  const blocks = [...text.matchAll(PEM_BLOCK)];
  if (blocks.length === 0) {
    material.without.push({
      fault: `${where} holds a PEM block that is cut off`,
      hint: "copy it again, whole",
    });
  }
  for (const [block, label = ""] of blocks) {
    const obstacle = obstacleOf(label, block);
    if (obstacle !== null) {
      material.without.push({ fault: `${where} holds ${obstacle.what}`, hint: obstacle.hint });
      continue;
    }
    try {
      material.found.push({ opening: await readOpeningKey(block), source: where });
    } catch (error) {
      if (!(error instanceof PrivateKeyError)) throw error;
      const problem = error.message.replace(/^holds no private key.*/, "holds a damaged private key");
      material.without.push({ fault: `${where} ${problem}`, hint: error.hint });
    }
  }
  return material;
}

/** Why a PEM block cannot be a private key that opens values; null when it may be one. */
function obstacleOf(label: string, block: string): { what: string; hint: string } | null {
  if (label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type: 4,ENCRYPTED/m.test(block)) {
    return {
      what: "an encrypted private key",
      hint: "take the password off first: openssl rsa -in KEY -out plain.pem, in a place only you can read",
    };
  }
  if (label === "PRIVATE KEY" || label === "RSA PRIVATE KEY") return null;
  const what = NOT_KEYS.get(label) ?? "a PEM block of another kind";
  const hint = label === "OPENSSH PRIVATE KEY" ? "turn it into PEM with ssh-keygen -p -m PEM" : WANTED;
  return { what, hint };
}

const NOT_KEYS: ReadonlyMap<string, string> = new Map([
  ["CERTIFICATE", "a certificate, which seals but does not open"],
  ["TRUSTED CERTIFICATE", "a certificate, which seals but does not open"],
  ["PUBLIC KEY", "a public key"],
  ["RSA PUBLIC KEY", "a public key"],
  ["CERTIFICATE REQUEST", "a certificate request"],
  ["EC PRIVATE KEY", "an elliptic-curve key, and sealing keys are RSA"],
  ["OPENSSH PRIVATE KEY", "a private key in OpenSSH's own form"],
]);

function objectsIn(text: string, where: string): InputDocument[] {
  return readDocuments(text, where).flatMap((document) => {
    const { value } = document;
    // As Go's json.Marshal leaves a list that was built without its type.
    const bare = Array.isArray(value) ? value : isMap(value) && !("kind" in value) ? value["items"] : null;
    if (!Array.isArray(bare)) return [document];
    return bare.map((item: unknown, index) => ({
      value: item,
      where: `${document.where}, item ${index + 1}`,
    }));
  });
}

async function fromSecret({ value, where }: InputDocument): Promise<KeyMaterial> {
  const none = (fault: string, hint = WANTED): KeyMaterial => ({ found: [], without: [{ fault, hint }] });
  if (!isMap(value)) return none(`${where} is neither PEM nor a Secret`);
  const { kind = "Secret" } = value;
  if (kind !== "Secret") {
    const named = typeof kind === "string" ? `a ${JSON.stringify(kind)}` : "no Secret";
    const sealed = kind === "SealedSecret";
    return none(
      `${where} is ${sealed ? "a SealedSecret" : named}, and keys lie in Secrets`,
      sealed ? "give the keys with --key, and SealedSecrets as arguments" : WANTED,
    );
  }
  const name = nameOf(value);
  const source = name === null ? where : `${where} (Secret ${name})`;
  const pem = itemOf(value, "tls.key");
  if (pem === null) return none(`${name === null ? where : `${where}: Secret ${name}`} has no item tls.key`);
  if (pem === "not-base64") return none(`${source} has a tls.key that is not base64 of a text`);
  if (looksWrapped(pem)) {
    return none(
      `${source} has a tls.key that AWS KMS or Vault wraps`,
      "have it unwrapped in its cluster, with signet keys unwrap, or give the copy that was made before it was wrapped",
    );
  }
  if (!/^-----BEGIN /m.test(pem)) return none(`${source} has a tls.key that is not in PEM form`);
  const { found, without } = await fromPem(pem, source);
  return { found: found.map((key) => ({ ...key, opening: datedBy(value, key.opening) })), without };
}

/** A key, and since when it seals where the certificate beside it is its own. */
function datedBy(secret: Record<string, unknown>, opening: OpeningKey): OpeningKey {
  try {
    const { fingerprint, notBefore } = readCertificate(itemOf(secret, "tls.crt") ?? "");
    return fingerprint === opening.fingerprint ? { ...opening, since: notBefore } : opening;
  } catch (error) {
    if (error instanceof CertificateError) return opening;
    throw error;
  }
}

/** An item as text; null when there is none. */
function itemOf(secret: Record<string, unknown>, item: "tls.key" | "tls.crt"): string | null {
  const { data, stringData } = secret;
  const plain = isMap(stringData) ? stringData[item] : undefined;
  if (typeof plain === "string") return plain;
  const encoded = isMap(data) ? data[item] : undefined;
  if (typeof encoded !== "string" || encoded === "") return null;
  const decoded = fromBase64(encoded);
  return ("bytes" in decoded ? fromUtf8(decoded.bytes) : null) ?? "not-base64";
}

function nameOf({ metadata }: Record<string, unknown>): string | null {
  if (!isMap(metadata) || typeof metadata["name"] !== "string") return null;
  const { name, namespace } = metadata;
  return typeof namespace === "string" ? `${namespace}/${name}` : name;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
