/** Where credentials for AWS may come from. */
export type CredentialsSource =
  | "environment"
  | "shared config"
  | "assumed role"
  | "SSO"
  | "process"
  | "login session"
  | "web identity (IRSA)"
  | "container (Pod Identity, ECS)"
  | "instance metadata";

/**
 * Names of sources by the marks that the SDK leaves on credentials (`$source`, in `@aws-sdk/types`); the first row that
 * fits counts, since credentials that a profile leads to carry the marks of the whole way.
 */
const SOURCES: readonly (readonly [RegExp, CredentialsSource])[] = [
  [/^CREDENTIALS_ENV_VARS$/, "environment"],
  [/^CREDENTIALS_PROFILE/, "shared config"],
  [/^CREDENTIALS_STS_ASSUME_ROLE$/, "assumed role"],
  [/^CREDENTIALS_SSO/, "SSO"],
  [/^CREDENTIALS_LOGIN$/, "login session"],
  [/^CREDENTIALS_PROCESS$/, "process"],
  [/^CREDENTIALS_(?:ENV_VARS_STS_WEB_ID_TOKEN|STS_ASSUME_ROLE_WEB_ID)$/, "web identity (IRSA)"],
  [/^CREDENTIALS_HTTP$/, "container (Pod Identity, ECS)"],
];

/** @param credentials as a provider of the SDK gave them. Those of instance metadata have no mark. */
export function sourceOf(credentials: object): CredentialsSource {
  const marks = Object.keys(Reflect.get(credentials, "$source") ?? {});
  const row = SOURCES.find(([form]) => marks.some((mark) => form.test(mark)));
  return row?.[1] ?? "instance metadata";
}

/**
 * What the environment sets up besides, and is silently passed over for the source that is used.
 * @returns our words for it; null where nothing is.
 */
export function passedOver(
  used: CredentialsSource,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const keys = set(env, "AWS_ACCESS_KEY_ID") && set(env, "AWS_SECRET_ACCESS_KEY");
  if (used === "shared config" && keys)
    return "AWS_PROFILE is set, so AWS_ACCESS_KEY_ID of the environment is not used";
  if (used !== "environment") return null;
  const instead = set(env, "AWS_WEB_IDENTITY_TOKEN_FILE")
    ? "web identity token (IRSA)"
    : set(env, "AWS_CONTAINER_CREDENTIALS_FULL_URI") || set(env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
      ? "container credentials (Pod Identity, ECS)"
      : null;
  if (instead === null) return null;
  return `AWS_ACCESS_KEY_ID of the environment is used, and the ${instead} set up beside it is not: remove one of them`;
}

function set(env: Readonly<Record<string, string | undefined>>, name: string): boolean {
  return (env[name] ?? "") !== "";
}
