import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type Controller, startController } from "../../controller/controller.ts";
import { openLog } from "../../controller/log.ts";
import { readControllerOptions } from "../../controller/options.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { loadKubeConfig } from "../../shared/kube/config.ts";
import { connectKube } from "../../shared/kube/http-client.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { LeapingClock } from "../support/leaping-clock.ts";
import type { CommandResult } from "../support/run-program.ts";
import { isSynced } from "../support/sealed-crowd.ts";
import { objectsIn, type SceneSecret, sealedPath, secretPath } from "../support/sealed-secret-scene.ts";
import { certificateOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { runSignet } from "../support/signet-cli.ts";
import { controllerNamespace } from "../support/signet-controller.ts";

requireNetbox();

const DAY_MS = 86_400_000;
const KEYS = 36;
const PERIOD_DAYS = 10;
const OBJECTS = 500;
const NAMESPACE = "year";
/** Stays under the oldest key in the second half. */
const LEFT = "object-7";
const at = (index: number) => `object-${index}`;
const itemsOf = (index: number) => ({ a: `value ${index}`, b: `line one\nline ${index}\n` });

/** A controller in this process, under a clock of the test's, on the real API server. */
type Running = {
  controller: Controller;
  lines: string[];
  metric(series: string): Promise<number>;
  stop(): Promise<void>;
};

suite(`a year with ${KEYS} keys and ${OBJECTS} SealedSecrets`, () => {
  let cluster: ControlPlane;
  let tree: string;
  let running: Running | null = null;
  // It ends today: the commands judge certificates by the machine's clock.
  const clock = new LeapingClock(Date.now() - KEYS * PERIOD_DAYS * DAY_MS);

  before(async () => {
    cluster = await startInstalledCluster();
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
    tree = join(cluster.folder, "tree");
    await mkdir(tree);
  });

  after(async () => {
    await running?.stop();
    await cluster?.stop();
  });

  async function start(): Promise<Running> {
    const lines: string[] = [];
    const push = (line: string) => lines.push(line);
    const args = [
      "--key-size=2048",
      `--key-renew-period=${PERIOD_DAYS * 24}h`,
      "--listen-addr=127.0.0.1:0",
      "--listen-metrics-addr=127.0.0.1:0",
      // A lease would run out with each leap.
      "--leader-elect=false",
    ];
    const connection = await loadKubeConfig({ kubeconfig: cluster.adminKubeconfig });
    const client = connectKube(connection, { version: "test" });
    const controller = await startController(readControllerOptions(args, {}), {
      client,
      slowed: (same) => same,
      ownNamespace: controllerNamespace,
      clock,
      log: openLog({ level: "INFO", format: "text", infoToStdout: true }, { out: push, err: push }),
      version: "test",
      environment: {},
      identity: { ownToken: async () => null, withToken: () => client },
    });
    const metrics = async () => (await fetch(`http://127.0.0.1:${controller.ports.metrics}/metrics`)).text();
    return {
      controller,
      lines,
      metric: async (series) => {
        const line = (await metrics()).split("\n").find((one) => one.startsWith(`${series} `));
        return Number(line?.split(" ").at(-1) ?? Number.NaN);
      },
      stop: () => controller.stop(),
    };
  }

  const run = (args: readonly string[]): Promise<CommandResult> =>
    runSignet(args, { env: { KUBECONFIG: cluster.adminKubeconfig, HOME: cluster.folder }, boundMs: 300_000 });
  async function succeed(args: readonly string[]): Promise<CommandResult> {
    const result = await run(args);
    assert.equal(result.code, 0, `signet ${args.join(" ")}\n${result.stderr}`);
    return result;
  }

  async function list(path: string): Promise<KubeObject[]> {
    return ((await cluster.request("GET", path)).body as { items: KubeObject[] }).items;
  }
  const secrets = async () => (await list(secretPath(NAMESPACE))) as SceneSecret[];
  const dataOf = (found: readonly SceneSecret[]) =>
    new Map(found.map(({ metadata, data }) => [metadata.name, data]));
  const untilAllSynced = (but: readonly string[] = []) =>
    waitUntil({ what: "all objects in sync", boundMs: 240_000, everyMs: 1000 }, async () => {
      const objects = (await list(sealedPath(NAMESPACE))).filter(
        ({ metadata }) => !but.includes(metadata.name),
      );
      const synced = objects.filter(isSynced).length;
      const found = (await secrets()).filter(({ metadata }) => !but.includes(metadata.name)).length;
      return synced === OBJECTS - but.length && found === synced ? true : null;
    });
  const fileOf = (name: string) => join(tree, `${name}.yaml`);

  /** The tree as it lies there, into the cluster. */
  async function applyTree(names: readonly string[]): Promise<void> {
    const objects = await Promise.all(
      names.map(async (name) => objectsIn(await readFile(fileOf(name), "utf8"))),
    );
    await cluster.apply(objects.flat());
  }

  /** Deletes every Secret of the year, and what statuses keep of it, while no controller runs. */
  async function forget(): Promise<void> {
    await running?.stop();
    running = null;
    await cluster.request("DELETE", secretPath(NAMESPACE));
    for (const { metadata } of await list(sealedPath(NAMESPACE))) {
      const patch = { status: { signet: null, conditions: null, observedGeneration: null } };
      const path = `${sealedPath(NAMESPACE, metadata.name)}/status`;
      const { status } = await cluster.request("PATCH", path, patch, {
        contentType: "application/merge-patch+json",
      });
      assert.equal(status, 200);
    }
    assert.deepEqual(await secrets(), []);
  }

  /** A file with the certificate that seals. */
  async function newestCertificate(): Promise<string> {
    const path = join(cluster.folder, "newest.pem");
    await writeFile(path, certificateOf((await keySecrets(cluster)).at(-1) ?? assert.fail()));
    return path;
  }
  const oldKeys = async () => (await keySecrets(cluster)).slice(0, -1);
  const fingerprintOf = (secret: SceneSecret) => readCertificate(certificateOf(secret)).fingerprint;
  let wanted: ReturnType<typeof dataOf>;

  test("a key each ten days, objects sealed under every one of them", async (context) => {
    running = await start();
    const names: string[] = [];
    for (let made = 1; made <= KEYS; made++) {
      const keys = await waitUntil({ what: `key ${made}`, boundMs: 90_000 }, async () => {
        const found = await keySecrets(cluster);
        return found.length >= made ? found : null;
      });
      assert.equal(keys.length, made, "one key for each period");
      const sealer = await testSealer(certificateOf(keys.at(-1) ?? assert.fail()));
      const until = Math.round((OBJECTS * made) / KEYS);
      const objects = await Promise.all(
        Array.from({ length: until - names.length }, (_, more) => {
          const index = names.length + more;
          return sealer.object({ namespace: NAMESPACE, name: at(index), items: itemsOf(index) });
        }),
      );
      for (const object of objects) {
        await writeFile(fileOf(object.metadata.name), `# since period ${made}\n${toYaml(object)}`);
        names.push(object.metadata.name);
      }
      await cluster.apply(objects);
      if (made < KEYS) clock.leap(PERIOD_DAYS * DAY_MS + 60_000);
    }
    assert.equal(names.length, OBJECTS);
    await untilAllSynced();
    wanted = dataOf(await secrets());
    const text = (value: string) => Buffer.from(value).toString("base64");
    for (let index = 0; index < OBJECTS; index++)
      assert.deepEqual(
        wanted.get(at(index)),
        Object.fromEntries(Object.entries(itemsOf(index)).map(([key, value]) => [key, text(value)])),
      );
    context.diagnostic(`${(await keySecrets(cluster)).length} keys`);
  });

  test("no old key retires while values need it, and what needs it is named", async () => {
    const [oldest] = await oldKeys();
    const { code, stderr } = await run(["keys", "retire", "--in", tree, oldest?.metadata.name ?? ""]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /object-0\b/);
    assert.match(stderr, /do not open with the keys that stay/);
    assert.equal((await keySecrets(cluster)).length, KEYS);
  });

  test("the tree is rotated but for one, applied, and the audit shows that one alone", async () => {
    const before = await readFile(fileOf(LEFT), "utf8");
    await succeed(["rotate", "--open", "--cert", await newestCertificate(), tree]);
    const names = Array.from({ length: OBJECTS }, (_, index) => at(index));
    for (const name of names) assert.match(await readFile(fileOf(name), "utf8"), /^# since period \d+\n/);
    await writeFile(fileOf(LEFT), before);
    await applyTree(names);
    await untilAllSynced();
    const olds = (await oldKeys()).map(fingerprintOf);
    const { stdout } = await succeed([
      "audit",
      "--in-cluster",
      "-n",
      NAMESPACE,
      "--open",
      "-o",
      "json",
      tree,
    ]);
    const { values } = JSON.parse(stdout) as { values: { name: string; key: string; proof: string }[] };
    assert.equal(values.length, 2 * 2 * OBJECTS, "two items, in the tree and in the cluster");
    assert.ok(values.every(({ proof }) => proof === "opened"));
    const behind = values.filter(({ key }) => olds.includes(key)).map(({ name }) => name);
    assert.deepEqual(behind, Array(4).fill(LEFT));
  });

  test("its key alone stays; forced out, that one alone fails, by name; the others come again byte for byte", async () => {
    const olds = await oldKeys();
    const [needed, ...free] = olds;
    const refused = await run(["keys", "retire", "--in", tree, ...olds.map(({ metadata }) => metadata.name)]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, new RegExp(`${LEFT}\\b`));
    assert.doesNotMatch(refused.stderr, /object-8\b/);
    assert.equal((await keySecrets(cluster)).length, KEYS, "none of them went");
    await succeed(["keys", "retire", "--in", tree, ...free.map(({ metadata }) => metadata.name)]);
    const fingerprint = fingerprintOf(needed ?? assert.fail());
    await succeed(["keys", "retire", "--in", tree, "--force", fingerprint, needed?.metadata.name ?? ""]);
    assert.equal((await keySecrets(cluster)).length, 1);

    await forget();
    running = await start();
    const { metric, lines } = running;
    await untilAllSynced([LEFT]);
    await waitUntil({ what: "the failure of the one", boundMs: 60_000 }, () =>
      lines.some((line) => line.includes(LEFT)) ? true : null,
    );
    const { body } = await cluster.request("GET", sealedPath(NAMESPACE, LEFT));
    const { conditions } = (body as { status: { conditions: { type: string; status: string }[] } }).status;
    assert.equal(conditions.find(({ type }) => type === "Synced")?.status, "False");
    const again = dataOf(await secrets());
    assert.deepEqual(again, new Map([...wanted].filter(([name]) => name !== LEFT)));
    const operations = await metric('signet_private_key_operations_total{purpose="open"}');
    assert.ok(operations >= 2 * (OBJECTS - 1), `${operations} operations`);
  });

  test("with its key back and rotated as well, all keys but one are out and every Secret comes again", async () => {
    const retired = await keySecrets(cluster, "retired");
    assert.equal(retired.length, KEYS - 1);
    await succeed(["rotate", "--open", "--cert", await newestCertificate(), fileOf(LEFT)]);
    await applyTree([LEFT]);
    await untilAllSynced();
    const { stdout } = await succeed([
      "audit",
      "--in-cluster",
      "-n",
      NAMESPACE,
      "--open",
      "-o",
      "json",
      tree,
    ]);
    const { values } = JSON.parse(stdout) as { values: { key: string }[] };
    const newest = (await keySecrets(cluster)).map(fingerprintOf);
    assert.deepEqual([...new Set(values.map(({ key }) => key))], newest);
    await forget();
    running = await start();
    const { metric } = running;
    await untilAllSynced();
    assert.deepEqual(dataOf(await secrets()), wanted);
    const operations = await metric('signet_private_key_operations_total{purpose="open"}');
    assert.ok(operations >= 2 * OBJECTS, `${operations} operations`);
  });
});
