import * as z from "zod";
import { isMap, UnquotedScalar } from "./unquoted-scalar.ts";

/*
 * Pieces of a schema that judge as the API server judges an object of a structural schema when it is created
 * (examples: crds/examples): a null where the schema knows no null counts as left out, an unknown field passes.
 * Every message given here is a phrase without a subject, and repeats nothing of what was read.
 */

/**
 * An object with these fields; fields it does not name are kept.
 * @param nullable fields whose null is kept, because the resource's schema says `nullable: true`.
 */
export function structure<Shape extends z.core.$ZodShape>(shape: Shape, nullable: readonly string[] = []) {
  const named = new Set(Object.keys(shape));
  return z.preprocess((value) => {
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value).filter(
        ([field, content]) => content !== null || !named.has(field) || nullable.includes(field),
      ),
    );
  }, z.looseObject(shape));
}

/** A map of strings; entries of null are left out. Any key is an own key of the result, `__proto__` too. */
export const stringMap = mapOf<string>((value) => (value === null ? LEFT_OUT : value));

/** A map of strings and nulls. */
export const nullableStringMap = mapOf<string | null>((value) => value);

/** A map of strings in `metadata`, which the API server reads into a Go map: a null there is the empty string. */
export const metadataStringMap = mapOf<string>((value) => (value === null ? "" : value));

const LEFT_OUT = Symbol("left out");

// The parser's own records pass over the key __proto__, which is a legal name of an item.
function mapOf<Value extends string | null>(read: (value: string | null) => Value | typeof LEFT_OUT) {
  return z.unknown().transform((map, context): Record<string, Value> => {
    if (!isMap(map)) {
      context.issues.push({ code: "invalid_type", expected: "record", input: map });
      return z.NEVER;
    }
    const entries: [string, Value][] = [];
    for (const [key, value] of Object.entries(map)) {
      if (value !== null && typeof value !== "string") {
        context.issues.push({ code: "invalid_type", expected: "string", input: value, path: [key] });
        continue;
      }
      const kept = read(value);
      if (kept !== LEFT_OUT) entries.push([key, kept]);
    }
    return Object.fromEntries(entries);
  });
}

/** An object nobody looks into here, kept as it is. */
export const opaqueMap = z.custom<Record<string, unknown>>(isMap, "must be a map of fields");

/** An integer of 64 bits. Beyond 2^53 it is rounded. */
export const int64 = z.preprocess(
  (value) => (value instanceof UnquotedScalar ? wholeNumber(value.source) : value),
  z.custom<number>(
    (value) => typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= 2 ** 63,
    "must be a whole number of at most 64 bits",
  ),
);

function wholeNumber(source: string): number {
  if (/^[-+]?\d+$/.test(source) && BigInt.asIntN(64, BigInt(source)) !== BigInt(source)) return Number.NaN;
  return Number(source);
}

/** Base64 as the format `byte` has it: padded, on one line, not empty. */
export const byteText = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/,
    "must be padded base64 on one line, and not empty",
  );

/** A moment, RFC 3339, as the format `date-time` has it. */
export const dateTime = z.string().refine((text) => {
  const match = DATE_TIME.exec(text);
  return match?.groups !== undefined && isDay(match.groups["day"] ?? "");
}, "must be a date and time as in RFC 3339, such as 2030-01-31T12:00:00Z");

const DATE_TIME =
  /^(?<day>\d{4}-\d{2}-\d{2})[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** A name as most resources have it: RFC 1123 subdomain, at most 253 characters. */
export const subdomainName = z
  .string()
  .refine(
    (text) => text.length <= 253 && SUBDOMAIN.test(text),
    "must be a name of at most 253 lower-case letters, digits, '-' and '.', with a letter or digit at either end of each part",
  );

/** A namespace's name, RFC 1123 label, at most 63 characters; empty for none. */
export const namespaceName = z
  .string()
  .refine(
    (text) => text === "" || (text.length <= 63 && LABEL.test(text)),
    "must be the name of a namespace: at most 63 lower-case letters, digits and '-', with a letter or digit at either end",
  );

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
