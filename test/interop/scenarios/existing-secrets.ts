import assert from "node:assert/strict";
import { waitUntil } from "../../support/control-plane/wait-until.ts";
import { base64 } from "../../support/in-process-sealing.ts";
import { conditionOf, sealedPath } from "../../support/sealed-secret-scene.ts";
import { textLines } from "../log-lines/log-line.ts";
import { assertOwner, deleteSecret, marks, type Scenarios, type Stage } from "./stage.ts";

/** A Secret that was there before its SealedSecret. */
export const existingSecrets: Scenarios = (table, stage) => {
  table.proves("5", "a managed Secret is adopted and replaced as a whole", async () => {
    const { scene, home, apply, existing } = stage();
    await existing("managed", { annotations: { ...marks.managed, theirs: "x" } });
    const template = { metadata: { labels: { ours: "1" }, annotations: { note: "ours" } } };
    const stored = await apply({ name: "managed", items: { foo: "bar" }, template });
    await scene.untilSynced(home, "managed", "True");
    const secret = await scene.untilSecret(home, "managed");
    assert.deepEqual(secret.data, { foo: base64("bar") });
    assert.deepEqual(secret.metadata.labels, { ours: "1" });
    assert.deepEqual(secret.metadata.annotations, { note: "ours" });
    assertOwner(secret, stored);
    await scene.untilEvent(home, "managed", "Unsealed");
  });

  table.proves("6", "a managed and patched Secret is adopted and merged into", async () => {
    const { scene, home, apply, existing } = stage();
    const annotations = { ...marks.managed, ...marks.patch };
    await existing("both", { annotations });
    const template = { metadata: { labels: { ours: "1" } } };
    const stored = await apply({ name: "both", items: { shared: "sealed", foo: "bar" }, template });
    await scene.untilSynced(home, "both", "True");
    const secret = await scene.untilSecret(home, "both");
    assert.deepEqual(secret.data, {
      shared: base64("sealed"),
      theirs: base64("theirs"),
      foo: base64("bar"),
    });
    assert.deepEqual(secret.metadata.labels, { theirs: "1", ours: "1" });
    assert.deepEqual(secret.metadata.annotations, { ...annotations, ...mergedItems("foo", "shared") });
    assertOwner(secret, stored);
  });

  table.proves(["7", "patched-removal", "patched-survives"], "a patched Secret is shared", async () => {
    const { scene, home, apply, existing, untilCollectorHasWorked } = stage();
    await existing("patched", { annotations: marks.patch });
    await apply({ name: "patched", items: { shared: "sealed", foo: "bar" } });
    await scene.untilSynced(home, "patched", "True");
    const secret = await scene.untilSecret(home, "patched");
    const theirs = base64("theirs");
    assert.deepEqual(secret.data, { shared: base64("sealed"), theirs, foo: base64("bar") });
    assert.deepEqual(secret.metadata.labels, { theirs: "1" });
    assert.equal(secret.metadata.ownerReferences, undefined);

    await apply({ name: "patched", items: { foo: "new" } });
    const isChanged = ({ data }: { data?: Record<string, string> }) => data?.["shared"] === undefined;
    const changed = await scene.untilSecret(home, "patched", isChanged);
    assert.deepEqual(changed.data, { theirs, foo: base64("new") });
    await scene.untilSynced(home, "patched", "True");

    await scene.remove(sealedPath(home, "patched"));
    await untilCollectorHasWorked("after-patched");
    assert.deepEqual((await scene.untilSecret(home, "patched")).data, changed.data);
  });

  table.proves(["8", "12"], "a bare patched Secret; its deletion is final", async () => {
    const { scene, home, apply, existing, untilCollectorHasWorked } = stage();
    await existing("bare", { annotations: marks.patch, labels: null, data: null });
    await apply({ name: "bare", items: { foo: "bar" } });
    await scene.untilSynced(home, "bare", "True");
    const secret = await scene.untilSecret(home, "bare");
    assert.deepEqual(secret.data, { foo: base64("bar") });
    assert.equal(secret.metadata.ownerReferences, undefined);
    await deleteSecret(stage(), "bare");
    await untilCollectorHasWorked("after-bare");
    assert.equal(await scene.secret(home, "bare"), null);
  });

  table.proves(["11", "foreign"], "a Secret without marks is left alone until it goes", async () => {
    const { scene, home, existing, apply } = stage();
    for (let tries = 1; ; tries++) {
      const name = tries === 1 ? "foreign" : `foreign-${tries}`;
      const before = await existing(name, {});
      const stored = await apply({ name, items: { foo: "bar" } });
      const status = await scene.untilSynced(home, name, "False");
      const { reason, message } = conditionOf(status, "Synced");
      assert.equal(reason, "NotManaged");
      const words = `Resource "${name}" already exists and is not managed by SealedSecret`;
      assert.equal(message, `failed update: ${words}`);
      const event = await scene.untilEvent(home, name, "ErrUpdateFailed");
      assert.equal(event.message, words);
      assert.deepEqual(await scene.secret(home, name), before);

      // By then the next look of its own is seconds away.
      await waitUntil({ what: "a second look" }, () =>
        failedLooks(stage(), name).length >= 2 ? true : null,
      );
      await deleteSecret(stage(), name);
      const secret = await scene.untilSecret(home, name);
      assert.deepEqual(secret.data, { foo: base64("bar") });
      assert.equal(secret.metadata.labels, undefined);
      assertOwner(secret, stored);
      const healed = await scene.untilSynced(home, name, "True");
      assert.deepEqual(
        healed.conditions.map(({ type }) => type),
        ["Synced", "Ready"],
      );
      const lateMs = (await madeAt(stage(), name)) - ownLookAt(failedLooks(stage(), name));
      if (lateMs < 0) break;
      // Which of the two it was cannot be told on a machine that is so slow.
      assert.ok(tries < 3, `it was made ${lateMs} ms after a look that was due in any case`);
    }
  });

  table.proves("orphaned", "a Secret that outlived its SealedSecret is not taken over", async () => {
    const { scene, home, apply } = stage();
    await apply({ name: "orphaned", items: { foo: "bar" } });
    const before = await scene.untilSecret(home, "orphaned");
    await scene.untilSynced(home, "orphaned", "True");
    await scene.remove(`${sealedPath(home, "orphaned")}?propagationPolicy=Orphan`);
    await waitUntil({ what: "the SealedSecret to go" }, async () =>
      (await scene.sealedSecret(home, "orphaned")) === null ? true : null,
    );
    await apply({ name: "orphaned", items: { foo: "other" } });
    const status = await scene.untilSynced(home, "orphaned", "False");
    assert.equal(conditionOf(status, "Synced").reason, "NotManaged");
    const secret = await scene.untilSecret(home, "orphaned");
    assert.equal(secret.metadata.uid, before.metadata.uid);
    assert.deepEqual(secret.data, before.data);
    assert.equal(secret.metadata.ownerReferences, undefined);
  });
};

