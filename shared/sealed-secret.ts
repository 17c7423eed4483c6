import * as z from "zod";
import { InputError } from "./errors.ts";
import { API_VERSION, KIND } from "./resource.ts";

const stringMap = z.record(z.string(), z.string());

const templateMetadataSchema = z.looseObject({
  name: z.string().optional(),
  namespace: z.string().optional(),
  labels: stringMap.optional(),
  annotations: stringMap.optional(),
  finalizers: z.array(z.string()).optional(),
});

const templateSchema = z.looseObject({
  type: z.string().optional(),
  immutable: z.boolean().optional(),
  metadata: templateMetadataSchema.nullish(),
  data: z.record(z.string(), z.string().nullable()).nullish(),
});

const conditionSchema = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastUpdateTime: z.string().optional(),
  lastTransitionTime: z.string().optional(),
  observedGeneration: z.int().optional(),
});

const statusSchema = z.looseObject({
  observedGeneration: z.int().optional(),
  conditions: z.array(conditionSchema).nullish(),
});

const metadataSchema = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  generation: z.int().optional(),
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().optional(),
  labels: stringMap.nullish(),
  annotations: stringMap.nullish(),
});

/** What the API server accepts as a SealedSecret; unknown fields are kept. */
export const sealedSecretSchema = z.looseObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(KIND),
  metadata: metadataSchema,
  spec: z.looseObject({
    encryptedData: stringMap,
    data: z.string().optional(),
    template: templateSchema.optional(),
  }),
  sops: z.looseObject({}).optional(),
  status: statusSchema.optional(),
});

/** A SealedSecret, from a file or from a cluster. */
export type SealedSecret = z.infer<typeof sealedSecretSchema>;
/** What the Secret shall look like besides its items. */
export type SecretTemplate = z.infer<typeof templateSchema>;
/** One entry of `status.conditions`. */
export type Condition = z.infer<typeof conditionSchema>;

/**
 * Reads one parsed document as a SealedSecret.
 * @param where names the document in errors.
 * @throws InputError naming document and field; never quotes a value.
 */
export function parseSealedSecret(document: unknown, where: string): SealedSecret {
  const result = sealedSecretSchema.safeParse(document);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? "the document" : issue.path.join(".");
  throw new InputError(
    `${where} is not a valid SealedSecret: ${path} ${problemOf(issue)}`,
    `correct ${path}, or seal the Secret again`,
  );
}

// The library's own messages may repeat what was received.
function problemOf(issue: z.core.$ZodIssue | undefined): string {
  switch (issue?.code) {
    case "invalid_type":
      return `must be of type ${issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_small":
      return "must not be empty";
    default:
      return "has the wrong form";
  }
}
