import { InputError } from "../../../errors.ts";
import { readStream } from "../../document-stream.ts";
import type { SopsRecipient, SopsSelection } from "../metadata.ts";
import { identityOf } from "../recipients.ts";
import {
  type RuleMap,
  requireKnownFields,
  ruleCountOf,
  ruleListOf,
  ruleMapOf,
  ruleTextOf,
  ruleTextsOf,
  ruleTruthOf,
} from "./creation-rule-text.ts";
import {
  checkedKms,
  readAgeRecipients,
  readKmsRecipients,
  readVaultRecipient,
  readVaultRecipients,
} from "./recipient-text.ts";

/** What a rule of a `.sops.yaml` says of new documents. */
export type CreationRule = {
  /** Names the rule: `.sops.yaml, rule 2`. */
  where: string;
  /** Its `path_regex`; empty for none. */
  pathRegex: string;
  groups: readonly (readonly SopsRecipient[])[];
  /** 0 for none. */
  shamirThreshold: number;
  selection: SopsSelection;
  macOnlyEncrypted: boolean;
};

const SELECTIONS = [
  "unencrypted_suffix",
  "encrypted_suffix",
  "unencrypted_regex",
  "encrypted_regex",
  "unencrypted_comment_regex",
  "encrypted_comment_regex",
] as const;
/** Of services that signet does not encrypt with, by their names there. */
const OTHERS = {
  pgp: "PGP",
  gcp_kms: "GCP KMS",
  azure_keyvault: "Azure Key Vault",
  hckms: "Huawei Cloud KMS",
} as const;
const FLAT = ["age", "kms", "aws_profile", "hc_vault_transit_uri", ...Object.keys(OTHERS)];
const RULE_FIELDS = new Set([
  ...FLAT,
  ...SELECTIONS,
  "path_regex",
  "key_groups",
  "shamir_threshold",
  "mac_only_encrypted",
]);
const GROUP_FIELDS = new Set(["age", "kms", "hc_vault", "merge", ...Object.keys(OTHERS)]);
const KMS_FIELDS = new Set(["arn", "role", "context", "aws_profile"]);
const DEEPEST_MERGE = 8;
const MOST_RECIPIENTS = 1000;

/**
 * The creation rule of a `.sops.yaml` for a path: the first whose `path_regex` fits it, as sops takes it. Stricter than that in
 * three things: a field that is not known, a recipient of a service that signet does not encrypt with, and two rules of
 * selection are refused, since a document would be made that lacks a reader or encrypts something else.
 * @param text of the file.
 * @param path from the file's folder, with slashes; absolute for a file outside it, empty for a stream.
 * @param where names the file.
 * @returns null where the file has no creation rules.
 * @throws InputError naming rule and field; also where no rule fits.
 */
export async function creationRuleFor(
  text: string,
  path: string,
  where: string,
): Promise<CreationRule | null> {
  const rules = creationRules(text, where);
  if (rules.length === 0) return null;
  for (const rule of rules) {
    if (await pathFits(rule.pathRegex(), path, rule.where)) return rule.read();
  }
  throw new InputError(
    path === ""
      ? `no creation rule of ${where} is for a stream, which has no path`
      : `no creation rule of ${where} fits the path ${path}`,
    "add a rule whose path_regex fits it, or one without path_regex at the end",
  );
}

/** A creation rule that is read as far as it is asked. */
export type UnreadRule = {
  /** Names the rule: `.sops.yaml, rule 2`. */
  where: string;
  /** Its `path_regex`; empty for none. @throws InputError when that is no text. */
  pathRegex(): string;
  /** @throws InputError naming what of it is none that signet follows. */
  read(): CreationRule;
};

/**
 * The creation rules of a `.sops.yaml`, in their order; none where it has none.
 * @throws InputError when the file is none.
 */
export function creationRules(text: string, where: string): UnreadRule[] {
  const [document, ...more] = readStream(text.replace(/^\ufeff/, ""), where);
  if (more.length > 0) throw new InputError(`${where} has more than one document`, "leave one");
  const rules = document === undefined ? undefined : ruleMapOf(document.value, where)["creation_rules"];
  return ruleListOf(rules, `${where}: creation_rules`).map((one, at) => {
    const place = `${where}, rule ${at + 1}`;
    const rule = () => ruleMapOf(one, place);
    return {
      where: place,
      pathRegex: () => ruleTextOf(rule()["path_regex"], `${place}: path_regex`),
      read: () => readRule(rule(), place),
    };
  });
}

/**
 * Whether a `path_regex` fits a path; an empty one fits all.
 * @param where names the rule.
 * @throws InputError for a pattern that is none, or takes too long to try.
 */
export async function pathFits(pattern: string, path: string, where: string): Promise<boolean> {
  if (pattern === "") return true;
  const { goPattern, PatternWorkError } = await import("../go-pattern.ts");
  const matches = goPattern(pattern);
  if (matches === null)
    throw new InputError(
      `${where}: path_regex is no regular expression in Go's syntax, or too large`,
      "correct the rule; look-around and back-references are not part of that syntax",
    );
  try {
    return matches(path);
  } catch (error) {
    if (!(error instanceof PatternWorkError)) throw error;
    throw new InputError(`${where}: path_regex takes too long to try`, "write a simpler one");
  }
}

