import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import { parse } from "yaml";
import { scopeItem } from "../../shared/document/sops/scope-item.ts";
import { scopeAt } from "../../shared/scope.ts";
import { sopsKmsContext } from "../../shared/sops-sealed-secret/kms-place.ts";
import { applyAs } from "../support/apply-as-client.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { asKubeObject, isRecord } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { metricOf } from "../support/metrics-of.ts";
import { conditionOf, type Scene, sceneOf, sealedPath } from "../support/sealed-secret-scene.ts";
import {
  controllerName,
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { type KeyServiceBackend, startKmsBackend, startVaultBackend } from "./key-services/backend.ts";
import { type StockSops, stockSops } from "./sops-sealed-secrets/stock-sops.ts";

requireNetbox();

type Place = { namespace: string; name: string };

/** A key service, and how the stock tool is told to encrypt for it. */
type Way = {
  title: string;
  start(cluster: ControlPlane): Promise<KeyServiceBackend>;
  /** What the tool finds in its environment. */
  env(backend: KeyServiceBackend): Record<string, string>;
  /** Flags that encrypt under a key for a place. */
  flags(backend: KeyServiceBackend, key: string, place: Place, clusterId: string): string[];
  /** The key that the options allow and SOPS can use, and one that they do not allow. */
  keys(backend: KeyServiceBackend): { allowed: string; forbidden: string };
};

const vaultAddress = ({ flags }: KeyServiceBackend): string =>
  flags.find((flag) => flag.startsWith("--vault-addr="))?.slice("--vault-addr=".length) ?? assert.fail();

const ways: Way[] = [
  {
    title: "AWS KMS, as moto plays it",
    start: startKmsBackend,
    env: ({ env }) => ({ ...env }),
    flags(_backend, key, place, clusterId) {
      const pairs = Object.entries(sopsKmsContext(clusterId, scopeAt("strict", place)));
      const context = pairs.map(([name, value]) => `${name}:${value}`).join(",");
      return ["--kms", key, "--encryption-context", context];
    },
    keys: ({ keys: [allowed], forbidden }) => ({ allowed, forbidden }),
  },
  {
    title: "a real Vault",
    start: startVaultBackend,
    env: ({ secrets }) => ({ VAULT_TOKEN: secrets["the root token"] ?? "" }),
    flags: (backend, key) => [
      "--hc-vault-transit",
      `${vaultAddress(backend)}/v1/${key.replace("transit/", "transit/keys/")}`,
    ],
    keys: ({ keys: [, allowed] }) => ({ allowed, forbidden: "transit/other" }),
  },
];

for (const way of ways) {
  const table = coverageTable({
    opens: "what the stock tool encrypted under a key of the service opens, at the cost of one call",
    moved: "a copy under another name is refused, and nothing is written",
    "not allowed": "a key that no option names is refused, and nobody is asked",
    outage: "an outage leaves the Secret alone, and what was changed follows by itself",
    restart: "a restart over what is in sync asks nobody",
    rights: "the shipped rights suffice",
  });
  suite(`SOPS documents under ${way.title}`, () => {
    let cluster: ControlPlane;
    let backend: KeyServiceBackend;
    let controller: SignetController;
    let scene: Scene;
    let stock: StockSops;
    let clusterId: string;

    before(async () => {
      cluster = await startInstalledCluster({ auditLog: true });
      scene = sceneOf(cluster);
      await scene.namespaces("team");
      const { body } = await cluster.request("GET", "/api/v1/namespaces/kube-system");
      clusterId = String((isRecord(body) && isRecord(body["metadata"]) ? body["metadata"] : {})["uid"]);
      backend = await way.start(cluster);
      stock = await stockSops(cluster.folder, way.env(backend));
      controller = await startController();
    });
    after(async () => {
      await controller?.stop();
      await backend?.stop();
      await cluster?.stop();
    });

    const startController = () =>
      startSignetController({ controlPlane: cluster, flags: backend.flags, env: backend.env });

    async function encrypted(
      name: string,
      items: Record<string, string>,
      key = way.keys(backend).allowed,
    ): Promise<string> {
      const place = { namespace: "team", name };
      const all = { ...items, "signet.dev/scope": scopeItem(clusterId, scopeAt("strict", place)) };
      const lines = Object.entries(all)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([item, text]) => `    ${item}: ${JSON.stringify(text)}`);
      const text = [
        "apiVersion: bitnami.com/v1alpha1",
        "kind: SealedSecret",
        `metadata: { name: ${name}, namespace: team }`,
        "spec:",
        "  encryptedData:",
        ...lines,
        "",
      ].join("\n");
      const rule = ["--encrypted-regex", "^encryptedData$", "--mac-only-encrypted"];
      const args = ["--encrypt", "--in-place", ...rule, ...way.flags(backend, key, place, clusterId), "FILE"];
      return (await stock.run(args, `${name}.yaml`, text)).file;
    }
    async function apply(text: string, name?: string): Promise<void> {
      const object = asKubeObject(parse(text));
      const metadata = { ...object.metadata, ...(name === undefined ? {} : { name }) };
      await applyAs("client-side", cluster, sealedPath("team", metadata.name), { ...object, metadata });
    }
    async function untilOpened(name: string, item: string, value: string): Promise<void> {
      const wanted = Buffer.from(value).toString("base64");
      await scene.untilSecret("team", name, ({ data }) => data?.[item] === wanted);
      await scene.untilSynced("team", name, "True");
    }
    async function refusal(name: string): Promise<{ reason?: string; message?: string }> {
      const stalled = conditionOf(await scene.untilSynced("team", name, "False"), "Stalled");
      assert.equal(await scene.secret("team", name), null);
      return stalled;
    }

    table.proves("opens", "one call for a document of five items", async () => {
      const text = await encrypted("db", { a: "1", b: "2", c: "3", d: "4", e: "five" });
      backend.forget();
      await apply(text);
      await untilOpened("db", "e", "five");
      assert.equal(backend.opened(), 1);
      const changed = await stock.run(
        ["set", "FILE", '["spec"]["encryptedData"]["e"]', '"changed"'],
        "db.yaml",
        text,
      );
      await apply(changed.file);
      await untilOpened("db", "e", "changed");
    });

    table.proves("moved", "a copy under another name is refused", async () => {
      await apply(await encrypted("home", { a: "1" }), "copy");
      const { reason, message = "" } = await refusal("copy");
      assert.equal(reason, "UnsealFailed");
      assert.match(message, /made for another place: .* differs in name|does not name this place: name/);
    });

    table.proves("not allowed", "a key that no option names is not asked for", async () => {
      // Vault makes a key with the first use of its name.
      const text = await encrypted("forbidden", { a: "1" }, way.keys(backend).forbidden);
      backend.forget();
      await apply(text);
      const { reason, message = "" } = await refusal("forbidden");
      assert.equal(reason, "KeyNotAllowed");
      assert.match(message, /is not allowed here; list the key in --(?:kms|vault)-allowed-keys/);
      assert.equal(backend.opened(), 0);
    });

    table.proves("outage", "an outage of any kind leaves the Secret alone, and ends by itself", async () => {
      const kinds = Object.entries(backend.outages);
      assert.ok(kinds.length > 0);
      for (const [at, [kind, { begin, end }]] of kinds.entries()) {
        const name = `outage-${at}`;
        await apply(await encrypted(name, { a: "before" }));
        await untilOpened(name, "a", "before");
        const next = await encrypted(name, { a: "after" });
        await begin();
        await apply(next);
        const status = await scene.untilSynced("team", name, "False");
        assert.equal(conditionOf(status, "Reconciling").reason, "KeyServiceUnavailable", kind);
        const { data } = (await scene.secret("team", name)) ?? assert.fail("the Secret is gone");
        assert.equal(Buffer.from(data?.["a"] ?? "", "base64").toString(), "before");
        await end();
        await untilOpened(name, "a", "after");
      }
    });

    table.proves("restart", "a restart over what is in sync asks nobody", async () => {
      // What does not open is looked at again.
      await scene.remove(sealedPath("team", "copy"));
      await controller.stop();
      backend.forget();
      controller = await startController();
      await apply(await encrypted("fresh", { a: "1" }));
      await untilOpened("fresh", "a", "1");
      await waitUntil({ what: "what is in sync to be judged" }, async () =>
        (await metricOf(controller, 'signet_sync_records_total{result="match"}')) >= 2 ? true : null,
      );
      assert.equal(backend.opened(), 1, "for the new object alone");
    });

    table.proves("rights", "nothing that the controller asked for was refused", async () => {
      const account = `system:serviceaccount:${controllerNamespace}:${controllerName}`;
      const events = (await cluster.auditEvents()).filter(({ user }) => user === account);
      assert.ok(events.length > 20);
      assert.deepEqual(
        events.filter(({ code, decision }) => code === 403 || decision === "forbid"),
        [],
      );
    });

    table.everyRowHasATest();
  });
}
