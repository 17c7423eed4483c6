import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MANAGED_ANNOTATION, PATCH_ANNOTATION } from "../../../controller/reconcile/secret-object.ts";
import { AGE_IDENTITIES_LABEL } from "../../../shared/age-identity-secret.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { Canaries } from "../../support/canary.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { type ControllerScene, controllerScene, guardKeys } from "./controller-scene.ts";

const key = pairSecret(await sealingPair(), "sealed-secrets-key1");
const SECRETS = "secrets";
const SEALED = "sealedsecrets.bitnami.com";
const watchOfSecrets = { method: "GET", path: /^\/api\/v1\/secrets$/ };

/** Starts with one object in sync, `team/db` with the item `a`. */
async function settled(
  context: Parameters<typeof controllerScene>[0],
  options: Parameters<typeof controllerScene>[1] = {},
): Promise<ControllerScene> {
  const scene = await controllerScene(context, { keys: [key], ...options });
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  await told(scene, "Unsealed");
  return scene;
}

function secretOf(scene: ControllerScene, name = "db"): ApiObject {
  return scene.cluster.store.get(SECRETS, "team", name) ?? assert.fail(`no Secret ${name}`);
}

/** Somebody writes other items, labels or annotations into the Secret. */
function edit(
  scene: ControllerScene,
  { items, ...metadata }: { items?: Record<string, string>; labels?: object; annotations?: object },
  name = "db",
): void {
  const secret = secretOf(scene, name);
  const data = Object.entries(items ?? {}).map(([item, value]) => [item, btoa(value)]);
  scene.cluster.store.put({
    ...secret,
    metadata: { ...secret.metadata, ...(metadata as Partial<ApiObject["metadata"]>) },
    ...(items === undefined ? {} : { data: Object.fromEntries(data) }),
  });
}

const count = (scene: ControllerScene, reason: string, name = "db"): number =>
  scene.events().filter((event) => event.reason === reason && event.name === name).length;

async function told(scene: ControllerScene, reason: string, name = "db"): Promise<void> {
  await scene.until(`the event ${reason}`, () => count(scene, reason, name) > 0);
}

/** Looks at objects so far: each opens values with the private key. */
async function looks(scene: ControllerScene): Promise<number> {
  return Number(/unseal_requests_total (\d+)/.exec(await scene.metrics())?.[1]);
}

async function repairs(scene: ControllerScene, cause: string): Promise<number> {
  const metric = new RegExp(`signet_secret_repairs_total\\{cause="${cause}"\\} (\\d+)`);
  return Number(metric.exec(await scene.metrics())?.[1] ?? 0);
}

/** Time for what must not happen; another object's way from change to status shows that it has passed. */
async function quiet(scene: ControllerScene): Promise<void> {
  await sleep(150);
  await scene.seal("meanwhile", { at: `${performance.now()}` });
  await scene.until("another object in sync", () => scene.condition("meanwhile", "Ready")?.status === "True");
  await sleep(150);
}