function readRule(rule: RuleMap, where: string): CreationRule {
  requireKnownFields(rule, RULE_FIELDS, where);
  const hasGroups = rule["key_groups"] !== undefined && rule["key_groups"] !== null;
  const groups = hasGroups
    ? ruleListOf(rule["key_groups"], `${where}: key_groups`).map((group, at) =>
        readGroup(group, `${where}: key_groups[${at}]`, 0),
      )
    : [readFlat(rule, where)];
  if (groups.length === 0 || groups.some((group) => group.length === 0))
    throw new InputError(
      `${where} names no recipient${groups.length > 1 ? " in one of its groups" : ""}`,
      "name age recipients, KMS keys or Vault keys there",
    );
  if (groups.flat().length > MOST_RECIPIENTS)
    throw new InputError(`${where} names more than ${MOST_RECIPIENTS} recipients`, "name fewer");
  const shamirThreshold = ruleCountOf(rule["shamir_threshold"], `${where}: shamir_threshold`);
  if (groups.length > 1 && (shamirThreshold === 1 || shamirThreshold > groups.length))
    throw new InputError(
      `${where}: shamir_threshold fits not the ${groups.length} groups`,
      `write a number from 2 to ${groups.length}, or leave it out for all of them`,
    );
  return {
    where,
    pathRegex: ruleTextOf(rule["path_regex"], `${where}: path_regex`),
    groups,
    shamirThreshold,
    selection: selectionOf(rule, where),
    macOnlyEncrypted: ruleTruthOf(rule["mac_only_encrypted"], `${where}: mac_only_encrypted`),
  };
}

function readFlat(rule: RuleMap, where: string): SopsRecipient[] {
  refuseOthers(rule, where);
  const texts = (field: string) => ruleTextsOf(rule[field], `${where}: ${field}`);
  const awsProfile = ruleTextOf(rule["aws_profile"], `${where}: aws_profile`);
  return withoutRepeats([
    ...readKmsRecipients(texts("kms"), `${where}: kms`, { awsProfile }),
    ...readVaultRecipients(texts("hc_vault_transit_uri"), `${where}: hc_vault_transit_uri`),
    ...readAgeRecipients(texts("age"), `${where}: age`),
  ]);
}

function readGroup(value: unknown, where: string, depth: number): SopsRecipient[] {
  const group = ruleMapOf(value, where);
  requireKnownFields(group, GROUP_FIELDS, where);
  refuseOthers(group, where);
  if (depth > DEEPEST_MERGE)
    throw new InputError(`${where} is merged too deeply`, "write its keys where they are used");
  const list = (field: string) => ruleListOf(group[field], `${where}.${field}`);
  const texts = (field: string) =>
    list(field).map((one, at): [string, string] => {
      const place = `${where}.${field}[${at}]`;
      return [ruleTextOf(one, place), place];
    });
  return withoutRepeats([
    ...list("merge").flatMap((one, at) => readGroup(one, `${where}.merge[${at}]`, depth + 1)),
    ...list("kms").map((one, at) => readKms(one, `${where}.kms[${at}]`)),
    ...texts("hc_vault").map(([text, place]) => readVaultRecipient(text, place)),
    ...texts("age").flatMap(([text, place]) => readAgeRecipients(text, place)),
  ]);
}

function readKms(value: unknown, where: string): SopsRecipient {
  const fields = ruleMapOf(value, where);
  requireKnownFields(fields, KMS_FIELDS, where);
  const text = (field: string) => ruleTextOf(fields[field], `${where}.${field}`);
  const pairs = Object.entries(ruleMapOf(fields["context"] ?? {}, `${where}.context`));
  const context = Object.fromEntries(pairs.map(([name, one]) => [name, ruleTextOf(one, `${where}.context`)]));
  const kms = {
    type: "kms",
    arn: text("arn"),
    role: text("role"),
    context,
    awsProfile: text("aws_profile"),
  } as const;
  return checkedKms(kms, where);
}

/** @throws InputError where a recipient is of a service that signet does not encrypt with: it could not read the document. */
function refuseOthers(map: RuleMap, where: string): void {
  for (const [field, service] of Object.entries(OTHERS)) {
    const value = map[field];
    const isEmpty =
      value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
    if (!isEmpty)
      throw new InputError(
        `${where}: ${field} names recipients of ${service}, for which signet does not encrypt`,
        "make the document with sops itself, or write a rule of its own with age, AWS KMS or Vault",
      );
  }
}

function withoutRepeats(recipients: readonly SopsRecipient[]): SopsRecipient[] {
  return [...new Map(recipients.map((recipient) => [identityOf(recipient), recipient])).values()];
}

function selectionOf(rule: RuleMap, where: string): SopsSelection {
  const given = SELECTIONS.flatMap((name) => {
    const pattern = ruleTextOf(rule[name], `${where}: ${name}`);
    return pattern === "" ? [] : [{ rule: name, pattern }];
  });
  if (given.length > 1)
    throw new InputError(`${where} has both ${given[0]?.rule} and ${given[1]?.rule}`, "leave one of them");
  return given[0] ?? { rule: "default" };
}
