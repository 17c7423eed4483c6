import { join } from "node:path";
import { freePort } from "./host-network.ts";
import { type ManagedProcess, startProcess } from "./managed-process.ts";
import { untilReady } from "./process-readiness.ts";

/** A running single-member etcd; `url` is where clients reach it, without TLS, on loopback. */
export type Etcd = { url: string; process: ManagedProcess };

/** Folder of etcd's data below that of its control plane. */
export const etcdDataFolder = (folder: string): string => join(folder, "etcd");

/**
 * Starts etcd with its data below `folder` and waits until it serves. Nothing is synced to disk: the data is a test's.
 * @param url where it served before; by default on a port that is free.
 */
export async function startEtcd(
  binaries: { etcd: string; netbox: string },
  folder: string,
  url?: string,
): Promise<Etcd> {
  url ??= `http://127.0.0.1:${await freePort()}`;
  const process = await startProcess({
    name: "etcd",
    command: binaries.netbox,
    args: [
      "exec",
      "--",
      binaries.etcd,
      `--data-dir=${etcdDataFolder(folder)}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      // A lone member has no peers: any port does, and port 0 cannot be taken.
      "--listen-peer-urls=http://127.0.0.1:0",
      "--unsafe-no-fsync",
      "--log-level=warn",
    ],
  });
  await untilReady(process, { what: "etcd to serve", boundMs: 90_000 }, async () => {
    const answer = await fetch(`${url}/readyz`);
    return answer.ok ? true : null;
  });
  return { url, process };
}
