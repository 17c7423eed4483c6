import type { TestContext } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { sopsWrapper } from "../../../shared/document/sops/keys/wrapper.ts";
import type { SopsRecipient } from "../../../shared/document/sops/metadata.ts";
import { API_VERSION, KIND } from "../../../shared/resource.ts";
import { type ScopeKind, scopeAnnotations, scopeAt } from "../../../shared/scope.ts";
import { sopsSealer } from "../../../shared/sops-sealed-secret/seal-sops.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import type { ControllerScene, SceneOptions } from "../faults/controller-scene.ts";
import { CLUSTER, KMS_KEY, type RemoteKeys, remoteScene } from "../key-services/remote-scene.ts";
import { type IdentitySecretMarks, identitySecret, type TestIdentity } from "./identity-secrets.ts";

/** The Vault that the controllers of these tests are told of, and the key there that SOPS can use. */
export const VAULT_ADDRESS = "https://vault.example";
export const SOPS_VAULT_KEY = "transit/team";

/** Options that permit the keys of these tests. */
export const SOPS_PERMITTED = [
  `--kms-allowed-keys=${KMS_KEY}`,
  `--vault-allowed-keys=${SOPS_VAULT_KEY}`,
  `--vault-addr=${VAULT_ADDRESS}`,
  "--vault-role=signet",
];

/** Recipients of each kind. */
export function ageRecipient({ recipient }: TestIdentity): SopsRecipient {
  return { type: "age", recipient };
}
export function kmsRecipient(
  arn: string = KMS_KEY,
  more: Partial<Extract<SopsRecipient, { type: "kms" }>> = {},
): SopsRecipient {
  return { type: "kms", arn, role: "", context: {}, awsProfile: "", ...more };
}
export function vaultRecipient(vaultAddress = VAULT_ADDRESS, keyName = "team"): SopsRecipient {
  return { type: "hc_vault", vaultAddress, enginePath: "transit", keyName };
}

/** Where a document is sealed for, and for whom. */
export type SopsFor = {
  name: string;
  namespace?: string;
  kind?: ScopeKind;
  clusterId?: string;
  /** Any of them opens; of several groups all are needed. */
  groups: readonly (readonly SopsRecipient[])[];
  template?: object;
};

/** A SealedSecret that is a SOPS document, as `signet --backend sops` writes it. */
export async function sopsManifest(
  keys: RemoteKeys,
  { name, namespace = "team", kind = "strict", clusterId = CLUSTER, groups, template }: SopsFor,
  plain: Readonly<Record<string, string>>,
): Promise<ApiObject & { spec: { encryptedData: Record<string, string> }; sops: Record<string, unknown> }> {
  const hint = () => "";
  const wrapper = sopsWrapper({
    kms: { api: () => keys.kms, permits: () => true, hintFor: hint },
    vault: {
      address: VAULT_ADDRESS,
      api: keys.transit,
      permits: () => true,
      hintFor: hint,
      addressHint: "",
    },
    now: () => new Date(),
  });
  const sealer = sopsSealer({ groups, shamirThreshold: 0, wrapper, now: () => new Date() });
  const bare = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { namespace, name, annotations: scopeAnnotations(kind) },
    spec: { encryptedData: {}, ...(template === undefined ? {} : { template }) },
  };
  const items = new Map(Object.entries(plain).map(([item, text]) => [item, utf8(text)]));
  const scope = scopeAt(kind, { namespace, name });
  if (sealer.sealObject === undefined) throw new Error("it seals no objects");
  return (await sealer.sealObject(bare as never, items, { clusterId, scope })) as never;
}

/** A controller with those age identities in Secrets. */
export function sopsScene(
  context: TestContext,
  keys: RemoteKeys,
  identities: readonly (readonly [identity: TestIdentity, marks: IdentitySecretMarks])[],
  { args = [], prepare, ...options }: SceneOptions = {},
): Promise<ControllerScene> {
  return remoteScene(context, keys, {
    ...options,
    args,
    prepare: async (cluster) => {
      for (const [{ text }, marks] of identities)
        cluster.store.put(identitySecret({ "keys.txt": text }, marks) as ApiObject);
      await prepare?.(cluster);
    },
  });
}

/** Waits until an object is refused by that reason. @returns the message. */
export async function untilRefused(
  scene: ControllerScene,
  name: string,
  reason: string,
  namespace = "team",
): Promise<string> {
  const ready = await scene.until(`${namespace}/${name}: ${reason}`, () => {
    const condition = scene.condition(name, "Ready", namespace);
    return condition?.reason === reason && condition;
  });
  return ready.message ?? "";
}
