import { KeyServiceError } from "../seal/key-service-error.ts";
import { ExchangeError } from "./web-exchange.ts";

const SETUP =
  "check the role and the token of the service account (IRSA: eks.amazonaws.com/role-arn; Pod Identity: its association), AWS_PROFILE, or AWS_ACCESS_KEY_ID";

/** What STS and the SDK's readers of credentials say, by the error's name. */
const ROWS: ReadonlyMap<string, { cause: string; hint: string }> = new Map([
  ...["AccessDenied", "AccessDeniedException"].map((name): [string, { cause: string; hint: string }] => [
    name,
    {
      cause: "STS does not let us take on the role",
      hint: "the role's trust policy must allow sts:AssumeRoleWithWebIdentity to this service account (sub) and audience (aud)",
    },
  ]),
  ...[
    "InvalidIdentityToken",
    "InvalidIdentityTokenException",
    "IDPRejectedClaim",
    "IDPRejectedClaimException",
  ].map((name): [string, { cause: string; hint: string }] => [
    name,
    {
      cause: "STS does not take the web identity token",
      hint: "check that IAM has the cluster's OIDC provider, and that the token's audience is one it lists",
    },
  ]),
  ...["ExpiredToken", "ExpiredTokenException"].map((name): [string, { cause: string; hint: string }] => [
    name,
    {
      cause: "the token to get credentials with has expired",
      hint: "check that AWS_WEB_IDENTITY_TOKEN_FILE is a projected token that the kubelet renews, and the clock",
    },
  ]),
  ["ENOENT", { cause: "a file that the environment names for them is missing", hint: SETUP }],
  ["EACCES", { cause: "a file that the environment names for them may not be read", hint: SETUP }],
]);

/**
 * What an error on the way to credentials means, in our words: the text of others may quote tokens.
 * @param where the region they are for, or what stands for it.
 */
export function credentialsFault(error: unknown, where: string): KeyServiceError {
  const { cause, hint } = wordsFor(error);
  return new KeyServiceError("credentials", `no credentials for AWS KMS in ${where}: ${cause}`, hint);
}

/** What an error means on the way to the credentials of a profile that was named. */
export function profileCredentialsFault(error: unknown, profile: string, where: string): KeyServiceError {
  const isKnown = error instanceof ExchangeError || rowOf(error) !== undefined;
  return isKnown ? credentialsFault(error, where) : profileFault(profile, where);
}

/** What an error of STS means when a role was to be taken on that an entry of a document names. */
export function roleFault(error: unknown, role: string, where: string): KeyServiceError {
  const isDenied = error instanceof Error && /^AccessDenied(?:Exception)?$/.test(error.name);
  const { cause, hint } = isDenied
    ? {
        cause: "STS does not let us take it on",
        hint: "the role's trust policy must allow sts:AssumeRole to us, and a policy of ours must allow it for the role",
      }
    : wordsFor(error);
  return new KeyServiceError(
    "credentials",
    `no credentials for AWS KMS in ${where} from the role ${role}: ${cause}`,
    hint,
  );
}

/** The profile that was named is not there, or has no credentials: those of another source are not meant. */
export function profileFault(profile: string, where: string): KeyServiceError {
  return new KeyServiceError(
    "credentials",
    `no credentials for AWS KMS in ${where} from the profile ${profile}: it has none, or is not there`,
    "look for the profile in ~/.aws/config and ~/.aws/credentials, or where AWS_CONFIG_FILE points",
  );
}

/** Credentials did not come within the time for a whole call. */
export function credentialsTimedOut(where: string, limitMs: number): KeyServiceError {
  return new KeyServiceError(
    "credentials",
    `no credentials for AWS KMS in ${where}: they did not come within ${limitMs / 1000} s`,
    "check that STS, the Pod Identity agent or the instance's metadata can be reached from here",
  );
}

function wordsFor(error: unknown): { cause: string; hint: string } {
  if (error instanceof ExchangeError)
    return {
      cause: `STS was not reached: ${error.message}`,
      hint:
        error.trustHint ??
        "check that sts.REGION.amazonaws.com, or the endpoint that AWS_ENDPOINT_URL_STS names, can be reached from here",
    };
  return rowOf(error) ?? { cause: "no source of them has any that can be used", hint: SETUP };
}

function rowOf(error: unknown): { cause: string; hint: string } | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return ROWS.get(typeof code === "string" ? code : "") ?? ROWS.get(error instanceof Error ? error.name : "");
}
