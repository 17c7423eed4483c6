import { join } from "node:path";
import { ensureRealComponents } from "../../tools/real-components.ts";
import { type ApiRequest, makeApiRequest } from "./api-request.ts";
import { type ApiServerOptions, startApiServer } from "./api-server.ts";
import { applyObjects } from "./apply-objects.ts";
import { type AuditEvent, readAuditEvents } from "./audit-log.ts";
import { startControllerManager } from "./controller-manager.ts";
import { etcdDataFolder, startEtcd } from "./etcd.ts";
import type { KubeObject } from "./kube-object.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { retryTakenPort } from "./retry-taken-port.ts";
import { makeScratchFolder } from "./scratch-folder.ts";
import { requestServiceAccountToken, type ServiceAccountName } from "./service-account.ts";
import { makeStaticUser } from "./static-users.ts";

/** What kind of control plane a test needs. */
export type ControlPlaneOptions = {
  /** Run kube-controller-manager too: owner references are collected, namespaces deleted, ServiceAccounts made. */
  controllerManager?: boolean;
  /** Keep the API server's audit log, for `auditEvents`. */
  auditLog?: boolean;
  /**
   * Objects applied before the controller manager starts. A CustomResourceDefinition given here is known to the garbage
   * collector at once; one applied later only after its next look at the API, up to 30 s on.
   */
  manifests?: readonly KubeObject[];
  /** Ordinary users with a fixed token, and their groups beyond system:authenticated. By default alice and bob, with none. */
  users?: Readonly<Record<string, readonly string[]>>;
  /** Further flags for kube-apiserver. */
  apiServerArgs?: readonly string[];
};

/** On whose behalf to speak: one of the users of the options, or any ServiceAccount (made where it is missing). */
export type Identity = { user: string } | { serviceAccount: ServiceAccountName };

/** A component that a test kills and starts again. */
export type Restartable = {
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again and waits until it is ready. */
  start(): Promise<void>;
};

/** A running etcd and kube-apiserver, perhaps with a controller manager, of one test's own. */
export type ControlPlane = {
  /** Where the API server is: https://127.0.0.1:PORT. */
  readonly url: string;
  /** Port of `url`. */
  readonly port: number;
  /** PEM certificate of the authority that signed the API server's certificate. */
  readonly ca: string;
  /** File that holds `ca`. */
  readonly caFile: string;
  /** Bearer token of a member of system:masters, who may do everything. */
  readonly adminToken: string;
  /** Path of a kubeconfig (mode 0600) with `adminToken`. */
  readonly adminKubeconfig: string;
  /** A folder of this control plane for the test's own files; removed by `stop`. */
  readonly folder: string;
  /** The processes that run now, whose pids are the programs' own. */
  readonly processes: {
    readonly etcd: ManagedProcess;
    readonly apiServer: ManagedProcess;
    readonly controllerManager: ManagedProcess | null;
  };
  /** What may be killed and started again, where it was and with the data it had. */
  readonly restartable: { readonly etcd: Restartable; readonly apiServer: Restartable };
  /** Where etcd serves, and the folder of its data. */
  readonly etcd: { readonly url: string; readonly dataFolder: string };
  /** PEM file of the private key of the API server's certificate (`caFile` holds that). */
  readonly servingKeyFile: string;
  /** Bearer token of an identity. That of a ServiceAccount comes from the TokenRequest API and lasts an hour. */
  tokenFor(identity: Identity): Promise<string>;
  /** Path of a new kubeconfig (mode 0600) for an identity; its context carries `namespace` when one is given. */
  kubeconfigFor(identity: Identity, namespace?: string): Promise<string>;
  /** Sends one request; by default as the administrator, with JSON. It fails only when there is no answer at all. */
  request: ApiRequest;
  /** Creates or replaces objects as the administrator, in order. @returns them as stored. */
  apply(objects: readonly KubeObject[]): Promise<KubeObject[]>;
  /** All audit events so far. @throws Error unless `auditLog` was asked for. */
  auditEvents(): Promise<AuditEvent[]>;
  /** Ends the processes and removes the folder. May be called twice. */
  stop(): Promise<void>;
};

