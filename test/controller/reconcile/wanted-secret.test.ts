import assert from "node:assert/strict";
import { test } from "node:test";
import { replace } from "../../../controller/reconcile/secret-change.ts";
import {
  MANAGED_ANNOTATION,
  SEALED_BY_ANNOTATION,
  SKIP_OWNER_ANNOTATION,
} from "../../../controller/reconcile/secret-object.ts";
import { wantedSecret } from "../../../controller/reconcile/wanted-secret.ts";
import { utf8 } from "../../../shared/bytes.ts";
import type { SealedSecret } from "../../../shared/sealed-secret.ts";
import { parseSecret } from "../../../shared/secret.ts";
import { items, OUR_REFERENCE, OUR_UID, sealedSecret } from "./objects.ts";

type Template = NonNullable<SealedSecret["spec"]["template"]>;
const opened = { items: new Map([["password", utf8("new")]]), whole: null };
const from = (template: Template) => wantedSecret(sealedSecret({ spec: { template } }), opened);

test("without a template: items, name, namespace and owner", () => {
  assert.deepEqual(wantedSecret(sealedSecret(), opened), {
    namespace: "team",
    name: "db",
    labels: {},
    annotations: {},
    type: null,
    immutable: null,
    data: items({ password: "new" }),
    owner: { name: "db", uid: OUR_UID },
  });
});

test("labels, annotations, type and immutable pass from the template", () => {
  const want = from({
    type: "kubernetes.io/tls",
    immutable: true,
    metadata: { labels: { app: "shop" }, annotations: { note: "x" } },
  });
  assert.deepEqual(want.labels, { app: "shop" });
  assert.deepEqual(want.annotations, { note: "x" });
  assert.equal(want.type, "kubernetes.io/tls");
  assert.equal(want.immutable, true);
});

test("an empty type is none, metadata may be null", () => {
  assert.equal(from({ type: "" }).type, null);
  assert.deepEqual(from({ metadata: null }).labels, {});
});

test("no other metadata of a template reaches the Secret", () => {
  const metadata = {
    name: "forged",
    namespace: "kube-system",
    generateName: "forged-",
    uid: "forged",
    resourceVersion: "1",
    generation: 9,
    creationTimestamp: "2001-01-01T00:00:00Z",
    deletionTimestamp: "2001-01-01T00:00:00Z",
    selfLink: "/forged",
    finalizers: ["forged.example/hold"],
    ownerReferences: [{ ...OUR_REFERENCE, uid: "forged" }],
    managedFields: [{ manager: "forged" }],
    labels: { app: "shop" },
  };
  const secret = replace(null, from({ metadata }));
  assert.deepEqual(secret.metadata, {
    name: "db",
    namespace: "team",
    labels: { app: "shop" },
    annotations: {},
    ownerReferences: [OUR_REFERENCE],
  });
});

const neverCopied = [
  "signet.dev/managed-items",
  "signet.dev/sealed-by",
  "signet.dev/sealing-key",
  "signet.dev/primary",
  "signet.dev/anything",
  "kubectl.kubernetes.io/last-applied-configuration",
  "kubecfg.ksonnet.io/last-applied-configuration",
];
for (const annotation of neverCopied) {
  test(`annotation ${annotation} never comes from a template, nor from the whole-object form`, () => {
    const annotations = { note: "x", [annotation]: "forged" };
    assert.deepEqual(from({ metadata: { annotations } }).annotations, { note: "x" });
    const whole = { ...wholeSecret({}), annotations };
    assert.deepEqual(wantedSecret(sealedSecret(), { items: whole.items, whole }).annotations, { note: "x" });
  });
}

test("annotations that merely look like ours pass", () => {
  const annotations = { "notsignet.dev/x": "1", "example.com/signet.dev": "2", "sub.signet.dev/x": "3" };
  assert.deepEqual(from({ metadata: { annotations } }).annotations, annotations);
});

test("a template that asks for no owner gets none, and a mark that the Secret is ours to change", () => {
  const want = from({ metadata: { annotations: { [SKIP_OWNER_ANNOTATION]: "true" } } });
  assert.equal(want.owner, null);
  assert.equal(want.annotations[MANAGED_ANNOTATION], "true");
  for (const value of ["false", "TRUE", "", "yes"]) {
    const owned = from({ metadata: { annotations: { [SKIP_OWNER_ANNOTATION]: value } } });
    assert.deepEqual(owned.owner, { name: "db", uid: OUR_UID });
    assert.equal(owned.annotations[MANAGED_ANNOTATION], undefined);
  }
});

test("a SealedSecret whose Secret shall stay is not its owner; the template cannot ask for that", () => {
  const retain = { "signet.dev/on-removal": "retain" };
  const want = wantedSecret(sealedSecret({ metadata: { annotations: retain } }), opened);
  assert.equal(want.owner, null);
  assert.deepEqual(want.annotations, { [MANAGED_ANNOTATION]: "true", [SEALED_BY_ANNOTATION]: OUR_UID });
  assert.notEqual(from({ metadata: { annotations: retain } }).owner, null);
  const deleted = sealedSecret({ metadata: { annotations: { "signet.dev/on-removal": "delete" } } });
  assert.notEqual(wantedSecret(deleted, opened).owner, null);
});

test("the annotation on the SealedSecret itself does not take the owner away", () => {
  const object = sealedSecret({ metadata: { annotations: { [SKIP_OWNER_ANNOTATION]: "true" } } });
  assert.deepEqual(wantedSecret(object, opened).owner, { name: "db", uid: OUR_UID });
});

function wholeSecret(fields: object) {
  return parseSecret(
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "other", namespace: "elsewhere", labels: { inner: "1" }, annotations: { deep: "2" } },
      type: "kubernetes.io/basic-auth",
      data: items({ username: "u" }),
      ...fields,
    },
    "spec.data",
  );
}

test("the whole-object form: metadata, type and items from inside, place from outside, template ignored", () => {
  const whole = wholeSecret({ immutable: true });
  const object = sealedSecret({
    spec: { template: { type: "Opaque", immutable: false, metadata: { labels: { outer: "1" } } } },
  });
  assert.deepEqual(wantedSecret(object, { items: whole.items, whole }), {
    namespace: "team",
    name: "db",
    labels: { inner: "1" },
    annotations: { deep: "2" },
    type: "kubernetes.io/basic-auth",
    immutable: true,
    data: items({ username: "u" }),
    owner: { name: "db", uid: OUR_UID },
  });
});

test("the whole-object form: the template's word on the owner counts, the inner one's does not", () => {
  const whole = { ...wholeSecret({}), annotations: { [SKIP_OWNER_ANNOTATION]: "true" } };
  assert.notEqual(wantedSecret(sealedSecret(), { items: whole.items, whole }).owner, null);
  const object = sealedSecret({
    spec: { template: { metadata: { annotations: { [SKIP_OWNER_ANNOTATION]: "true" } } } },
  });
  const want = wantedSecret(object, { items: whole.items, whole });
  assert.equal(want.owner, null);
  assert.equal(want.annotations[MANAGED_ANNOTATION], "true");
});

test("items of any bytes are written in base64", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  const want = wantedSecret(sealedSecret(), {
    items: new Map([
      ["all", bytes],
      ["none", new Uint8Array()],
    ]),
    whole: null,
  });
  assert.deepEqual(want.data, { all: Buffer.from(bytes).toString("base64"), none: "" });
});
