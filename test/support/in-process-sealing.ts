import { toBase64, utf8 } from "../../shared/bytes.ts";
import { type Scope, type ScopeKind, scopeAnnotations, scopeAt } from "../../shared/scope.ts";
import { readCertificate, sealingKeyOf } from "../../shared/seal/certificate.node.ts";
import { classicSealer } from "../../shared/seal/rsa-hybrid.ts";
import type { KubeObject } from "./control-plane/kube-object.ts";

/** What a SealedSecret made by a test looks like. */
export type SealedObject = {
  namespace?: string;
  name: string;
  /** Plain items to seal. */
  items?: Readonly<Record<string, string | Uint8Array>>;
  scope?: ScopeKind;
  /** Where the values say they belong, when that is not where the object stands. */
  sealedFor?: { namespace?: string; name?: string; scope?: ScopeKind };
  /** `spec.template`, as it stands. */
  template?: Record<string, unknown>;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
};

/** Seals for one certificate without a process of its own for each object. */
export type TestSealer = {
  /** One value, sealed for a place. */
  value(plaintext: string | Uint8Array, scope: Scope): Promise<string>;
  /** A SealedSecret; its namespace is "default" unless it says so. */
  object(content: SealedObject): Promise<KubeObject>;
  /** A SealedSecret in the old whole-object form: the complete Secret sealed as one value, in spec.data. */
  wholeObject(content: SealedObject & { secret: unknown }): Promise<KubeObject>;
};

/** Makes a sealer for the certificate in a PEM text. */
export async function testSealer(certificatePem: string): Promise<TestSealer> {
  const sealer = classicSealer(await sealingKeyOf(readCertificate(certificatePem)));
  const value: TestSealer["value"] = async (plaintext, scope) => {
    const bytes = typeof plaintext === "string" ? utf8(plaintext) : new Uint8Array(plaintext);
    const sealed = await sealer.sealAll(new Map([["item", bytes]]), { clusterId: null, scope });
    return sealed.get("item") ?? "";
  };
  return {
    value,
    async object(content) {
      const encryptedData: Record<string, string> = {};
      for (const [item, plaintext] of Object.entries(content.items ?? {}))
        encryptedData[item] = await value(plaintext, sealingScope(content));
      return sealedSecret(content, { encryptedData });
    },
    async wholeObject({ secret, ...content }) {
      const data = await value(JSON.stringify(secret), sealingScope(content));
      return sealedSecret(content, { data, encryptedData: {} });
    },
  };
}

/** Text in base64, as it stands in the data of a Secret. */
export function base64(text: string): string {
  return toBase64(utf8(text));
}

function sealingScope({
  namespace = "default",
  name,
  scope = "strict",
  sealedFor = {},
}: SealedObject): Scope {
  return scopeAt(sealedFor.scope ?? scope, {
    namespace: sealedFor.namespace ?? namespace,
    name: sealedFor.name ?? name,
  });
}

function sealedSecret(content: SealedObject, spec: Record<string, unknown>): KubeObject {
  const { namespace = "default", name, labels, annotations, template, scope = "strict" } = content;
  return {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: {
      namespace,
      name,
      annotations: { ...scopeAnnotations(scope), ...annotations },
      ...(labels === undefined ? {} : { labels }),
    },
    spec: { ...spec, ...(template === undefined ? {} : { template }) },
  };
}
