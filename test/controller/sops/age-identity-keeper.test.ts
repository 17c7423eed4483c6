import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openLog } from "../../../controller/log.ts";
import { createMetrics } from "../../../controller/metrics.ts";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { systemClock } from "../../../controller/runtime/clock.ts";
import { AgeIdentityKeeper } from "../../../controller/sops/age-identity-keeper.ts";
import { AGE_IDENTITIES_LABEL } from "../../../shared/age-identity-secret.ts";
import { loadKubeConfig } from "../../../shared/kube/config.ts";
import { connectKube } from "../../../shared/kube/http-client.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { startEmbeddedCluster } from "../../embedded-cluster/embedded-cluster.ts";
import { lookUntil } from "../../support/look-until.ts";
import { patienceMs } from "../../support/patience.ts";
import { TestLease } from "../keys/test-lease.ts";
import { identitySecret, testIdentity } from "./identity-secrets.ts";

const [one, two] = await Promise.all([testIdentity(), testIdentity()]);

async function keeperScene(context: TestContext, secrets: readonly SecretObject[] = []) {
  const folder = await mkdtemp(join(tmpdir(), "signet-age-"));
  const cluster = await startEmbeddedCluster({});
  const put = (secret: SecretObject) => void cluster.store.put(secret as ApiObject);
  for (const secret of secrets) put(secret);
  const kubeconfig = await cluster.kubeconfig(join(folder, "kubeconfig"));
  const client = connectKube(await loadKubeConfig({ kubeconfig }), { version: "test" });
  const lines: string[] = [];
  const told: { name: string; reason: string; message: string }[] = [];
  const push = (line: string) => lines.push(line);
  const metrics = createMetrics({ version: "test", omitNames: false });
  let added = 0;
  const keeper = new AgeIdentityKeeper({
    client,
    clock: systemClock,
    log: openLog({ level: "INFO", format: "text", infoToStdout: true }, { out: push, err: push }),
    metrics,
    namespace: "kube-system",
    onAdded: () => {
      added += 1;
    },
  });
  const stopping = new AbortController();
  const following = keeper.follow(stopping.signal);
  context.after(async () => {
    stopping.abort(new Error("stopping"));
    await following;
    await client.close();
    await cluster.stop();
    await rm(folder, { recursive: true });
  });
  return {
    cluster,
    keeper,
    lines,
    told,
    put,
    get added() {
      return added;
    },
    lead() {
      const term = new TestLease().begin();
      keeper.lead(term, {
        record: (about, { reason, message }) =>
          void told.push({ name: about.metadata.name ?? "", reason, message }),
        flush: async () => undefined,
      });
      return term;
    },
    remove: (name: string) => void cluster.store.delete("secrets", "kube-system", name),
    served: async (namespace: string) => {
      const { identities } = keeper.identitiesFor(namespace);
      return (await Promise.all(identities.map((identity) => identity.recipient()))).sort().join();
    },
    metric: async (state: string) => {
      const { values } =
        (await metrics.registry.getSingleMetric("signet_age_identities")?.get()) ?? assert.fail();
      return values.find(({ labels }) => labels["state"] === state)?.value;
    },
    until: (what: string, look: () => Promise<boolean> | boolean) =>
      lookUntil({ what, boundMs: patienceMs(20_000), told: () => lines }, look),
  };
}

test("identities count from the controller's own namespace, and only under the label in use", async (context) => {
  const scene = await keeperScene(context, [
    identitySecret({ k: one.text }, { namespace: "default", name: "tenant" }),
    identitySecret({ k: one.text }, { name: "retired", label: "retired" }),
    identitySecret({ k: one.text }, { name: "unmarked", label: null }),
    identitySecret({ k: two.text }, { name: "own" }),
  ]);
  await scene.keeper.whenListed;
  assert.equal(await scene.served("default"), two.recipient);
  const asked = scene.cluster.requests.map(
    ({ path, query }) => `${path}?${decodeURIComponent(String(query))}`,
  );
  assert.ok(asked.length > 0);
  for (const request of asked) {
    assert.ok(request.startsWith("/api/v1/namespaces/kube-system/secrets?"), request);
    assert.ok(request.includes(`${AGE_IDENTITIES_LABEL}=active`), request);
  }
});

test("identities come, change and go with their Secrets, and each that may open more is told", async (context) => {
  const scene = await keeperScene(context, [identitySecret({ k: one.text }, { serves: "team" })]);
  await scene.keeper.whenListed;
  assert.equal(await scene.served("team"), one.recipient);
  assert.deepEqual([await scene.served("other"), scene.added], ["", 1]);
  scene.put(identitySecret({ k: one.text }, { serves: "other" }));
  await scene.until("the other namespace", async () => (await scene.served("other")) === one.recipient);
  assert.deepEqual([await scene.served("team"), scene.added], ["", 2]);
  scene.put(identitySecret({ k: two.text }, { name: "more", serves: "*" }));
  await scene.until("both", async () => (await scene.served("other")).includes(two.recipient));
  assert.deepEqual([await scene.metric("loaded"), await scene.metric("refused")], [2, 0]);
  scene.put(identitySecret({ k: one.text }, { label: "retired", serves: "other" }));
  await scene.until("its end", async () => (await scene.served("other")) === two.recipient);
  scene.remove("more");
  await scene.until("the other's end", async () => (await scene.served("other")) === "");
  assert.equal(await scene.metric("loaded"), 0);
  assert.match(scene.lines.join(""), /Age identities taken out.*age-keys/);
  assert.doesNotMatch(scene.lines.join(""), /AGE-SECRET-KEY/);
});

test("a Secret that is refused is told once in the log, by the metric, and by the leader in an event", async (context) => {
  const bad = identitySecret({ k: "hunter2" }, { name: "bad" });
  const scene = await keeperScene(context, [bad, identitySecret({ k: one.text }, { serves: null })]);
  await scene.keeper.whenListed;
  assert.deepEqual([await scene.metric("loaded"), await scene.metric("refused")], [0, 2]);
  assert.equal(scene.told.length, 0);
  const term = scene.lead();
  assert.deepEqual(scene.told.map(({ name, reason }) => `${name} ${reason}`).sort(), [
    "age-keys AgeIdentitiesRefused",
    "bad AgeIdentitiesRefused",
  ]);
  // The same once more is no news, however often it is written.
  scene.put({
    ...bad,
    metadata: { ...bad.metadata, annotations: { ...bad.metadata.annotations, note: "x" } },
  });
  scene.put(identitySecret({ k: one.text }, { serves: "team" }));
  await scene.until("the good one", async () => (await scene.served("team")) === one.recipient);
  assert.equal(scene.told.length, 2);
  scene.put(identitySecret({ k: "hunter3" }, { serves: "team" }));
  await scene.until("its refusal", () => scene.told.length === 3);
  assert.match(scene.told[2]?.message ?? "", /^No age identity of this Secret is used: its item k, line 1/);
  term.end();
  scene.put(identitySecret({}, { serves: "team" }));
  const refusals = () => scene.lines.filter((line) => line.includes("Secret with age identities refused"));
  await scene.until("another refusal", () => refusals().length === 4);
  assert.equal(scene.told.length, 3);
  assert.doesNotMatch(scene.lines.join("") + JSON.stringify(scene.told), /hunter/);
});
