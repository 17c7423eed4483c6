import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { startEmbeddedCluster } from "../../embedded-cluster/embedded-cluster.ts";
import { Canaries } from "../../support/canary.ts";
import { MemoryVault } from "./memory-vault.ts";
import { REFERENCES_ON, referencesScene } from "./references-scene.ts";

const ITEM = { key: "password", path: "team/db", field: "password" };
/** Two intervals of ten seconds, twenty times faster. */
const TWO_INTERVALS_MS = 1200;
const itemsOf = ({ vault }: Record<string, unknown>) =>
  (vault as { items: Record<string, { version: number; lastSyncTime: string }> } | undefined)?.items;

describe("items that stand in Vault", { concurrency: 4 }, () => {
  test("come with a token of the namespace's own, beside sealed ones, and templates take both", async (context) => {
    const { scene, vault, tokens, put, status } = await referencesScene(context);
    const canaries = new Canaries();
    const password = canaries.text("password");
    vault.kv.write("kv/team/db", { password, user: "app" });
    const { encryptedData } = (await scene.seal("db", { salt: "s" })).spec;
    put("db", [ITEM, { key: "user", path: "team/db", field: "user" }], {
      spec: { encryptedData, template: { data: { url: "{{ .user }}:{{ .password }}@{{ .salt }}" } } },
    });
    await scene.untilSynced("db", { salt: "s", password, user: "app", url: `app:${password}@s` });
    assert.deepEqual(Object.keys(itemsOf(status("db")) ?? {}), ["password", "user"]);
    assert.equal(itemsOf(status("db"))?.["user"]?.version, 1);
    assert.deepEqual(tokens.asked, [
      "/api/v1/namespaces/team/serviceaccounts/signet-vault/token",
      "presented",
    ]);
    assert.deepEqual(vault.asked.slice(0, 2), [
      "POST auth/kubernetes/login as nobody",
      "GET kv/data/team/db as team",
    ]);
    put("own", [{ ...ITEM, path: "bank/db" }], { namespace: "bank" });
    await scene.until("the other namespace", () => vault.count("GET kv/data/bank/db as bank") > 0);
    canaries.assertSilent([
      ...(await scene.evidence()),
      { where: "metrics", content: await scene.metrics() },
    ]);
  });

  test("cost no reading and no writing as long as nothing changes; then one of each, and an event", async (context) => {
    const { scene, vault, put, status } = await referencesScene(context);
    vault.kv.write("kv/team/db", { password: "one" });
    put("db", [ITEM]);
    await scene.untilSynced("db", { password: "one" });
    const [writes, before] = [scene.secretWrites.length, status("db")];
    const polls = vault.count("metadata");
    await scene.until("three polls", () => vault.count("metadata") >= polls + 3);
    assert.equal(vault.count("kv/data"), 1);
    assert.equal(scene.secretWrites.length, writes);
    assert.deepEqual(status("db"), before);
    vault.kv.write("kv/team/db", { password: "two" });
    await scene.untilSynced("db", { password: "two" });
    assert.equal(vault.count("kv/data"), 2);
    assert.equal(scene.secretWrites.length, writes + 1);
    await scene.until("the version to be noted", () => itemsOf(status("db"))?.["password"]?.version === 2);
    const read = vault.count("metadata");
    await scene.until("polls go on", () => vault.count("metadata") > read + 1);
    assert.match(
      await scene.metrics(),
      /signet_vault_kv_requests_total\{operation="read",outcome="ok"\} 2\n/,
    );
  });

  test("in a version of their own are read once", async (context) => {
    const { scene, vault, put } = await referencesScene(context);
    vault.kv.write("kv/team/db", { password: "one" });
    vault.kv.write("kv/team/db", { password: "two" });
    put("db", [{ ...ITEM, version: 1 }]);
    await scene.untilSynced("db", { password: "one" });
    await sleep(TWO_INTERVALS_MS);
    assert.equal(vault.count("GET kv/"), 1);
  });

  test("are not read by a controller that starts anew, which still notices what changed", async (context) => {
    const vault = new MemoryVault();
    const first = await referencesScene(context, { vault });
    vault.kv.write("kv/team/db", { password: "one" });
    first.put("db", [ITEM]);
    await first.scene.untilSynced("db", { password: "one" });
    await first.scene.stop();
    assert.equal(vault.count("POST auth/token/revoke-self as team"), 1, "its token was given up");
    vault.asked.length = 0;
    const { scene } = await referencesScene(context, { vault, on: first.scene.cluster });
    await scene.until("a poll", () => vault.count("metadata") > 1);
    assert.equal(vault.count("kv/data"), 0);
    assert.deepEqual(scene.secretWrites, []);
    vault.kv.write("kv/team/db", { password: "two" });
    await scene.untilSynced("db", { password: "two" });
  });

  test("of an entry that was removed and written anew arrive, though its version is 1 again, across a restart, too", async (context) => {
    const vault = new MemoryVault();
    const first = await referencesScene(context, { vault });
    vault.kv.write("kv/team/db", { password: "leaked" });
    first.put("db", [ITEM]);
    await first.scene.untilSynced("db", { password: "leaked" });
    vault.kv.remove("kv/team/db");
    vault.kv.write("kv/team/db", { password: "fresh" });
    await first.scene.untilSynced("db", { password: "fresh" });
    await first.scene.stop();
    vault.kv.remove("kv/team/db");
    vault.kv.write("kv/team/db", { password: "third" });
    const { scene } = await referencesScene(context, { vault, on: first.scene.cluster });
    await scene.untilSynced("db", { password: "third" });
  });

  test("are read anew where somebody else wrote their versions into the status", async (context) => {
    const vault = new MemoryVault();
    const first = await referencesScene(context, { vault });
    vault.kv.write("kv/team/db", { password: "one" });
    first.put("db", [ITEM]);
    await first.scene.untilSynced("db", { password: "one" });
    await first.scene.stop();
    const { store } = first.scene.cluster;
    vault.kv.write("kv/team/db", { password: "two" });
    const object = structuredClone(store.get("sealedsecrets.bitnami.com", "team", "db")) as ApiObject;
    const createdTime = "2030-01-01T00:00:00.000000002Z";
    const forged = {
      items: { password: { version: 2, createdTime, lastSyncTime: "2030-01-01T00:00:00Z" } },
    };
    store.put({ ...object, status: { ...(object["status"] as object), vault: forged } });
    const { scene } = await referencesScene(context, { vault, on: first.scene.cluster });
    await scene.untilSynced("db", { password: "two" });
  });

  test("stay as they were when their version is deleted, and go on when it is back", async (context) => {
    const { scene, vault, put, untilReason, status } = await referencesScene(context);
    vault.kv.write("kv/team/db", { password: "one" });
    put("db", [ITEM]);
    await scene.untilSynced("db", { password: "one" });
    vault.kv.mark("kv/team/db", 1, { deletedAt: "2020-01-01T00:00:00Z" });
    assert.match(await untilReason("db", "Stalled", "VaultSecretDeleted"), /vault kv undelete/);
    assert.deepEqual(scene.items("db"), { password: "one" });
    assert.equal(itemsOf(status("db"))?.["password"]?.version, 1, "what was read last stands");
    vault.kv.mark("kv/team/db", 1, { deletedAt: null });
    await scene.untilSynced("db", { password: "one" });
  });

  test("wait for a Vault that is away: Synced stays, few requests, no private-key work; then all is well", async (context) => {
    const { scene, vault, put, untilReason } = await referencesScene(context);
    vault.kv.write("kv/team/db", { password: "one" });
    const names = Array.from({ length: 20 }, (_, at) => `db${at}`);
    for (const name of names) put(name, [ITEM]);
    for (const name of names) await scene.untilSynced(name, { password: "one" });
    vault.sealed = true;
    vault.asked.length = 0;
    const began = performance.now();
    for (const name of names) {
      assert.match(await untilReason(name, "Reconciling", "KeyServiceUnavailable"), /Vault is sealed/);
      assert.equal(scene.condition(name, "Synced")?.status, "True");
    }
    await sleep(TWO_INTERVALS_MS);
    // One for each interval of one object, and some in the beginning: the longer it takes here, the more.
    const most = 40 + (performance.now() - began) / (TWO_INTERVALS_MS / 2);
    assert.ok(vault.asked.length < most, `${vault.asked.length} requests of 20 objects`);
    assert.match(await scene.metrics(), /^signet_vault_kv_unreachable 1$/m);
    vault.sealed = false;
    for (const name of names) await scene.untilSynced(name, { password: "one" });
    assert.match(await scene.metrics(), /^signet_vault_kv_unreachable 0$/m);
    const told = scene.lines.filter((line) => /Vault serves (?:no )?references/.test(line));
    assert.equal(told.length, 2, told.join(""));
    assert.match(told[0] ?? "", /level=WARN .*Vault is sealed/);
    assert.deepEqual(
      scene.secretWrites.filter(({ method }) => method === "PUT"),
      [],
    );
  });

  test("stop private-key work where they cannot be had", async (context) => {
    const { scene, vault, put, untilReason } = await referencesScene(context);
    const { spec } = await scene.seal("db", { salt: "s" });
    await scene.untilSynced("db", { salt: "s" });
    const operations = async () =>
      /signet_private_key_operations_total\{purpose="open"\} (\d+)/.exec(await scene.metrics())?.[1];
    const before = await operations();
    put("db", [ITEM], { spec: { encryptedData: spec.encryptedData } });
    await untilReason("db", "Stalled", "VaultSecretMissing");
    assert.equal(await operations(), before);
    vault.kv.write("kv/team/db", { password: "one" });
    await scene.untilSynced("db", { salt: "s", password: "one" });
  });

  test("are let go of with the last object of a namespace", async (context) => {
    const { scene, vault, put } = await referencesScene(context);
    vault.kv.write("kv/team/db", { password: "one" });
    for (const name of ["db", "other"]) {
      put(name, [ITEM]);
      await scene.untilSynced(name, { password: "one" });
    }
    scene.cluster.store.delete("sealedsecrets.bitnami.com", "team", "db");
    await sleep(200);
    assert.equal(vault.count("revoke-self"), 0);
    scene.cluster.store.delete("sealedsecrets.bitnami.com", "team", "other");
    await scene.until("the token to be given up", () => vault.count("revoke-self as team") === 1);
    const asked = vault.asked.length;
    await sleep(TWO_INTERVALS_MS);
    assert.equal(vault.asked.length, asked);
  });

  test("are refused under narrower options, and the Secret stays", async (context) => {
    const vault = new MemoryVault();
    const first = await referencesScene(context, { vault });
    vault.kv.write("kv/team/db", { password: "one" });
    first.put("db", [ITEM]);
    await first.scene.untilSynced("db", { password: "one" });
    await first.scene.stop();
    const mounts = REFERENCES_ON.map((arg) => arg.replace("mounts=kv", "mounts=teams/{namespace}"));
    const narrow = await referencesScene(context, { vault, on: first.scene.cluster, args: mounts });
    vault.asked.length = 0;
    assert.match(await narrow.untilReason("db", "Stalled", "VaultMountNotAllowed"), /--vault-kv-mounts/);
    assert.deepEqual(narrow.scene.items("db"), { password: "one" });
    await narrow.scene.stop();
    const off = await referencesScene(context, { vault, on: first.scene.cluster, args: [] });
    assert.match(await off.untilReason("db", "Stalled", "VaultReferencesOff"), /--vault-kv-mounts/);
    await off.scene.stop();
    const lacking = REFERENCES_ON.filter((arg) => !arg.includes("audience"));
    const half = await referencesScene(context, { vault, on: first.scene.cluster, args: lacking });
    await half.scene.until("words in the log", () =>
      half.scene.lines.some((line) => line.includes("the controller lacks --vault-kv-audience")),
    );
    assert.equal(vault.count("GET") + vault.count("login"), 0);
  });

  test("are never asked for with what is refused before", async (context) => {
    const { vault, tokens, put, untilReason } = await referencesScene(context);
    put("both", [ITEM], { spec: { encryptedData: { password: "AgA=" } } });
    put("climbing", [{ ...ITEM, path: "../sys" }]);
    put("mount", [{ ...ITEM, mount: "elsewhere" }]);
    assert.match(await untilReason("both", "Stalled", "MalformedSealedSecret"), /item password stands in/);
    assert.match(await untilReason("climbing", "Stalled", "MalformedSealedSecret"), /item password: path/);
    await untilReason("mount", "Stalled", "VaultMountNotAllowed");
    assert.deepEqual([vault.asked, tokens.asked], [[], []]);
  });
});

