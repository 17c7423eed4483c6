import { InputError } from "../../shared/errors.ts";
import { UnquotedScalar } from "../../shared/unquoted-scalar.ts";

/**
 * A document's value as JSON can hold it: numbers and truth values as Kubernetes' own readers of YAML take them, `0644` for
 * octal among them.
 * @throws InputError naming the document, for a number that JSON does not have.
 */
export function plainJson(value: unknown, where: string): unknown {
  if (value instanceof UnquotedScalar) return resolved(value.source, where);
  if (Array.isArray(value)) return value.map((item: unknown) => plainJson(item, where));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plainJson(child, where)]));
}

function resolved(source: string, where: string): number | boolean {
  if (/^(?:true|false)$/i.test(source)) return source.toLowerCase() === "true";
  const number = numberOf(source.replaceAll("_", ""));
  if (Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))) return number;
  throw new InputError(
    `${where} holds a number that would change in JSON`,
    "leave out --format json, or put the number in quotes where it is meant as text",
  );
}

function numberOf(text: string): number {
  const [, sign = "", digits = ""] = /^([-+]?)(.*)$/.exec(text) ?? [];
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits}` : digits;
  return Number(octal) * (sign === "-" ? -1 : 1);
}
