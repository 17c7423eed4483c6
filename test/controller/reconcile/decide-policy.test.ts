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
  SEALED_BY_ANNOTATION,
  type SecretObject,
  type WantedSecret,
} from "../../../controller/reconcile/secret-object.ts";
import { FIELD_MANAGER } from "../../../controller/reconcile/secret-origin.ts";
import { wantedSecret } from "../../../controller/reconcile/wanted-secret.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import {
  createdBy,
  existing,
  items,
  OUR_REFERENCE,
  OUR_UID,
  POLICY,
  sealedSecret,
  wanted,
} from "./objects.ts";

const MANAGED = { [MANAGED_ANNOTATION]: "true" };
const PATCH = { [PATCH_ANNOTATION]: "true" };
const KEPT = { ...MANAGED, [SEALED_BY_ANNOTATION]: OUR_UID };
const OTHER_OWNER = { ...OUR_REFERENCE, kind: "Application", name: "shop", uid: "33333333" };
const OWNED = { ownerReferences: [OUR_REFERENCE] };
const OUR_MAKING = createdBy(FIELD_MANAGER);
const LISTED: Partial<WritePolicy> = { adoptNamespaces: ["other", "team"] };

/** Policy annotations of the SealedSecret, without their prefix. */
type Asks = Readonly<Record<string, string>>;

function plan(
  secret: SecretObject | null,
  asks: Asks,
  { want = {}, rules = {} }: { want?: Partial<WantedSecret>; rules?: Partial<WritePolicy> } = {},
): Plan {
  const annotations = Object.fromEntries(
    Object.entries(asks).map(([name, value]) => [`signet.dev/${name}`, value]),
  );
  const sealed = sealedSecret({ metadata: { annotations } });
  // The owner as the SealedSecret itself has it.
  const { owner, annotations: marks } = wantedSecret(sealed, { items: new Map(), whole: null });
  const base = wanted({ owner });
  const secretWanted = { ...base, annotations: { ...base.annotations, ...marks }, ...want };
  const observed = {
    sealedSecret: sealed,
    secret,
    wanted: { ok: true as const, secret: secretWanted, warnings: [] },
  };
  return decide(observed, { ...POLICY, ...rules });
}

function written(made: Plan, kind: "create" | "update" | "recreate"): SecretObject {
  assert.equal(made.kind, kind, JSON.stringify(made));
  return "secret" in made ? made.secret : assert.fail();
}

function failed(made: Plan): Failure {
  return made.kind === "fail" ? made.failure : assert.fail(`not refused: ${made.kind}`);
}

test("a policy that cannot be followed stops everything, whatever stands there", () => {
  for (const secret of [null, existing(), existing(OWNED), existing({ annotations: MANAGED })]) {
    const failure = failed(plan(secret, { "on-removal": "retian" }));
    assert.equal(failure.reason, "PolicyInvalid");
    assert.equal(failure.stalled, true);
    assert.match(failure.message, /signet\.dev\/on-removal must be "delete" or "retain"/);
    assert.doesNotMatch(failure.message, /retian/);
    assert.equal(failure.event.reason, "ErrUpdateFailed");
  }
});

test("policy annotations of the template are none of the SealedSecret's", () => {
  const want = { annotations: { "signet.dev/existing-secret": "adopt" } };
  assert.equal(
    failed(plan(existing(), {}, { want, rules: { adoptNamespaces: ["*"] } })).reason,
    "NotManaged",
  );
});

// Adopting.

for (const adoptNamespaces of [["team"], ["other", "team"], ["*"]]) {
  test(`adopt counts where --adopt-namespaces=${adoptNamespaces} lists the namespace: all is replaced`, () => {
    const secret = written(
      plan(existing({ labels: { x: "1" } }), { "existing-secret": "adopt" }, { rules: { adoptNamespaces } }),
      "update",
    );
    assert.deepEqual(secret.data, items({ password: "new" }));
    assert.deepEqual(secret.metadata.labels, { app: "shop" });
    assert.deepEqual(secret.metadata.annotations, { note: "sealed" });
    assert.deepEqual(secret.metadata.ownerReferences, [OUR_REFERENCE]);
    assert.equal(secret.metadata.resourceVersion, "41");
  });
}

