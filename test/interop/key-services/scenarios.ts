import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { type ScopeKind, scopeAnnotations, scopeAt } from "../../../shared/scope.ts";
import { Canaries, objectEvidence } from "../../support/canary.ts";
import type { ControlPlane } from "../../support/control-plane/control-plane.ts";
import { isRecord, type KubeObject } from "../../support/control-plane/kube-object.ts";
import { waitUntil } from "../../support/control-plane/wait-until.ts";
import { coverageTable } from "../../support/coverage-table.ts";
import { testSealer } from "../../support/in-process-sealing.ts";
import { startInstalledCluster } from "../../support/installed-cluster.ts";
import { conditionOf, type Scene, sceneOf, sealedPath } from "../../support/sealed-secret-scene.ts";
import { type SignetController, startSignetController } from "../../support/signet-controller.ts";
import type { KeyServiceBackend } from "./backend.ts";

const rows = {
  mixed: "items of a key service and of the cluster's key in one object, with a template that uses all",
  "one call": "five items of a sealing are opened by one call",
  scopes: "the three scopes open where they say, and nowhere else",
  attacks: "copies, widened scopes, swapped items and other clusters are refused; nothing is written",
  "other keys": "a value that names a key that is not allowed is refused, and nobody is asked",
  "other hosts": "a value that names another host, region or address is refused, and nobody is asked",
  outages: "an outage leaves Secrets alone, and new objects follow by themselves when it ends",
  restart: "a restart over objects in sync asks nobody",
  http: "/v1/verify and /v1/rotate ask nobody",
  silence: "no log, event, status, metric or answer holds a value or a token",
};

const NAMESPACES = ["team", "other"];
const MOVED = /damaged, or sealed for another cluster, scope, namespace, name or item/;

type Sealed = { namespace?: string; name: string; scope?: ScopeKind; clusterId?: string; key?: string };

