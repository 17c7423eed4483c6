import { InputError } from "../../../errors.ts";
import { isMap, UnquotedScalar } from "../../../unquoted-scalar.ts";

/** A mapping of a `.sops.yaml`, as it was read. */
export type RuleMap = Readonly<Record<string, unknown>>;

const CORRECT =
  "correct it there; https://getsops.io/docs/#using-sopsyaml-conf-to-select-kms-pgp-and-age-for-new-files says what it may be";

/** The mapping at some place. @throws InputError for anything else. */
export function ruleMapOf(value: unknown, where: string): RuleMap {
  if (isMap(value)) return value;
  throw new InputError(`${where} is no mapping`, CORRECT);
}

/** The items of a list; none where it is left out. @throws InputError for anything else. */
export function ruleListOf(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new InputError(`${where} is no list`, CORRECT);
}

/** A text, which numbers and truth values are, too, as Go reads them; empty where it is left out. @throws InputError for anything else. */
export function ruleTextOf(value: unknown, where: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof UnquotedScalar) return value.source;
  throw new InputError(`${where} is no text`, CORRECT);
}

/** Texts with commas between them, or a list of such. @throws InputError for anything else. */
export function ruleTextsOf(value: unknown, where: string): string {
  if (!Array.isArray(value)) return ruleTextOf(value, where);
  return value.map((one: unknown, at) => ruleTextOf(one, `${where}[${at}]`)).join(",");
}

/** A truth value; false where it is left out. @throws InputError for anything else. */
export function ruleTruthOf(value: unknown, where: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  throw new InputError(`${where} is neither true nor false`, CORRECT);
}

/** A whole number from 0 to 255; 0 where it is left out. @throws InputError for anything else. */
export function ruleCountOf(value: unknown, where: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255) return value;
  throw new InputError(`${where} is no whole number from 0 to 255`, CORRECT);
}

/** @throws InputError for the first field that is none of those known: to pass it over might be to leave a recipient out. */
export function requireKnownFields(map: RuleMap, known: ReadonlySet<string>, where: string): void {
  const unknown = Object.keys(map).find((field) => !known.has(field));
  if (unknown === undefined) return;
  const name = /^[a-z_]{1,40}$/i.test(unknown) ? `the field ${unknown}` : "a field";
  throw new InputError(`${where} has ${name} that signet does not know`, "correct its name, or leave it out");
}
