import * as z from "zod";
import { InputError } from "./errors.ts";
import { API_VERSION, KIND } from "./resource.ts";
import {
  byteText,
  dateTime,
  int64,
  metadataStringMap,
  namespaceName,
  nullableStringMap,
  opaqueMap,
  stringMap,
  structure,
  subdomainName,
} from "./structural-schema.ts";

const templateMetadataSchema = structure({
  name: z.string().optional(),
  namespace: z.string().optional(),
  labels: stringMap.optional(),
  annotations: stringMap.optional(),
  finalizers: z.array(z.string()).optional(),
});

const templateSchema = structure(
  {
    type: z.string().optional(),
    immutable: z.boolean().optional(),
    metadata: templateMetadataSchema.nullish(),
    data: nullableStringMap.nullish(),
  },
  ["metadata", "data"],
);

const vaultItemSchema = structure({
  key: z.string(),
  mount: z.string(),
  path: z.string(),
  field: z.string(),
  version: int64.optional(),
  refreshInterval: z.string().optional(),
});

const vaultSchema = z.array(vaultItemSchema).superRefine((items, context) => {
  const seen = new Set<string>();
  for (const [at, { key }] of items.entries()) {
    if (seen.has(key))
      context.addIssue({ code: "custom", path: [at], message: "repeats the key of an item before it" });
    seen.add(key);
  }
});

const conditionSchema = structure({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastUpdateTime: dateTime.optional(),
  lastTransitionTime: dateTime.optional(),
  observedGeneration: int64.optional(),
});

const statusSchema = structure({
  observedGeneration: int64.optional(),
  conditions: z.array(conditionSchema).optional(),
  signet: opaqueMap.optional(),
  vault: opaqueMap.optional(),
});

const metadataSchema = structure({
  name: subdomainName,
  // In files it is the author's word, and patterns of allowed keys go by it.
  namespace: namespaceName.optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: int64.optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: metadataStringMap.optional(),
  annotations: metadataStringMap.optional(),
});

const specSchema = structure({
  encryptedData: stringMap,
  data: byteText.optional(),
  template: templateSchema.optional(),
  vault: vaultSchema.optional(),
});

/**
 * What the API server accepts as a SealedSecret (crds/sealedsecrets.yaml), read as it is stored then: nulls that the
 * server leaves out are left out, unknown fields are kept.
 */
export const sealedSecretSchema = structure({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(KIND),
  metadata: metadataSchema,
  spec: specSchema,
  sops: opaqueMap.optional(),
  status: statusSchema.optional(),
});

/** A SealedSecret, from a file or from a cluster. */
export type SealedSecret = z.infer<typeof sealedSecretSchema>;
/** One entry of `status.conditions`. */
export type Condition = z.infer<typeof conditionSchema>;

/**
 * Reads one parsed document as a SealedSecret.
 * @param where names the document in errors.
 * @throws InputError naming document and field; never quotes a value.
 */
export function parseSealedSecret(document: unknown, where: string): SealedSecret {
  const result = sealedSecretSchema.safeParse(document, { reportInput: true });
  if (result.success) return result.data;
  const { field, what } = faultOf(result.error.issues[0]);
  throw new InputError(
    `${where} is not a valid SealedSecret: ${field} ${what}`,
    `correct ${field}, or seal the Secret again`,
  );
}

/** A field of a document that keeps it from being a SealedSecret. */
export type StructuralFault = {
  path: PropertyKey[];
  /** The path in words: `spec.vault[1].field`. */
  field: string;
  /** What is wrong, in words that follow the field. Never quotes a value. */
  what: string;
};

/** All that keeps a parsed document from being a SealedSecret. Of a field that is missing or of another type no parts are told. */
export function structuralFaults(document: unknown): StructuralFault[] {
  const result = sealedSecretSchema.safeParse(document, { reportInput: true });
  return result.success ? [] : result.error.issues.map(faultOf);
}

function faultOf(issue: z.core.$ZodIssue | undefined): StructuralFault {
  const path = issue?.path ?? [];
  return { path, field: path.length === 0 ? "the document" : spelled(path), what: problemOf(issue) };
}

/** `spec.vault[1].field`; names that hold more than printable ASCII without spaces are quoted. */
function spelled(path: readonly PropertyKey[]): string {
  return path
    .map((step, at) => {
      if (typeof step === "number") return `[${step}]`;
      const name = String(step);
      const plain = /^[!-~]+$/.test(name) ? name : JSON.stringify(name);
      return at === 0 ? plain : `.${plain}`;
    })
    .join("");
}

// The library's own messages may repeat what was received; those of `custom` and `invalid_format` are ours.
function problemOf(issue: z.core.$ZodIssue | undefined): string {
  switch (issue?.code) {
    case "invalid_type":
      return issue.input === undefined || issue.input === null
        ? "is missing"
        : `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "custom":
    case "invalid_format":
      return issue.message;
    default:
      return "has the wrong form";
  }
}

const TYPES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  object: "a map of fields",
  record: "a map",
  string: "a string",
};
