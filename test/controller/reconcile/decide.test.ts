import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../../controller/reconcile/decide.ts";
import type { Failure } from "../../../controller/reconcile/failure.ts";
import type { WritePolicy } from "../../../controller/reconcile/gates.ts";
import type { Plan } from "../../../controller/reconcile/plan.ts";
import {
  MANAGED_ANNOTATION,
  MANAGED_ITEMS_ANNOTATION,
  PATCH_ANNOTATION,
  type SecretObject,
  type WantedSecret,
} from "../../../controller/reconcile/secret-object.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { existing, items, OUR_REFERENCE, POLICY, sealedSecret, wanted } from "./objects.ts";

const MANAGED = { [MANAGED_ANNOTATION]: "true" };
const PATCH = { [PATCH_ANNOTATION]: "true" };
const OTHER_OWNER = { ...OUR_REFERENCE, kind: "Application", name: "shop", uid: "33333333" };

function plan(
  secret: SecretObject | null,
  want: Partial<WantedSecret> = {},
  policy: Partial<WritePolicy> = {},
): Plan {
  return decide(
    { sealedSecret: sealedSecret(), secret, wanted: { ok: true, secret: wanted(want), warnings: [] } },
    { ...POLICY, ...policy },
  );
}

function written(made: Plan, kind: "create" | "update"): SecretObject {
  assert.equal(made.kind, kind, JSON.stringify(made));
  return made.kind === "create" || made.kind === "update" ? made.secret : assert.fail();
}

function failed(made: Plan): Failure {
  return made.kind === "fail" ? made.failure : assert.fail(`not refused: ${made.kind}`);
}

test("no Secret: it is created with our items, labels, annotations and owner, type Opaque", () => {
  assert.deepEqual(written(plan(null), "create"), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "db",
      namespace: "team",
      labels: { app: "shop" },
      annotations: { note: "sealed" },
      ownerReferences: [OUR_REFERENCE],
    },
    type: "Opaque",
    data: items({ password: "new" }),
  });
});

test("no Secret: type and immutable of the template are written", () => {
  const secret = written(plan(null, { type: "kubernetes.io/tls", immutable: true }), "create");
  assert.equal(secret.type, "kubernetes.io/tls");
  assert.equal(secret.immutable, true);
});

test("what cannot be told of the SealedSecret fails with its own failure, whatever stands there", () => {
  const failure: Failure = {
    reason: "UnsealFailed",
    message: "no key could decrypt secret (a)",
    stalled: true,
    event: { reason: "ErrUnsealFailed", message: "Failed to unseal: no key could decrypt secret (a)" },
    counter: "unseal",
  };
  for (const secret of [
    null,
    existing({ ownerReferences: [OUR_REFERENCE] }),
    existing({ annotations: MANAGED }),
  ]) {
    const made = decide({ sealedSecret: sealedSecret(), secret, wanted: { ok: false, failure } }, POLICY);
    assert.deepEqual(made, { kind: "fail", failure });
  }
});

