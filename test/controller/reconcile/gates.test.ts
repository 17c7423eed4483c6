import assert from "node:assert/strict";
import { test } from "node:test";
import {
  protection,
  refusalToAsk,
  refusalToWrite,
  unfitPolicy,
  type WritePolicy,
} from "../../../controller/reconcile/gates.ts";
import { MANAGED_ANNOTATION, type WantedSecret } from "../../../controller/reconcile/secret-object.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { POLICY, wanted } from "./objects.ts";

function refusal(want: Partial<WantedSecret>, policy: Partial<WritePolicy> = {}): string | null {
  return refusalToWrite(wanted(want), { ...POLICY, ...policy });
}

test("an ordinary Secret may be written", () => {
  assert.equal(refusal({}), null);
});

for (const label of [KEY_LABEL, "signet.dev/age-identities"]) {
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

test("a refused annotation whose name runs commands is quoted in the option that would permit it", () => {
  const words = refusal({ annotations: { "config.kubestitch.io/$(id); x": "" } }) ?? "";
  assert.ok(words.includes("--allowed-annotations='config.kubestitch.io/$(id); x' to permit it"), words);
});

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

function asked(want: Partial<WantedSecret>, policy: Partial<WritePolicy> = {}): string | null {
  return refusalToAsk(wanted(want), { ...POLICY, ...policy });
}

test("the controller's own namespace is closed by an option alone", () => {
  assert.equal(asked({ namespace: "kube-system" }), null);
  assert.equal(asked({}, { forbidOwnNamespace: true }), null);
  assert.match(
    asked({ namespace: "kube-system" }, { forbidOwnNamespace: true }) ?? "",
    /--forbid-own-namespace/,
  );
});

const denied: [string, "labels" | "annotations", string, boolean][] = [
  ["example.com/x", "labels", "example.com/x", true],
  ["example.com/x", "annotations", "example.com/x", true],
  ["example.com/*", "labels", "example.com/x", true],
  ["example.com/*", "annotations", "example.com/", true],
  ["*", "labels", "x", true],
  ["example.com/x", "labels", "example.com/xy", false],
  ["example.com/*", "annotations", "sub.example.com/x", false],
  ["example.com/*", "annotations", "example.org/x", false],
];
for (const [pattern, where, key, refuses] of denied) {
  test(`--denied-metadata=${pattern} ${refuses ? "refuses" : "lets pass"} ${key} among the ${where}`, () => {
    const words = asked({ [where]: { [key]: "hunter2" } }, { deniedMetadata: ["other", pattern] }) ?? "";
    if (!refuses) return assert.equal(words, "");
    assert.ok(words.includes(key) && words.includes("--denied-metadata"), words);
    assert.ok(!words.includes("hunter2"));
  });
}

test("an annotation that an option permits and another one refuses is refused", () => {
  const annotations = { "kubed.appscode.com/sync": "" };
  const policy = { allowedAnnotations: ["*"], deniedMetadata: ["kubed.appscode.com/*"] };
  assert.match(asked({ annotations }, policy) ?? "", /kubed\.appscode\.com\/sync/);
});

test("the mark that we put on a Secret without an owner is not the template's", () => {
  const annotations = { [MANAGED_ANNOTATION]: "true" };
  const policy = { deniedMetadata: ["sealedsecrets.bitnami.com/*"] };
  assert.equal(asked({ annotations, owner: null }, policy), null);
  assert.match(asked({ annotations }, policy) ?? "", /managed/);
});

test("labels and annotations for all Secrets that could not stand there are known at the start", () => {
  const unfit = (policy: Partial<WritePolicy>) => unfitPolicy({ ...POLICY, ...policy });
  assert.equal(unfit({}), null);
  const fit = { secretLabels: { "velero.io/exclude-from-backup": "true" }, secretAnnotations: { team: "x" } };
  assert.equal(unfit(fit), null);
  for (const key of [
    KEY_LABEL,
    "signet.dev/age-identities",
    MANAGED_ANNOTATION,
    "signet.dev/managed-items",
  ]) {
    assert.match(
      unfit({ secretLabels: { [key]: "hunter2" } }) ?? "",
      new RegExp(`^--secret-labels: ${key} `),
    );
    assert.match(
      unfit({ secretAnnotations: { [key]: "x" } }) ?? "",
      new RegExp(`^--secret-annotations: ${key} `),
    );
  }
  const kubectl = "kubectl.kubernetes.io/last-applied-configuration";
  assert.match(unfit({ secretAnnotations: { [kubectl]: "{}" } }) ?? "", /last-applied/);
  const copying = { secretAnnotations: { "kubed.appscode.com/sync": "" } };
  assert.match(unfit(copying) ?? "", /--allowed-annotations=kubed\.appscode\.com\/sync permits it/);
  assert.equal(unfit({ ...copying, allowedAnnotations: ["kubed.appscode.com/*"] }), null);
});
