/** A JSON object as it came. */
export type VaultBody = Readonly<Record<string, unknown>>;

/** What Vault answered, whatever the status. */
export type VaultAnswer = {
  status: number;
  /** Null where there was none; of an error, also where it was not a JSON object, as pages of proxies are not. */
  body: VaultBody | null;
  /** The wait that the answer asks for, null for none. */
  retryAfterMs: number | null;
};

/** Whether it is a success: 200, 202 and 204 occur. */
export function succeeded({ status }: VaultAnswer): boolean {
  return status >= 200 && status < 300;
}

/** A value as a mapping; an empty one when it is none. */
export function mapping(value: unknown): VaultBody {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The `data` of an answer, an empty mapping without. */
export function dataOf({ body }: VaultAnswer): VaultBody {
  return mapping(body?.["data"]);
}

/**
 * What Vault says of an error, all lines in one. May quote what it was asked: to be searched for known phrases, never to
 * be shown.
 */
export function reasonText({ body }: VaultAnswer): string {
  const errors: unknown = body?.["errors"];
  return Array.isArray(errors) ? errors.filter((one) => typeof one === "string").join("\n") : "";
}

/** A whole number of at least 0, as Vault sends versions and seconds; null for anything else. */
export function wholeNumber(value: unknown): number | null {
  const number = isExactNumber(value) ? Number(value.rawJSON) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** A number of a JSON text, digit by digit: the engine's own raw JSON, so that `JSON.stringify` writes it as it was. */
export type ExactNumber = { readonly rawJSON: string };

/** What TypeScript's library does not name yet: https://tc39.es/proposal-json-parse-with-source/ */
type JsonWithSource = { rawJSON(text: string): ExactNumber; isRawJSON(value: unknown): value is ExactNumber };
const json = JSON as unknown as JsonWithSource;

/** Whether a value came of `parseExact` as a number. */
export function isExactNumber(value: unknown): value is ExactNumber {
  return json.isRawJSON(value);
}

/** Reads JSON whose numbers stay ExactNumber. @throws SyntaxError that quotes the text, as `JSON.parse` does. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && context?.source !== undefined ? json.rawJSON(context.source) : value,
  );
}
