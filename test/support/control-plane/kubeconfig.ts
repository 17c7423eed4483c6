import { writeFile } from "node:fs/promises";

/** Who a kubeconfig speaks for, and where. */
export type KubeconfigContent = {
  url: string;
  /** PEM. */
  ca: string;
  token: string;
  /** Namespace of the context; none by default. */
  namespace?: string;
};

/** Writes a kubeconfig with one context, readable by this user only. */
export async function writeKubeconfig(path: string, content: KubeconfigContent): Promise<void> {
  const { url, ca, token, namespace } = content;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [
      {
        name: "test",
        cluster: { server: url, "certificate-authority-data": Buffer.from(ca).toString("base64") },
      },
    ],
    users: [{ name: "test", user: { token } }],
    contexts: [
      {
        name: "test",
        context: { cluster: "test", user: "test", ...(namespace === undefined ? {} : { namespace }) },
      },
    ],
  };
  // JSON is YAML; every client of kubeconfigs reads it.
  await writeFile(path, JSON.stringify(config, null, 2), { mode: 0o600 });
}
