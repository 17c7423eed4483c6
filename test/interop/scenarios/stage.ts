import assert from "node:assert/strict";
import { type ControlPlane, startControlPlane } from "../../support/control-plane/control-plane.ts";
import type { KubeObject } from "../../support/control-plane/kube-object.ts";
import { readObjects, sealedSecretDefinitionFile } from "../../support/control-plane/object-files.ts";
import type { CoverageTable } from "../../support/coverage-table.ts";
import { base64, type SealedObject, type TestSealer, testSealer } from "../../support/in-process-sealing.ts";
import { grantedRights, type RightsShape } from "../../support/rights-shapes.ts";
import {
  type Scene,
  type SceneSecret,
  sceneOf,
  sealedPath,
  secretPath,
} from "../../support/sealed-secret-scene.ts";
import {
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../../support/signet-controller.ts";
import type { ScenarioRow } from "./rows.ts";

/** What the scenarios are played on: a control plane, and our controller with the rights of one shape and no others. */
export type Stage = {
  readonly cluster: ControlPlane;
  readonly scene: Scene;
  /** Seals for the controller's first key. */
  readonly sealer: TestSealer;
  readonly shape: RightsShape;
  /** The served namespace in which everything happens that needs only one. */
  readonly home: string;
  /** A move from one namespace to another: `to` is served, `from` is where more than one namespace is. */
  readonly move: { readonly from: string; readonly to: string };
  /** The controller that runs now. */
  readonly controller: SignetController;
  /** Ends the controller and starts it again. */
  restart(): Promise<void>;
  /** Seals and applies; at home, unless it says another namespace. @returns what was stored. */
  apply(content: SealedObject): Promise<KubeObject>;
  /** Replaces spec or metadata of an object that was applied; what is not named stays as it was applied. */
  change(stored: KubeObject, changed: { spec?: unknown; metadata?: Record<string, unknown> }): Promise<void>;
  /** A Secret that was there first, with an item of its own and one that is also sealed. */
  existing(name: string, fields: ExistingSecret): Promise<SceneSecret>;
  /** Another object's Secret has come and been collected since: what the controllers would do, they have done. */
  untilCollectorHasWorked(name: string): Promise<void>;
  stop(): Promise<void>;
};

/** How a Secret that was there first differs from the usual one; null leaves a field out. */
export type ExistingSecret = {
  annotations?: Record<string, string>;
  labels?: Record<string, string> | null;
  data?: null;
};

/** Declares scenarios; the stage stands once they run. */
export type Scenarios = (table: CoverageTable<ScenarioRow>, stage: () => Stage) => void;

/** Marks by which a Secret consents, and by which it gets no owner. */
export const marks = {
  managed: { "sealedsecrets.bitnami.com/managed": "true" },
  patch: { "sealedsecrets.bitnami.com/patch": "true" },
  unowned: { "sealedsecrets.bitnami.com/skip-set-owner-references": "true" },
};

/** Starts a control plane and our controller, which gets what the chart grants for that shape. */
export async function setStage(shape: RightsShape): Promise<Stage> {
  // The definition among the first objects: the garbage collector then knows it at once.
  const [manifests, { objects, flags }] = await Promise.all([
    readObjects(sealedSecretDefinitionFile),
    grantedRights(shape),
  ]);
  const cluster = await startControlPlane({ controllerManager: true, auditLog: true, manifests });
  try {
    const scene = sceneOf(cluster);
    const others = shape.served.filter((name) => name !== controllerNamespace);
    await scene.namespaces(...others, ...shape.others);
    await cluster.apply(objects);
    const start = () => startSignetController({ controlPlane: cluster, install: false, flags });
    let controller = await start();
    const sealer = await testSealer(await (await fetch(`${controller.url}/v1/cert.pem`)).text());
    const [home, second] = shape.served;
    const move =
      second === undefined || second === controllerNamespace
        ? { from: shape.others[0] ?? "default", to: home }
        : { from: home, to: second };

    const apply: Stage["apply"] = async (content) => {
      const [stored] = await cluster.apply([await sealer.object({ namespace: home, ...content })]);
      assert.ok(stored !== undefined);
      return stored;
    };
    return {
      cluster,
      scene,
      sealer,
      shape,
      home,
      move,
      get controller() {
        return controller;
      },
      async restart() {
        await controller.stop();
        controller = await start();
      },
      apply,
      async change({ apiVersion, kind, metadata, spec }, changed) {
        const { name, namespace = home, annotations } = metadata;
        await cluster.apply([
          {
            apiVersion,
            kind,
            metadata: { name, namespace, annotations, ...changed.metadata },
            spec: changed.spec ?? spec,
          },
        ]);
      },
      async existing(name, { annotations, labels = { theirs: "1" }, data }) {
        const theirs = { shared: base64("theirs"), theirs: base64("theirs") };
        const metadata = {
          namespace: home,
          name,
          ...(labels === null ? {} : { labels }),
          ...(annotations === undefined ? {} : { annotations }),
        };
        await cluster.apply([
          { apiVersion: "v1", kind: "Secret", metadata, ...(data === null ? {} : { data: theirs }) },
        ]);
        return scene.untilSecret(home, name);
      },
      async untilCollectorHasWorked(name) {
        await apply({ name, items: { foo: "bar" } });
        await scene.untilSecret(home, name);
        await scene.remove(sealedPath(home, name));
        await scene.untilNoSecret(home, name);
      },
      async stop() {
        await controller.stop();
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Deletes a Secret as somebody else would. */
export async function deleteSecret({ scene, home }: Stage, name: string): Promise<void> {
  await scene.remove(secretPath(home, name));
}

/** Fails unless the Secret has this SealedSecret as its one owner. */
export function assertOwner(secret: SceneSecret, owner: KubeObject | undefined): void {
  assert.ok(owner?.metadata.uid !== undefined);
  const { name, uid } = owner.metadata;
  assert.deepEqual(secret.metadata.ownerReferences, [
    { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", name, uid, controller: true },
  ]);
}