for (const asked of ["adopt", "merge"]) {
  for (const adoptNamespaces of [[], ["tea"], ["team2"], ["other"], ["te*"]]) {
    test(`${asked} counts for nothing with --adopt-namespaces=${adoptNamespaces}, and the message tells both ways`, () => {
      const failure = failed(plan(existing(), { "existing-secret": asked }, { rules: { adoptNamespaces } }));
      assert.equal(failure.reason, "NotManaged");
      assert.equal(failure.counter, "unmanaged");
      assert.match(
        failure.event.message,
        /^Resource "db" already exists and is not managed by SealedSecret: .*--adopt-namespaces=team;/,
      );
      const mark = asked === "adopt" ? MANAGED_ANNOTATION : PATCH_ANNOTATION;
      assert.ok(failure.message.includes(`annotate the Secret with ${mark}: "true"`), failure.message);
    });
  }
}

test("a listed namespace alone is no consent: the SealedSecret must ask for it", () => {
  for (const asks of [{}, { "on-removal": "delete" }, { recreate: "true" }]) {
    assert.equal(failed(plan(existing(), asks, { rules: LISTED })).reason, "NotManaged");
  }
});

test("once adopted the Secret is ours by its owner, whatever becomes of the option and the annotation", () => {
  const adopted = written(plan(existing(), { "existing-secret": "adopt" }, { rules: LISTED }), "update");
  assert.deepEqual(plan(adopted, { "existing-secret": "adopt" }), { kind: "in-sync" });
  assert.deepEqual(plan(adopted, {}), { kind: "in-sync" });
  assert.deepEqual(plan(adopted, { "existing-secret": "fail" }), { kind: "in-sync" });
});

test("adopt, and to be kept: no owner, the mark that it is ours", () => {
  const asks = { "existing-secret": "adopt", "on-removal": "retain" };
  const adopted = written(plan(existing(), asks, { rules: LISTED }), "update");
  assert.deepEqual(adopted.metadata.ownerReferences, []);
  assert.equal(adopted.metadata.annotations?.[MANAGED_ANNOTATION], "true");
  assert.deepEqual(plan(adopted, asks), { kind: "in-sync" });
});

test("adopt goes no further than a patch Secret's own word where the namespace is not listed", () => {
  const secret = written(plan(existing({ annotations: PATCH }), { "existing-secret": "adopt" }), "update");
  assert.deepEqual(secret.data, items({ password: "new", theirs: "kept" }));
  assert.equal(secret.metadata.ownerReferences, undefined);
  const listed = plan(existing({ annotations: PATCH }), { "existing-secret": "adopt" }, { rules: LISTED });
  assert.deepEqual(written(listed, "update").data, items({ password: "new", theirs: "kept" }));
  assert.deepEqual(written(listed, "update").metadata.ownerReferences, [OUR_REFERENCE]);
});

const guarded: [string, SecretObject][] = [
  ["an active key", existing({ labels: { [KEY_LABEL]: "active" } })],
  ["a retired key", existing({ labels: { [KEY_LABEL]: "compromised" } })],
  ["an age identity", existing({ labels: { "signet.dev/age-identities": "" } })],
  ["an account token", existing({}, { type: "kubernetes.io/service-account-token" })],
  ["a bootstrap token", existing({}, { type: "bootstrap.kubernetes.io/token" })],
  ["a Helm release", existing({}, { type: "helm.sh/release.v1" })],
  ["a Secret with another controller", existing({ ownerReferences: [OTHER_OWNER] })],
];
for (const [name, secret] of guarded) {
  for (const asked of ["adopt", "merge"]) {
    test(`no option opens ${name} to ${asked}`, () => {
      const failure = failed(
        plan(secret, { "existing-secret": asked, recreate: "true" }, { rules: { adoptNamespaces: ["*"] } }),
      );
      assert.equal(failure.reason, "NotManaged");
      assert.match(failure.message, /: it (holds a key|is of type|is controlled by)/);
    });
  }
}

// Merging.

test("merge where the namespace is listed: as a patch Secret, owner untouched", () => {
  const friend = { ...OTHER_OWNER, controller: false };
  const before = existing({ ownerReferences: [friend], labels: { x: "1" }, annotations: { hand: "made" } });
  const secret = written(plan(before, { "existing-secret": "merge" }, { rules: LISTED }), "update");
  assert.deepEqual(secret.data, items({ password: "new", theirs: "kept" }));
  assert.deepEqual(secret.metadata.labels, { app: "shop", x: "1" });
  assert.deepEqual(secret.metadata.annotations, {
    hand: "made",
    note: "sealed",
    [MANAGED_ITEMS_ANNOTATION]: '["password"]',
  });
  assert.deepEqual(secret.metadata.ownerReferences, [friend]);
  assert.deepEqual(plan(secret, { "existing-secret": "merge" }, { rules: LISTED }), { kind: "in-sync" });
});