describe("what others do to a Secret", () => {
  test("deleted, it comes back at once, is told by an event and counted", async (context) => {
    // No wait ends within this test.
    const scene = await settled(context, { haste: 0.001 });
    const before = secretOf(scene);
    scene.cluster.store.delete(SECRETS, "team", "db");
    await scene.until("the Secret", () => scene.items("db"));
    assert.deepEqual(scene.items("db"), { a: "1" });
    assert.notEqual(secretOf(scene).metadata.uid, before.metadata.uid);
    await told(scene, "Repaired");
    assert.equal(count(scene, "Unsealed"), 1);
    assert.equal(await repairs(scene, "deleted"), 1);
    assert.equal(await repairs(scene, "changed"), 0);
  });

  const edits: [string, Parameters<typeof edit>[1]][] = [
    ["a value", { items: { a: "2" } }],
    ["an item more", { items: { a: "1", b: "2" } }],
    ["no item", { items: {} }],
    ["a label", { labels: { theirs: "1" } }],
    ["an annotation", { annotations: { theirs: "1" } }],
  ];
  for (const [what, change] of edits) {
    test(`changed (${what}), it is put right at once, by one look`, async (context) => {
      const scene = await settled(context, { haste: 0.01 });
      const { metadata, data } = secretOf(scene);
      const before = await looks(scene);
      edit(scene, change);
      await told(scene, "Repaired");
      const after = secretOf(scene);
      assert.deepEqual(after["data"], data);
      assert.deepEqual(after.metadata.labels ?? {}, metadata.labels ?? {});
      assert.deepEqual(after.metadata.annotations ?? {}, metadata.annotations ?? {});
      assert.equal(await repairs(scene, "changed"), 1);
      assert.equal(count(scene, "Unsealed"), 1);
      await sleep(200);
      assert.equal(await looks(scene), before + 1);
    });
  }

  test("what we do not write ourselves is compared once and left alone", async (context) => {
    const scene = await settled(context);
    const before = await looks(scene);
    const secret = secretOf(scene);
    const managedFields = [{ manager: "other", operation: "Update" }];
    scene.cluster.store.put({
      ...secret,
      metadata: { ...secret.metadata, managedFields } as ApiObject["metadata"],
    });
    await scene.until("a look", async () => (await looks(scene)) === before + 1);
    await quiet(scene);
    assert.equal(await looks(scene), before + 2, "ours, and the other object's");
    assert.equal(count(scene, "Repaired"), 0);
    assert.deepEqual(
      scene.secretWrites.filter(({ path }) => path.endsWith("/db")),
      [],
    );
  });

  test("a Secret in the way is noticed when it goes, and when it consents", async (context) => {
    const foreign = (name: string): ApiObject => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "team", name },
      type: "Opaque",
      data: { theirs: btoa("kept") },
    });
    // No wait of a failed object ends within this test.
    const scene = await controllerScene(context, {
      keys: [key],
      haste: 0.01,
      prepare: ({ store }) => {
        for (const name of ["gone", "consents"]) store.put(foreign(name));
      },
    });
    for (const name of ["gone", "consents"]) {
      await scene.seal(name, { a: "1" });
      await scene.until(`${name} refused`, () => scene.condition(name, "Stalled")?.reason === "NotManaged");
    }
    scene.cluster.store.delete(SECRETS, "team", "gone");
    await scene.untilSynced("gone", { a: "1" });
    edit(scene, { annotations: { [MANAGED_ANNOTATION]: "true" } }, "consents");
    await scene.untilSynced("consents", { a: "1" });
    assert.equal(count(scene, "Repaired", "gone") + count(scene, "Repaired", "consents"), 0);
  });

  test("a Secret that we merged into: our items are put right, its deletion is final", async (context) => {
    const scene = await controllerScene(context, {
      keys: [key],
      prepare: ({ store }) =>
        void store.put({
          apiVersion: "v1",
          kind: "Secret",
          metadata: { namespace: "team", name: "db", annotations: { [PATCH_ANNOTATION]: "true" } },
          type: "Opaque",
          data: { theirs: btoa("kept") },
        }),
    });
    await scene.seal("db", { a: "1" });
    await scene.until("merged", () => scene.items("db")?.["a"] === "1");
    await told(scene, "Unsealed");
    edit(scene, { items: { theirs: "new", a: "2" } });
    await scene.until("put right", () => scene.items("db")?.["a"] === "1");
    assert.deepEqual(scene.items("db"), { theirs: "new", a: "1" });
    await told(scene, "Repaired");
    const before = await looks(scene);
    scene.cluster.store.delete(SECRETS, "team", "db");
    await quiet(scene);
    assert.equal(scene.items("db"), null);
    assert.equal(await looks(scene), before + 1, "the other object's");
    await scene.stop();
    const next = await controllerScene(context, { on: scene.cluster });
    await next.until("known again", async () =>
      /records_total\{result="match"\} 2/.test(await next.metrics()),
    );
    await quiet(next);
    assert.equal(next.items("db"), null, "nor is it by the next controller");
    await next.seal("db", { a: "2" });
    await next.untilSynced("db", { a: "2" });
  });

  test("deleted together with its SealedSecret it stays away, whatever is told first", async (context) => {
    const scene = await settled(context);
    scene.cluster.faults.add({ path: /sealedsecrets$/, query: /watch=/, status: 503 });
    const unsure = scene.cluster.faults.add({ path: /\/sealedsecrets\/db$/, status: 503, times: 2 });
    scene.cluster.dropWatches("reset", SEALED);
    scene.cluster.store.delete(SEALED, "team", "db");
    scene.cluster.store.delete(SECRETS, "team", "db");
    const asked = () =>
      scene.cluster.requests.filter(
        ({ method, path }) => method === "GET" && path.endsWith("/sealedsecrets/db"),
      );
    await scene.until("an answer to whether the SealedSecret is there", () => asked().length === 3);
    assert.equal(unsure.struck, 2);
    await sleep(200);
    assert.deepEqual(
      scene.secretWrites.map(({ method, path }) => `${method} ${path}`),
      ["POST /api/v1/namespaces/team/secrets"],
    );
    assert.equal(scene.items("db"), null);
  });

  test("Secrets that are nobody's cost nothing, and neither names nor values of them are told", async (context) => {
    const canaries = new Canaries();
    const scene = await settled(context);
    const before = await looks(scene);
    const asked = scene.cluster.requests.length;
    for (let round = 0; round < 20; round++) {
      const secret = scene.cluster.store.put({
        apiVersion: "v1",
        kind: "Secret",
        metadata: {
          namespace: "team",
          name: `other-${round}`,
          annotations: { note: canaries.text(`${round}`) },
        },
        data: { a: btoa(canaries.text(`value ${round}`)) },
      });
      scene.cluster.store.put({ ...secret, data: {} });
      scene.cluster.store.delete(SECRETS, "team", `other-${round}`);
    }
    await sleep(300);
    assert.equal(scene.cluster.requests.length, asked);
    assert.equal(await looks(scene), before);
    guardKeys(canaries, scene);
    await scene.stop();
    canaries.assertSilent(await scene.evidence());
  });
});

