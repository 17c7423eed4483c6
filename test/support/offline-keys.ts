import { readTestKey } from "./vectors.ts";

/** The Secret of a sealing key as kubectl prints it, with a private key of the vectors in it. */
export function keySecret(name: string, key: string, label = "active"): object {
  const { privatePem, certificatePem } = readTestKey(key);
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      namespace: "kube-system",
      labels: { "sealedsecrets.bitnami.com/sealed-secrets-key": label },
    },
    type: "kubernetes.io/tls",
    data: { "tls.crt": base64(certificatePem), "tls.key": base64(privatePem) },
  };
}

/** UTF-16 with a byte order mark, as Windows PowerShell writes files. */
export function utf16(text: string): Uint8Array {
  return Buffer.from(`\ufeff${text}`, "utf16le");
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