test("what a merge left on a Secret is no consent to the next one", () => {
  const merged = written(plan(existing(), { "existing-secret": "merge" }, { rules: LISTED }), "update");
  for (const asks of [{}, { "existing-secret": "merge" }, { "existing-secret": "adopt" }]) {
    assert.equal(failed(plan(merged, asks)).reason, "NotManaged", JSON.stringify(asks));
  }
  assert.equal(failed(plan(merged, {}, { rules: LISTED })).reason, "NotManaged");
});

test("an author cannot make merging into adoption, nor claim items of others, by his template", () => {
  const want = {
    annotations: { ...MANAGED, ...PATCH, [MANAGED_ITEMS_ANNOTATION]: '["theirs"]' },
  };
  const asks = { "existing-secret": "merge" };
  const once = written(plan(existing(), asks, { want, rules: LISTED }), "update");
  assert.deepEqual(once.metadata.annotations, { [MANAGED_ITEMS_ANNOTATION]: '["password"]' });
  assert.deepEqual(once.data, items({ password: "new", theirs: "kept" }));
  assert.deepEqual(plan(once, asks, { want, rules: LISTED }), { kind: "in-sync" });
  assert.equal(failed(plan(once, asks, { want })).reason, "NotManaged");
});

test("merge and no Secret yet: it is ours, and at once as the next look would have it", () => {
  for (const asks of [
    { "existing-secret": "merge" },
    { "existing-secret": "merge", "on-removal": "retain" },
  ]) {
    const made = written(plan(null, asks), "create");
    assert.equal(made.metadata.annotations?.[MANAGED_ITEMS_ANNOTATION], '["password"]');
    const stored = { ...made, metadata: { ...made.metadata, uid: "u", resourceVersion: "1", ...OUR_MAKING } };
    assert.deepEqual(plan(stored, asks), { kind: "in-sync" });
    const shared = { ...stored, data: { ...stored.data, ...items({ theirs: "x" }) } };
    assert.deepEqual(plan(shared, asks), { kind: "in-sync" }, "others may add to it");
  }
});

test("a template that carries the patch mark makes a Secret that the next look leaves alone", () => {
  const want = { annotations: { ...PATCH } };
  const made = written(plan(null, {}, { want }), "create");
  assert.deepEqual(plan({ ...made, metadata: { ...made.metadata, resourceVersion: "1" } }, {}, { want }), {
    kind: "in-sync",
  });
});

test("from merging to having it alone: others' items go only from a Secret that is ours", () => {
  const shared = existing({ ...OWNED, annotations: { [MANAGED_ITEMS_ANNOTATION]: '["password"]' } });
  const secret = written(plan(shared, {}), "update");
  assert.deepEqual(secret.data, items({ password: "new" }));
  assert.deepEqual(secret.metadata.annotations, { note: "sealed" });
});

// Failing.

for (const [name, annotations] of Object.entries({
  managed: MANAGED,
  patch: PATCH,
  both: { ...MANAGED, ...PATCH },
})) {
  test(`fail refuses a Secret of somebody else that would consent: ${name}`, () => {
    const failure = failed(
      plan(existing({ annotations }), { "existing-secret": "fail" }, { rules: { adoptNamespaces: ["*"] } }),
    );
    assert.equal(failure.reason, "NotManaged");
    assert.match(failure.message, /signet\.dev\/existing-secret: "fail"/);
  });
}

test("fail does not refuse what is the SealedSecret's own", () => {
  assert.equal(plan(existing(OWNED), { "existing-secret": "fail" }).kind, "update");
  const asks = { "existing-secret": "fail", "on-removal": "retain" };
  const made = written(plan(null, asks), "create");
  assert.deepEqual(plan(made, asks), { kind: "in-sync" });
  const taken = written(plan(existing({ ...OWNED, ...createdBy("kubectl-create") }), asks), "update");
  assert.deepEqual(plan(taken, asks), { kind: "in-sync" });
  const left = { ...made.metadata.annotations, [SEALED_BY_ANNOTATION]: "of an earlier one" };
  const other = { ...made, metadata: { ...made.metadata, annotations: left } };
  assert.equal(failed(plan(other, asks)).reason, "NotManaged");
});

// Keeping.

