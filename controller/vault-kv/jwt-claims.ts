import { mapOf } from "./map-of.ts";

/** Whom a JWT is for: its claim `aud`, unverified. Empty for a text that is no JWT. */
export function audiencesOf(token: string): readonly string[] {
  const { aud } = claimsOf(token);
  const listed: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return listed.filter((one) => typeof one === "string");
}

/** Who made a JWT: its claim `iss`, unverified. Null for none, and for a text that is no JWT. */
export function issuerOf(token: string): string | null {
  const { iss } = claimsOf(token);
  return typeof iss === "string" ? iss : null;
}

function claimsOf(token: string): Record<string, unknown> {
  const [, payload = ""] = token.split(".");
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return mapOf(claims);
  } catch {
    // The parser's message quotes the text.
    return {};
  }
}
