import assert from "node:assert/strict";
import { after, afterEach, before, suite } from "node:test";
import { issueKey } from "../../../shared/seal/issue-certificate.node.ts";
import type { ControlPlane } from "../../support/control-plane/control-plane.ts";
import { requireNetbox } from "../../support/control-plane/host-network.ts";
import { isRecord } from "../../support/control-plane/kube-object.ts";
import { startReferenceController } from "../../support/control-plane/reference-controller.ts";
import { waitUntil } from "../../support/control-plane/wait-until.ts";
import { coverageTable } from "../../support/coverage-table.ts";
import { base64, testSealer } from "../../support/in-process-sealing.ts";
import { startInstalledCluster } from "../../support/installed-cluster.ts";
import { metricOf } from "../../support/metrics-of.ts";
import { conditionOf, type Scene, type SceneSecret, sceneOf } from "../../support/sealed-secret-scene.ts";
import {
  certificateOf,
  deleteKeys,
  keyLabel,
  keySecretOf,
  keySecrets,
  relabelKey,
} from "../../support/sealing-key-secrets.ts";
import { runSignet } from "../../support/signet-cli.ts";
import {
  controllerNamespace,
  type SignetController,
  type SignetControllerOptions,
  startSignetController,
} from "../../support/signet-controller.ts";
import { etcdHolds, showsKey } from "./stored-text.ts";
import type { WrappingService } from "./wrapping-service.ts";

