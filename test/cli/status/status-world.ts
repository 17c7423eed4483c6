import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { run } from "../../../cli/run.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../embedded-cluster/embedded-cluster.ts";
import { type MemoryRun, memoryIo } from "../../support/memory-io.ts";

/** The present, for these tests. */
export const NOW = new Date("2030-01-02T00:00:00Z");

/** Conditions as controllers write them; `looked` is the generation that they are about. */
export type Told = {
  looked?: number;
  conditions: readonly { type: string; status: string; reason?: string; message?: string }[];
};

const since = "2030-01-01T00:00:00Z";
const good = { status: "True", reason: "Unsealed" };
const bad = { status: "False", reason: "UnsealFailed", message: "no key could decrypt secret (password)" };
const away = { status: "False", reason: "KeyServiceUnavailable", message: "AWS KMS does not answer" };

/** What controllers say. */
export const TOLD = {
  inSync: {
    conditions: [
      { type: "Synced", ...good },
      { type: "Ready", ...good },
    ],
  },
  /** Its Secret stands, and the background check found no key. */
  notOpening: {
    conditions: [
      { type: "Synced", ...good },
      { type: "Ready", ...good },
      { type: "Opens", status: "False", reason: "NoKeyOpens", message: "no key opens password" },
    ],
  },
  ofReference: { conditions: [{ type: "Synced", status: "True" }] },
  failedOfReference: {
    conditions: [{ type: "Synced", status: "False", message: "no key could decrypt secret" }],
  },
  failed: {
    conditions: [
      { type: "Synced", ...bad },
      { type: "Ready", ...bad },
      { type: "Stalled", ...bad, status: "True" },
    ],
  },
  /** Its Secret is as it should be, and the last look at it failed. */
  retrying: {
    conditions: [
      { type: "Synced", ...good },
      { type: "Ready", ...away },
      { type: "Reconciling", ...away, status: "True" },
    ],
  },
} as const satisfies Readonly<Record<string, Told>>;

/** A SealedSecret as the cluster has it. */
export function sealedSecret(
  namespace: string,
  name: string,
  told: Told | null,
  { generation = 1, value = "AgB=", ...metadata }: Record<string, unknown> = {},
): ApiObject {
  const status =
    told === null
      ? {}
      : {
          status: {
            observedGeneration: told.looked ?? generation,
            conditions: told.conditions.map((condition) => ({ lastTransitionTime: since, ...condition })),
            signet: { keys: ["SHA256:abcdefghijklmnop"] },
          },
        };
  return {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { namespace, name, generation: generation as number, ...metadata },
    spec: { encryptedData: { password: value } },
    ...status,
  };
}

/** An API server in memory, and the CLI beside it. */
export type StatusWorld = {
  cluster: EmbeddedCluster;
  put(...objects: ApiObject[]): void;
  /** Runs the CLI; its standard error is in `said` as it comes. */
  signet(
    args: readonly string[],
    files?: Readonly<Record<string, string>>,
    said?: string[],
  ): Promise<MemoryRun>;
};

export async function statusWorld(context: TestContext): Promise<StatusWorld> {
  const folder = mkdtempSync(join(tmpdir(), "signet-status-"));
  const cluster = await startEmbeddedCluster({ sealedSecrets: true });
  const kubeconfig = await cluster.kubeconfig(join(folder, "kubeconfig"));
  context.after(async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true });
  });
  return {
    cluster,
    put: (...objects) => {
      for (const object of objects) cluster.store.put(object);
    },
    async signet([command = "", ...args], files = {}, said = []) {
      const { io, left } = memoryIo([command, `--kubeconfig=${kubeconfig}`, ...args], {
        files: { ...files, [kubeconfig]: readFileSync(kubeconfig) },
        now: NOW,
      });
      const write = io.stderr.write.bind(io.stderr);
      io.stderr.write = (content) => {
        said.push(String(content));
        write(content);
      };
      return left(await run(io));
    },
  };
}