/**
 * Starts a control plane of one test's own, on loopback ports the kernel chose, and waits until it is ready (a few
 * seconds). Authorisation is RBAC, with the roles a cluster starts with.
 * @throws Error with the last lines of the component that did not come up.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { controllerManager = false, auditLog = false, manifests = [] } = options;
  const binaries = await ensureRealComponents(["netbox", "etcd", "kube-apiserver"]);
  const admin = makeStaticUser("admin", ["system:masters"]);
  const others = Object.entries(options.users ?? { alice: [], bob: [] }).map(([name, groups]) =>
    makeStaticUser(name, groups),
  );
  const scratch = await makeScratchFolder("control-plane");
  const folder = scratch.path;
  const started: ManagedProcess[] = [];
  const closers: (() => void)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers) close();
    // Clients before their servers, so that none spends its last moments on failures; at once, since what they hold goes, too.
    for (const process of started.toReversed()) await process.stop(0);
    await scratch.remove();
  };
  try {
    const etcd = await retryTakenPort(() => startEtcd(binaries, folder));
    started.push(etcd.process);
    const apiServerOptions: ApiServerOptions = {
      binaries,
      folder,
      etcdUrl: etcd.url,
      users: [admin, ...others],
      auditLog,
      extraArgs: options.apiServerArgs ?? [],
    };
    const apiServer = await retryTakenPort(() => startApiServer(apiServerOptions));
    started.push(apiServer.process);
    const { url, port, ca, caFile, servingKeyFile, serviceAccountKeyFile, auditLogFile } = apiServer;
    const processes = { etcd: etcd.process, apiServer: apiServer.process };
    const restartable = (
      which: keyof typeof processes,
      startAgain: () => Promise<{ process: ManagedProcess }>,
    ): Restartable => ({
      kill: () => processes[which].stop(0),
      async start() {
        const { process } = await retryTakenPort(startAgain);
        started.push(process);
        processes[which] = process;
      },
    });
    const { request, close } = makeApiRequest({ url, ca, token: admin.token });
    closers.push(close);
    await applyObjects(request, manifests);

    const adminKubeconfig = join(folder, "admin.kubeconfig");
    await writeKubeconfig(adminKubeconfig, { url, ca, token: admin.token });
    let manager: ManagedProcess | null = null;
    if (controllerManager) {
      const managerBinaries = await ensureRealComponents(["netbox", "kube-controller-manager"]);
      manager = await startControllerManager({
        binaries: managerBinaries,
        kubeconfig: adminKubeconfig,
        serviceAccountKeyFile,
        caFile,
      });
      started.push(manager);
    }

    const tokenFor = async (identity: Identity): Promise<string> => {
      if ("serviceAccount" in identity) return requestServiceAccountToken(request, identity.serviceAccount);
      const user = others.find(({ name }) => name === identity.user);
      if (user === undefined)
        throw new Error(`no user ${identity.user}; give it to startControlPlane as an option`);
      return user.token;
    };
    let kubeconfigs = 0;
    return {
      url,
      port,
      ca,
      caFile,
      adminToken: admin.token,
      adminKubeconfig,
      folder,
      get processes() {
        return { ...processes, controllerManager: manager };
      },
      restartable: {
        etcd: restartable("etcd", () => startEtcd(binaries, folder, etcd.url)),
        apiServer: restartable("apiServer", () => startApiServer({ ...apiServerOptions, port })),
      },
      etcd: { url: etcd.url, dataFolder: etcdDataFolder(folder) },
      servingKeyFile,
      tokenFor,
      async kubeconfigFor(identity, namespace) {
        kubeconfigs += 1;
        const path = join(folder, `${kubeconfigs}.kubeconfig`);
        const token = await tokenFor(identity);
        await writeKubeconfig(path, { url, ca, token, ...(namespace === undefined ? {} : { namespace }) });
        return path;
      },
      request,
      apply: (objects) => applyObjects(request, objects),
      async auditEvents() {
        if (auditLogFile === null) throw new Error("start the control plane with auditLog: true");
        return readAuditEvents(auditLogFile);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