test("retain: no owner and the mark; back again: the owner and no mark; each in one write", () => {
  const made = written(plan(null, { "on-removal": "retain" }), "create");
  assert.deepEqual(made.metadata.ownerReferences, []);
  assert.deepEqual(made.metadata.annotations, { note: "sealed", ...KEPT });
  const back = written(plan(made, {}), "update");
  assert.deepEqual(back.metadata.ownerReferences, [OUR_REFERENCE]);
  assert.deepEqual(back.metadata.annotations, { note: "sealed" });
  assert.deepEqual(back.data, made.data);
  const again = written(plan(back, { "on-removal": "retain" }), "update");
  assert.deepEqual(again.metadata.ownerReferences, []);
  assert.deepEqual(again.metadata.annotations, { note: "sealed", ...KEPT });
  assert.deepEqual(plan(again, { "on-removal": "retain" }), { kind: "in-sync" });
});

test("retain of an immutable Secret changes its metadata alone", () => {
  const before = existing(
    { ...OWNED, annotations: { note: "sealed" }, labels: { app: "shop" } },
    { immutable: true, data: items({ password: "new" }) },
  );
  const kept = written(plan(before, { "on-removal": "retain" }), "update");
  assert.deepEqual(kept.metadata.ownerReferences, []);
  assert.equal(kept.immutable, true);
});

test("retain of a Secret that is ours and shared takes the owner away and leaves the items", () => {
  const friend = { ...OTHER_OWNER, controller: false };
  const before = existing({ ownerReferences: [friend, OUR_REFERENCE], annotations: PATCH });
  const kept = written(plan(before, { "on-removal": "retain" }), "update");
  assert.deepEqual(kept.metadata.ownerReferences, []);
  assert.equal(kept.metadata.annotations?.[MANAGED_ANNOTATION], "true");
  assert.deepEqual(kept.data, items({ password: "new", theirs: "kept" }));
  assert.equal(plan(kept, {}).kind, "update", "delete again: ours by the mark");
});

test("retain gives a Secret that was only merged into no mark", () => {
  const secret = written(plan(existing({ annotations: PATCH }), { "on-removal": "retain" }), "update");
  assert.equal(secret.metadata.annotations?.[MANAGED_ANNOTATION], undefined);
});

// Making anew.

const LOOK = { labels: { app: "shop" }, annotations: { note: "sealed" } };
const closed = (changes: Partial<SecretObject["metadata"]> = {}) =>
  existing(
    { ...OWNED, ...OUR_MAKING, ...LOOK, ...changes },
    { immutable: true, data: items({ password: "old" }) },
  );
const anew: [string, SecretObject, Partial<WantedSecret>, "TypeImmutable" | "SecretImmutable"][] = [
  ["another type", existing({ ...OWNED, ...OUR_MAKING }), { type: "kubernetes.io/tls" }, "TypeImmutable"],
  ["a changed item behind an immutable Secret", closed(), {}, "SecretImmutable"],
  ["a changed item, and immutable still asked for", closed(), { immutable: true }, "SecretImmutable"],
  [
    "immutable no longer",
    closed(),
    { immutable: false, data: items({ password: "old" }) },
    "SecretImmutable",
  ],
];
for (const [name, secret, want, reason] of anew) {
  test(`recreate: ${name} replaces the very Secret that was read by a wholly new one`, () => {
    const made = plan(secret, { recreate: "true" }, { want });
    const next = written(made, "recreate");
    assert.deepEqual(made.kind === "recreate" && made.replaces, {
      uid: secret.metadata.uid,
      resourceVersion: "41",
    });
    assert.deepEqual(next, written(plan(null, {}, { want }), "create"));
    assert.equal(next.metadata.uid, undefined);
    assert.equal(next.metadata.resourceVersion, undefined);
  });

  test(`without recreate: ${name} fails, and the hint names the annotation`, () => {
    for (const asks of [{}, { recreate: "false" }]) {
      const failure = failed(plan(secret, asks, { want }));
      assert.equal(failure.reason, reason);
      assert.equal(failure.stalled, true);
      assert.match(failure.message, /delete the Secret, .*signet\.dev\/recreate: "true" on the SealedSecret/);
    }
  });

  const strangers: [string, Partial<SecretObject["metadata"]>][] = [
    ["adopted from others", createdBy("kubectl-create")],
    ["the reference's", createdBy("controller")],
    ["of unknown origin", { managedFields: undefined }],
    [
      "taken over by mark",
      { ...createdBy("helm"), ownerReferences: [], annotations: { ...LOOK.annotations, ...MANAGED } },
    ],
  ];
  for (const [whose, metadata] of strangers) {
    test(`recreate leaves a Secret alone that is ${whose}: ${name}`, () => {
      const other = { ...secret, metadata: { ...secret.metadata, ...metadata } };
      const failure = failed(plan(other, { recreate: "true" }, { want }));
      assert.equal(failure.reason, reason);
      assert.match(failure.message, /only with Secrets that it created/);
    });
  }

  test(`recreate leaves a Secret alone that is not ours yet, though an option would let it be taken over: ${name}`, () => {
    const { ownerReferences: _owners, ...metadata } = secret.metadata;
    const asks = { recreate: "true", "existing-secret": "adopt" };
    assert.equal(failed(plan({ ...secret, metadata }, asks, { want, rules: LISTED })).reason, reason);
  });

  test(`recreate leaves a shared Secret alone: ${name}`, () => {
    const marked = {
      ...secret,
      metadata: { ...secret.metadata, annotations: { ...LOOK.annotations, ...PATCH } },
    };
    const asks = { recreate: "true", "existing-secret": "merge" };
    for (const made of [
      plan(marked, { recreate: "true" }, { want: { type: "kubernetes.io/tls", ...want } }),
      plan(secret, asks, { want: { type: "kubernetes.io/tls", ...want } }),
    ]) {
      assert.match(failed(made).message, /others share the Secret/);
    }
  });
}