type Ownership = {
  name: string;
  annotations: Record<string, string>;
  owned: boolean;
  want?: Partial<WantedSecret>;
  expect: { data: Record<string, string>; labels: object; annotations: object; owners: object[] | undefined };
};
const THEIRS = { team: "theirs", app: "old" };
const NOTE = { note: "old", hand: "made" };
const OURS_ALONE = {
  data: items({ password: "new" }),
  labels: { app: "shop" },
  annotations: { note: "sealed" },
  owners: [OUR_REFERENCE],
};
const MERGED = {
  data: items({ password: "new", theirs: "kept" }),
  labels: { team: "theirs", app: "shop" },
};
const OUR_ITEMS = { [MANAGED_ITEMS_ANNOTATION]: '["password"]' };
const ownership: Ownership[] = [
  { name: "owned: all is replaced", annotations: NOTE, owned: true, expect: OURS_ALONE },
  {
    name: "managed, not owned: all is replaced, the mark goes, the owner comes",
    annotations: { ...NOTE, ...MANAGED },
    owned: false,
    expect: OURS_ALONE,
  },
  {
    name: "managed and named again by the template: the mark stays",
    annotations: MANAGED,
    owned: false,
    want: { annotations: MANAGED },
    expect: { ...OURS_ALONE, annotations: MANAGED },
  },
  {
    name: "managed, template without owner: replaced without an owner",
    annotations: MANAGED,
    owned: false,
    want: { owner: null, annotations: MANAGED },
    expect: { ...OURS_ALONE, annotations: MANAGED, owners: [] },
  },
  {
    name: "owned, template now without owner: the reference goes",
    annotations: {},
    owned: true,
    want: { owner: null, annotations: MANAGED },
    expect: { ...OURS_ALONE, annotations: MANAGED, owners: [] },
  },
  {
    name: "patch: merged, ours win, no owner",
    annotations: { ...NOTE, ...PATCH },
    owned: false,
    expect: {
      ...MERGED,
      annotations: { note: "sealed", hand: "made", ...PATCH, ...OUR_ITEMS },
      owners: undefined,
    },
  },
  {
    name: "patch and managed: merged and adopted, both marks stay",
    annotations: { ...NOTE, ...PATCH, ...MANAGED },
    owned: false,
    expect: {
      ...MERGED,
      annotations: { note: "sealed", hand: "made", ...PATCH, ...MANAGED, ...OUR_ITEMS },
      owners: [OUR_REFERENCE],
    },
  },
  {
    name: "patch and owned: merged, the owner untouched",
    annotations: PATCH,
    owned: true,
    expect: { ...MERGED, annotations: { note: "sealed", ...PATCH, ...OUR_ITEMS }, owners: [OUR_REFERENCE] },
  },
];
for (const { name, annotations, owned, want, expect } of ownership) {
  test(`ownership: ${name}`, () => {
    const references = owned ? { ownerReferences: [OUR_REFERENCE] } : {};
    const before = existing({ annotations, labels: THEIRS, ...references });
    const secret = written(plan(before, want), "update");
    assert.deepEqual(secret.data, expect.data);
    assert.deepEqual(secret.metadata.labels, expect.labels);
    assert.deepEqual(secret.metadata.annotations, expect.annotations);
    assert.deepEqual(secret.metadata.ownerReferences, expect.owners);
    assert.equal(secret.metadata.resourceVersion, "41", "written over the version that was read");
    assert.equal(secret.metadata.uid, before.metadata.uid);
  });
}

test("a patch Secret without items, labels and owners is merged into", () => {
  const { data: _data, ...bare } = existing({ annotations: PATCH });
  const secret = written(plan(bare), "update");
  assert.deepEqual(secret.data, items({ password: "new" }));
  assert.deepEqual(secret.metadata.labels, { app: "shop" });
  assert.equal(secret.metadata.ownerReferences, undefined);
});

const marks: [string, Record<string, string>][] = [
  ["no mark", {}],
  ["managed TRUE", { [MANAGED_ANNOTATION]: "TRUE" }],
  ["managed yes", { [MANAGED_ANNOTATION]: "yes" }],
  ["managed empty", { [MANAGED_ANNOTATION]: "" }],
  ["managed false", { [MANAGED_ANNOTATION]: "false" }],
  ["managed with a space", { [MANAGED_ANNOTATION]: "true " }],
  ["patch 1", { [PATCH_ANNOTATION]: "1" }],
];
for (const [name, annotations] of marks) {
  test(`a Secret of somebody else is left alone: ${name}`, () => {
    const failure = failed(plan(existing({ annotations })));
    assert.deepEqual(failure, {
      reason: "NotManaged",
      message: 'failed update: Resource "db" already exists and is not managed by SealedSecret',
      stalled: true,
      event: {
        reason: "ErrUpdateFailed",
        message: 'Resource "db" already exists and is not managed by SealedSecret',
      },
      counter: "unmanaged",
    });
  });
}

test("marks in the template are no consent of the existing Secret", () => {
  const failure = failed(plan(existing(), { annotations: { ...MANAGED, ...PATCH } }));
  assert.equal(failure.reason, "NotManaged");
});

