import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeApiRequest } from "./api-request.ts";
import { auditPolicy } from "./audit-log.ts";
import { firstBoxAddress, freePort, isInsideNetbox } from "./host-network.ts";
import { isRecord } from "./kube-object.ts";
import { type ManagedProcess, startProcess } from "./managed-process.ts";
import { untilReady } from "./process-readiness.ts";
import { type StaticUser, tokenFile } from "./static-users.ts";

/** A running API server. */
export type ApiServer = {
  process: ManagedProcess;
  /** https://127.0.0.1:PORT */
  url: string;
  port: number;
  /** PEM of the certificate authority that signed its serving certificate. */
  ca: string;
  caFile: string;
  /** PEM file of the private key of its serving certificate. */
  servingKeyFile: string;
  /** PEM file of the private key that signs ServiceAccount tokens. */
  serviceAccountKeyFile: string;
  /** Where audit events go, when asked for. */
  auditLogFile: string | null;
};

/** What an API server is started with. */
export type ApiServerOptions = {
  binaries: { "kube-apiserver": string; netbox: string };
  /** Where its certificates, keys and logs go. */
  folder: string;
  etcdUrl: string;
  /** Static tokens; the first must be a system:masters. */
  users: readonly [StaticUser, ...StaticUser[]];
  auditLog: boolean;
  extraArgs: readonly string[];
  /** Port to listen on; one the kernel chooses by default. */
  port?: number;
};

const firstNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

/**
 * Starts kube-apiserver and waits until it is ready and has made the namespaces every cluster has. Started again in its folder
 * it keeps its certificates and keys.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { binaries, folder, users } = options;
  const certificates = join(folder, "apiserver");
  await mkdir(certificates, { recursive: true });
  const serviceAccountKeyFile = join(folder, "service-account.key");
  const tokens = join(folder, "tokens.csv");
  const auditPolicyFile = join(folder, "audit-policy.json");
  const auditLogFile = options.auditLog ? join(folder, "audit.log") : null;
  if (!existsSync(serviceAccountKeyFile))
    await writeFile(serviceAccountKeyFile, serviceAccountKey(), { mode: 0o600 });
  await writeFile(tokens, tokenFile(users), { mode: 0o600 });
  await writeFile(auditPolicyFile, JSON.stringify(auditPolicy));

  const port = options.port ?? (await freePort());
  const process = await startProcess({
    name: "kube-apiserver",
    command: binaries.netbox,
    args: [
      "exec",
      "--",
      binaries["kube-apiserver"],
      `--etcd-servers=${options.etcdUrl}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--advertise-address=${isInsideNetbox() ? firstBoxAddress : "127.0.0.1"}`,
      // No component here finds the API server through the kubernetes Service.
      "--endpoint-reconciler-type=none",
      `--cert-dir=${certificates}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${serviceAccountKeyFile}`,
      `--service-account-signing-key-file=${serviceAccountKeyFile}`,
      `--token-auth-file=${tokens}`,
      "--authorization-mode=RBAC",
      "--service-cluster-ip-range=10.96.0.0/16",
      // Pods here are endpoints for the Service proxy only, so they need no ServiceAccount of their own.
      "--disable-admission-plugins=ServiceAccount",
      ...(auditLogFile === null
        ? []
        : [
            `--audit-policy-file=${auditPolicyFile}`,
            `--audit-log-path=${auditLogFile}`,
            "--audit-log-maxsize=10000",
          ]),
      ...options.extraArgs,
    ],
  });
  const url = `https://127.0.0.1:${port}`;
  const caFile = join(certificates, "apiserver.crt");
  const bound = { boundMs: 90_000 };
  // The server writes its self-signed chain, authority included, before it listens.
  const ca = await untilReady(process, { ...bound, what: "its certificate" }, () => readFile(caFile, "utf8"));
  const { request, close } = makeApiRequest({ url, ca, token: users[0].token });
  try {
    await untilReady(process, { ...bound, what: "/readyz" }, async () => {
      const { status } = await request("GET", "/readyz");
      return status === 200 ? true : null;
    });
    await untilReady(process, { ...bound, what: "the first namespaces" }, async () => {
      const { body } = await request("GET", "/api/v1/namespaces");
      const present = isRecord(body) && Array.isArray(body["items"]) ? body["items"].length : 0;
      return present >= firstNamespaces.length ? true : null;
    });
  } finally {
    close();
  }
  const servingKeyFile = join(certificates, "apiserver.key");
  return { process, url, port, ca, caFile, servingKeyFile, serviceAccountKeyFile, auditLogFile };
}

function serviceAccountKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ format: "pem", type: "sec1" }).toString();
}