describe("a namespace without a login", { concurrency: 4 }, () => {
  for (const [status, reason] of [
    [404, "VaultAccountMissing"],
    [403, "VaultTokenForbidden"],
  ] as const)
    test(`whose ServiceAccount's token is refused (${status}): ${reason}`, async (context) => {
      const { scene, vault, tokens, put, untilReason } = await referencesScene(context);
      const { give } = tokens;
      tokens.give = () => status;
      vault.kv.write("kv/team/db", { password: "one" });
      put("db", [ITEM]);
      await untilReason("db", "Stalled", reason);
      assert.deepEqual(vault.asked, []);
      tokens.give = give;
      await scene.untilSynced("db", { password: "one" });
    });

  for (const [status, says, words] of [
    [400, 'invalid role name "tenants"', /there is no such role/],
    [403, "namespace not authorized", /the role is not for this namespace/],
  ] as const)
    test(`that Vault refuses with ${status}`, async (context) => {
      const { scene, vault, put, untilReason } = await referencesScene(context);
      vault.noLogin = { status, says };
      vault.kv.write("kv/team/db", { password: "one" });
      put("db", [ITEM]);
      assert.match(await untilReason("db", "Stalled", "VaultLoginRefused"), words);
      vault.noLogin = null;
      await scene.untilSynced("db", { password: "one" });
    });

  test("shows no token to Vault that the API server accepts", async (context) => {
    const { scene, vault, tokens, put, untilReason } = await referencesScene(context);
    tokens.presented = 403;
    put("db", [ITEM]);
    await untilReason("db", "Stalled", "VaultAudienceRefused");
    assert.deepEqual(vault.asked, []);
    tokens.presented = 401;
    vault.kv.write("kv/team/db", { password: "one" });
    await scene.untilSynced("db", { password: "one" });
  });

  test("keeps nobody else waiting, and is no outage of Vault", async (context) => {
    const { scene, vault, tokens, put, untilReason } = await referencesScene(context);
    const { give } = tokens;
    tokens.give = (namespace) => (namespace === "bad" ? 503 : give(namespace));
    vault.denied.push({ namespace: "team", path: "kv/data/bank" });
    vault.kv.write("kv/team/db", { password: "one" });
    for (let at = 0; at < 20; at++) put(`db${at}`, [ITEM], { namespace: "bad" });
    await untilReason("db0", "Reconciling", "KeyServiceUnavailable", "bad");
    put("greedy", [{ ...ITEM, path: "bank/db" }]);
    put("db", [ITEM]);
    await scene.untilSynced("db", { password: "one" });
    assert.match(await untilReason("greedy", "Stalled", "VaultForbidden"), /kv\/data\/bank\/db/);
    assert.deepEqual(
      scene.lines.filter((line) => line.includes("Vault serves no references")),
      [],
    );
  });

  test("has an audience that the controller's own token names refused at the start", async (context) => {
    const cluster = await startEmbeddedCluster({ sealedSecrets: true });
    context.after(() => cluster.stop());
    await assert.rejects(
      referencesScene(context, {
        on: cluster,
        identity: {
          ownToken: async () => `x.${Buffer.from('{"aud":["vault"]}').toString("base64url")}.y`,
          withToken: () => assert.fail("no client is needed"),
        },
      }),
      { code: "usage", message: /--vault-kv-audience/ },
    );
  });
});