test("recreate needs the version that was read", () => {
  const { resourceVersion: _version, ...metadata } = closed().metadata;
  assert.equal(failed(plan({ ...closed(), metadata }, { recreate: "true" })).reason, "SecretImmutable");
});

test("recreate of a Secret that has no owner by our own mark", () => {
  const asks = { recreate: "true", "on-removal": "retain" };
  const kept = closed({ ownerReferences: [], annotations: { ...LOOK.annotations, ...MANAGED } });
  assert.equal(plan(kept, asks).kind, "recreate");
});

test("recreate does not delete what can be changed", () => {
  const open = existing({ ...OWNED, ...OUR_MAKING });
  assert.equal(plan(open, { recreate: "true" }).kind, "update");
  assert.equal(plan(open, { recreate: "true" }, { want: { immutable: true } }).kind, "update");
  const labels = { want: { labels: { app: "x" }, data: items({ password: "old" }) } };
  assert.equal(plan(closed(), { recreate: "true" }, labels).kind, "update");
  const same = { want: { data: items({ password: "old" }) } };
  assert.deepEqual(plan(closed(), { recreate: "true" }, same), { kind: "in-sync" });
});

// On its way out.

test("a Secret that is being deleted is never written to: it is waited for", () => {
  const going = {
    deletionTimestamp: "2030-01-01T00:00:00Z",
    finalizers: ["example.com/hold", "b", "c", "d"],
  };
  for (const secret of [
    existing({ ...OWNED, ...going }),
    existing(going),
    closed(going),
    existing({ ...going, annotations: MANAGED }),
  ]) {
    for (const asks of [{}, { recreate: "true" }]) {
      const failure = failed(plan(secret, asks));
      assert.equal(failure.stalled, false);
      assert.equal(failure.reason, "UpdateFailed");
      assert.equal(
        failure.message,
        'Secret "db" is being deleted, held back by its finalizers (example.com/hold, b, c); it is created anew once it is gone',
      );
    }
  }
});

// Labels and annotations for all.

const STYLE: Partial<WritePolicy> = {
  secretLabels: { "velero.io/exclude-from-backup": "true", app: "none" },
  secretAnnotations: { team: "platform", note: "none" },
};

test("the controller's labels and annotations stand under those of the template", () => {
  const labels = { "velero.io/exclude-from-backup": "true", app: "shop" };
  const annotations = { team: "platform", note: "sealed" };
  for (const secret of [
    written(plan(null, {}, { rules: STYLE }), "create"),
    written(plan(existing(OWNED), {}, { rules: STYLE }), "update"),
    written(plan(existing({ annotations: MANAGED }), {}, { rules: STYLE }), "update"),
    written(plan(closed(), { recreate: "true" }, { rules: STYLE }), "recreate"),
  ]) {
    assert.deepEqual(secret.metadata.labels, labels);
    assert.deepEqual(secret.metadata.annotations, annotations);
  }
});

test("a Secret of others that is merged into does not get them", () => {
  for (const [before, asks] of [
    [existing({ annotations: PATCH }), {}],
    [existing(), { "existing-secret": "merge" }],
  ] as const) {
    const secret = written(plan(before, asks, { rules: { ...STYLE, ...LISTED } }), "update");
    assert.deepEqual(secret.metadata.labels, { app: "shop" });
    assert.equal(secret.metadata.annotations?.["team"], undefined);
  }
});
