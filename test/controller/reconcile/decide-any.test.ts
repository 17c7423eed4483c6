import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decide } from "../../../controller/reconcile/decide.ts";
import type { WritePolicy } from "../../../controller/reconcile/gates.ts";
import type { Plan } from "../../../controller/reconcile/plan.ts";
import {
  MANAGED_ANNOTATION,
  MANAGED_ITEMS_ANNOTATION,
  PATCH_ANNOTATION,
  SEALED_BY_ANNOTATION,
  type SecretObject,
  SKIP_OWNER_ANNOTATION,
} from "../../../controller/reconcile/secret-object.ts";
import { createdBySignet, FIELD_MANAGER } from "../../../controller/reconcile/secret-origin.ts";
import { wantedSecret } from "../../../controller/reconcile/wanted-secret.ts";
import { utf8 } from "../../../shared/bytes.ts";
import type { OwnerReference } from "../../../shared/kube/client.ts";
import type { SealedSecret } from "../../../shared/sealed-secret.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { createdBy, existing, items, OUR_REFERENCE, OUR_UID, POLICY, sealedSecret } from "./objects.ts";

/*
 * Whatever stands in the cluster, whatever a SealedSecret and the options say: who may be changed, who may be deleted,
 * and that carrying out a plan leaves nothing to do.
 */

const flag = (key: string) => fc.constantFrom({}, { [key]: "true" }, { [key]: "yes" });
const maps = (...parts: fc.Arbitrary<Record<string, string>>[]) =>
  fc.tuple(...parts).map((entries) => Object.assign({}, ...entries) as Record<string, string>);
const values = fc.dictionary(fc.constantFrom("password", "theirs", "more"), fc.constantFrom("old", "new"), {
  maxKeys: 3,
});
const types = fc.constantFrom(undefined, "Opaque", "example.com/other", "helm.sh/release.v1");

const secrets: fc.Arbitrary<SecretObject | null> = fc.option(
  fc
    .record({
      owner: fc.constantFrom<OwnerReference[]>(
        [],
        [OUR_REFERENCE],
        [{ ...OUR_REFERENCE, uid: "other" }],
        [{ ...OUR_REFERENCE, uid: "friend", controller: false }, OUR_REFERENCE],
        [{ ...OUR_REFERENCE, controller: false }],
      ),
      annotations: maps(
        flag(MANAGED_ANNOTATION),
        flag(PATCH_ANNOTATION),
        fc.constantFrom({}, { [MANAGED_ITEMS_ANNOTATION]: '["theirs","password"]' }, { note: "x" }),
        fc.constantFrom({}, { [SEALED_BY_ANNOTATION]: OUR_UID }, { [SEALED_BY_ANNOTATION]: "other" }),
      ),
      labels: fc.constantFrom({}, { app: "old", x: "1" }, { [KEY_LABEL]: "active" }),
      creator: fc.constantFrom(FIELD_MANAGER, "kubectl-create"),
      going: fc.boolean(),
      type: types,
      immutable: fc.constantFrom(undefined, true, false),
      data: values,
    })
    .map(({ owner, annotations, labels, creator, going, type, immutable, data }) =>
      existing(
        {
          ownerReferences: owner,
          annotations,
          labels,
          ...createdBy(creator),
          ...(going ? { deletionTimestamp: "2030-01-01T00:00:00Z" } : {}),
        },
        { type: type ?? "Opaque", data: items(data), ...(immutable === undefined ? {} : { immutable }) },
      ),
    ),
  { freq: 8 },
);

const sealed: fc.Arbitrary<SealedSecret> = fc
  .record({
    asks: fc.record(
      {
        "signet.dev/existing-secret": fc.constantFrom("adopt", "fail", "merge", "bogus"),
        "signet.dev/on-removal": fc.constantFrom("retain", "delete"),
        "signet.dev/recreate": fc.constantFrom("true", "false"),
      },
      { requiredKeys: [] },
    ),
    annotations: maps(
      flag(MANAGED_ANNOTATION),
      flag(PATCH_ANNOTATION),
      flag(SKIP_OWNER_ANNOTATION),
      fc.constantFrom({}, { [MANAGED_ITEMS_ANNOTATION]: '["theirs"]' }, { note: "sealed" }),
    ),
    labels: fc.constantFrom({}, { app: "shop" }, { [KEY_LABEL]: "active" }),
    type: types,
    immutable: fc.constantFrom(undefined, true, false),
  })
  .map(({ asks, annotations, labels, type, immutable }) =>
    sealedSecret({
      metadata: { annotations: asks },
      spec: {
        template: {
          metadata: { annotations, labels },
          ...(type === undefined ? {} : { type }),
          ...(immutable === undefined ? {} : { immutable }),
        },
      },
    }),
  );

const options: fc.Arbitrary<WritePolicy> = fc
  .record({
    adoptNamespaces: fc.constantFrom([], ["team"], ["*"], ["other"]),
    secretLabels: fc.constantFrom({}, { all: "1", app: "none" }),
    secretAnnotations: fc.constantFrom({}, { team: "platform" }),
  })
  .map((changes) => ({ ...POLICY, ...changes }));

const cases = fc.record({ secret: secrets, object: sealed, data: values, rules: options });
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function plan({ secret, object, data, rules }: Case): Plan {
  const opened = new Map(Object.entries(data).map(([item, text]) => [item, utf8(text)]));
  const wanted = wantedSecret(object, { items: opened, whole: null });
  return decide({ sealedSecret: object, secret, wanted: { ok: true, secret: wanted, warnings: [] } }, rules);
}

