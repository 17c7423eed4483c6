import type { ControlPlane } from "./control-plane/control-plane.ts";
import type { ServiceAccountName } from "./control-plane/service-account.ts";
import { succeed, type VaultAnswer } from "./vault-request.ts";
import type { VaultServer } from "./vault-server.ts";

/**
 * Writes a policy.
 * @param paths what may be done below which path: `{ "transit/decrypt/app": ["update"] }`.
 */
export async function writePolicy(
  vault: VaultServer,
  name: string,
  paths: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const rules = Object.entries(paths).map(([path, capabilities]) => [path, { capabilities }]);
  const policy = JSON.stringify({ path: Object.fromEntries(rules) });
  await succeed(vault.request, "PUT", `sys/policies/acl/${name}`, { policy });
}

const reviewer: ServiceAccountName = { namespace: "kube-system", name: "vault-reviewer" };

/** Lets ServiceAccounts of a control plane log in: Vault has the API server review their tokens, by a ServiceAccount of its own. */
export async function enableKubernetesAuth(
  vault: VaultServer,
  controlPlane: ControlPlane,
  mount = "kubernetes",
): Promise<void> {
  const token = await controlPlane.tokenFor({ serviceAccount: reviewer });
  const rbac = "rbac.authorization.k8s.io";
  await controlPlane.apply([
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: reviewer.name },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", ...reviewer }],
    },
  ]);
  await succeed(vault.request, "POST", `sys/auth/${mount}`, { type: "kubernetes" });
  await succeed(vault.request, "POST", `auth/${mount}/config`, {
    kubernetes_host: controlPlane.url,
    kubernetes_ca_cert: controlPlane.ca,
    token_reviewer_jwt: token,
    disable_local_ca_jwt: true,
  });
}

/** Who may log in as what. */
export type KubernetesRole = {
  /** Mount of its auth method; "kubernetes" by default. */
  mount?: string;
  name: string;
  /** Names of ServiceAccounts, and the namespaces they are in; "*" is any. */
  serviceAccounts: readonly string[];
  namespaces: readonly string[];
  /** Whom the ServiceAccount's token must be for. */
  audience: string;
  policies: readonly string[];
  /** How long what it gives is good for, in seconds; 600 by default. */
  tokenTtl?: number;
  /** How long at most, however often it is renewed, in seconds. */
  tokenMaxTtl?: number;
};

/** Makes a role, or replaces it. */
export async function writeKubernetesRole(vault: VaultServer, role: KubernetesRole): Promise<void> {
  const { mount = "kubernetes", name, tokenTtl = 600, tokenMaxTtl } = role;
  await succeed(vault.request, "POST", `auth/${mount}/role/${name}`, {
    bound_service_account_names: role.serviceAccounts,
    bound_service_account_namespaces: role.namespaces,
    audience: role.audience,
    token_policies: role.policies,
    token_ttl: tokenTtl,
    ...(tokenMaxTtl === undefined ? {} : { token_max_ttl: tokenMaxTtl }),
  });
}

/** Logs in with a ServiceAccount's token, whatever the answer; `auth.client_token` is in the body when it succeeds. */
export function logInToVault(
  vault: VaultServer,
  role: string,
  jwt: string,
  mount = "kubernetes",
): Promise<VaultAnswer> {
  return vault.request("POST", `auth/${mount}/login`, { role, jwt }, null);
}
