import assert from "node:assert/strict";
import { test } from "node:test";
import { protection, refusalToWrite, type WritePolicy } from "../../../controller/reconcile/gates.ts";
import { KEY_LABEL, type WantedSecret } from "../../../controller/reconcile/secret-object.ts";
import { POLICY, wanted } from "./objects.ts";

function refusal(want: Partial<WantedSecret>, policy: Partial<WritePolicy> = {}): string | null {
  return refusalToWrite(wanted(want), { ...POLICY, ...policy });
}

test("an ordinary Secret may be written", () => {
  assert.equal(refusal({}), null);
});

for (const label of [KEY_LABEL, "signet.dev/age-identity"]) {
  for (const value of ["active", "compromised", ""]) {
    for (const namespace of ["team", "kube-system"]) {
      test(`no forged key: label ${label}=${value} in ${namespace}`, () => {
        assert.match(
          refusal({ namespace, labels: { [label]: value } }) ?? "",
          new RegExp(`${label}.*remove it`),
        );
      });
    }
  }
}

for (const name of ["sealed-secrets-key", "sealed-secrets-key2abcd", "signet-record", "signet-"]) {
  test(`the name ${name} is kept for the controller in its own namespace, and free elsewhere`, () => {
    assert.match(
      refusal({ namespace: "kube-system", name }) ?? "",
      new RegExp(`${name} is kept for the controller`),
    );
    assert.equal(refusal({ namespace: "team", name }), null);
  });
}

test("other names in the controller's own namespace are free", () => {
  for (const name of ["db", "sealed-secrets", "my-sealed-secrets-key", "signet"]) {
    assert.equal(refusal({ namespace: "kube-system", name }), null);
  }
});

test("the reserved names follow the option for the prefix", () => {
  assert.equal(
    refusal({ namespace: "kube-system", name: "sealed-secrets-key1" }, { keyPrefix: "mine" }),
    null,
  );
  assert.match(refusal({ namespace: "kube-system", name: "mine7" }, { keyPrefix: "mine" }) ?? "", /is kept/);
});

for (const type of ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"]) {
  test(`type ${type} is refused unless an option names it`, () => {
    assert.match(refusal({ type }) ?? "", new RegExp(`--allowed-secret-types=${type}`));
    assert.equal(refusal({ type }, { allowedTypes: [type] }), null);
    assert.notEqual(refusal({ type }, { allowedTypes: ["Opaque"] }), null);
  });
}

test("other types are free", () => {
  for (const type of [
    null,
    "Opaque",
    "kubernetes.io/tls",
    "kubernetes.io/dockerconfigjson",
    "example.com/own",
  ]) {
    assert.equal(refusal({ type }), null);
  }
});

const replicating = [
  "reflector.v1.k8s.emberstack.com/reflection-allowed",
  "reflector.v1.k8s.emberstack.com/reflection-auto-enabled",
  "replicator.v1.mittwald.de/replicate-to",
  "replicator.v1.mittwald.de/replicate-to-matching",
  "replicator.v1.mittwald.de/replication-allowed",
  "kubed.appscode.com/sync",
  "kubernetes-replicator.olli.ai/replicate-to",
  "config.kubestitch.io/replicate",
];
for (const annotation of replicating) {
  test(`annotation ${annotation} is refused whatever it says, unless an option names it`, () => {
    for (const value of ["true", "false", ""]) {
      const words = refusal({ annotations: { note: "x", [annotation]: value } }) ?? "";
      assert.ok(words.includes(`--allowed-annotations=${annotation}`), words);
    }
    const annotations = { [annotation]: "true" };
    assert.equal(refusal({ annotations }, { allowedAnnotations: [annotation] }), null);
    assert.equal(
      refusal({ annotations }, { allowedAnnotations: ["x", `${annotation.split("/")[0]}/*`] }),
      null,
    );
    assert.equal(refusal({ annotations }, { allowedAnnotations: ["*"] }), null);
    assert.notEqual(refusal({ annotations }, { allowedAnnotations: [annotation.slice(0, -1)] }), null);
  });
}

test("allowing one annotation does not allow another beside it", () => {
  const annotations = { "kubed.appscode.com/sync": "", "replicator.v1.mittwald.de/replicate-to": "other" };
  assert.match(
    refusal({ annotations }, { allowedAnnotations: ["kubed.appscode.com/sync"] }) ?? "",
    /replicate-to/,
  );
});

test("a refusal quotes no value", () => {
  const secretWord = "hunter2";
  for (const want of [
    { labels: { [KEY_LABEL]: secretWord } },
    { annotations: { "kubed.appscode.com/sync": secretWord } },
    { type: "bootstrap.kubernetes.io/token", data: { token: secretWord } },
  ]) {
    const words = refusal(want) ?? assert.fail("not refused");
    assert.ok(!words.includes(secretWord), words);
  }
});

test("a Secret of a guarded type is ours to change only while its type is allowed, and never without being ours", () => {
  const type = "bootstrap.kubernetes.io/token";
  const existing = { metadata: { name: "t" }, type };
  const judge = (owned: boolean, allowedTypes: string[]) =>
    protection(existing, { ownerUid: "u", owned }, { ...POLICY, allowedTypes });
  assert.equal(judge(true, [type]), null);
  assert.equal(judge(true, []), `is of type ${type}`);
  assert.equal(judge(false, [type]), `is of type ${type}`);
  assert.equal(
    protection({ ...existing, type: "helm.sh/release.v1" }, { ownerUid: "u", owned: true }, POLICY),
    null,
    "one of our own making, whatever it is called",
  );
});