/** What a controller does with values under a key service, against a real API server. */
export function keyServiceSuite(
  title: string,
  start: (cluster: ControlPlane) => Promise<KeyServiceBackend>,
): void {
  const table = coverageTable(rows);
  suite(title, () => {
    let cluster: ControlPlane;
    let backend: KeyServiceBackend;
    let controller: SignetController;
    let scene: Scene;
    let clusterId: string;
    const canaries = new Canaries();
    const logs: string[] = [];
    const written = new Map<string, Record<string, string>>();

    before(async () => {
      cluster = await startInstalledCluster({ controllerManager: true });
      scene = sceneOf(cluster);
      await scene.namespaces(...NAMESPACES);
      const { body } = await cluster.request("GET", "/api/v1/namespaces/kube-system");
      clusterId = String((isRecord(body) && isRecord(body["metadata"]) ? body["metadata"] : {})["uid"]);
      backend = await start(cluster);
      for (const [name, secret] of Object.entries(backend.secrets)) canaries.guard(name, secret);
      controller = await startController();
    });
    after(async () => {
      await controller?.stop();
      await backend?.stop();
      await cluster?.stop();
    });

    const startController = () =>
      startSignetController({
        controlPlane: cluster,
        flags: [...backend.flags, "--rate-limit=1000", "--log-level=DEBUG"],
        env: backend.env,
      });
    async function stopController(): Promise<void> {
      await controller.stop();
      logs.push(controller.logs());
    }

    /** Values that hold a canary each, sealed under a key of the service. */
    async function sealed(at: Sealed, ...items: string[]): Promise<Record<string, string>> {
      const { namespace = "team", name, scope = "strict", key = backend.keys[0] } = at;
      const plain = new Map(items.map((item) => [item, canaries.text(`${name}.${item}`)]));
      written.set(`${namespace}/${name}`, {
        ...Object.fromEntries(plain),
        ...written.get(`${namespace}/${name}`),
      });
      const bytes = new Map([...plain].map(([item, text]) => [item, utf8(text)]));
      const binding = { clusterId: at.clusterId ?? clusterId, scope: scopeAt(scope, { namespace, name }) };
      return Object.fromEntries(await backend.sealer(key).sealAll(bytes, binding));
    }

    async function apply(
      { namespace = "team", name, scope = "strict" }: Sealed,
      encryptedData: Record<string, string>,
      { template, annotations = scopeAnnotations(scope) }: { template?: object; annotations?: object } = {},
    ): Promise<void> {
      const object = {
        apiVersion: "bitnami.com/v1alpha1",
        kind: "SealedSecret",
        metadata: { namespace, name, annotations },
        spec: { encryptedData, ...(template === undefined ? {} : { template }) },
      };
      await cluster.apply([object as unknown as KubeObject]);
    }

    /** Waits for the Secret with the values that were sealed for that name. */
    async function opens(name: string, namespace = "team", as = name): Promise<Record<string, string>> {
      await scene.untilSynced(namespace, name, "True");
      const secret = await scene.untilSecret(namespace, name);
      const items = Object.fromEntries(
        Object.entries(secret.data ?? {}).map(([item, text]) => [
          item,
          Buffer.from(text, "base64").toString(),
        ]),
      );
      for (const [item, text] of Object.entries(written.get(`team/${as}`) ?? {}))
        assert.equal(items[item], text, item);
      return items;
    }

    /** As they stood when they were removed. */
    const refusedObjects: KubeObject[] = [];

    async function refused(name: string, reason: string, message: RegExp, namespace = "team"): Promise<void> {
      const status = await scene.untilSynced(namespace, name, "False");
      const synced = conditionOf(status, "Synced");
      assert.equal(synced.reason, reason, synced.message);
      assert.match(synced.message ?? "", message);
      assert.equal(conditionOf(status, "Stalled").status, "True");
      assert.equal(await scene.secret(namespace, name), null);
      await removed(name, namespace);
    }

    /** What is refused is tried again, and would be counted among what others ask for. */
    async function removed(name: string, namespace = "team"): Promise<void> {
      const path = sealedPath(namespace, name);
      refusedObjects.push((await cluster.request("GET", path)).body as KubeObject);
      await scene.remove(path);
    }

    table.proves(
      ["mixed", "one call"],
      "a mixed object with a template; five items are one call",
      async () => {
        const name = "mixed";
        const classic = canaries.text("classic");
        const certificate = await (await fetch(`${controller.url}/v1/cert.pem`)).text();
        const own = await (await testSealer(certificate)).value(
          classic,
          scopeAt("strict", { namespace: "team", name }),
        );
        const values = await sealed({ name }, "a", "b", "c", "d", "e");
        backend.forget();
        await apply({ name }, { ...values, own }, { template: { data: { url: "{{ .a }}/{{ .own }}" } } });
        const items = await opens(name);
        assert.equal(items["own"], classic);
        assert.equal(items["url"], `${items["a"]}/${classic}`);
        assert.equal(backend.opened(), 1);
      },
    );

    table.proves("scopes", "each scope under each key", async () => {
      for (const [at, key] of backend.keys.entries())
        for (const scope of ["strict", "namespace-wide", "cluster-wide"] satisfies ScopeKind[]) {
          const name = `${scope}-${at}`;
          const values = await sealed({ name, scope, key }, "a", "b");
          await apply({ name, scope }, values);
          await apply({ name: `${name}-copy`, scope }, values);
          await apply({ name, namespace: "other", scope }, values);
          await opens(name);
          if (scope === "strict") await refused(`${name}-copy`, "UnsealFailed", MOVED);
          else await opens(`${name}-copy`, "team", name);
          if (scope === "cluster-wide") await opens(name, "other");
          else await refused(name, "UnsealFailed", MOVED, "other");
        }
    });

    table.proves("attacks", "values that were moved or edited", async () => {
      for (const [at, key] of backend.keys.entries()) {
        const values = await sealed({ name: `home-${at}`, key }, "a", "b");
        const { a = "", b = "" } = values;
        for (const scope of ["namespace-wide", "cluster-wide"] satisfies ScopeKind[]) {
          // Under the very name that it was sealed for, too.
          for (const name of [`widened-${at}-${scope}`, `home-${at}`]) {
            await apply({ name, scope }, values);
            await refused(name, "UnsealFailed", MOVED);
          }
        }
        await apply({ name: `home-${at}` }, { a: b, b: a });
        await refused(`home-${at}`, "UnsealFailed", MOVED);
        const elsewhere = { name: `elsewhere-${at}`, clusterId: "another-cluster", key };
        await apply(elsewhere, await sealed(elsewhere, "a"));
        await refused(elsewhere.name, "UnsealFailed", MOVED);
        const last = a.at(-5) === "A" ? "B" : "A";
        await apply({ name: `cut-${at}` }, { a: `${a.slice(0, -5)}${last}${a.slice(-4)}` });
        await refused(`cut-${at}`, "UnsealFailed", /damaged|not a (?:kms|vault): value/);
      }
    });

    table.proves("other keys", "a value under, or edited to name, another key", async () => {
      const under = { name: "under-other", key: backend.forbidden };
      const values = await sealed(under, "a");
      const { a = "" } = await sealed({ name: "edited" }, "a");
      const [first, second] = backend.keys;
      backend.forget();
      await apply(under, values);
      await refused(under.name, "KeyNotAllowed", /is not allowed here; .*-allowed-keys/);
      await apply({ name: "edited" }, { a: a.replace(first, backend.forbidden) });
      await refused("edited", "KeyNotAllowed", /is not allowed here/);
      assert.equal(backend.asked(), 0);
      // The other key is allowed, and is not the one it was sealed under.
      await apply({ name: "exchanged" }, { a: a.replace(first, second) });
      const status = await scene.untilSynced("team", "exchanged", "False");
      assert.match(conditionOf(status, "Synced").reason ?? "", /^(?:UnsealFailed|KeyServiceRefused)$/);
      assert.equal(await scene.secret("team", "exchanged"), null);
      await removed("exchanged");
    });

    table.proves("other hosts", "a value edited to name another host", async () => {
      const { a = "" } = await sealed({ name: "led-away" }, "a");
      const [first] = backend.keys;
      backend.forget();
      for (const [at, other] of backend.elsewhere.entries()) {
        const name = `led-away-${at}`;
        const edited = a.replace(first, other);
        assert.notEqual(edited, a);
        await apply({ name }, { a: edited });
        const status = await scene.untilSynced("team", name, "False");
        const { reason = "", message = "" } = conditionOf(status, "Synced");
        assert.match(
          `${reason}: ${message}`,
          /^(?:KeyNotAllowed: .*not allowed here|UnsealFailed: .*not a (?:kms|vault): value)/,
        );
        assert.equal(conditionOf(status, "Stalled").status, "True");
        assert.equal(await scene.secret("team", name), null);
        await removed(name);
      }
      assert.equal(backend.asked(), 0);
    });

    table.proves("outages", "outages of every kind, in the middle of the work", async () => {
      let round = 0;
      for (const [kind, { begin, end }] of Object.entries(backend.outages)) {
        round += 1;
        const before = `before-${round}`;
        await apply({ name: before }, await sealed({ name: before }, "a"));
        await opens(before);
        const version = (await scene.secret("team", before))?.metadata.resourceVersion;
        const during = `during-${round}`;
        const values = await sealed({ name: during }, "a");
        await begin();
        try {
          await apply({ name: during }, values);
          const status = await scene.untilSynced("team", during, "False");
          assert.equal(conditionOf(status, "Synced").reason, "KeyServiceUnavailable", kind);
          assert.equal(conditionOf(status, "Reconciling").status, "True");
          assert.ok(status.conditions.every(({ type }) => type !== "Stalled"));
          assert.equal((await scene.secret("team", before))?.metadata.resourceVersion, version);
          const kept = await scene.status("team", before);
          assert.equal(kept === null ? null : conditionOf(kept, "Ready").status, "True");
        } finally {
          await end();
        }
        await opens(during);
        const told = await scene.events("team", during);
        assert.ok(
          told.filter(({ reason }) => reason === "ErrUnsealFailed").every(({ count }) => count <= 2),
          kind,
        );
      }
    });

    table.proves("http", "what is posted to the HTTP API", async () => {
      const values = await sealed({ name: "posted" }, "a");
      const metadata = { namespace: "team", name: "posted" };
      const object = { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", metadata };
      const body = JSON.stringify({ ...object, spec: { encryptedData: values } });
      backend.forget();
      for (const path of ["verify", "rotate"]) {
        const answer = await fetch(`${controller.url}/v1/${path}`, { method: "POST", body });
        assert.notEqual(answer.status, 200);
        logs.push(await answer.text());
      }
      assert.equal(backend.asked(), 0);
    });

    table.proves("restart", "a restart", async () => {
      const judged = async (): Promise<{ matches: number; inSync: number }> => {
        const text = await (await fetch(`${controller.metricsUrl}/metrics`)).text();
        const figure = (line: RegExp) => Number(line.exec(text)?.[1] ?? 0);
        return {
          matches: figure(/signet_sync_records_total\{result="match"\} (\d+)/),
          inSync: (text.match(/_condition_info\{[^}]*condition="Ready"[^}]*\} 1$/gm) ?? []).length,
        };
      };
      const { inSync } = await judged();
      assert.ok(inSync >= 10, `${inSync} objects in sync`);
      await stopController();
      // Those that failed are tried again at each start.
      const failed = await failedObjects();
      for (const path of failed) await scene.remove(path);
      backend.forget();
      controller = await startController();
      await waitUntil({ what: "the records to be judged", boundMs: 90_000 }, async () =>
        (await judged()).matches === inSync ? true : null,
      );
      assert.equal(backend.asked(), 0);
    });

    async function failedObjects(): Promise<string[]> {
      const objects = (await Promise.all(NAMESPACES.map((namespace) => list(sealedPath(namespace))))).flat();
      return objects
        .filter((object) => {
          const conditions = isRecord(object["status"]) ? object["status"]["conditions"] : [];
          const all = Array.isArray(conditions) ? conditions.filter(isRecord) : [];
          return !all.some(({ type, status }) => type === "Ready" && status === "True");
        })
        .map(({ metadata }) => sealedPath(String(metadata.namespace), String(metadata.name)));
    }

    async function list(path: string): Promise<KubeObject[]> {
      const { body } = await cluster.request("GET", path);
      return isRecord(body) && Array.isArray(body["items"]) ? (body["items"] as KubeObject[]) : [];
    }

    table.proves("silence", "everything that was said, searched for every value and token", async () => {
      const metrics = await (await fetch(`${controller.metricsUrl}/metrics`)).text();
      await stopController();
      const paths = NAMESPACES.flatMap((namespace) => [
        sealedPath(namespace),
        `/api/v1/namespaces/${namespace}/events`,
      ]);
      const objects = (await Promise.all(paths.map(list))).flat();
      assert.ok(objects.length > 20 && refusedObjects.length > 10);
      canaries.assertSilent([
        ...logs.map((content) => ({ where: "a log or an answer", content })),
        { where: "the metrics", content: metrics },
        ...objectEvidence("the cluster", [...objects, ...refusedObjects]),
      ]);
    });

    table.everyRowHasATest();
  });
}