const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${controllerNamespace}/leases/sealed-secrets-controller`;
const unwrapped = 'signet_sealing_key_unwrappings_total{outcome="unwrapped"}';
const hour = 3_600_000;

/** Plays what happens to wrapped sealing keys, with a real API server, etcd and the key service given. */
export function wrappedKeysSuite(name: string, startService: () => Promise<WrappingService>): void {
  requireNetbox();
  const table = coverageTable({
    "from-the-start": "the first key is wrapped, and seals",
    restart: "a restart unwraps each key once, and opens nothing that is in sync",
    renewal: "SIGUSR1 makes a wrapped key, which seals; both open",
    "down-at-start":
      "with the service away the controller is not ready, says why, makes no key, leaves Secrets alone; and recovers",
    "down-later": "with the service away later nothing happens, but that no key is made",
    "wrap-live": "plain keys of a running controller are wrapped, and no Secret is rewritten",
    "another-key": "wrapped keys move to another wrapping key",
    "unwrap-live": "they are unwrapped again, for the way back",
    "no-key-stored": "neither etcd nor kubectl shows a wrapped key",
    reference: "the reference starts beside wrapped keys",
    copied: "a wrapped key copied under another name is refused",
    "another-certificate": "one with another certificate is refused",
    "another-cluster": "one of another cluster is refused",
    planted: "a plain key that somebody plants opens and never seals, nor does it when all keys are wrapped",
    replicas: "of two replicas each unwraps each key once, and either makes wrapped keys when it leads",
    "not-named":
      "a wrapping key that no option names is not used, and no key is made in the stead of what it wraps",
  });

  suite(name, () => {
    let service: WrappingService;
    let cluster: ControlPlane;
    let scene: Scene;
    let controller: SignetController | null = null;

    before(async () => {
      [service, cluster] = await Promise.all([startService(), startInstalledCluster()]);
      scene = sceneOf(cluster);
    });
    afterEach(async () => {
      await stop();
      await service.up();
      await deleteKeys(cluster);
      await cluster.request("DELETE", leasePath);
    });
    after(async () => {
      await stop();
      await cluster?.stop();
      await service?.stop();
    });

    async function stop(): Promise<void> {
      await controller?.stop();
      controller = null;
    }
    async function start(
      flags: readonly string[],
      options: Partial<SignetControllerOptions> = {},
    ): Promise<SignetController> {
      const all = [...service.controller.flags, ...flags];
      const { env } = service.controller;
      controller = await startSignetController({
        controlPlane: cluster,
        install: false,
        flags: all,
        env,
        ...options,
      });
      return controller;
    }
    const wrap = (): string[] => [`--sealing-key-wrap=${service.keys[0]}`];
    const unwrap = (): string[] => [`--sealing-key-unwrap=${service.keys.join(",")}`];
    const served = async (url: string): Promise<string> => (await fetch(`${url}/v1/cert.pem`)).text();
    async function seal(certificatePem: string, item: string): Promise<void> {
      await cluster.apply([
        await (await testSealer(certificatePem)).object({ name: item, items: { a: item } }),
      ]);
    }
    async function opens(item: string): Promise<SceneSecret> {
      await scene.untilSynced("default", item, "True");
      const secret = await scene.untilSecret("default", item);
      assert.deepEqual(secret.data, { a: base64(item) });
      return secret;
    }
    const keys = (...args: string[]): Promise<string> => keysTo(0, ...args);
    async function keysTo(expected: number, ...args: string[]): Promise<string> {
      const { cli } = service;
      const { code, stdout, stderr } = await runSignet(
        ["keys", ...args, `--kubeconfig=${cluster.adminKubeconfig}`, ...cli.flags],
        { env: cli.env },
      );
      assert.equal(code, expected, stderr);
      return `${stdout}${stderr}`;
    }
    const secretText = (key: SceneSecret): string =>
      Buffer.from(key.data?.["tls.key"] ?? "", "base64").toString();
    /** Names of keys are the same each time: what earlier tests left is told apart by its words. */
    async function eventAbout(key: string, reason: string, says: RegExp): Promise<string> {
      const path = `/api/v1/namespaces/${controllerNamespace}/events`;
      return waitUntil({ what: `event ${reason} about ${key}`, boundMs: 30_000 }, async () => {
        const { body } = await cluster.request("GET", path);
        const items = isRecord(body) && Array.isArray(body["items"]) ? body["items"] : [];
        const found = items.find(
          ({ involvedObject, message, ...event }) =>
            involvedObject?.name === key && event.reason === reason && says.test(message),
        );
        return found === undefined ? null : String(found.message);
      });
    }
    async function plainKey(hoursAgo: number) {
      const request = { keyBits: 2048, commonName: "", ttlMs: 48 * hour };
      return issueKey(request, new Date(Date.now() - hoursAgo * hour));
    }

    table.proves(
      ["from-the-start", "renewal", "restart", "down-later"],
      "keys are wrapped from the start",
      async () => {
        const first = await start(wrap());
        const [key, ...others] = await keySecrets(cluster, "wrapped");
        assert.ok(key !== undefined && others.length === 0);
        assert.deepEqual(await keySecrets(cluster, "active"), []);
        assert.equal(key.metadata.annotations?.["signet.dev/wrapped-by"], service.keys[0]);
        assert.match(secretText(key), /^(?:kms|vault)-key:1:/);
        const before = await served(first.url);
        assert.equal(before, certificateOf(key));
        await seal(before, "one");
        const one = await opens("one");
        assert.equal(await metricOf(first, unwrapped), 0, "it was proven when it was made");

        first.process.signal("SIGUSR1");
        await waitUntil({ what: "another certificate" }, async () =>
          (await served(first.url)) !== before ? true : null,
        );
        assert.equal((await keySecrets(cluster, "wrapped")).length, 2);
        await seal(before, "two");
        await seal(await served(first.url), "three");
        for (const item of ["two", "three"]) await opens(item);

        await service.down();
        first.process.signal("SIGUSR1");
        await first.process.waitForOutput(/No new key made/);
        await seal(await served(first.url), "four");
        await opens("four");
        assert.equal((await fetch(`${first.url}/readyz`)).status, 200);
        await service.up();
        await stop();

        const second = await start(wrap());
        assert.equal(await metricOf(second, unwrapped), 2);
        await seal(await served(second.url), "five");
        await opens("five");
        assert.equal((await keySecrets(cluster, "wrapped")).length, 2);
        const again = await scene.secret("default", "one");
        assert.equal(again?.metadata["resourceVersion"], one.metadata["resourceVersion"]);
      },
    );

    table.proves("down-at-start", "the service is away at the start, and comes back", async () => {
      const first = await start(wrap());
      const certificate = await served(first.url);
      await seal(certificate, "kept");
      const kept = await opens("kept");
      await stop();
      const [key] = await keySecrets(cluster, "wrapped");
      await service.down();
      await seal(certificate, "fresh");
      const second = await start([...wrap(), "--key-renew-period=1s"], { untilReady: false });
      await eventAbout(key?.metadata.name ?? "", "SealingKeyNotUnwrapped", /not unwrapped yet: /);
      const ready = await fetch(`${second.url}/readyz`);
      assert.equal(ready.status, 503);
      assert.match(await ready.text(), /not ready: sealing keys not unwrapped yet/);
      assert.equal(await metricOf(second, 'signet_sealing_keys{state="waiting"}'), 1);
      const waiting = await waitUntil({ what: "a condition", boundMs: 30_000 }, async () => {
        const status = await scene.status("default", "fresh");
        return status?.conditions?.some(({ type }) => type === "Reconciling") ? status : null;
      });
      assert.equal(conditionOf(waiting, "Reconciling").reason, "KeyServiceUnavailable");
      assert.match(conditionOf(waiting, "Reconciling").message ?? "", /is not unwrapped yet/);
      assert.ok(!waiting.conditions.some(({ type }) => type === "Stalled"));
      await scene.untilSynced("default", "kept", "True");
      assert.equal((await keySecrets(cluster, "wrapped")).length, 1);
      await service.up();
      await opens("fresh");
      await waitUntil({ what: "readiness" }, async () =>
        (await fetch(`${second.url}/readyz`)).ok ? true : null,
      );
      const after = await scene.secret("default", "kept");
      assert.equal(after?.metadata["resourceVersion"], kept.metadata["resourceVersion"]);
    });

    table.proves(
      ["wrap-live", "another-key", "unwrap-live", "no-key-stored", "reference"],
      "live keys are wrapped, moved and unwrapped again",
      async () => {
        const first = await start(unwrap());
        const [key] = await keySecrets(cluster);
        const pem = secretText(key as SceneSecret);
        const name = key?.metadata.name ?? "";
        await seal(await served(first.url), "live");
        const live = await opens("live");
        assert.equal(await etcdHolds(cluster, pem), true, "the search finds what is there");

        const told = await keys("wrap", "--with", service.keys[0], "--all", "--without-backup");
        assert.equal(showsKey(told + first.logs(), pem), false);
        const [wrapped] = await keySecrets(cluster, "wrapped");
        assert.equal(wrapped?.metadata.name, name);
        assert.equal(await etcdHolds(cluster, pem), false);
        assert.equal(showsKey(JSON.stringify(wrapped), pem), false);
        await waitUntil({ what: "it to be unwrapped" }, async () =>
          (await metricOf(first, unwrapped)) === 1 ? true : null,
        );
        await seal(await served(first.url), "live-2");
        await opens("live-2");

        await keys("wrap", "--with", service.keys[1], name, "--without-backup");
        const [moved] = await keySecrets(cluster, "wrapped");
        assert.equal(moved?.metadata.annotations?.["signet.dev/wrapped-by"], service.keys[1]);
        await stop();
        const second = await start(unwrap());
        await seal(await served(second.url), "live-3");
        await opens("live-3");
        assert.match(
          await keys("list", "-o", "wide"),
          new RegExp(`${name} .*${service.keys[1].split("/").at(-1)}`),
        );
        await stop();

        const reference = await startReferenceController({ controlPlane: cluster });
        try {
          assert.doesNotMatch(reference.logs(), /panic/);
          const fresh = await keySecrets(cluster);
          assert.equal(fresh.length, 1, "it has made one of its own");
          await relabelKey(cluster, fresh[0]?.metadata.name ?? "", "retired");
        } finally {
          await reference.stop();
        }

        const third = await start(unwrap());
        await keys("unwrap", "--all");
        await waitUntil({ what: "the plain key" }, async () => {
          const [active] = await keySecrets(cluster);
          return active?.metadata.name === name ? true : null;
        });
        assert.equal(secretText((await keySecrets(cluster))[0] as SceneSecret), pem);
        await seal(await served(third.url), "live-4");
        await opens("live-4");
        const after = await scene.secret("default", "live");
        assert.equal(after?.metadata["resourceVersion"], live.metadata["resourceVersion"]);
      },
    );

    table.proves(
      ["copied", "another-certificate", "planted"],
      "what is moved or planted does not seal",
      async () => {
        const first = await start(wrap());
        const [key] = await keySecrets(cluster, "wrapped");
        assert.ok(key !== undefined);
        const certificate = await served(first.url);
        const bare = (secret: SceneSecret, as: string) => ({
          ...secret,
          apiVersion: "v1",
          kind: "Secret",
          metadata: { namespace: controllerNamespace, name: as, labels: { [keyLabel]: "wrapped" } },
        });
        await cluster.apply([bare(key, "copied")]);
        await eventAbout("copied", "SealingKeyRefused", /wrapped for another cluster, Secret or certificate/);
        const other = await plainKey(0);
        const exchanged = bare(key, "exchanged");
        const crt = Buffer.from(other.certificatePem).toString("base64");
        await cluster.apply([{ ...exchanged, data: { ...exchanged.data, "tls.crt": crt } }]);
        await eventAbout(
          "exchanged",
          "SealingKeyRefused",
          /wrapped for another cluster, Secret or certificate/,
        );
        const planted = keySecretOf("planted", other);
        const promotion = { "signet.dev/primary": new Date().toISOString() };
        await cluster.apply([{ ...planted, metadata: { ...planted.metadata, annotations: promotion } }]);
        await eventAbout("planted", "PromotionIgnored", /does not name the uid of its Secret/);
        await seal(other.certificatePem, "by-planted");
        await opens("by-planted");
        assert.equal(await served(first.url), certificate);
        const wrapAll = ["wrap", "--all", "--with", service.keys[0], "--without-backup"];
        const told = await keysTo(1, ...wrapAll);
        assert.match(told, /planted \(SHA256:\S+\) is left as it is: the key that seals is/);
        assert.deepEqual(
          (await keySecrets(cluster)).map(({ metadata }) => metadata.name),
          ["planted"],
        );
        assert.equal(await served(first.url), certificate);
        await stop();
        const second = await start(wrap());
        assert.equal(await served(second.url), certificate);
      },
    );

    table.proves("replicas", "two replicas share wrapped keys", async () => {
      const first = await start(wrap());
      const { flags, env } = service.controller;
      const second = await startSignetController({
        controlPlane: cluster,
        install: false,
        expose: false,
        flags: [...flags, ...wrap()],
        env,
      });
      try {
        const before = await served(second.url);
        assert.equal(before, await served(first.url));
        first.process.signal("SIGUSR1");
        const changed = (url: string, from: string) =>
          waitUntil({ what: "another certificate" }, async () =>
            (await served(url)) !== from ? true : null,
          );
        await changed(second.url, before);
        assert.deepEqual([await metricOf(first, unwrapped), await metricOf(second, unwrapped)], [0, 2]);
        await stop();
        await second.process.waitForOutput(/This replica leads/);
        const then = await served(second.url);
        await seal(then, "of-the-second");
        await opens("of-the-second");
        second.process.signal("SIGUSR1");
        await changed(second.url, then);
        assert.equal((await keySecrets(cluster, "wrapped")).length, 3);
        assert.equal(await metricOf(second, unwrapped), 2, "it made the third itself");
      } finally {
        await second.stop();
      }
    });

    table.proves("another-cluster", "a wrapped key serves in its own cluster only", async () => {
      await start([...wrap(), "--cluster-id=here"]);
      const [key] = await keySecrets(cluster, "wrapped");
      await stop();
      const elsewhere = await start([...wrap(), "--cluster-id=there"]);
      const name = key?.metadata.name ?? "";
      await eventAbout(name, "SealingKeyRefused", /wrapped for another cluster/);
      assert.notEqual(await served(elsewhere.url), certificateOf(key as SceneSecret));
    });

    table.proves(
      "not-named",
      "without the option nothing is unwrapped, and nothing is made instead",
      async () => {
        await start(wrap());
        const [key] = await keySecrets(cluster, "wrapped");
        await stop();
        const second = await start([`--sealing-key-unwrap=${service.keys[1]}`], { untilReady: false });
        const says = /it is wrapped by (\S+), which neither/;
        const message = await eventAbout(key?.metadata.name ?? "", "SealingKeyNotUnwrapped", says);
        assert.equal(says.exec(message)?.[1], service.keys[0]);
        assert.equal((await fetch(`${second.url}/readyz`)).status, 503);
        assert.equal((await keySecrets(cluster, "")).length, 1);
        assert.equal(await metricOf(second, unwrapped), 0);
      },
    );

    table.everyRowHasATest();
  });
}