describe("our own writes", () => {
  const many = 50;
  const orders: [string, Parameters<typeof controllerScene>[1]][] = [
    [
      "told before the answer comes",
      { answerDelayMs: ({ path }) => (/\/team\/secrets/.test(path) ? 60 : 0) },
    ],
    [
      "told long after the answer",
      {
        prepare: ({ faults }) =>
          void faults.add({ ...watchOfSecrets, query: /watch=/, delayMs: 1200, times: 1 }),
      },
    ],
  ];
  for (const [order, options] of orders) {
    test(`${order}: ${many} objects made and changed cost one look and one write each time, and one read where there is a Secret`, async (context) => {
      const scene = await controllerScene(context, { keys: [key], ...options });
      const names = Array.from({ length: many }, (_, index) => `object-${index}`);
      for (const round of [1, 2]) {
        for (const name of names) await scene.seal(name, { a: `${round}` });
        for (const name of names) await scene.untilSynced(name, { a: `${round}` });
      }
      // The watch that came late has told of everything once it has told of this.
      const foreign = { apiVersion: "v1", kind: "Secret", metadata: { namespace: "team", name: "object-0" } };
      assert.equal(await looks(scene), 2 * many);
      scene.cluster.store.delete(SECRETS, "team", foreign.metadata.name);
      await told(scene, "Repaired", "object-0");
      assert.equal(await looks(scene), 2 * many + 1);
      const ofOthers = scene.cluster.requests.filter(({ path }) => !/object-0(\/|$)|\/secrets$/.test(path));
      const asked = (method: string, path: RegExp) =>
        ofOthers.filter((request) => request.method === method && path.test(request.path)).length;
      assert.equal(asked("GET", /\/team\/secrets\/object-/), many - 1);
      assert.equal(asked("PUT", /\/team\/secrets\/object-/), many - 1);
      assert.equal(asked("PUT", /\/object-\d+\/status$/), 2 * (many - 1));
      assert.equal(asked("GET", /\/sealedsecrets\/object-/), 0);
    });
  }

  test("a restart waits for the list of Secrets, knows every object again and opens none", async (context) => {
    const first = await controllerScene(context, { keys: [key] });
    const names = Array.from({ length: 20 }, (_, index) => `object-${index}`);
    for (const name of names) await first.seal(name, { a: "1" });
    for (const name of names) await first.untilSynced(name, { a: "1" });
    await first.stop();
    const { promise: heldUntil, resolve: letGo } = Promise.withResolvers<void>();
    const late = first.cluster.faults.add({
      ...watchOfSecrets,
      query: /^(?!.*watch=)/,
      heldUntil,
      times: 1,
    });
    const second = await controllerScene(context, { on: first.cluster });
    await second.until("the list of Secrets", () => late.struck === 1);
    assert.equal((await second.ask("/readyz")).status, 503, "Secrets are still to be listed");
    letGo();
    await second.until("ready", async () => (await second.ask("/readyz")).status === 200);
    await second.until("all known again", async () =>
      (await second.metrics()).includes(`signet_sync_records_total{result="match"} ${names.length}`),
    );
    assert.equal(await looks(second), 0);
    assert.deepEqual(second.secretWrites, []);
  });
});

