import * as z from "zod";
import {
  readAgeRecipients,
  readKmsRecipients,
  readVaultRecipients,
} from "../../shared/document/sops/keys/recipient-text.ts";
import type { SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { InputError } from "../../shared/errors.ts";
import { isKmsAliasArn, isKmsKeyArn, parseTransitKeyName } from "../../shared/seal/key-text.ts";
import type { SealingBackend } from "../key-services/sealing-backend.ts";

const recipientList = z.array(z.string()).min(1).max(64);

/** Fields of a rule that say what values are sealed under. */
export const backendFields = {
  backend: z.enum(["cluster", "kms", "vault", "sops"], "has to be cluster, kms, vault or sops").optional(),
  kmsKey: z
    .string()
    .refine(
      (text) => isKmsKeyArn(text) || isKmsAliasArn(text),
      "has to be the ARN of a key of AWS KMS, or an alias",
    )
    .optional(),
  vaultKey: z
    .string()
    .refine((text) => parseTransitKeyName(text) !== null, "has to be MOUNT/KEY")
    .optional(),
  age: recipientList.optional(),
  kms: recipientList.optional(),
  hcVaultTransit: recipientList.optional(),
};

/** What a rule says of it; a key or recipients imply their backend, as flags do. */
export type BackendFields = z.infer<z.ZodObject<typeof backendFields>>;
/** A key of a key service that a rule names. */
export type NamedService = Exclude<SealingBackend, { backend: "cluster" }>;
/** SOPS documents, and for whom; nobody where a `.sops.yaml` is to say it. Each list in one order, however it was written. */
export type NamedSops = { backend: "sops" } & Record<(typeof LISTS)[number], readonly string[]>;

const LISTS = ["age", "kms", "hcVaultTransit"] as const;
const READERS = { age: readAgeRecipients, kms: readKmsRecipients, hcVaultTransit: readVaultRecipients };
const IMPLIED = {
  kmsKey: "kms",
  vaultKey: "vault",
  age: "sops",
  kms: "sops",
  hcVaultTransit: "sops",
} as const;
const KEY_FIELDS = ["kmsKey", "vaultKey", ...LISTS] as const;

/** What a rule has values sealed under; null for the key of the cluster. */
export function namedBackend(rule: BackendFields | null): NamedService | NamedSops | null {
  if (rule === null) return null;
  if (rule.kmsKey !== undefined) return { backend: "kms", key: rule.kmsKey };
  const name = rule.vaultKey === undefined ? null : parseTransitKeyName(rule.vaultKey);
  if (name !== null) return { backend: "vault", name };
  if (rule.backend !== "sops" && LISTS.every((list) => rule[list] === undefined)) return null;
  const [age, kms, hcVaultTransit] = LISTS.map((list) => (rule[list] ?? []).toSorted());
  return { backend: "sops", age: age ?? [], kms: kms ?? [], hcVaultTransit: hcVaultTransit ?? [] };
}

/**
 * The recipients that a rule lists.
 * @param where names the rule in errors.
 * @returns none where a `.sops.yaml` is to name them.
 * @throws InputError for what is no recipient.
 */
export function listedRecipients(
  rule: Partial<Record<(typeof LISTS)[number], readonly string[] | undefined>>,
  where: string,
): SopsRecipient[] {
  return LISTS.flatMap((list) => READERS[list]((rule[list] ?? []).join(","), `${where}.${list}`));
}

/**
 * Sees that the fields of a rule mean one backend, and name what it takes.
 * @param where names the rule in errors.
 * @returns that backend.
 * @throws InputError naming the fields.
 */
export function requireOneBackend(rule: BackendFields, where: string): NonNullable<BackendFields["backend"]> {
  const given = KEY_FIELDS.filter((field) => rule[field] !== undefined);
  const [first] = given;
  const other = given.find((field) => first !== undefined && IMPLIED[field] !== IMPLIED[first]);
  if (first !== undefined && other !== undefined)
    throw new InputError(
      `${where} has both ${first} and ${other}`,
      "leave one of them out: a value lies under one key",
    );
  const implied = first === undefined ? null : IMPLIED[first];
  const { backend = implied ?? "cluster" } = rule;
  if (implied !== null && backend !== implied)
    throw new InputError(
      `${where} has ${first} beside backend: ${backend}`,
      `leave one of them out: ${first} is for backend ${implied}`,
    );
  if (implied === null && (backend === "kms" || backend === "vault"))
    throw new InputError(
      `${where} has backend: ${backend} and no ${backend}Key`,
      `write ${backend}Key with the key there`,
    );
  if (implied === "sops" && listedRecipients(rule, where).length === 0)
    throw new InputError(`${where} lists nobody under ${first}`, "name recipients, or leave the list out");
  return backend;
}
