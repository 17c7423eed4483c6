import { generateX25519Identity, identityToRecipient } from "age-encryption";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import {
  AGE_IDENTITIES_IN_USE,
  AGE_IDENTITIES_LABEL,
  AGE_NAMESPACES_ANNOTATION,
} from "../../../shared/age-identity-secret.ts";

/** An age identity and what others encrypt for. */
export type TestIdentity = { text: string; recipient: string };

/** A new one. */
export async function testIdentity(): Promise<TestIdentity> {
  const text = await generateX25519Identity();
  return { text, recipient: await identityToRecipient(text) };
}

/** How such a Secret differs from one of the controller's namespace in use. */
export type IdentitySecretMarks = {
  name?: string;
  namespace?: string;
  /** Null for none. */
  label?: string | null;
  /** The annotation; null for none. */
  serves?: string | null;
};

/** A Secret that is labelled as holding age identities. @param items texts of its items. */
export function identitySecret(
  items: Readonly<Record<string, string>>,
  {
    name = "age-keys",
    namespace = "kube-system",
    label = AGE_IDENTITIES_IN_USE,
    serves = "*",
  }: IdentitySecretMarks = {},
): SecretObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      namespace,
      name,
      labels: label === null ? {} : { [AGE_IDENTITIES_LABEL]: label },
      annotations: serves === null ? {} : { [AGE_NAMESPACES_ANNOTATION]: serves },
    },
    type: "Opaque",
    data: Object.fromEntries(
      Object.entries(items).map(([item, text]) => [item, Buffer.from(text).toString("base64")]),
    ),
  };
}