test("consent to merging cannot be made into consent to adoption by the template", () => {
  const before = existing({ annotations: PATCH, ownerReferences: [{ ...OTHER_OWNER, controller: false }] });
  for (const want of [{ annotations: MANAGED }, { annotations: MANAGED, owner: null }]) {
    const once = written(plan(before, want), "update");
    assert.equal(once.metadata.annotations?.[MANAGED_ANNOTATION], undefined);
    assert.deepEqual(once.metadata.ownerReferences, before.metadata.ownerReferences);
    assert.deepEqual(plan(once, want), { kind: "in-sync" });
  }
  const both = existing({ annotations: { ...PATCH, ...MANAGED } });
  const kept = written(plan(both, { annotations: { [MANAGED_ANNOTATION]: "false" } }), "update");
  assert.equal(kept.metadata.annotations?.[MANAGED_ANNOTATION], "true");
});

test("a reference that is not the controller's, or of another uid, is no ownership", () => {
  for (const reference of [
    { ...OUR_REFERENCE, controller: false },
    { apiVersion: OUR_REFERENCE.apiVersion, kind: "SealedSecret", name: "db", uid: OUR_REFERENCE.uid },
    { ...OUR_REFERENCE, uid: "recreated" },
  ]) {
    const failure = failed(plan(existing({ ownerReferences: [reference] })));
    assert.equal(failure.reason, "NotManaged");
    assert.equal(failure.counter, "unmanaged");
  }
});

test("a SealedSecret without a uid owns nothing", () => {
  const { uid: _uid, ...metadata } = sealedSecret().metadata;
  const made = decide(
    {
      sealedSecret: { ...sealedSecret(), metadata },
      secret: existing({ ownerReferences: [{ ...OUR_REFERENCE, uid: "" }] }),
      wanted: { ok: true, secret: wanted(), warnings: [] },
    },
    POLICY,
  );
  assert.equal(failed(made).reason, "NotManaged");
});

const guarded: [string, Partial<SecretObject["metadata"]>, Partial<SecretObject>, RegExp][] = [
  ["an active sealing key", { labels: { [KEY_LABEL]: "active" } }, {}, /holds a key of the controller/],
  ["a retired sealing key", { labels: { [KEY_LABEL]: "compromised" } }, {}, /holds a key of the controller/],
  ["an age identity", { labels: { "signet.dev/age-identities": "" } }, {}, /holds a key of the controller/],
  [
    "a service-account token",
    {},
    { type: "kubernetes.io/service-account-token" },
    /kubernetes\.io\/service-account-token/,
  ],
  ["a bootstrap token", {}, { type: "bootstrap.kubernetes.io/token" }, /bootstrap\.kubernetes\.io\/token/],
  ["a Helm release", {}, { type: "helm.sh/release.v1" }, /helm\.sh\/release\.v1/],
  [
    "a Secret with another controller",
    { ownerReferences: [OTHER_OWNER] },
    {},
    /controlled by Application shop/,
  ],
];
for (const [name, metadata, fields, words] of guarded) {
  for (const [mark, annotations] of Object.entries({
    managed: MANAGED,
    patch: PATCH,
    both: { ...MANAGED, ...PATCH },
  })) {
    test(`no consent opens ${name}: ${mark}`, () => {
      const failure = failed(plan(existing({ ...metadata, annotations }, fields)));
      assert.equal(failure.reason, "NotManaged");
      assert.equal(failure.stalled, true);
      assert.match(failure.message, words);
      // The words that people search for stand in it whatever the cause.
      assert.match(failure.event.message, /^Resource "db" already exists and is not managed by SealedSecret/);
    });
  }
}

test("a sealing key is out of bounds even where we are its owner", () => {
  const secret = existing({ labels: { [KEY_LABEL]: "active" }, ownerReferences: [OUR_REFERENCE] });
  assert.equal(failed(plan(secret)).reason, "NotManaged");
});

test("a Secret of a type that an option allows and that we created is kept in step", () => {
  const type = "kubernetes.io/service-account-token";
  const made = plan(
    existing({ ownerReferences: [OUR_REFERENCE] }, { type }),
    { type },
    { allowedTypes: [type] },
  );
  assert.equal(written(made, "update").type, type);
});

