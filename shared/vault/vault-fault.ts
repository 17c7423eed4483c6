import { KeyServiceError, type KeyServiceFault } from "../seal/key-service-error.ts";
import { reasonText, type VaultAnswer } from "./vault-answer.ts";

/** What was asked of Vault, for the words of an error. */
export type Asked = {
  /** Vault's address. */
  address: string;
  /** What it is about, as in "the Transit key transit/app". */
  subject: string;
  /** The right that the request takes, as in `read on transit/keys/app`; null where it takes none. */
  right: string | null;
};

const NO_MOUNT = /no handler for route/;
type Fault = { fault: KeyServiceFault; cause: string; hint: string };
type Row = { status: number; says?: RegExp; fault: KeyServiceFault; cause: string; hint: string };

const KEY_IS_GONE = "create the key, or name the one that the values are sealed under";
const TOO_LARGE = "the request is larger than Vault takes";
const SMALLER =
  "keep items below 750 KiB, or raise max_json_string_value_length and max_request_size of Vault's listener";
const TRY_LATER = "Vault is asked again later; look at its own log if this lasts";
const NOT_ACTIVE = "give the address of the active node, or of a load balancer before all of them";

/**
 * What statuses and phrases of Vault mean, the first row that fits
 * (https://developer.hashicorp.com/vault/api-docs#http-status-codes; phrases from Vault 1.21's sources and answers).
 * Phrases only tell rows apart: none is repeated, since Vault quotes what it was sent.
 */
const ROWS: readonly Row[] = [
  {
    status: 400,
    says: /\bencryption key not found\b/,
    fault: "unusable",
    cause: "there is no such key",
    hint: KEY_IS_GONE,
  },
  {
    status: 400,
    says: /'context'|key derivation|non-AEAD|not supported for key type/,
    fault: "unusable",
    cause: "the key is of another kind than it was when it was looked at",
    hint: "seal anew when somebody replaced the key",
  },
  {
    status: 400,
    fault: "misused",
    cause: "Vault takes the request as wrong",
    hint: "check the name, and that this version of Vault is one that is supported",
  },
  {
    status: 403,
    says: /\binvalid token\b|\bbad token\b|\bmissing client token\b/,
    fault: "credentials",
    cause: "the token is missing, expired or revoked",
    hint: "log in to Vault again, or check who keeps the token",
  },
  {
    status: 403,
    says: /\bsealed\b/,
    fault: "unavailable",
    cause: "the namespace of Vault is sealed",
    hint: "unseal the namespace",
  },
  { status: 403, fault: "denied", cause: "the token's policies do not allow it", hint: "" },
  {
    status: 404,
    says: NO_MOUNT,
    fault: "unusable",
    cause: "nothing is mounted there",
    hint: "check the mount, or enable the engine",
  },
  { status: 404, fault: "unusable", cause: "Vault knows no such thing", hint: KEY_IS_GONE },
  {
    status: 405,
    fault: "unusable",
    cause: "what is mounted there is another engine",
    hint: "check the mount",
  },
  {
    status: 412,
    fault: "unavailable",
    cause: "this node of Vault has not seen the latest changes yet",
    hint: TRY_LATER,
  },
  {
    status: 413,
    fault: "misused",
    cause: TOO_LARGE,
    hint: SMALLER,
  },
  {
    status: 429,
    fault: "throttled",
    cause: "Vault is asked too often",
    hint: "raise the rate limit quota in Vault if this lasts",
  },
  {
    status: 472,
    fault: "unavailable",
    cause: "this node stands by for disaster recovery",
    hint: NOT_ACTIVE,
  },
  { status: 473, fault: "unavailable", cause: "this node stands by", hint: NOT_ACTIVE },
  {
    // So answers a listener to JSON beyond its limits.
    status: 500,
    says: /^JSON .* exceeds allowed/,
    fault: "misused",
    cause: TOO_LARGE,
    hint: SMALLER,
  },
  {
    status: 501,
    fault: "unavailable",
    cause: "Vault is not initialised",
    hint: "initialise and unseal Vault",
  },
  { status: 503, says: /\bsealed\b/i, fault: "unavailable", cause: "Vault is sealed", hint: "unseal Vault" },
  {
    status: 503,
    fault: "unavailable",
    cause: "Vault is overloaded or under maintenance",
    hint: TRY_LATER,
  },
];

/**
 * The error of an answer that is no success: what it means, in our own words, with the wait that Vault asks for.
 * A status that no row names is `unavailable` from 500 on, else `misused`.
 * @param text what Vault says of it, where that does not stand in `errors`.
 */
export function vaultFault(
  answer: VaultAnswer,
  { address, subject, right }: Asked,
  text: string = reasonText(answer),
): KeyServiceError {
  const { fault, cause, hint } = meaning(answer.status, text);
  const next = fault === "denied" && right !== null ? `allow ${right} in a policy of the token` : hint;
  return new KeyServiceError(
    fault,
    `${subject} in Vault at ${address} cannot be used: ${cause} (status ${answer.status})`,
    next === "" ? "allow it in a policy of the token" : next,
    { retryAfterMs: answer.retryAfterMs },
  );
}

/** An answer of success that lacks what Vault always sends. */
export function unexpectedAnswer({ address, subject }: Asked): KeyServiceError {
  return new KeyServiceError(
    "unavailable",
    `Vault at ${address} answers about ${subject} with something else than was asked`,
    "check that the address is Vault's, and that this version of Vault is one that is supported",
  );
}

/** Whether it says that the token itself is not, or no longer, good; a policy's refusal does not. */
export function saysInvalidToken(answer: VaultAnswer): boolean {
  return answer.status === 403 && meaning(answer.status, reasonText(answer)).fault === "credentials";
}

/** Whether it says that nothing is mounted where it was asked. */
export function saysUnmounted(answer: VaultAnswer): boolean {
  return answer.status === 404 && NO_MOUNT.test(reasonText(answer));
}

function meaning(status: number, text: string): Fault {
  const row = ROWS.find((one) => one.status === status && (one.says?.test(text) ?? true));
  if (row !== undefined) return row;
  if (status >= 500) return { fault: "unavailable", cause: "Vault failed", hint: TRY_LATER };
  return {
    fault: "misused",
    cause: "Vault refuses the request",
    hint: "check the address and that this version of Vault is one that is supported",
  };
}
