import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, type TestContext, test } from "node:test";
import { fromBase64 } from "../../shared/bytes.ts";
import { scopeAt } from "../../shared/scope.ts";
import { type Certificate, readCertificate } from "../../shared/seal/certificate.node.ts";
import { followChain, readLinks } from "../../shared/seal/certificate-chain.node.ts";
import { classicUnsealer } from "../../shared/seal/classic-unsealer.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import { testIdentity } from "../controller/sops/identity-secrets.ts";
import { compileCache } from "../runner/compile-cache.ts";
import { cliProgram } from "../support/built-programs.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { writeKubeconfig } from "../support/control-plane/kubeconfig.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { type Fault, type FaultProxy, type ProxiedRequest, startFaultProxy } from "../support/fault-proxy.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { shortLease } from "../support/replicas.ts";
import { type SealedCrowd, sealedCrowd } from "../support/sealed-crowd.ts";
import type { SceneSecret } from "../support/sealed-secret-scene.ts";
import {
  certificateOf,
  keyLabel,
  keySecretOf,
  keySecrets,
  relabelKey,
} from "../support/sealing-key-secrets.ts";
import {
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { testCertificate } from "../support/test-certificates.ts";

requireNetbox();

/** More than any of these takes: a loop that goes on has lost its end. */
const MOST_STEPS = 60;
const secretPath = (name: string) => `/api/v1/namespaces/${controllerNamespace}/secrets/${name}`;
/** Whether a request is for the key Secrets, or one of them. */
const isSecretsPath = (path: string) =>
  path.split(/[?]/)[0]?.startsWith(secretPath("").slice(0, -1)) === true;
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${controllerNamespace}/leases/sealed-secrets-controller`;
const merge = { contentType: "application/merge-patch+json" } as const;

/**
 * Where in a request the process ends: before the API server sees it, or after it was carried out and before the answer;
 * of what only reads, that is the same as before the next one.
 */
type Moment = "before" | "after";

suite("sealing keys, and a process that is killed at each of its requests", () => {
  let cluster: ControlPlane;
  let proxy: FaultProxy;
  let kubeconfig: string;
  let controller: SignetController | null = null;
  let identity: Awaited<ReturnType<typeof testIdentity>>;
  const crowds: SealedCrowd[] = [];
  /** Of every Secret that was made: uid and data. None may change. */
  let wanted: Map<string, string>;
  /** Fingerprints of all keys there ever were. */
  const everKnown = new Set<string>();

  before(async () => {
    cluster = await startInstalledCluster();
    proxy = await startFaultProxy(cluster);
    kubeconfig = join(cluster.folder, "through-the-proxy");
    await writeKubeconfig(kubeconfig, {
      url: `https://127.0.0.1:${proxy.port}`,
      ca: cluster.ca,
      token: cluster.adminToken,
    });
    identity = await testIdentity();
    const keys = [testCertificate(-3), testCertificate(-2), testCertificate(-1)];
    await cluster.apply(keys.map((key, at) => keySecretOf(`key-${at}`, key)));
    controller = await start();
    for (const [at, key] of keys.entries()) {
      const crowd = await sealedCrowd(cluster, {
        namespace: `under-${at}`,
        sealer: await testSealer(key.certificatePem),
      });
      await crowd.fill("object", 4);
      crowds.push(crowd);
    }
    await allRight();
    wanted = await secretsOfAll();
  });

  after(async () => {
    await controller?.stop();
    await proxy?.close();
    await cluster?.stop();
  });

  const start = (env: Readonly<Record<string, string>> = {}) =>
    startSignetController({
      controlPlane: cluster,
      install: false,
      expose: false,
      env,
      flags: shortLease.flags,
    });

  async function allRight(): Promise<void> {
    for (const crowd of crowds) await crowd.untilRight();
  }

  async function secretsOfAll(): Promise<Map<string, string>> {
    const found = await Promise.all(crowds.map((crowd) => crowd.secrets()));
    return new Map(
      found
        .flat()
        .map(({ metadata, data }) => [
          `${metadata.namespace}/${metadata.name}`,
          JSON.stringify([metadata["uid"], Object.entries(data ?? {}).sort()]),
        ]),
    );
  }

  const fingerprintOf = (secret: SceneSecret) => readCertificate(certificateOf(secret)).fingerprint;

  /** Pairs of all key Secrets, in use or not, each proven to be one. */
  async function pairs(label = "") {
    return Promise.all(
      (await keySecrets(cluster, label)).map(async (secret) => {
        const pem = fromBase64(secret.data?.["tls.key"] ?? "");
        assert.ok("bytes" in pem);
        const key = await readOpeningKey(pem.bytes);
        assert.equal(key.fingerprint, fingerprintOf(secret), `${secret.metadata.name} is a pair`);
        return key;
      }),
    );
  }

  /**
   * What has to hold at any time.
   * @param elsewhere fingerprints of keys that are in a backup, and maybe nowhere else just now.
   */
  async function nothingLost(elsewhere: readonly string[] = []): Promise<void> {
    const there = new Set((await pairs()).map(({ fingerprint }) => fingerprint));
    const lost = [...everKnown].filter((one) => !there.has(one) && !elsewhere.includes(one));
    assert.deepEqual(lost, [], "no key is lost");
    for (const one of there) everKnown.add(one);
    assert.deepEqual(await secretsOfAll(), wanted, "no Secret has changed");
  }

  /** Every value of the cluster opens with keys in use. */
  async function everythingOpens(): Promise<void> {
    const keys = await pairs("active");
    for (const crowd of crowds)
      for (const { metadata, spec } of (await crowd.sealedSecrets()) as unknown as SealedObjects) {
        const scope = scopeAt("strict", { namespace: crowd.namespace, name: metadata.name });
        const items = new Map(Object.entries(spec.encryptedData));
        const outcomes = await classicUnsealer(keys, { diagnose: false }).unsealAll(
          items,
          { clusterId: null, scope },
          never,
        );
        for (const [item, { kind }] of outcomes) assert.equal(kind, "opened", `${metadata.name} ${item}`);
      }
  }

  /** Starts our CLI through the proxy. */
  function signet(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
    const env = { PATH: process.env["PATH"], HOME: cluster.folder, KUBECONFIG: kubeconfig, ...compileCache };
    const child = spawn(process.execPath, [cliProgram, ...args], {
      env: { ...env, SOPS_AGE_KEY: identity.text },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal, stderr }));
    });
    return { child, ended };
  }

  /** Kills at the given request from now on, counted from 0; watches count for nothing. @returns whether it came to that. */
  function killAt(step: number, moment: Moment, kill: () => void): () => boolean {
    let count = 0;
    const fits = ({ isWatch, method }: ProxiedRequest) =>
      !isWatch && (moment === "before" || method !== "GET") && count++ === step;
    return killAtFirst(fits, moment, kill);
  }

  /** Kills at the first request from now on that fits. @returns whether it came to that. */
  function killAtFirst(
    fits: (request: ProxiedRequest) => boolean,
    moment: Moment,
    kill: () => void,
  ): () => boolean {
    let struck = false;
    proxy.inject((request): Fault | null => {
      if (struck) return { kind: "drop" };
      if (!fits(request)) return null;
      struck = true;
      if (moment === "after") return { kind: "drop-answer", first: kill };
      kill();
      return { kind: "drop" };
    });
    return () => struck;
  }

  /**
   * Runs a command again and again, killed at one request further each time, and to its end after each; until one is not
   * killed any more.
   */
  async function atEachStep(
    context: TestContext,
    args: () => readonly string[],
    {
      reset,
      check,
      elsewhere = [],
    }: {
      /** Makes it as it was before the first run. */
      reset: () => Promise<void>;
      /** What has to hold after a run that was not killed. */
      check: () => Promise<void>;
      elsewhere?: readonly string[];
    },
  ): Promise<void> {
    let steps = 0;
    for (const moment of ["before", "after"] as const) {
      for (let step = 0; ; step++) {
        assert.ok(step < MOST_STEPS);
        await reset();
        const words = args();
        const run = signet(words);
        const wasKilled = killAt(step, moment, () => run.child.kill("SIGKILL"));
        const { code, signal, stderr } = await run.ended;
        proxy.inject(() => null);
        await nothingLost(elsewhere);
        if (!wasKilled()) {
          assert.equal(code, 0, stderr);
          assert.ok(step >= (moment === "before" ? 3 : 1), "it asks that much at least");
          await check();
          break;
        }
        assert.equal(signal, "SIGKILL", `step ${step}`);
        steps += 1;
        const again = await signet(words).ended;
        assert.equal(again.code, 0, `after step ${step}, ${moment}: ${again.stderr}`);
        await check();
        await nothingLost();
        await everythingOpens();
      }
    }
    context.diagnostic(`killed ${steps} times`);
  }

  const annotate = async (name: string, annotations: Readonly<Record<string, string | null>>) => {
    const { status } = await cluster.request("PATCH", secretPath(name), { metadata: { annotations } }, merge);
    assert.equal(status, 200);
  };
  const named = async (name: string) => {
    const { body } = await cluster.request("GET", secretPath(name));
    return body as SceneSecret;
  };
  const publication = async () => {
    const path = `/api/v1/namespaces/${controllerNamespace}/configmaps/sealed-secrets-certificate`;
    const { body } = await cluster.request("GET", path);
    return (body as { data?: Record<string, string> }).data ?? {};
  };
  const published = async () => {
    const { "cert.pem": pem } = await publication();
    return pem === undefined ? null : readCertificate(pem).fingerprint;
  };
  const recorded = async () => {
    const { body } = await cluster.request("GET", leasePath);
    return (body as SceneSecret).metadata.annotations?.["signet.dev/sealing-key"] ?? null;
  };
  const untilPublished = (fingerprint: string) =>
    waitUntil({ what: "the certificate to be published" }, async () =>
      (await published()) === fingerprint ? true : null,
    );

  test("promotion", async (context) => {
    const [oldest, , newest] = await Promise.all(["key-0", "key-1", "key-2"].map(named));
    const fingerprints = [oldest, newest].map((secret) => fingerprintOf(secret ?? assert.fail()));
    await atEachStep(context, () => ["keys", "promote", fingerprints[0] ?? ""], {
      async reset() {
        await annotate("key-0", { "signet.dev/primary": null });
        await untilPublished(fingerprints[1] ?? "");
      },
      async check() {
        await untilPublished(fingerprints[0] ?? "");
        await everythingOpens();
      },
    });
    await annotate("key-0", { "signet.dev/primary": null });
    await untilPublished(fingerprints[1] ?? "");
  });

  test("backup", async (context) => {
    let file = "";
    let files = 0;
    const confirmed = async () =>
      (await keySecrets(cluster)).filter(
        ({ metadata }) => metadata.annotations?.["signet.dev/backup-confirmed"] !== undefined,
      );
    const args = () => ["keys", "backup", "--age", identity.recipient, "--confirm", "-w", file];
    await atEachStep(context, args, {
      async reset() {
        // What was left half-way: a file is whole or not there, and nothing is confirmed without one.
        const isThere = file !== "" && (await stat(file).catch(() => null)) !== null;
        if (isThere) await opensBackup(file);
        else assert.deepEqual(await confirmed(), []);
        for (const { metadata } of await keySecrets(cluster)) {
          const ours = Object.keys(metadata.annotations ?? {}).filter((one) => /backup/.test(one));
          await annotate(metadata.name, Object.fromEntries(ours.map((one) => [one, null])));
        }
        files += 1;
        file = join(cluster.folder, `backup-${files}.yaml`);
      },
      async check() {
        await opensBackup(file);
        assert.equal((await confirmed()).length, 3);
      },
    });
  });

  async function opensBackup(file: string): Promise<void> {
    const { code, stderr } = await signet(["keys", "restore", "--dry-run", file]).ended;
    assert.equal(code, 0, stderr);
  }

  test("restore of a key that is gone", async (context) => {
    const file = join(cluster.folder, "to-restore.yaml");
    const made = await signet(["keys", "backup", "--age", identity.recipient, "-w", file]).ended;
    assert.equal(made.code, 0, made.stderr);
    const gone = fingerprintOf(await named("key-0"));
    await atEachStep(context, () => ["keys", "restore", file], {
      elsewhere: [gone],
      async reset() {
        for (const secret of await keySecrets(cluster, ""))
          if (fingerprintOf(secret) === gone)
            await cluster.request("DELETE", secretPath(secret.metadata.name));
      },
      async check() {
        const back = (await pairs("active")).filter(({ fingerprint }) => fingerprint === gone);
        assert.equal(back.length, 1, "it is back, once");
        await everythingOpens();
        const newest = fingerprintOf(await named("key-2"));
        assert.equal(await published(), newest, "and does not seal");
      },
    });
    await rm(file);
  });

  test("retirement", async (context) => {
    // Nothing needs the two older ones from now on.
    const sealer = await testSealer(certificateOf(await named("key-2")));
    for (const crowd of crowds) {
      for (const [name, items] of crowd.wanted) {
        const object = await sealer.object({ namespace: crowd.namespace, name, items });
        await cluster.apply([object]);
      }
    }
    await allRight();
    const olds = (await keySecrets(cluster)).slice(0, 2).map(({ metadata }) => metadata.name);
    await atEachStep(context, () => ["keys", "retire", ...olds], {
      async reset() {
        for (const name of olds) await relabelKey(cluster, name, "active");
      },
      async check() {
        const labels = (await keySecrets(cluster, "")).map(({ metadata }) => metadata.labels?.[keyLabel]);
        assert.deepEqual(labels, ["retired", "retired", "active"]);
        await everythingOpens();
      },
    });
  });

  /** Who pinned the certificate of a key comes by signatures to what is published, and the chain has no link twice. */
  async function isFollowedFrom(pinned: Certificate): Promise<void> {
    const { "cert.pem": pem = "", "chain.pem": chainPem = "" } = await publication();
    const links = readLinks(chainPem);
    assert.equal(links.length, chainPem.split("-----BEGIN CERTIFICATE-----").length - 1, "each is whole");
    assert.equal(new Set(links.map(({ fingerprint }) => fingerprint)).size, links.length);
    const target = readCertificate(pem);
    if (target.fingerprint === pinned.fingerprint) return;
    const verdict = followChain(pinned, target, { chainPem, compromised: [] }, new Date());
    assert.ok(verdict.ok, verdict.ok ? "" : verdict.problem);
  }

  // Where a promotion is in force, the new key is promoted by a request of its own, and the key before signs for it.
  test("renewal, promotion of the new key, and the hand-over's signing", async (context) => {
    const pinned = readCertificate(certificateOf(await named("key-2")));
    const promoting = await signet(["keys", "promote", pinned.fingerprint]).ended;
    assert.equal(promoting.code, 0, promoting.stderr);
    await controller?.stop();
    let steps = 0;
    let halfMade = 0;
    let seals = pinned.fingerprint;
    let keys = (await keySecrets(cluster)).length;
    /** Renews once, by a leader that is killed as told. @returns whether it came to that. */
    async function renewal(strike: (kill: () => void) => () => boolean): Promise<boolean> {
      controller = await start({ KUBERNETES_SERVICE_PORT: `${proxy.port}` });
      const running = controller.process;
      await running.waitForOutput(/This replica leads/);

      const wasKilled = strike(() => running.signal("SIGKILL"));
      running.signal("SIGUSR1");
      const what = await waitUntil({ what: `a new key after ${keys}` }, async () => {
        const newest = (await keySecrets(cluster)).at(-1);
        const isThere = (await keySecrets(cluster)).length > keys;
        if (wasKilled()) return "killed";
        const isSaid = async (key: string) => (await published()) === key && (await recorded()) === key;
        return isThere && newest !== undefined && (await isSaid(fingerprintOf(newest))) ? "done" : null;
      });
      if (what === "killed") await running.waitForEnd();
      proxy.inject(() => null);
      await nothingLost();
      await everythingOpens();
      if (what === "killed") {
        steps += 1;
        // Whoever comes next takes in what was made; what was not promoted yet opens, and does not seal.
        controller = await start();
        const now = await keySecrets(cluster);
        assert.ok(now.length <= keys + 1, "one key at most");
        const newest = now.at(-1) ?? assert.fail();
        if (newest.metadata.annotations?.["signet.dev/awaits-promotion"] === undefined)
          seals = fingerprintOf(newest);
        else if (now.length > keys) halfMade += 1;
        await untilPublished(seals);
        keys = now.length;
      } else {
        keys += 1;
        seals = fingerprintOf((await keySecrets(cluster)).at(-1) ?? assert.fail());
      }
      await allRight();
      await nothingLost();
      await everythingOpens();
      await isFollowedFrom(pinned);
      await controller.stop();
      return what === "killed";
    }

    for (const moment of ["before", "after"] as const)
      for (let step = 0; await renewal((kill) => killAt(step, moment, kill)); step++)
        assert.ok(step < MOST_STEPS);
    assert.ok(steps >= 12, `${steps} steps`);

    // Renewals of the Lease and events come between these as they like, so that the steps may pass by the two that matter most.
    halfMade = 0;
    const creates = ({ method, path }: ProxiedRequest) => method === "POST" && isSecretsPath(path);
    const promotes = ({ method, path }: ProxiedRequest) => method === "PUT" && isSecretsPath(path);
    assert.ok(await renewal((kill) => killAtFirst(creates, "after", kill)), "killed once it is made");
    assert.equal(halfMade, 1);
    assert.ok(await renewal((kill) => killAtFirst(promotes, "before", kill)), "killed before its promotion");
    assert.equal(halfMade, 2);
    assert.ok(await renewal((kill) => killAtFirst(promotes, "after", kill)), "killed once it is promoted");
    assert.equal(halfMade, 2);
    context.diagnostic(`killed ${steps} times`);
  });
});

type Ended = { code: number | null; signal: NodeJS.Signals | null; stderr: string };
type SealedObjects = { metadata: { name: string }; spec: { encryptedData: Record<string, string> } }[];
const never = new AbortController().signal;