test("a token Secret that we own is left alone once the option is gone", () => {
  const type = "kubernetes.io/service-account-token";
  assert.equal(failed(plan(existing({ ownerReferences: [OUR_REFERENCE] }, { type }))).stalled, true);
  assert.equal(
    failed(plan(existing({ ownerReferences: [OUR_REFERENCE] }, { type }), { type })).reason,
    "SecretForbidden",
  );
});

test("a refused Secret is refused before anything is read from the existing one", () => {
  const forged = { labels: { [KEY_LABEL]: "active" } };
  assert.equal(failed(plan(null, forged)).reason, "SecretForbidden");
  const failure = failed(plan(existing({ ownerReferences: [OUR_REFERENCE] }), forged));
  assert.equal(failure.reason, "SecretForbidden");
  assert.equal(failure.counter, "update");
  assert.equal(failure.event.reason, "ErrUpdateFailed");
  assert.match(failure.message, /sealed-secrets-key/);
});

const same: [string, SecretObject, Partial<WantedSecret>][] = [
  [
    "owned and equal",
    existing(
      { ownerReferences: [OUR_REFERENCE], labels: { app: "shop" }, annotations: { note: "sealed" } },
      { data: items({ password: "new" }) },
    ),
    {},
  ],
  [
    "without type, labels and annotations, absent or null on the other side",
    existing({ ownerReferences: [OUR_REFERENCE], labels: null, annotations: null }, { data: null }),
    { labels: {}, annotations: {}, data: {} },
  ],
  [
    "immutable false and absent",
    existing({ ownerReferences: [OUR_REFERENCE] }, { data: {} }),
    { labels: {}, annotations: {}, data: {}, immutable: false },
  ],
  [
    "keys in another order",
    existing(
      { ownerReferences: [OUR_REFERENCE], labels: { b: "2", a: "1" } },
      { data: items({ y: "2", x: "1" }) },
    ),
    { labels: { a: "1", b: "2" }, annotations: {}, data: items({ x: "1", y: "2" }) },
  ],
  [
    "immutable and equal",
    existing({ ownerReferences: [OUR_REFERENCE] }, { data: items({ a: "1" }), immutable: true }),
    { labels: {}, annotations: {}, data: items({ a: "1" }) },
  ],
  [
    "patched and equal",
    existing(
      { labels: { app: "shop", team: "x" }, annotations: { ...PATCH, ...OUR_ITEMS, note: "sealed" } },
      { data: items({ password: "new", theirs: "kept" }), type: "kubernetes.io/tls" },
    ),
    {},
  ],
  [
    "created without an owner and equal",
    existing({ annotations: MANAGED }, { data: items({ a: "1" }) }),
    { labels: {}, annotations: MANAGED, data: items({ a: "1" }), owner: null },
  ],
];
for (const [name, secret, want] of same) {
  test(`nothing is written when nothing changed: ${name}`, () => {
    assert.deepEqual(plan(secret, want), { kind: "in-sync" });
  });
}

const drift: [string, SecretObject][] = [
  ["an item changed", existing({}, { data: items({ password: "tampered" }) })],
  ["an item added", existing({}, { data: items({ password: "new", more: "x" }) })],
  ["an item removed", existing({}, { data: {} })],
  ["a label added", existing({ labels: { app: "shop", more: "x" } }, { data: items({ password: "new" }) })],
  ["an annotation changed", existing({ annotations: { note: "x" } }, { data: items({ password: "new" }) })],
];
for (const [name, secret] of drift) {
  test(`an owned Secret is put right: ${name}`, () => {
    const before = { ...secret, metadata: { ...secret.metadata, ownerReferences: [OUR_REFERENCE] } };
    const after = written(plan(before), "update");
    assert.deepEqual(after.data, items({ password: "new" }));
    assert.deepEqual(after.metadata.labels, { app: "shop" });
    assert.deepEqual(after.metadata.annotations, { note: "sealed" });
  });
}