describe("the watch itself", () => {
  for (const how of ["end", "reset"] as const) {
    test(`broken off (${how}) it misses nothing`, async (context) => {
      const scene = await settled(context);
      for (let round = 0; round < 3; round++) {
        await scene.until("three watches", () => scene.cluster.watchCount >= 3);
        scene.cluster.dropWatches(how, SECRETS);
        edit(scene, { items: { a: `theirs ${round}` } });
        await scene.until("put right", () => scene.items("db")?.["a"] === "1");
      }
    });
  }

  test("a place to resume from that is gone (410): deleted, changed and unchanged Secrets are told apart", async (context) => {
    const scene = await settled(context);
    for (const name of ["changed", "kept"]) {
      await scene.seal(name, { a: "1" });
      await scene.untilSynced(name, { a: "1" });
    }
    await sleep(200);
    const before = await looks(scene);
    const refused = scene.cluster.faults.add({ ...watchOfSecrets, status: 503, query: /watch=/ });
    scene.cluster.dropWatches("reset", SECRETS);
    scene.cluster.store.delete(SECRETS, "team", "db");
    edit(scene, { items: { a: "2" } }, "changed");
    scene.cluster.compact();
    refused.remove();
    await told(scene, "Repaired");
    await told(scene, "Repaired", "changed");
    assert.deepEqual([scene.items("db"), scene.items("changed")], [{ a: "1" }, { a: "1" }]);
    assert.equal(await looks(scene), before + 2);
  });

  test("refused (403), it is told of once, and everything else works", async (context) => {
    const scene = await controllerScene(context, {
      keys: [key],
      prepare: (cluster) => void cluster.forbid({ verb: /list|watch/, resource: "secrets", namespace: /^$/ }),
    });
    await scene.seal("db", { a: "1" });
    await scene.untilSynced("db", { a: "1" });
    await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
    const asked = () => scene.cluster.requests.filter(({ path }) => watchOfSecrets.path.test(path)).length;
    await scene.until("several refusals", () => asked() >= 4);
    assert.equal(scene.lines.filter((line) => line.includes("May not watch Secrets")).length, 1);
    await scene.seal("db", { a: "2" });
    await scene.untilSynced("db", { a: "2" });
  });

  test("SealedSecrets do not wait for a list of Secrets that does not come, readiness does", async (context) => {
    const scene = await controllerScene(context, {
      keys: [key],
      prepare: ({ faults }) => void faults.add({ ...watchOfSecrets, status: 500 }),
    });
    await scene.seal("db", { a: "1" });
    await scene.untilSynced("db", { a: "1" });
    assert.equal((await scene.ask("/readyz")).status, 503);
    scene.cluster.faults.clear();
    await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  });

  test("labels of SealedSecrets do not select Secrets", async (context) => {
    const scene = await controllerScene(context, { keys: [key], args: ["--label-selector=serve=yes"] });
    const manifest = (await scene.seal("db", { a: "1" })) as unknown as ApiObject;
    scene.cluster.store.put({ ...manifest, metadata: { ...manifest.metadata, labels: { serve: "yes" } } });
    await scene.untilSynced("db", { a: "1" });
    assert.equal(secretOf(scene).metadata.labels?.["serve"], undefined);
    scene.cluster.store.delete(SECRETS, "team", "db");
    await scene.until("the Secret", () => scene.items("db"));
  });
});

