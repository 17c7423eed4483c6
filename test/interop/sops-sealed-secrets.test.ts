import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import { parse } from "yaml";
import { utf8 } from "../../shared/bytes.ts";
import { sopsWrapper } from "../../shared/document/sops/keys/wrapper.ts";
import { scopeItem } from "../../shared/document/sops/scope-item.ts";
import { scopeAnnotations, scopeAt } from "../../shared/scope.ts";
import { sopsSealer } from "../../shared/sops-sealed-secret/seal-sops.ts";
import { sopsText } from "../../shared/sops-sealed-secret/write-sops.ts";
import { identitySecret, testIdentity } from "../controller/sops/identity-secrets.ts";
import { applyAs, type WayToApply } from "../support/apply-as-client.ts";
import { Canaries, objectEvidence } from "../support/canary.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { asKubeObject, isRecord, type KubeObject } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { metricOf } from "../support/metrics-of.ts";
import { conditionOf, type Scene, sceneOf, sealedPath, secretPath } from "../support/sealed-secret-scene.ts";
import {
  controllerName,
  controllerNamespace,
  readInstallation,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { type StockSops, stockSops } from "./sops-sealed-secrets/stock-sops.ts";

requireNetbox();

const table = coverageTable({
  "client-side":
    "applied as kubectl apply does, with its record of what was applied, it opens and reads back whole",
  "server-side": "applied server-side it opens and reads back whole",
  order:
    "items whose names look like numbers stand in byte order, over which the stock tool verifies the MAC",
  edited: "edited by the stock tool, and applied again, the Secret follows",
  "by hand":
    "a document that the stock tool made opens if it says its place, else the command that mends it is named",
  moved: "copied to another namespace, renamed or widened it is refused by reason, and nothing is written",
  identities: "identities are taken in, moved to other namespaces and taken out live",
  refused: "a Secret that holds no identities is told by event and metric",
  forged: "no SealedSecret makes identities",
  flux: "without the mark that keeps Flux off it is told, and what came decrypted is refused by a reason of its own",
  dropped:
    "where the definition drops the field sops the condition says so, and it opens once the definition is new",
  restart: "a restart opens nothing that is in sync",
  rights: "the shipped rights suffice",
  silence: "no log, event, status or metric holds a value or an identity",
});

const NAMESPACES = ["team", "other"];
const ACCOUNT = `system:serviceaccount:${controllerNamespace}:${controllerName}`;
const MARK = "kustomize.toolkit.fluxcd.io/decrypt";
const SIGNAL = new AbortController().signal;

suite("SealedSecrets that are SOPS documents, on a real API server", () => {
  const canaries = new Canaries();
  const logs: string[] = [];
  let cluster: ControlPlane;
  let controller: SignetController;
  let scene: Scene;
  let stock: StockSops;
  let clusterId: string;
  let identity: Awaited<ReturnType<typeof testIdentity>>;

  before(async () => {
    cluster = await startInstalledCluster({ auditLog: true });
    scene = sceneOf(cluster);
    await scene.namespaces(...NAMESPACES);
    const { body } = await cluster.request("GET", "/api/v1/namespaces/kube-system");
    clusterId = String((isRecord(body) && isRecord(body["metadata"]) ? body["metadata"] : {})["uid"]);
    identity = await testIdentity();
    canaries.guard("the age identity", identity.text);
    stock = await stockSops(cluster.folder, { SOPS_AGE_KEY: identity.text });
    await cluster.apply([identitySecret({ "keys.txt": identity.text }, { serves: "team" }) as KubeObject]);
    controller = await startController();
  });
  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  const startController = () =>
    startSignetController({ controlPlane: cluster, flags: ["--log-level=DEBUG"] });

  /** A SealedSecret as the command line writes it, in the layout of the stock tool. */
  async function document(
    name: string,
    plain: Record<string, string>,
    { namespace = "team", recipient = identity.recipient } = {},
  ): Promise<string> {
    const wrapper = sopsWrapper({ kms: null, vault: null, now: () => new Date() });
    const groups = [[{ type: "age", recipient } as const]];
    const sealer = sopsSealer({ groups, shamirThreshold: 0, wrapper, now: () => new Date() }, SIGNAL);
    const scope = scopeAt("strict", { namespace, name });
    const items = new Map(Object.entries(plain).map(([item, text]) => [item, utf8(text)]));
    const bare = {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      metadata: { name, namespace, annotations: scopeAnnotations("strict") },
      spec: { encryptedData: {} },
    };
    const sealed = await sealer.sealObject?.(bare as never, items, { clusterId, scope });
    return sopsText(sealed ?? assert.fail("it seals no objects"), "yaml");
  }
  const objectOf = (text: string) => asKubeObject(parse(text));
  const pathOf = ({ metadata: { namespace = "", name } }: KubeObject) => sealedPath(namespace, name);
  const apply = (object: KubeObject, way: WayToApply = "client-side") =>
    applyAs(way, cluster, pathOf(object), object);
  const canary = (name: string) => canaries.text(name);

  async function untilOpened(name: string, plain: Record<string, string>, namespace = "team"): Promise<void> {
    const fits = (data: Record<string, string> | undefined) => {
      const items = Object.entries(data ?? {}).map(([item, text]) => [
        item,
        Buffer.from(text, "base64").toString(),
      ]);
      return JSON.stringify(items.sort()) === JSON.stringify(Object.entries(plain).sort());
    };
    await scene.untilSecret(namespace, name, ({ data }) => fits(data));
    await scene.untilSynced(namespace, name, "True");
  }
  /** Waits until the controller has seen a Secret that holds identities, as it does by a watch of its own. */
  const untilRegistered = (name: string) =>
    controller.process.waitForOutput(new RegExp(`registered age identities" secretname=${name}\\b`));
  /** The same by the metric, which counts each identity once. */
  async function untilLoaded(identities: number): Promise<void> {
    await waitUntil({ what: `${identities} identities to be loaded` }, async () =>
      (await metricOf(controller, 'signet_age_identities{state="loaded"}')) === identities ? true : null,
    );
  }
  async function untilRefused(name: string, words: RegExp, reason = "UnsealFailed", namespace = "team") {
    const status = await scene.untilSynced(namespace, name, "False");
    const stalled = conditionOf(status, "Stalled");
    assert.equal(stalled.reason, reason, stalled.message);
    assert.match(stalled.message ?? "", words);
    assert.equal(await scene.secret(namespace, name), null);
  }
  /** What the API server has, in its own words. */
  async function stored(name: string): Promise<string> {
    const { status, body } = await cluster.request("GET", sealedPath("team", name), undefined, {
      asText: true,
    });
    assert.equal(status, 200);
    return String(body);
  }

  for (const way of ["client-side", "server-side"] as const) {
    table.proves(
      [way, "order"],
      `applied ${way} it opens, reads back, and verifies with the stock tool`,
      async () => {
        const plain = {
          "10": canary("ten"),
          "2": canary("two"),
          a: canary("a"),
          "9.b": canary("b"),
          Z: canary("Z"),
        };
        const object = objectOf(await document(`applied-${way}`, plain));
        await apply(object, way);
        await untilOpened(object.metadata.name, plain);
        const text = await stored(object.metadata.name);
        const read = asKubeObject(JSON.parse(text));
        assert.deepEqual([read["sops"], read["spec"]], [object["sops"], object["spec"]]);
        const opened = await stock.decrypt("stored.json", text);
        const { encryptedData } = opened["spec"] as { encryptedData: Record<string, string> };
        const scope = scopeItem(
          clusterId,
          scopeAt("strict", { namespace: "team", name: object.metadata.name }),
        );
        assert.deepEqual(encryptedData, { ...plain, "signet.dev/scope": scope });
        // What clients and servers add to the metadata changes nothing.
        const labels = { ...object.metadata, labels: { "example.com/added": "x" } };
        await apply({ ...object, metadata: labels }, way);
        await stock.decrypt("stored.json", await stored(object.metadata.name));
        await scene.untilSynced("team", object.metadata.name, "True");
      },
    );

    table.proves(
      [way, "edited"],
      `edited by the stock tool and applied again ${way} the Secret follows`,
      async () => {
        const name = `edited-${way}`;
        const plain = { keep: canary("kept"), change: canary("old") };
        const text = await document(name, plain);
        await apply(objectOf(text), way);
        await untilOpened(name, plain);
        const value = canary("new");
        const path = '["spec"]["encryptedData"]["change"]';
        const edited = await stock.run(["set", "FILE", path, JSON.stringify(value)], "edited.yaml", text);
        assert.notEqual(edited.file, text);
        const kept = (document: string) =>
          (objectOf(document)["spec"] as { encryptedData: Record<string, string> }).encryptedData["keep"];
        assert.equal(kept(edited.file), kept(text), "what was not edited is the same");
        await apply(objectOf(edited.file), way);
        await untilOpened(name, { ...plain, change: value });
        const rotated = await stock.run(["rotate", "--in-place", "FILE"], "edited.yaml", edited.file);
        assert.notEqual(kept(rotated.file), kept(text));
        await apply(objectOf(rotated.file), way);
        await untilOpened(name, { ...plain, change: value });
        // It wrote the keys in the order that it found; an item that it adds comes last, which is right for this name alone.
        const added = await stock.run(
          ["set", "FILE", '["spec"]["encryptedData"]["zz"]', '"added!"'],
          "edited.yaml",
          rotated.file,
        );
        await apply(objectOf(added.file), way);
        await untilOpened(name, { ...plain, change: value, zz: "added!" });
      },
    );
  }

  const ENCRYPT = ["--encrypt", "--in-place", "--encrypted-regex", "^encryptedData$", "--mac-only-encrypted"];
  const bareDocument = (name: string, items: readonly string[]): string =>
    [
      "apiVersion: bitnami.com/v1alpha1",
      "kind: SealedSecret",
      "metadata:",
      `  name: ${name}`,
      "  namespace: team",
      `  annotations: { ${MARK}: Disabled }`,
      "spec:",
      "  encryptedData:",
      ...items.map((item) => `    ${item}`),
      "",
    ].join("\n");
  const byStock = (args: readonly string[], text: string) =>
    stock.run([...ENCRYPT, ...args, "--age", identity.recipient, "FILE"], "by-hand.yaml", text);
  const scopeLine = (name: string) =>
    `signet.dev/scope: ${scopeItem(clusterId, scopeAt("strict", { namespace: "team", name }))}`;

  table.proves("by hand", "a document that the stock tool made opens when it says its place", async () => {
    const value = canary("by hand");
    const items = [`a: ${value}`, scopeLine("by-hand"), 'z: "7"'];
    const { file } = await byStock([], bareDocument("by-hand", items));
    await apply(objectOf(file));
    await untilOpened("by-hand", { a: value, z: "7" });
  });

  table.proves("by hand", "and is refused otherwise, by the command that puts it right", async () => {
    const rows: [name: string, items: string[], words: RegExp][] = [
      ["unbound", ["a: aaaaaaaa"], /no item signet\.dev\/scope.*sops set FILE/s],
      [
        "disorderly",
        ["z: aaaaaaaa", scopeLine("disorderly"), "a: bbbbbbbb"],
        /byte order.*signet --re-encrypt --in-place/s,
      ],
      ["numeric", ["a: 5432", scopeLine("numeric")], /a is of type int, and a Secret holds texts.*sops set/s],
      ["empty", ['a: ""', scopeLine("empty")], /empty values, which SOPS does not authenticate: a/],
    ];
    for (const [name, items, words] of rows) {
      const { file } = await byStock([], bareDocument(name, items));
      await apply(objectOf(file));
      await untilRefused(name, words);
    }
  });

  table.proves("moved", "copied, renamed or widened it is refused, and nothing is written", async () => {
    const value = canary("moved");
    const object = objectOf(await document("home", { a: value }));
    const moved = (metadata: object): KubeObject => ({
      ...object,
      metadata: { ...object.metadata, ...metadata },
    });
    await cluster.apply([
      identitySecret({ "keys.txt": identity.text }, { name: "age-others", serves: "other" }) as KubeObject,
    ]);
    await untilRegistered("age-others");
    await apply(moved({ name: "renamed" }));
    await apply(moved({ namespace: "other" }), "server-side");
    await apply(moved({ annotations: { "sealedsecrets.bitnami.com/namespace-wide": "true" } }));
    await untilRefused("renamed", /made for another place: .* differs in name;/);
    await untilRefused("home", /made for another place: .* differs in namespace;/, "UnsealFailed", "other");
    await untilRefused("home", /made for another place: .* differs in scope;/);
    await apply(object);
    await untilOpened("home", { a: value });
    await scene.untilEvent("other", "home", "ErrUnsealFailed", /another place/);
    await scene.remove(secretPath(controllerNamespace, "age-others"));
  });

  table.proves(
    "identities",
    "they come, serve other namespaces, and go while the controller runs",
    async () => {
      const late = await testIdentity();
      canaries.guard("a late identity", late.text);
      const value = canary("late");
      const { recipient } = late;
      const [first, second, third] = await Promise.all(
        ["late", "later", "latest"].map((name) =>
          document(name, { a: value }, { namespace: "other", recipient }),
        ),
      );
      const put = (serves: string, label?: string) =>
        cluster.apply([
          identitySecret(
            { k: late.text },
            { name: "age-late", serves, ...(label === undefined ? {} : { label }) },
          ) as KubeObject,
        ]);
      await apply(objectOf(first ?? ""));
      await untilRefused("late", /no age identity|no age identity at hand/, "UnsealFailed", "other");
      await put("team");
      await untilLoaded(2);
      await apply(objectOf(second ?? ""));
      await untilRefused("later", /no age identity.*signet\.dev\/age-namespaces/s, "UnsealFailed", "other");
      await put("team,other");
      await untilOpened("late", { a: value }, "other");
      await untilOpened("later", { a: value }, "other");
      await put("team,other", "retired");
      await scene.untilSynced("other", "later", "True");
      await untilLoaded(1);
      await apply(objectOf(third ?? ""));
      await untilRefused("latest", /no age identity/, "UnsealFailed", "other");
      await scene.remove(secretPath(controllerNamespace, "age-late"));
    },
  );

  table.proves(
    "refused",
    "a Secret that holds none is told by event and metric, and the replica is ready",
    async () => {
      await cluster.apply([identitySecret({ k: "hunter2hunter2" }, { name: "age-bad" }) as KubeObject]);
      canaries.guard("what a bad Secret holds", "hunter2hunter2");
      await scene.untilEvent(controllerNamespace, "age-bad", "AgeIdentitiesRefused", /its item k, line 1/);
      await waitUntil({ what: "it among the metrics" }, async () =>
        (await metricOf(controller, 'signet_age_identities{state="refused"}')) === 1 ? true : null,
      );
      assert.equal((await fetch(`${controller.url}/readyz`)).status, 200);
      await scene.remove(secretPath(controllerNamespace, "age-bad"));
    },
  );

  table.proves(
    "forged",
    "a template with the label of identities is refused, in the controller's namespace too",
    async () => {
      const value = canary("forged");
      await cluster.apply([
        identitySecret(
          { "keys.txt": identity.text },
          { name: "age-own", serves: controllerNamespace },
        ) as KubeObject,
      ]);
      await untilRegistered("age-own");
      for (const namespace of ["team", controllerNamespace]) {
        const object = objectOf(await document("forged", { "keys.txt": value }, { namespace }));
        const metadata = { labels: { "signet.dev/age-identities": "active" } };
        await apply({ ...object, spec: { ...(object["spec"] as object), template: { metadata } } });
        await untilRefused(
          "forged",
          /sets the label signet\.dev\/age-identities/,
          "SecretForbidden",
          namespace,
        );
      }
      await scene.remove(secretPath(controllerNamespace, "age-own"));
    },
  );

  table.proves("flux", "the mark is asked for, and what came decrypted is refused", async () => {
    const value = canary("flux");
    const object = objectOf(await document("flux", { a: value }));
    assert.deepEqual(object.metadata["annotations"], { [MARK]: "Disabled" });
    await apply({ ...object, metadata: { ...object.metadata, annotations: {} } });
    await untilOpened("flux", { a: value });
    const ready = async () => conditionOf((await scene.status("team", "flux")) ?? assert.fail(), "Ready");
    assert.match(
      (await ready()).message ?? "",
      /no annotation kustomize\.toolkit\.fluxcd\.io\/decrypt: Disabled/,
    );
    await apply(object);
    await waitUntil({ what: "the mark to be seen" }, async () =>
      (await ready()).message === undefined ? true : null,
    );
    // As Flux would apply it: opened, and without the metadata of SOPS.
    const opened = await stock.decrypt("flux.yaml", await document("opened", { a: "plain-text-value" }));
    await apply(opened);
    await untilRefused(
      "opened",
      /something decrypted this SOPS document before it was applied/,
      "ValuesExposed",
    );
  });

  table.proves("restart", "a restart opens nothing that is in sync", async () => {
    await controller.stop();
    logs.push(controller.logs());
    controller = await startController();
    const value = canary("fresh");
    await apply(objectOf(await document("fresh", { a: value })));
    await untilOpened("fresh", { a: value });
    await waitUntil({ what: "what is in sync to be judged" }, async () =>
      (await metricOf(controller, 'signet_sync_records_total{result="match"}')) >= 5 ? true : null,
    );
    assert.equal(await metricOf(controller, 'signet_sync_records_total{result="mismatch"}'), 0);
  });

  table.proves(
    "dropped",
    "a definition that drops the field sops is named, and a new one mends it",
    async () => {
      const definition =
        (await readInstallation()).find(({ kind }) => kind === "CustomResourceDefinition") ?? assert.fail();
      const older = structuredClone(definition) as unknown as {
        spec: { versions: { schema: { openAPIV3Schema: { properties: Record<string, unknown> } } }[] };
      };
      for (const { schema } of older.spec.versions) delete schema.openAPIV3Schema.properties["sops"];
      await cluster.apply([older as unknown as KubeObject]);
      const value = canary("dropped");
      const object = objectOf(await document("dropped", { a: value }));
      const keepsSops = async (): Promise<boolean> => {
        await apply(object);
        const { body } = await cluster.request("GET", pathOf(object));
        return asKubeObject(body)["sops"] !== undefined;
      };
      // A changed definition is served a moment later.
      await waitUntil({ what: "the older definition" }, async () => {
        if (!(await keepsSops())) return true;
        await scene.remove(pathOf(object));
        return null;
      });
      await cluster.request("DELETE", secretPath("team", "dropped"));
      await untilRefused(
        "dropped",
        /its field sops is missing.*kubectl apply --server-side --force-conflicts -f crds/s,
      );
      await cluster.apply([definition]);
      await waitUntil({ what: "the definition" }, async () => ((await keepsSops()) ? true : null));
      await untilOpened("dropped", { a: value });
    },
  );

  table.proves(
    "rights",
    "nothing that the controller asked for was refused, nor a Secret read elsewhere than it has to",
    async () => {
      const events = (await cluster.auditEvents()).filter(({ user }) => user === ACCOUNT);
      assert.ok(events.length > 100);
      assert.deepEqual(
        events.filter(({ code, decision }) => code === 403 || decision === "forbid"),
        [],
      );
      const listed = events.filter(({ requestURI }) => /age-identities/.test(decodeURIComponent(requestURI)));
      assert.ok(listed.length > 0);
      for (const { namespace, resource } of listed)
        assert.deepEqual([namespace, resource], [controllerNamespace, "secrets"]);
    },
  );

  table.proves("silence", "everything that was said, searched for every value and identity", async () => {
    const metrics = await (await fetch(`${controller.metricsUrl}/metrics`)).text();
    await controller.stop();
    logs.push(controller.logs());
    const objects: KubeObject[] = [];
    for (const namespace of [...NAMESPACES, controllerNamespace])
      for (const path of [sealedPath(namespace), `/api/v1/namespaces/${namespace}/events`]) {
        const { body } = await cluster.request("GET", path);
        const items: unknown[] = isRecord(body) && Array.isArray(body["items"]) ? body["items"] : [];
        objects.push(
          ...items.filter(isRecord).map((item) => ({ kind: "", apiVersion: "", ...item }) as KubeObject),
        );
      }
    assert.ok(objects.length > 20);
    canaries.assertSilent([
      ...logs.map((content) => ({ where: "the log", content })),
      { where: "the metrics", content: metrics },
      ...objectEvidence("the cluster", objects),
    ]);
  });

  table.everyRowHasATest();
});