test("a second owner beside ours is taken away, ours is made whole", () => {
  const blocking = { ...OUR_REFERENCE, blockOwnerDeletion: true };
  const friend = { ...OTHER_OWNER, controller: false };
  const secret = written(plan(existing({ ownerReferences: [blocking, friend] })), "update");
  assert.deepEqual(secret.metadata.ownerReferences, [OUR_REFERENCE]);
});

test("an item taken from the SealedSecret is taken from the Secret", () => {
  const before = existing(
    { ownerReferences: [OUR_REFERENCE] },
    { data: items({ password: "new", gone: "x" }) },
  );
  assert.deepEqual(written(plan(before), "update").data, items({ password: "new" }));
});

test("another type is refused: the API server cannot change it", () => {
  const before = existing({ ownerReferences: [OUR_REFERENCE] });
  const failure = failed(plan(before, { type: "kubernetes.io/tls" }));
  assert.equal(failure.reason, "TypeImmutable");
  assert.equal(failure.stalled, true);
  assert.match(
    failure.message,
    /"db" has type Opaque and "kubernetes\.io\/tls" is asked for.*delete the Secret/,
  );
});

test("a template without a type asks for Opaque where the Secret is ours alone", () => {
  const before = existing({ ownerReferences: [OUR_REFERENCE] }, { type: "kubernetes.io/tls" });
  assert.equal(failed(plan(before)).reason, "TypeImmutable");
});

test("a patched Secret keeps its type when the template names none", () => {
  const before = existing({ annotations: PATCH }, { type: "kubernetes.io/tls" });
  assert.equal(written(plan(before), "update").type, "kubernetes.io/tls");
  assert.equal(failed(plan(before, { type: "Opaque" })).reason, "TypeImmutable");
});

test("a Secret without a type counts as Opaque", () => {
  const { type: _type, ...untyped } = existing({ ownerReferences: [OUR_REFERENCE] });
  assert.equal(written(plan(untyped, { type: "Opaque" }), "update").type, "Opaque");
});

const immutable = existing(
  { ownerReferences: [OUR_REFERENCE], labels: { app: "shop" }, annotations: { note: "sealed" } },
  { immutable: true, data: items({ password: "old" }) },
);
test("a changed item behind an immutable Secret is refused in the words dashboards know", () => {
  const failure = failed(plan(immutable));
  assert.equal(failure.reason, "SecretImmutable");
  assert.equal(failure.counter, "update");
  assert.equal(
    failure.event.message,
    "Error updating team/db: the target Secret is immutable. Once a Secret is marked as immutable, it is not possible to revert this change nor to mutate the contents of the data field. You can only delete and recreate the Secret.",
  );
});

test("an immutable Secret cannot be made mutable again", () => {
  const failure = failed(plan(immutable, { immutable: false, data: items({ password: "old" }) }));
  assert.equal(failure.reason, "SecretImmutable");
});

test("labels of an immutable Secret are changed", () => {
  const secret = written(
    plan(immutable, { labels: { app: "other" }, data: items({ password: "old" }) }),
    "update",
  );
  assert.deepEqual(secret.metadata.labels, { app: "other" });
  assert.equal(secret.immutable, true);
});

test("immutable asked for later is written", () => {
  const before = existing({ ownerReferences: [OUR_REFERENCE] }, { data: items({ password: "new" }) });
  assert.equal(written(plan(before, { immutable: true }), "update").immutable, true);
});

test("finalizers and other metadata of an existing Secret stay", () => {
  const before = existing({ ownerReferences: [OUR_REFERENCE], finalizers: ["example.com/hold"] });
  assert.deepEqual(written(plan(before), "update").metadata["finalizers"], ["example.com/hold"]);
});

test("deciding changes nothing of what was observed", () => {
  for (const annotations of [PATCH, MANAGED, { ...PATCH, ...MANAGED }]) {
    const secret = Object.freeze(existing({ annotations: Object.freeze({ ...annotations }) }));
    Object.freeze(secret.metadata);
    Object.freeze(secret.data);
    const copy = structuredClone(secret);
    const first = plan(secret);
    assert.deepEqual(secret, copy);
    assert.deepEqual(plan(secret), first);
  }
});