describe("a quarrel over a Secret", () => {
  for (const [cause, attack] of [
    ["changed", (scene: ControllerScene) => edit(scene, { labels: { theirs: "1" } })],
    ["deleted", (scene: ControllerScene) => void scene.cluster.store.delete(SECRETS, "team", "db")],
  ] as const) {
    test(`${cause} again and again: repairs are spaced, and it is told of once`, async (context) => {
      const clock = new FakeClock(Date.now());
      const scene = await settled(context, { clock });
      const isRight = () => {
        const secret = scene.cluster.store.get(SECRETS, "team", "db");
        return secret !== null && secret.metadata.labels?.["theirs"] === undefined;
      };
      for (const [at, pauseMs] of [0, 0, 0, 1000, 2000].entries()) {
        attack(scene);
        if (pauseMs > 0) {
          await quiet(scene);
          await clock.advance(pauseMs - 1);
          await quiet(scene);
          assert.equal(isRight(), false, `attack ${at}, before its time`);
          await clock.advance(1);
        }
        await scene.until(`attack ${at} to be put right`, isRight);
        await scene.until(`repair ${at}`, async () => (await repairs(scene, cause)) === at + 1);
      }
      await told(scene, "SecretContested");
      assert.equal(count(scene, "SecretContested"), 1);
      assert.equal(scene.lines.filter((line) => line.includes("reason: 'Repaired'")).length, 3);
      // What the author does is not held up by it.
      attack(scene);
      await scene.seal("db", { a: "2" });
      await scene.until("the new value", () => scene.items("db")?.["a"] === "2");
    });
  }
});