/** What the API server would have after the plan; null where nothing was written. */
function stored(made: Plan): SecretObject | null {
  if (made.kind === "update") {
    return { ...made.secret, metadata: { ...made.secret.metadata, resourceVersion: "42" } };
  }
  if (made.kind !== "create" && made.kind !== "recreate") return null;
  const metadata = {
    ...made.secret.metadata,
    uid: "new",
    resourceVersion: "42",
    ...createdBy(FIELD_MANAGER),
  };
  return { ...made.secret, metadata };
}

const marked = (secret: SecretObject, key: string) => secret.metadata.annotations?.[key] === "true";
const owned = (secret: SecretObject) =>
  (secret.metadata.ownerReferences ?? []).some(
    ({ controller, uid }) => controller === true && uid === OUR_UID,
  );
const asked = (object: SealedSecret, name: string) => object.metadata.annotations?.[`signet.dev/${name}`];
const listed = ({ adoptNamespaces }: WritePolicy) =>
  adoptNamespaces.includes("*") || adoptNamespaces.includes("team");
const runs = { numRuns: 3000 };

test("what was carried out leaves nothing to do", () => {
  fc.assert(
    fc.property(cases, (drawn) => {
      const after = stored(plan(drawn));
      if (after === null) return;
      assert.deepEqual(plan({ ...drawn, secret: after }), { kind: "in-sync" });
    }),
    runs,
  );
});

test("nobody's Secret is changed without a word of its own, or one of the SealedSecret where an option lets it count", () => {
  fc.assert(
    fc.property(cases, (drawn) => {
      const { secret, object, rules } = drawn;
      const made = plan(drawn);
      if (secret === null || made.kind === "fail" || made.kind === "in-sync") return;
      const word = asked(object, "existing-secret");
      const consents =
        owned(secret) ||
        marked(secret, MANAGED_ANNOTATION) ||
        marked(secret, PATCH_ANNOTATION) ||
        ((word === "adopt" || word === "merge") && listed(rules));
      assert.ok(consents);
      assert.ok(secret.metadata.deletionTimestamp === undefined);
      assert.equal(secret.metadata.labels?.[KEY_LABEL], undefined);
      const other = secret.metadata.ownerReferences?.find(({ controller }) => controller === true);
      assert.ok(other === undefined || other.uid === OUR_UID);
      if (word === "fail")
        assert.ok(owned(secret) || secret.metadata.annotations?.[SEALED_BY_ANNOTATION] === OUR_UID);
    }),
    runs,
  );
});

test("only what Signet created, owns and shares with nobody is deleted, and only when asked", () => {
  let deletions = 0;
  fc.assert(
    fc.property(cases, (drawn) => {
      const { secret, object } = drawn;
      const made = plan(drawn);
      if (made.kind !== "recreate" || secret === null) return;
      deletions++;
      assert.equal(asked(object, "recreate"), "true");
      assert.ok(createdBySignet(secret));
      assert.ok(owned(secret) || marked(secret, MANAGED_ANNOTATION));
      assert.ok(!marked(secret, PATCH_ANNOTATION) && asked(object, "existing-secret") !== "merge");
      assert.deepEqual(made.replaces, { uid: secret.metadata.uid, resourceVersion: "41" });
    }),
    runs,
  );
  assert.ok(deletions > 3, `${deletions} deletions were looked at`);
});

test("a Secret that its owners share keeps what is theirs, and its owner unless it consents to another", () => {
  let merges = 0;
  fc.assert(
    fc.property(cases, (drawn) => {
      const { secret, object, data } = drawn;
      const made = plan(drawn);
      if (secret === null || made.kind !== "update") return;
      if (!marked(secret, PATCH_ANNOTATION) && asked(object, "existing-secret") !== "merge") return;
      merges++;
      const ours = /theirs/.test(secret.metadata.annotations?.[MANAGED_ITEMS_ANNOTATION] ?? "")
        ? ["theirs", "password"]
        : [];
      for (const [item, value] of Object.entries(secret.data ?? {})) {
        if (!ours.includes(item) && !(item in data)) assert.equal(made.secret.data?.[item], value);
      }
      assert.equal(made.secret.immutable, secret.immutable);
      const adopts = marked(secret, MANAGED_ANNOTATION) || asked(object, "existing-secret") === "adopt";
      if (adopts || owned(secret)) return;
      assert.deepEqual(made.secret.metadata.ownerReferences, secret.metadata.ownerReferences);
      assert.equal(
        made.secret.metadata.annotations?.[MANAGED_ANNOTATION],
        secret.metadata.annotations?.[MANAGED_ANNOTATION],
      );
    }),
    runs,
  );
  assert.ok(merges > 10, `${merges} merges were looked at`);
});

test("what is to be kept never has the SealedSecret as its owner, and goes on being its own", () => {
  fc.assert(
    fc.property(cases, (drawn) => {
      if (asked(drawn.object, "on-removal") !== "retain") return;
      const after = stored(plan(drawn));
      if (after === null) return;
      assert.ok(!owned(after));
      const was = drawn.secret;
      if (was === null || owned(was)) assert.ok(marked(after, MANAGED_ANNOTATION));
    }),
    runs,
  );
});
