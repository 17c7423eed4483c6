import { KeyServiceError, type KeyServiceFault } from "../seal/key-service-error.ts";
import { ExchangeError } from "./web-exchange.ts";

/** One call on KMS, as far as errors tell of it. */
export type KmsCall = {
  operation: "GenerateDataKey" | "Encrypt" | "Decrypt" | "ReEncrypt";
  key: string;
  /** Of ReEncrypt: the key to wrap under. */
  to?: string;
  region: string;
  /** Names of the pairs of the encryption context; values stay unsaid. */
  contextKeys: readonly string[];
};

type Row = { fault: KeyServiceFault; cause: (call: KmsCall) => string; hint: (call: KmsCall) => string };

/** Key, blob and context do not belong together; which of them is wrong KMS does not tell. */
const MISMATCHES: ReadonlySet<string> = new Set(["InvalidCiphertextException", "IncorrectKeyException"]);

const BAD_CREDENTIALS: Row = {
  fault: "credentials",
  cause: () => "it does not take our credentials",
  hint: () => "check that the credentials are current, belong to this partition, and that the clock is right",
};
const PASSING: Row = {
  fault: "unavailable",
  cause: () => "it cannot answer for now",
  hint: () => "wait; if it lasts, look at the AWS Health Dashboard for this region",
};
const THROTTLED: Row = {
  fault: "throttled",
  cause: () => "too many requests from this account and region",
  hint: () =>
    "wait; if it lasts, look at the account's KMS request quota for this region and at what else uses it",
};
const DENIED: Row = {
  fault: "denied",
  cause: (call) => `access is denied for ${actionsOf(call)}`,
  hint: (call) =>
    `allow ${actionsOf(call)} in the key policy or IAM policy for ${contextWords(call)}; if it is, look whether the key is in another account or hidden by an endpoint policy`,
};
const MISUSED: Row = {
  fault: "misused",
  cause: () => "it takes the request as wrong",
  hint: () => "check the key's name, and that this is a value or wrapped key that KMS gave out",
};

/** What each error of KMS means, by its name: half of them have no class, and classes differ between copies of the SDK. */
const ROWS: ReadonlyMap<string, Row> = new Map([
  ...named(["NotFoundException"], {
    fault: "unusable",
    cause: ({ region }) => `there is no such key in ${region}`,
    hint: () => "check account, region and id of the key, or the alias; a deleted key does not come back",
  }),
  ...named(["DisabledException"], {
    fault: "unusable",
    cause: () => "the key is disabled",
    hint: () => "enable it: aws kms enable-key",
  }),
  ...named(["KMSInvalidStateException"], {
    fault: "unusable",
    cause: () => "the key is in a state that allows no use, such as pending deletion or import",
    hint: () =>
      "look at its state (aws kms describe-key); a deletion can be cancelled (aws kms cancel-key-deletion)",
  }),
  ...named(["InvalidKeyUsageException"], {
    fault: "unusable",
    cause: () => "the key does not encrypt with an encryption context",
    hint: () => "use a symmetric key for encryption (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT)",
  }),
  ...named(
    [
      "KeyUnavailableException",
      "DependencyTimeoutException",
      "KMSInternalException",
      "InternalFailure",
      "ServiceUnavailable",
      "ServiceUnavailableException",
      "RequestTimeout",
      "RequestTimeoutException",
    ],
    PASSING,
  ),
  ...named(
    [
      "ThrottlingException",
      "Throttling",
      "ThrottledException",
      "TooManyRequestsException",
      "RequestLimitExceeded",
    ],
    THROTTLED,
  ),
  ...named(["AccessDeniedException", "AccessDenied"], DENIED),
  ...named(
    [
      "ExpiredTokenException",
      "ExpiredToken",
      "UnrecognizedClientException",
      "InvalidClientTokenId",
      "InvalidSignatureException",
      "SignatureDoesNotMatch",
      "IncompleteSignature",
      "IncompleteSignatureException",
      "MissingAuthenticationToken",
      "MissingAuthenticationTokenException",
      "RequestExpired",
    ],
    BAD_CREDENTIALS,
  ),
  ...named(
    [
      "ValidationException",
      "InvalidArnException",
      "InvalidGrantTokenException",
      "DryRunOperationException",
      "LimitExceededException",
      "SerializationException",
      "UnsupportedOperationException",
      "InvalidAction",
    ],
    MISUSED,
  ),
]);

