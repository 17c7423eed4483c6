import { LAST_APPLIED_ANNOTATIONS } from "./annotations.ts";
import { type Bytes, fromBase64, utf8 } from "./bytes.ts";
import { InputError } from "./errors.ts";
import { isMap, UnquotedScalar } from "./unquoted-scalar.ts";

/** A Secret as a developer hands it in: metadata he wrote, items in plain bytes. */
export type SecretManifest = {
  name: string | null;
  namespace: string | null;
  generateName: string | null;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Metadata that only a cluster writes, or that must not pass through sealing; named, not kept. */
  droppedMetadata: string[];
  type: string | null;
  immutable: boolean | null;
  /** Items by name, `stringData` over `data`. */
  items: Map<string, Bytes>;
};

const SECRET_FIELDS = ["apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"];
const KEPT_METADATA = new Set(["name", "namespace", "generateName", "labels", "annotations"]);

/**
 * Reads one parsed document as a core/v1 Secret.
 * @param document what a YAML or JSON reader made of it; numbers whose text would change are UnquotedScalar.
 * @param where names the document in errors: `secret.yaml, document 2`.
 * @throws InputError naming the document and the field; never quotes a value.
 */
export function parseSecret(document: unknown, where: string): SecretManifest {
  if (!isMap(document)) throw notASecret(where, "it is not a map of fields");
  requireSecretKind(document, where);
  const secret = nameOfSecret(document, where);
  const metadata = document["metadata"] ?? {};
  if (!isMap(metadata)) throw field(secret, "metadata", "must be a map");
  const annotations = strings(metadata["annotations"], secret, "metadata.annotations");
  const items = new Map<string, Bytes>();
  readData(document["data"], secret, items);
  readStringData(document["stringData"], secret, items);
  return {
    name: text(metadata["name"], secret, "metadata.name"),
    namespace: text(metadata["namespace"], secret, "metadata.namespace"),
    generateName: text(metadata["generateName"], secret, "metadata.generateName"),
    labels: strings(metadata["labels"], secret, "metadata.labels"),
    annotations: Object.fromEntries(
      Object.entries(annotations).filter(([key]) => !LAST_APPLIED_ANNOTATIONS.has(key)),
    ),
    droppedMetadata: Object.keys(metadata).filter((key) => !KEPT_METADATA.has(key) && metadata[key] !== null),
    type: text(document["type"], secret, "type"),
    immutable: truth(document["immutable"], secret, "immutable"),
    items,
  };
}

/** Names an item may have in a Secret: the API server's rule. */
export function isItemName(name: string): boolean {
  return /^[-._a-zA-Z0-9]{1,253}$/.test(name) && name !== "." && !name.startsWith("..");
}

type Fields = { [field: string]: unknown };

function requireSecretKind(document: Fields, where: string): void {
  const { kind, apiVersion } = document;
  if (kind === "SealedSecret") {
    throw new InputError(`${where} is a SealedSecret already`, "give the Secret it was made from");
  }
  if (kind !== "Secret") {
    throw notASecret(
      where,
      typeof kind === "string" ? `its kind is ${JSON.stringify(kind)}` : "it has no kind",
    );
  }
  if (apiVersion !== "v1") {
    throw notASecret(
      where,
      typeof apiVersion === "string"
        ? `its apiVersion is ${JSON.stringify(apiVersion)}`
        : "it has no apiVersion",
    );
  }
}

function notASecret(where: string, why: string): InputError {
  return new InputError(
    `${where} is not a Secret: ${why}`,
    "give a document with apiVersion: v1 and kind: Secret",
  );
}

function nameOfSecret(document: Fields, where: string): string {
  for (const key of Object.keys(document)) {
    const known = SECRET_FIELDS.find((name) => name !== key && name.toLowerCase() === key.toLowerCase());
    if (known !== undefined) throw field(where, key, `is not a field of a Secret`, `write ${known}`);
  }
  const metadata = document["metadata"];
  const name = isMap(metadata) ? metadata["name"] : undefined;
  return typeof name === "string" && name !== "" ? `${where} (Secret ${JSON.stringify(name)})` : where;
}

function field(
  where: string,
  path: string,
  problem: string,
  hint = `correct ${path} in the Secret`,
): InputError {
  return new InputError(`${where}: ${path} ${problem}`, hint);
}

function readData(data: unknown, where: string, items: Map<string, Bytes>): void {
  for (const [item, value] of entries(data, where, "data")) {
    if (value === null) {
      items.set(item, new Uint8Array());
      continue;
    }
    if (typeof value !== "string") {
      throw field(where, `data.${item}`, "is not a string", "write plain text under stringData, in quotes");
    }
    const decoded = fromBase64(value);
    if ("illegalAt" in decoded) {
      throw field(
        where,
        `data.${item}`,
        `is not base64: illegal character or length at position ${decoded.illegalAt}`,
        "encode the value (base64 -w0), or write it as plain text under stringData",
      );
    }
    items.set(item, decoded.bytes);
  }
}

function readStringData(stringData: unknown, where: string, items: Map<string, Bytes>): void {
  for (const [item, value] of entries(stringData, where, "stringData")) {
    items.set(item, utf8(asText(value, where, `stringData.${item}`)));
  }
}

function entries(map: unknown, where: string, path: string): [string, unknown][] {
  if (map === undefined || map === null) return [];
  if (!isMap(map)) throw field(where, path, "must be a map of items");
  for (const item of Object.keys(map)) {
    if (!isItemName(item)) {
      throw field(
        where,
        `${path}.${JSON.stringify(item).slice(1, -1)}`,
        "is not a name a Secret's item may have",
        "use letters, digits, '-', '_' and '.', at most 253 of them",
      );
    }
  }
  return Object.entries(map);
}

function strings(map: unknown, where: string, path: string): Record<string, string> {
  if (map === undefined || map === null) return {};
  if (!isMap(map)) throw field(where, path, "must be a map of strings");
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [key, asText(value, where, `${path}.${key}`)]),
  );
}

/** A scalar as the string that was meant: unquoted numbers and truth values pass when nothing is lost. */
function asText(value: unknown, where: string, path: string): string {
  if (typeof value === "string") return value;
  if (value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof UnquotedScalar) {
    // An integer too large for a number is still what the author wrote.
    if (/^(?:0|-?[1-9][0-9]*)$/.test(value.source)) return value.source;
    throw field(where, path, "is a number or truth value whose text would change", "put the value in quotes");
  }
  throw field(where, path, "is not a string", "put the value in quotes");
}

function text(value: unknown, where: string, path: string): string | null {
  if (value === undefined || value === null || value === "") return null;
  return asText(value, where, path);
}

function truth(value: unknown, where: string, path: string): boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value;
  // `True` and `FALSE` lose nothing where a truth value is wanted.
  if (value instanceof UnquotedScalar && /^(?:true|false)$/i.test(value.source)) {
    return value.source.toLowerCase() === "true";
  }
  throw field(where, path, "must be true or false");
}