/** When the looks at an object failed, in ms since 1970, by the controller's log. */
function failedLooks({ controller, home }: Stage, name: string): number[] {
  return textLines(controller.logs())
    .filter(
      ({ message, fields }) =>
        message === "Error updating, will retry" && fields["key"] === `${home}/${name}`,
    )
    .map(({ time }) => Date.parse(String(time)));
}

/** When an object whose looks failed is looked at again though nothing has changed: after 5 s, doubling, at most a quarter sooner. */
function ownLookAt(failed: readonly number[]): number {
  return (failed.at(-1) ?? assert.fail()) + 0.75 * 5000 * 2 ** (failed.length - 1);
}

/** When the API server had the Secret from the controller, in ms since 1970. */
function madeAt({ cluster, controller, home }: Stage, name: string): Promise<number> {
  return waitUntil({ what: "the Secret in the audit log" }, async () => {
    const made = (await cluster.auditEvents()).find(
      (event) =>
        event.credential === controller.credential &&
        [event.verb, event.resource, event.namespace, event.name].join() === `create,secrets,${home},${name}`,
    );
    return made === undefined ? null : Date.parse(made.receivedAt);
  });
}

function mergedItems(...items: string[]): Record<string, string> {
  return { "signet.dev/managed-items": JSON.stringify(items) };
}
