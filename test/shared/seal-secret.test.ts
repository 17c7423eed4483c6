import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../shared/errors.ts";
import type { Binding, Sealer } from "../../shared/seal/sealer.ts";
import { type SealRequest, sealSecret } from "../../shared/seal-secret.ts";
import type { SecretManifest } from "../../shared/secret.ts";

const CLUSTER_WIDE = "sealedsecrets.bitnami.com/cluster-wide";
const NAMESPACE_WIDE = "sealedsecrets.bitnami.com/namespace-wide";

/** Writes down what it is asked and answers with the item's own name. */
function recordingSealer(): Sealer & { bindings: Binding[] } {
  const bindings: Binding[] = [];
  return {
    keyId: "SHA256:key",
    hint: "SHA256:key",
    bindings,
    async sealAll(items, binding) {
      bindings.push(binding);
      return new Map([...items.keys()].map((item) => [item, `sealed ${item}`]));
    },
  };
}

function secret(changes: Partial<SecretManifest> = {}): SecretManifest {
  return {
    name: "db",
    namespace: "team-a",
    generateName: null,
    labels: {},
    annotations: {},
    droppedMetadata: [],
    type: null,
    immutable: null,
    items: new Map([["password", new Uint8Array([1])]]),
    ...changes,
  };
}

async function seal(input: SecretManifest, changes: Partial<SealRequest> = {}) {
  const sealer = recordingSealer();
  const request = { clusterId: null, scope: null, name: null, namespace: null, allowEmptyData: false };
  const { sealedSecret, scope } = await sealSecret(input, "in", { ...request, sealer, ...changes });
  assert.deepEqual(
    sealer.bindings.map((binding) => binding.scope),
    [scope],
  );
  return { sealedSecret, scope };
}

async function refusal(input: SecretManifest, changes: Partial<SealRequest> = {}): Promise<string> {
  const error = await seal(input, changes).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof InputError, String(error));
  return error.message;
}

suite("sealing a Secret", () => {
  test("keeps its metadata in the template and states the key", async () => {
    const { sealedSecret } = await seal(
      secret({
        generateName: "db-",
        labels: { z: "1", a: "2" },
        annotations: { note: "x" },
        type: "Opaque",
        immutable: false,
        items: new Map([
          ["b", new Uint8Array()],
          ["a", new Uint8Array()],
        ]),
      }),
    );
    assert.deepEqual(sealedSecret, {
      kind: "SealedSecret",
      apiVersion: "bitnami.com/v1alpha1",
      metadata: { name: "db", namespace: "team-a", annotations: { "signet.dev/sealing-key": "SHA256:key" } },
      spec: {
        template: {
          metadata: {
            name: "db",
            generateName: "db-",
            namespace: "team-a",
            labels: { a: "2", z: "1" },
            annotations: { note: "x" },
          },
          type: "Opaque",
          immutable: false,
        },
        encryptedData: { a: "sealed a", b: "sealed b" },
      },
    });
    assert.deepEqual(Object.keys(sealedSecret), ["kind", "apiVersion", "metadata", "spec"]);
  });

  test("without items only when asked", async () => {
    const empty = secret({ items: new Map() });
    assert.match(await refusal(empty), /^in: secret\.data is empty in input Secret/);
    assert.deepEqual((await seal(empty, { allowEmptyData: true })).sealedSecret.spec.encryptedData, {});
  });

  test("takes the name given over its own", async () => {
    const { sealedSecret, scope } = await seal(secret(), { name: "other" });
    assert.equal(sealedSecret.metadata.name, "other");
    assert.equal(sealedSecret.spec.template?.metadata?.name, "other");
    assert.deepEqual(scope, { kind: "strict", namespace: "team-a", name: "other" });
    assert.equal(await refusal(secret({ name: null })), "in: missing metadata.name in input Secret");
  });

  test("passes the cluster id to the sealer", async () => {
    const sealer = recordingSealer();
    const request = {
      sealer,
      clusterId: "c1",
      scope: null,
      name: null,
      namespace: null,
      allowEmptyData: false,
    };
    await sealSecret(secret(), "in", request);
    assert.equal(sealer.bindings[0]?.clusterId, "c1");
  });
});

