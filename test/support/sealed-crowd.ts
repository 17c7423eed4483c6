import assert from "node:assert/strict";
import type { ControlPlane } from "./control-plane/control-plane.ts";
import type { KubeObject } from "./control-plane/kube-object.ts";
import { waitUntil } from "./control-plane/wait-until.ts";
import { base64, type SealedObject, type TestSealer } from "./in-process-sealing.ts";
import { type SceneSecret, sealedPath, secretPath } from "./sealed-secret-scene.ts";

/** Many SealedSecrets of one namespace, and what their Secrets must be. */
export type SealedCrowd = {
  readonly namespace: string;
  /** Items by name of the object, as they were sealed last. */
  readonly wanted: Map<string, Readonly<Record<string, string>>>;
  /** Creates one, or changes it to other items. */
  put(name: string, items: Readonly<Record<string, string>>): Promise<void>;
  /** Creates `count` objects of two items, named PREFIX-0 and on. */
  fill(prefix: string, count: number): Promise<void>;
  /** Deletes one; its Secret is not waited for. */
  remove(name: string): Promise<void>;
  /** The Secrets that are there. */
  secrets(): Promise<SceneSecret[]>;
  /** The SealedSecrets that are there. */
  sealedSecrets(): Promise<KubeObject[]>;
  /**
   * Waits until every object says that it is in sync, with its Secret as it must be and no Secret besides.
   * @throws Error that names what is not right.
   */
  untilRight(boundMs?: number): Promise<void>;
};

/** What all objects of a crowd have beside their values. */
export type CrowdShape = Pick<SealedObject, "annotations" | "labels" | "template">;

const atOnce = 10;

/** Makes the namespace, without any object. */
export async function sealedCrowd(
  cluster: ControlPlane,
  { namespace, sealer, shape = {} }: { namespace: string; sealer: TestSealer; shape?: CrowdShape },
): Promise<SealedCrowd> {
  await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]);
  const wanted = new Map<string, Readonly<Record<string, string>>>();

  async function put(name: string, items: Readonly<Record<string, string>>): Promise<void> {
    const object = await sealer.object({ ...shape, namespace, name, items });
    const path = sealedPath(namespace, name);
    for (;;) {
      const { status, body } = await cluster.request("GET", path);
      const present = status === 200 ? (body as KubeObject) : null;
      const answer =
        present === null
          ? await cluster.request("POST", sealedPath(namespace), object)
          : await cluster.request("PUT", path, { ...present, spec: object["spec"] });
      // The controller writes the status of the same object.
      if (answer.status === 409) continue;
      assert.ok(answer.status < 300, `${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
      break;
    }
    wanted.set(name, items);
  }

  async function listed(path: string): Promise<KubeObject[]> {
    const { status, body } = await cluster.request("GET", path);
    assert.equal(status, 200, path);
    return (body as { items: KubeObject[] }).items;
  }
  const secrets = async () => (await listed(secretPath(namespace))) as SceneSecret[];
  const sealedSecrets = () => listed(sealedPath(namespace));

  /** What is not as it must be, in a few words. */
  async function wrongs(): Promise<string[]> {
    const present = new Map((await secrets()).map((secret) => [secret.metadata.name, secret]));
    const objects = new Map((await sealedSecrets()).map((object) => [object.metadata.name, object]));
    const found: string[] = [];
    for (const [name, items] of wanted) {
      const secret = present.get(name);
      const object = objects.get(name);
      if (object === undefined) found.push(`${name} is lost`);
      else if (!isSynced(object)) found.push(`${name}: ${JSON.stringify(object["status"])}`);
      if (secret === undefined) found.push(`Secret ${name} is missing`);
      else if (!isSame(secret.data ?? {}, items)) found.push(`Secret ${name} is wrong`);
      else if (secret.metadata.ownerReferences?.[0]?.uid !== object?.metadata.uid)
        found.push(`Secret ${name} has another owner`);
    }
    for (const name of present.keys()) if (!wanted.has(name)) found.push(`Secret ${name} is too many`);
    return found;
  }

  return {
    namespace,
    wanted,
    put,
    async fill(prefix, count) {
      const indexes = Array.from({ length: count }, (_, index) => index);
      const worker = async () => {
        for (let index = indexes.shift(); index !== undefined; index = indexes.shift())
          await put(`${prefix}-${index}`, { a: `value ${index} of ${prefix}`, b: "same" });
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
    },
    async remove(name) {
      const { status } = await cluster.request("DELETE", sealedPath(namespace, name));
      assert.equal(status, 200, name);
      wanted.delete(name);
    },
    secrets,
    sealedSecrets,
    async untilRight(boundMs = 120_000) {
      let last: string[] = [];
      try {
        await waitUntil({ what: "", boundMs, everyMs: 250 }, async () => {
          last = await wrongs();
          return last.length === 0 ? true : null;
        });
      } catch (error) {
        const first = last.slice(0, 5).join("; ");
        throw new Error(`${last.length} wrong in ${namespace}: ${first}`, { cause: error });
      }
    },
  };
}

/** Whether the status covers the present generation and says that it is in sync. */
export function isSynced(object: KubeObject): boolean {
  const status = object["status"] as
    | { observedGeneration?: number; conditions?: { type: string; status: string }[] }
    | undefined;
  if (status?.observedGeneration !== object.metadata["generation"]) return false;
  return status?.conditions?.some(({ type, status: is }) => type === "Synced" && is === "True") ?? false;
}

function isSame(data: Readonly<Record<string, string>>, items: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(items);
  if (Object.keys(data).length !== names.length) return false;
  return names.every((name) => data[name] === base64(items[name] ?? ""));
}
