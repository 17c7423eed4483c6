import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { successorName } from "../../shared/seal/successor-name.node.ts";
import type { ControlPlane } from "./control-plane/control-plane.ts";
import type { SceneSecret } from "./sealed-secret-scene.ts";
import { certificateOf, keyLabel } from "./sealing-key-secrets.ts";

/** What keys are to be like. */
export type KeyChain = {
  namespace: string;
  /** As the controller was told by --cluster-id. */
  clusterId: string;
  /** Name of the Secret that the test made as the first key. */
  first: string;
  renewPeriodMs: number;
};

const prefix = "sealed-secrets-key";

/**
 * Judges that there is exactly one key for each renewal: each succeeds the one before it, by its name, and came when that one
 * was old enough.
 * @returns their number, the first included.
 */
export async function assertKeyChain(
  cluster: ControlPlane,
  { namespace, clusterId, first, renewPeriodMs }: KeyChain,
): Promise<number> {
  const selector = encodeURIComponent(`${keyLabel}=active`);
  const path = `/api/v1/namespaces/${namespace}/secrets?labelSelector=${selector}`;
  const { items } = (await cluster.request("GET", path)).body as { items: SceneSecret[] };
  const keys = items
    .map((secret) => ({
      name: secret.metadata.name,
      fingerprint: readCertificate(certificateOf(secret)).fingerprint,
      beginMs: new X509Certificate(certificateOf(secret)).validFromDate.getTime(),
    }))
    .sort((a, b) => a.beginMs - b.beginMs);
  assert.equal(keys[0]?.name, first);
  for (const [at, { name, beginMs }] of keys.entries()) {
    const former = keys[at - 1];
    if (former === undefined) continue;
    const succession = { cluster: clusterId, predecessor: former.fingerprint, counter: 0 };
    assert.equal(
      name,
      successorName(prefix, succession),
      `key ${at} of ${namespace} succeeds the one before it`,
    );
    assert.ok(beginMs - former.beginMs >= renewPeriodMs, `key ${at} of ${namespace} came too soon`);
  }
  return keys.length;
}