suite("namespaces", () => {
  const none = secret({ namespace: null });
  test("come from the client where the Secret names none", async () => {
    const { sealedSecret } = await seal(none, { namespace: { name: "ctx", explicit: false } });
    assert.equal(sealedSecret.metadata.namespace, "ctx");
    assert.equal(sealedSecret.spec.template?.metadata?.namespace, "ctx");
  });
  test("of the Secret stand against the client's, unless that one was given by hand", async () => {
    const context = { namespace: { name: "ctx", explicit: false } };
    assert.equal((await seal(secret(), context)).sealedSecret.metadata.namespace, "team-a");
    assert.equal(
      await refusal(secret(), { namespace: { name: "ctx", explicit: true } }),
      'in: namespace mismatch: input secret is in namespace "team-a" but "ctx" was specified',
    );
  });
  test("must be known, but for cluster-wide values, which get none", async () => {
    assert.equal(await refusal(none), "in: secret must declare a namespace");
    const given = { namespace: { name: "ctx", explicit: true }, scope: "cluster-wide" as const };
    const { sealedSecret } = await seal(none, given);
    assert.equal(sealedSecret.metadata.namespace, undefined);
    assert.equal(sealedSecret.spec.template?.metadata?.namespace, undefined);
    assert.equal((await seal(secret(), given)).sealedSecret.metadata.namespace, "team-a");
  });
});

suite("scopes", () => {
  const both = { [CLUSTER_WIDE]: "true", [NAMESPACE_WIDE]: "true" };
  const cases = [
    { name: "strict by default", annotations: {}, asked: null, kind: "strict", own: [], template: [] },
    {
      name: "as the Secret's annotation says",
      annotations: { [NAMESPACE_WIDE]: "true" },
      asked: null,
      kind: "namespace-wide",
      own: [NAMESPACE_WIDE],
      template: [NAMESPACE_WIDE],
    },
    {
      name: "cluster-wide where both are set",
      annotations: both,
      asked: null,
      kind: "cluster-wide",
      own: [CLUSTER_WIDE],
      template: [CLUSTER_WIDE, NAMESPACE_WIDE],
    },
    {
      name: "as asked, over the annotations",
      annotations: both,
      asked: "namespace-wide",
      kind: "namespace-wide",
      own: [NAMESPACE_WIDE],
      template: [NAMESPACE_WIDE],
    },
    {
      name: "strict when asked, without a word on annotations that state nothing",
      annotations: { [CLUSTER_WIDE]: "TRUE" },
      asked: "strict",
      kind: "strict",
      own: [],
      template: [CLUSTER_WIDE],
    },
    {
      name: "strict for other values than true",
      annotations: { [CLUSTER_WIDE]: "TRUE" },
      asked: null,
      kind: "strict",
      own: [],
      template: [CLUSTER_WIDE],
    },
  ] as const;
  for (const { name, annotations, asked, kind, own, template } of cases) {
    test(name, async () => {
      const { sealedSecret, scope } = await seal(secret({ annotations }), { scope: asked });
      assert.equal(scope.kind, kind);
      const stated = Object.keys(sealedSecret.metadata.annotations ?? {}).filter(
        (key) => key !== "signet.dev/sealing-key",
      );
      assert.deepEqual(stated, own);
      assert.deepEqual(
        Object.keys(sealedSecret.spec.template?.metadata?.annotations ?? {}).sort(),
        [...template].sort(),
      );
    });
  }
  test("strict by hand against an annotation is an open contradiction", async () => {
    assert.match(
      await refusal(secret({ annotations: { [CLUSTER_WIDE]: "true" } }), { scope: "strict" }),
      /--scope strict contradicts the Secret's own annotation, which says cluster-wide$/,
    );
  });
});