/** Whether an error of the SDK says that key, blob and context do not belong together. */
export function isMismatch(error: unknown): boolean {
  return error instanceof Error && MISMATCHES.has(error.name);
}

/** What an error of the SDK means, in our words: its own text may name principals and quote what was sent. */
export function kmsFault(error: unknown, call: KmsCall): KeyServiceError {
  const { name, status, retryAfterMs } = seen(error);
  return keyServiceError(ROWS.get(name) ?? unnamedRow(error, status), call, retryAfterMs);
}

/** An answer that lacks what it must hold. */
export function incompleteAnswer(call: KmsCall): KeyServiceError {
  return keyServiceError(unknownAnswer("the answer lacks what was asked for"), call, null);
}

/** No answer to a whole call within the time for it. */
export function callTimedOut(call: KmsCall, limitMs: number): KeyServiceError {
  return keyServiceError(unreachable(`no answer within ${limitMs / 1000} s`), call, null);
}

function keyServiceError(row: Row, call: KmsCall, retryAfterMs: number | null): KeyServiceError {
  const to = call.to === undefined || call.to === call.key ? "" : `, to be wrapped under ${call.to}`;
  const message = `AWS KMS in ${call.region}, key ${call.key}${to}: ${row.cause(call)}`;
  return new KeyServiceError(row.fault, message, row.hint(call), { retryAfterMs });
}

/** Of errors that no row names: what the network, the status or the SDK's reader tells. */
function unnamedRow(error: unknown, status: number | null): Row {
  if (error instanceof ExchangeError) return unreachable(error.message, error.trustHint);
  if (hasCode(error, "ERR_INVALID_URL"))
    return {
      ...MISUSED,
      cause: () => "its endpoint is no URL",
      hint: () => "correct AWS_ENDPOINT_URL_KMS or AWS_ENDPOINT_URL",
    };
  if (error instanceof SyntaxError) return unknownAnswer("the answer is none of KMS");
  if (status === 429) return THROTTLED;
  if (status !== null && status >= 500) return PASSING;
  if (status !== null && status >= 400)
    return { ...MISUSED, cause: () => `it refuses with an error that we do not know (HTTP ${status})` };
  return unknownAnswer("the answer is none of KMS");
}

function unreachable(cause: string, trustHint: string | null = null): Row {
  return {
    fault: "unavailable",
    cause: () => cause,
    hint: ({ region }) =>
      trustHint ??
      `check that the KMS endpoint of ${region}, or the one that AWS_ENDPOINT_URL_KMS names, can be reached from here`,
  };
}

function unknownAnswer(cause: string): Row {
  return {
    fault: "unavailable",
    cause: () => cause,
    hint: () => "check what answers at the KMS endpoint: a proxy in between, or AWS_ENDPOINT_URL_KMS",
  };
}

/** What of an error of the SDK may be looked at. */
function seen(error: unknown): { name: string; status: number | null; retryAfterMs: number | null } {
  if (!(error instanceof Error)) return { name: "", status: null, retryAfterMs: null };
  const status = field(field(error, "$metadata"), "httpStatusCode");
  const after = field(field(field(error, "$response"), "headers"), "retry-after");
  const seconds = typeof after === "string" && /^\d{1,5}$/.test(after) ? Number(after) : null;
  return {
    name: error.name,
    status: typeof status === "number" ? status : null,
    retryAfterMs: seconds === null ? null : seconds * 1000,
  };
}

function field(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
}

function hasCode(error: unknown, code: string): boolean {
  return field(error, "code") === code;
}

function named(names: readonly string[], row: Row): [string, Row][] {
  return names.map((name) => [name, row]);
}

function actionsOf({ operation }: KmsCall): string {
  return operation === "ReEncrypt" ? "kms:ReEncryptFrom and kms:ReEncryptTo" : `kms:${operation}`;
}

function contextWords({ contextKeys }: KmsCall): string {
  if (contextKeys.length === 0) return "requests without an encryption context";
  return `the encryption context keys ${contextKeys.join(", ")}`;
}