describe("opting out", () => {
  test("signet.dev/drift: keep leaves changes, not deletions; a change of the SealedSecret is carried out", async (context) => {
    const scene = await settled(context);
    const annotate = (annotations: Record<string, string>) => {
      const object = scene.cluster.store.get(SEALED, "team", "db") ?? assert.fail();
      const { generation = 1 } = object.metadata;
      scene.cluster.store.put({ ...object, metadata: { ...object.metadata, generation, annotations } });
    };
    let before = await looks(scene);
    annotate({ "signet.dev/drift": "keep" });
    await scene.until("a look", async () => (await looks(scene)) === before + 1);
    await sleep(200);
    edit(scene, { items: { a: "theirs" } });
    await quiet(scene);
    assert.deepEqual(scene.items("db"), { a: "theirs" });
    assert.equal(await looks(scene), before + 2, "one was the other object's");
    scene.cluster.store.delete(SECRETS, "team", "db");
    await scene.until("the Secret", () => scene.items("db"));
    assert.deepEqual(scene.items("db"), { a: "1" });
    await told(scene, "Repaired");
    edit(scene, { items: { a: "theirs" } });
    await sleep(200);
    before = await looks(scene);
    annotate({});
    await scene.until("put right", () => scene.items("db")?.["a"] === "1");
    assert.equal(await looks(scene), before + 1);
  });

  test("--repair-drift=false leaves changes, not deletions and not what is in the way", async (context) => {
    const scene = await settled(context, {
      args: ["--repair-drift=false"],
      haste: 0.01,
      prepare: ({ store }) =>
        void store.put({
          apiVersion: "v1",
          kind: "Secret",
          metadata: { namespace: "team", name: "blocked" },
        }),
    });
    await scene.seal("blocked", { a: "1" });
    await scene.until("refused", () => scene.condition("blocked", "Stalled")?.reason === "NotManaged");
    edit(scene, { items: { a: "theirs" } });
    await quiet(scene);
    assert.deepEqual(scene.items("db"), { a: "theirs" });
    scene.cluster.store.delete(SECRETS, "team", "db");
    await scene.until("the Secret", () => scene.items("db"));
    assert.deepEqual(scene.items("db"), { a: "1" });
    scene.cluster.store.delete(SECRETS, "team", "blocked");
    await scene.untilSynced("blocked", { a: "1" });
  });

  test("signet.dev/drift: repair has one put right where others are left", async (context) => {
    const scene = await settled(context, { args: ["--repair-drift=false"], haste: 0.01 });
    const object = scene.cluster.store.get(SEALED, "team", "db") ?? assert.fail();
    const { generation = 1 } = object.metadata;
    const annotations = { "signet.dev/drift": "repair" };
    const before = await looks(scene);
    scene.cluster.store.put({ ...object, metadata: { ...object.metadata, generation, annotations } });
    await scene.until("a look", async () => (await looks(scene)) === before + 1);
    await sleep(200);
    edit(scene, { items: { a: "theirs" } });
    await told(scene, "Repaired");
    assert.deepEqual(scene.items("db"), { a: "1" });
  });

  test("what was left as others changed it is left over a restart, too, until somebody takes the owner away", async (context) => {
    const first = await settled(context, { args: ["--repair-drift=false"] });
    const args = ["--repair-drift=false"];
    edit(first, { items: { a: "theirs" } });
    await first.stop();
    edit(first, { labels: { theirs: "1" } });
    const second = await controllerScene(context, { on: first.cluster, args });
    await second.until("known again", async () =>
      /records_total\{result="match"\} 1/.test(await second.metrics()),
    );
    await quiet(second);
    assert.deepEqual(second.items("db"), { a: "theirs" });
    assert.equal(await looks(second), 1, "the other object's");
    await second.stop();
    const secret = secretOf(second);
    second.cluster.store.put({ ...secret, metadata: { ...secret.metadata, ownerReferences: [] } });
    const third = await controllerScene(context, { on: first.cluster, args });
    await third.until("looked at", () => third.condition("db", "Ready")?.status === "False");
    assert.equal(third.condition("db", "Stalled")?.reason, "NotManaged");
  });

  test("--skip-recreate does not ask for Secrets at all", async (context) => {
    const scene = await settled(context, { args: ["--skip-recreate"] });
    assert.equal((await scene.ask("/readyz")).status, 200);
    edit(scene, { items: { a: "theirs" } });
    await quiet(scene);
    assert.deepEqual(scene.items("db"), { a: "theirs" });
    scene.cluster.store.delete(SECRETS, "team", "db");
    await quiet(scene);
    assert.equal(scene.items("db"), null);
    assert.ok(!scene.cluster.requests.some(({ path }) => watchOfSecrets.path.test(path)));
    await scene.seal("db", { a: "2" });
    await scene.untilSynced("db", { a: "2" });
  });
});

test("key Secrets and age identities are watched as before: their own watches select by label", async (context) => {
  const scene = await settled(context);
  const queries = scene.cluster.requests
    .filter(
      ({ path, query }) => path === "/api/v1/namespaces/kube-system/secrets" && query.has("labelSelector"),
    )
    .map(({ query }) => query.get("labelSelector"));
  assert.deepEqual(
    [...new Set(queries)].sort(),
    [
      `${KEY_LABEL} in (active,wrapped)`,
      // No watch: the leader asks whose signatures count no more.
      `${KEY_LABEL}=compromised`,
      `${AGE_IDENTITIES_LABEL}=active`,
    ].sort(),
  );
});
