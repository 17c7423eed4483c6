import { wordsOf } from "../errors.ts";
import { Deadline } from "../kube/deadline.ts";
import { KeyServiceError } from "../seal/key-service-error.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { mapping, reasonText, succeeded, type VaultAnswer, wholeNumber } from "./vault-answer.ts";
import type { VaultClient } from "./vault-client.ts";
import { unexpectedAnswer, vaultFault } from "./vault-fault.ts";
import { segmentsOf } from "./vault-path.ts";

const JWT_TIMEOUT_MS = 30_000;

/** How to log in as a ServiceAccount, by Vault's Kubernetes auth method (or its JWT auth, which takes the same). */
export type KubernetesLogin = {
  /** Where the auth method is mounted, without `auth/`. */
  mount: string;
  role: string;
  /** A token of the ServiceAccount, asked for anew at each login. */
  jwt: (signal: AbortSignal) => Promise<string>;
};

/** A token of Vault and what is known of it. */
export type IssuedToken = {
  token: string;
  /** How long it is good for, ms; null for ever. */
  leaseMs: number | null;
  /** False where only a new login gets a later end. */
  renewable: boolean;
  /** False for batch tokens, which Vault keeps no record of. */
  revocable: boolean;
};

/**
 * Logs in (https://developer.hashicorp.com/vault/api-docs/auth/kubernetes#login).
 * @throws KeyServiceError `credentials` when Vault does not let that ServiceAccount in or no JWT can be had, `unavailable`
 * or `throttled` when Vault or its way to the API server fails; the signal's reason when aborted.
 */
export async function logInWithKubernetes(
  client: VaultClient,
  login: KubernetesLogin,
  signal: AbortSignal,
): Promise<IssuedToken> {
  const jwt = await tokenToLogInWith(login, signal);
  const answer = await client.request({
    method: "POST",
    path: ["auth", ...segmentsOf(login.mount), "login"],
    body: { role: login.role, jwt },
    signal,
    // The second of two logins would leave a token that nobody revokes.
    repeatable: false,
  });
  if (!succeeded(answer)) throw loginFault(answer, client, login);
  const token = issuedToken(answer);
  if (token === null) throw unexpectedAnswer(asked(client, login));
  return token;
}

async function tokenToLogInWith({ jwt }: KubernetesLogin, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  using deadline = new Deadline(JWT_TIMEOUT_MS, signal);
  try {
    return (await unlessAborted(jwt(deadline.signal), deadline.signal)).trim();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof KeyServiceError) throw error;
    const cause = deadline.passed ? `none came within ${JWT_TIMEOUT_MS / 1000} s` : wordsOf(error);
    throw new KeyServiceError(
      "credentials",
      `no token of the ServiceAccount to log in to Vault with: ${cause}`,
      "check where the token of the ServiceAccount comes from",
    );
  }
}

/** The token in the `auth` of an answer to a login or a renewal; null when there is none. */
export function issuedToken({ body }: VaultAnswer): IssuedToken | null {
  const auth = mapping(body?.["auth"]);
  const { client_token: token, lease_duration: lease, renewable, token_type: type } = auth;
  const seconds = wholeNumber(lease);
  if (typeof token !== "string" || !isToken(token) || seconds === null) return null;
  return {
    token,
    leaseMs: seconds === 0 ? null : seconds * 1000,
    renewable: renewable === true && type !== "batch",
    revocable: type !== "batch",
  };
}

/** Whether a text can be a token: printable and without spaces, as it has to be in a header. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]{1,16384}$/.test(text);
}

type Refusal = { status: number; says: RegExp | null; cause: string; hint: string };

// Phrases of the plugin: https://github.com/hashicorp/vault-plugin-auth-kubernetes, path_login.go
const REFUSALS: readonly Refusal[] = [
  {
    status: 400,
    says: /role/,
    cause: "there is no such role",
    hint: "create the role in Vault, or name another one",
  },
  {
    status: 403,
    says: /namespace not authorized/,
    cause: "the role is not for this namespace",
    hint: "add the namespace to the role's bound_service_account_namespaces",
  },
  {
    status: 403,
    says: /name not authorized/,
    cause: "the role is not for a ServiceAccount of this name",
    hint: "add the ServiceAccount to the role's bound_service_account_names",
  },
  {
    status: 403,
    says: /audience/,
    cause: "the role asks for another audience",
    hint: "have the token made for the audience that the role names",
  },
  {
    status: 403,
    says: null,
    cause: "Vault does not accept the ServiceAccount's token",
    hint: "check that the Kubernetes auth method is mounted there (Vault answers the same where it is not), the role, the token's audience, and that Vault may create TokenReviews at the API server",
  },
  {
    status: 404,
    says: null,
    cause: "no auth method is mounted there",
    hint: "enable the Kubernetes auth method, or name where it is mounted",
  },
  {
    status: 400,
    says: null,
    cause: "Vault takes the login as wrong",
    hint: "check the role and the ServiceAccount's token",
  },
];

function loginFault(answer: VaultAnswer, client: VaultClient, login: KubernetesLogin): KeyServiceError {
  const text = reasonText(answer);
  const refusal = REFUSALS.find(({ status, says }) => status === answer.status && (says?.test(text) ?? true));
  const { address, subject } = asked(client, login);
  if (refusal === undefined || /\bsealed\b/.test(text))
    return vaultFault(answer, { address, subject, right: null });
  return new KeyServiceError(
    "credentials",
    `${subject} in Vault at ${address} is refused: ${refusal.cause} (status ${answer.status})`,
    refusal.hint,
    { retryAfterMs: answer.retryAfterMs },
  );
}

function asked({ address }: VaultClient, { mount, role }: KubernetesLogin) {
  return { address, subject: `the login as role ${role} at auth/${mount}`, right: null };
}
