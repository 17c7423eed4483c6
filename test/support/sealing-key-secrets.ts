import { X509Certificate } from "node:crypto";
import type { ControlPlane } from "./control-plane/control-plane.ts";
import type { KubeObject } from "./control-plane/kube-object.ts";
import type { SceneSecret } from "./sealed-secret-scene.ts";
import { controllerNamespace } from "./signet-controller.ts";

/** The label by which sealing keys are found. */
export const keyLabel = "sealedsecrets.bitnami.com/sealed-secrets-key";

/** A sealing key as its Secret holds it. */
export type KeyMaterial = { certificatePem: string; privateKeyPem: string };

const collection = `/api/v1/namespaces/${controllerNamespace}/secrets`;

/** The Secret of a sealing key, as an administrator brings it. */
export function keySecretOf(
  name: string,
  { certificatePem, privateKeyPem }: KeyMaterial,
  label = "active",
): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: controllerNamespace, name, labels: { [keyLabel]: label } },
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": Buffer.from(certificatePem).toString("base64"),
      "tls.key": Buffer.from(privateKeyPem).toString("base64"),
    },
  };
}

/** The Secrets of sealing keys, by the begin of their certificates where they can be read. */
export async function keySecrets(cluster: ControlPlane, label = "active"): Promise<SceneSecret[]> {
  const selector = encodeURIComponent(label === "" ? keyLabel : `${keyLabel}=${label}`);
  const { body } = await cluster.request("GET", `${collection}?labelSelector=${selector}`);
  const { items } = body as { items: SceneSecret[] };
  return items.sort((a, b) => begin(a) - begin(b));
}

/** The certificate of a key Secret as PEM. */
export function certificateOf(secret: SceneSecret): string {
  return Buffer.from(secret.data?.["tls.crt"] ?? "", "base64").toString("utf8");
}

/** Gives a key Secret another label value. */
export async function relabelKey(cluster: ControlPlane, name: string, label: string): Promise<void> {
  const patch = { metadata: { labels: { [keyLabel]: label } } };
  const { status } = await cluster.request("PATCH", `${collection}/${name}`, patch, {
    contentType: "application/merge-patch+json",
  });
  if (status !== 200) throw new Error(`cannot relabel ${name} (${status})`);
}

/** Deletes every sealing key, whatever its label's value. */
export async function deleteKeys(cluster: ControlPlane): Promise<void> {
  for (const { metadata } of await keySecrets(cluster, "")) {
    await cluster.request("DELETE", `${collection}/${metadata.name}`);
  }
}

function begin(secret: SceneSecret): number {
  try {
    return new X509Certificate(certificateOf(secret)).validFromDate.getTime();
  } catch {
    return 0;
  }
}
