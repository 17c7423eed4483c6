import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { connect } from "node:net";
import { after, afterEach, before, suite } from "node:test";
import { PRIMARY_ANNOTATION } from "../../controller/keys/promotion.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { issueKey } from "../../shared/seal/issue-certificate.node.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { isRecord } from "../support/control-plane/kube-object.ts";
import type { ManagedProcess } from "../support/control-plane/managed-process.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { conditionOf, type Scene, sceneOf, secretPath } from "../support/sealed-secret-scene.ts";
import {
  certificateOf,
  deleteKeys,
  type KeyMaterial,
  keyLabel,
  keySecretOf,
  keySecrets,
  relabelKey,
} from "../support/sealing-key-secrets.ts";
import {
  controllerNamespace,
  type SignetController,
  type SignetControllerOptions,
  startSignetController,
} from "../support/signet-controller.ts";
import { ecdsaCertificatePem } from "../support/test-certificates.ts";

requireNetbox();

const table = coverageTable({
  "first-start": "the first start makes a key, in the form the reference reads too",
  "key-options": "size, name, prefix, labels and annotations of new keys are as the options say",
  "second-start": "a second start, with a kubeconfig too, uses the key that is there",
  "several-keys": "after a restart all keys open, and the newest seals",
  "own-key": "a key one brings oneself opens and, being the newest, seals",
  "own-key-live": "added to a running controller it opens what failed for want of it",
  order: "the newest may be told by the creation of the Secret instead",
  malformed: "malformed key Secrets are reported by name and skipped",
  future: "a certificate that is not valid yet does not seal, nor open",
  mismatch: "a certificate of another key does not seal",
  relabelled: "a key relabelled or deleted is out at once, and back when its label is",
  usr1: "SIGUSR1 makes a new key, and opens no debugger",
  "usr1-early": "SIGUSR1 while it starts is kept for later, and opens no debugger either",
  renewal: "keys are renewed by their age, old ones still open",
  legacy: "the key of the bare prefix name counts without a label, and not when it was retired",
  cutoff: "a key older than the cutoff is succeeded when the process starts, once",
  promoted: "a promoted key seals, also after a restart, and nobody is alarmed",
  "changed-meanwhile": "a key that came while no controller ran raises an alarm until the next renewal",
  published: "everyone may read the certificate, nobody the key Secrets",
});

const day = 86_400_000;
const debuggerPort = 9229;
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${controllerNamespace}/leases/sealed-secrets-controller`;
const configMapPath = `/api/v1/namespaces/${controllerNamespace}/configmaps/sealed-secrets-certificate`;
const mergePatch = { contentType: "application/merge-patch+json" };

suite("sealing keys", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let controller: SignetController | null = null;

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster);
  });

  afterEach(async () => {
    await controller?.stop();
    controller = null;
    await deleteKeys(cluster);
    // It remembers which key sealed.
    await cluster.request("DELETE", leasePath);
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  table.proves("first-start", "the first start makes a key of 4096 bits and publishes it", async () => {
    const { url } = await start({ flags: ["--key-size=4096"] });
    const [secret, ...others] = await keySecrets(cluster);
    assert.ok(secret !== undefined && others.length === 0);
    assert.match(secret.metadata.name, /^sealed-secrets-key[a-z0-9]{5}$/);
    assert.equal(secret.type, "kubernetes.io/tls");
    assert.deepEqual(secret.metadata.labels, { [keyLabel]: "active" });
    assert.deepEqual(Object.keys(secret.data ?? {}).sort(), ["tls.crt", "tls.key"]);
    const keyPem = Buffer.from(secret.data?.["tls.key"] ?? "", "base64").toString();
    assert.match(keyPem, /^-----BEGIN RSA PRIVATE KEY-----/);
    const certificate = new X509Certificate(certificateOf(secret));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)));
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 4096);
    const years = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / day / 365;
    assert.equal(Math.round(years), 10);
    assert.equal(await servedCertificate(url), certificateOf(secret));
  });

  table.proves("key-options", "a new key is as the options say", async () => {
    const { url } = await start({
      flags: [
        "--key-size=3072",
        "--my-cn=cluster.example",
        "--key-ttl=48h",
        "--key-prefix=ring-",
        "--privatekey-labels=team=ops",
        "--privatekey-annotations=note=backed up",
      ],
    });
    const [secret] = await keySecrets(cluster);
    assert.match(secret?.metadata.name ?? "", /^ring-[a-z0-9]{5}$/);
    assert.deepEqual(secret?.metadata.labels, { team: "ops", [keyLabel]: "active" });
    assert.deepEqual(secret?.metadata.annotations, { note: "backed up" });
    const certificate = new X509Certificate(await servedCertificate(url));
    assert.equal(certificate.subject, "CN=cluster.example");
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 3072);
    const hours = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / 3_600_000;
    assert.equal(hours, 48);
  });

  table.proves("second-start", "a second start makes no key", async () => {
    const first = await start();
    const before = await servedCertificate(first.url);
    await stop();
    // Elsewhere than in a pod, it finds its credentials in a kubeconfig.
    const second = await start({ credentials: "kubeconfig" });
    assert.equal(await servedCertificate(second.url), before);
    assert.equal((await keySecrets(cluster)).length, 1);
  });

  table.proves("several-keys", "after a restart every key opens and the newest seals", async () => {
    const keys = [await keyFrom(-3), await keyFrom(-1), await keyFrom(-2)];
    await cluster.apply(keys.map((key, index) => keySecretOf(`several-${index}`, key)));
    const { url, metricsUrl } = await start();
    assert.equal(await servedCertificate(url), keys[1]?.certificatePem);
    for (const [index, key] of keys.entries()) await assertOpens(key, `several-${index}`);
    assert.match(await metrics(metricsUrl), /^signet_sealing_keys\{state="loaded"\} 3$/m);
    assert.equal((await keySecrets(cluster)).length, 3);
  });

  table.proves("order", "with the other order the Secret created last seals", async () => {
    const [older, newer] = [await keyFrom(-5), await keyFrom(-1)];
    await cluster.apply([keySecretOf("order-newer", newer)]);
    await waitUntil({ what: "the clock's next second" }, async () => {
      const [secret] = await keySecrets(cluster);
      return Date.now() > Date.parse(String(secret?.metadata["creationTimestamp"])) + 1000 ? true : null;
    });
    await cluster.apply([keySecretOf("order-older", older)]);
    const { url } = await start({ flags: ["--key-order-priority=SecretCreationTimestamp"] });
    assert.equal(await servedCertificate(url), older.certificatePem);
  });

  table.proves("own-key", "a key of one's own is used, and none is made", async () => {
    const own = await keyFrom(-1);
    await cluster.apply([keySecretOf("own", own)]);
    const { url } = await start();
    assert.equal(await servedCertificate(url), own.certificatePem);
    await assertOpens(own, "sealed-with-own");
    assert.deepEqual(
      (await keySecrets(cluster)).map(({ metadata }) => metadata.name),
      ["own"],
    );
  });

  table.proves(
    "own-key-live",
    "a key added live mends what failed, and an older one does not seal",
    async () => {
      const { url, process } = await start();
      const own = await keyFrom(-30);
      const sealer = await testSealer(own.certificatePem);
      await cluster.apply([await sealer.object({ name: "for-want-of-a-key", items: { a: "1" } })]);
      const status = await scene.untilSynced("default", "for-want-of-a-key", "False");
      assert.equal(conditionOf(status, "Synced").reason, "UnsealFailed");
      const before = await servedCertificate(url);
      await cluster.apply([keySecretOf("added-live", own)]);
      await process.waitForOutput(/registered private key" secretname=added-live/);
      await scene.untilSynced("default", "for-want-of-a-key", "True");
      assert.deepEqual((await scene.untilSecret("default", "for-want-of-a-key")).data, { a: base64("1") });
      assert.equal(await servedCertificate(url), before);

      // One that is newer takes over, which is told.
      const newest = await keyFrom(0);
      await cluster.apply([keySecretOf("added-newest", newest)]);
      await waitUntil({ what: "the newest certificate" }, async () =>
        (await servedCertificate(url)) === newest.certificatePem ? true : null,
      );
      await process.waitForOutput(/The sealing key changed without renewal/);
      await untilKeyEvent("added-newest", "SealingKeyChanged");
    },
  );

  table.proves(["malformed", "mismatch", "future"], "bad key Secrets are named and skipped", async () => {
    const good = await keyFrom(-10);
    const [one, other] = [await keyFrom(-2), await keyFrom(-1)];
    const future = await keyFrom(1);
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const ecPem = ec.privateKey.export({ type: "sec1", format: "pem" }).toString();
    const bad: [string, KeyMaterial | Record<string, string>, RegExp][] = [
      ["bad-no-key", { "tls.crt": one.certificatePem, "tls.key": "" }, /tls\.key/],
      ["bad-garbage-key", { "tls.crt": one.certificatePem, "tls.key": "no PEM at all" }, /tls\.key/],
      ["bad-garbage-cert", { "tls.crt": "no PEM at all", "tls.key": one.privateKeyPem }, /tls\.crt/],
      ["bad-ec", { "tls.crt": ecdsaCertificatePem, "tls.key": ecPem }, /tls\.(crt|key)/],
      [
        "bad-truncated",
        { "tls.crt": one.certificatePem, "tls.key": one.privateKeyPem.slice(0, 400) },
        /tls\.key/,
      ],
      [
        "bad-mismatch",
        { certificatePem: other.certificatePem, privateKeyPem: one.privateKeyPem },
        /another key/,
      ],
      ["bad-future", future, /not valid before/],
    ];
    await cluster.apply(
      bad.map(([name, content]) => {
        const isKey = "certificatePem" in content;
        const secret = keySecretOf(name, isKey ? (content as KeyMaterial) : good);
        if (isKey) return secret;
        const data = Object.entries(content).map(([item, text]) => [item, base64(text)]);
        return { ...secret, data: Object.fromEntries(data) };
      }),
    );
    const withoutItems = keySecretOf("bad-empty", good);
    const { data: _data, type: _type, ...empty } = withoutItems;
    await cluster.apply([{ ...empty, type: "Opaque" }, keySecretOf("good", good)]);
    const { url, metricsUrl, process } = await start();

    assert.equal(await servedCertificate(url), good.certificatePem);
    await assertOpens(good, "beside-bad-keys");
    for (const [name, , says] of [...bad, ["bad-empty", {}, /no item tls\.key/] as const]) {
      const line = await process.waitForOutput(
        new RegExp(`Sealing-key Secret refused.*secretname=${name} .*`),
      );
      assert.match(line[0], says);
      await untilKeyEvent(name, "SealingKeyRefused", says);
    }
    assert.match(await metrics(metricsUrl), /^signet_sealing_keys\{state="refused"\} 8$/m);
    assert.match(await metrics(metricsUrl), /^signet_sealing_keys\{state="loaded"\} 1$/m);
    // What they hold is not repeated.
    for (const line of one.privateKeyPem.split("\n").slice(1, 4)) assert.ok(!process.output().includes(line));
    assert.ok(!process.output().includes("no PEM at all"));
    for (const key of [one, future]) await assertDoesNotOpen(key, "sealed-with-bad");

    // Mended, it serves at once.
    await cluster.apply([keySecretOf("bad-mismatch", one)]);
    await process.waitForOutput(/registered private key" secretname=bad-mismatch/);
    await assertOpens(one, "with-mended");
  });

  table.proves("relabelled", "a key is in or out by its label, at once", async () => {
    const [older, newer] = [await keyFrom(-2), await keyFrom(-1)];
    await cluster.apply([keySecretOf("older", older), keySecretOf("newer", newer)]);
    const { url, process } = await start();
    assert.equal(await servedCertificate(url), newer.certificatePem);
    await assertOpens(newer, "before-retiring");

    await relabelKey(cluster, "newer", "compromised");
    await waitUntil({ what: "the older key to seal" }, async () =>
      (await servedCertificate(url)) === older.certificatePem ? true : null,
    );
    await assertDoesNotOpen(newer, "after-retiring");
    await assertOpens(older, "older-after-retiring");
    await untilKeyEvent("newer", "SealingKeyChanged");

    await relabelKey(cluster, "newer", "active");
    await scene.untilSynced("default", "after-retiring", "True");
    assert.equal(await servedCertificate(url), newer.certificatePem);

    await scene.remove(secretPath(controllerNamespace, "newer"));
    await waitUntil({ what: "the older key to seal again" }, async () =>
      (await servedCertificate(url)) === older.certificatePem ? true : null,
    );
    await assertDoesNotOpen(newer, "after-deleting");
    assert.equal(process.hasEnded(), false);
  });

  table.proves("usr1", "each SIGUSR1 makes a new key that seals, and opens no debugger", async () => {
    const { url, process } = await start({ from: "dist" });
    const served = [await servedCertificate(url)];
    // More often than once a second, which is as fine as certificates tell their age.
    for (let signals = 0; signals < 3; signals++) {
      process.signal("SIGUSR1");
      const next = await waitUntil({ what: "the next certificate" }, async () => {
        const pem = await servedCertificate(url);
        return served.includes(pem) ? null : pem;
      });
      served.push(next);
    }
    assert.equal((await keySecrets(cluster)).length, 4);
    assert.equal(await isListening(debuggerPort), false);
    assert.doesNotMatch(process.output(), /[Dd]ebugger/);
    for (const [index, certificatePem] of served.entries()) {
      await assertOpens({ certificatePem }, `under-key-${index}`);
    }
    await stop();
    const again = await start();
    assert.equal(await servedCertificate(again.url), served.at(-1));
  });

  table.proves("usr1-early", "SIGUSR1 that comes while it starts makes a key later", async () => {
    await cluster.apply([keySecretOf("first", await keyFrom(-1))]);
    const { process } = await start({
      from: "dist",
      async onStart(starting) {
        await starting.waitForOutput(/Starting sealed-secrets controller/);
        starting.signal("SIGUSR1");
      },
    });
    await waitUntil({ what: "a key beside the first one", giveUp: () => endOf(process) }, async () =>
      (await keySecrets(cluster)).length === 2 ? true : null,
    );
    assert.equal(await isListening(debuggerPort), false);
    assert.doesNotMatch(process.output(), /[Dd]ebugger/);
  });

  table.proves("renewal", "keys are renewed by their age; old ones open, the newest seals", async () => {
    const { url } = await start({ flags: ["--key-renew-period=2s"] });
    const first = await servedCertificate(url);
    await waitUntil({ what: "two renewals" }, async () =>
      (await keySecrets(cluster)).length >= 3 ? true : null,
    );
    await stop();
    const made = await keySecrets(cluster);
    const begins = made.map((secret) => new X509Certificate(certificateOf(secret)).validFromDate.getTime());
    for (const [index, begin] of begins.slice(1).entries()) {
      assert.ok(begin - (begins[index] ?? 0) >= 2000, `renewed after ${begin - (begins[index] ?? 0)} ms`);
    }
    const again = await start({ flags: ["--key-renew-period=720h"] });
    const newest = made.at(-1);
    assert.ok(newest !== undefined);
    assert.equal(await servedCertificate(again.url), certificateOf(newest));
    await untilPublished(certificateOf(newest));
    await assertOpens({ certificatePem: first }, "under-the-first-key");
    assert.equal((await keySecrets(cluster)).length, made.length);
  });

  table.proves("legacy", "the key of the bare prefix name is used unless it was retired", async () => {
    const own = await keyFrom(-1);
    const path = secretPath(controllerNamespace, "sealed-secrets-key");
    const { metadata, ...rest } = keySecretOf("sealed-secrets-key", own);
    await cluster.apply([{ ...rest, metadata: { ...metadata, labels: {} } }]);
    const first = await start();
    assert.equal(await servedCertificate(first.url), own.certificatePem);
    await assertOpens(own, "legacy");
    assert.deepEqual(await keySecrets(cluster, ""), [], "no key was made");
    await stop();
    await relabelKey(cluster, "sealed-secrets-key", "compromised");
    const second = await start();
    assert.notEqual(await servedCertificate(second.url), own.certificatePem);
    await assertDoesNotOpen(own, "retired-legacy");
    await scene.remove(path);
  });

  table.proves("cutoff", "a key from before the cutoff is succeeded once", async () => {
    const aged = await keyFrom(-10);
    await cluster.apply([keySecretOf("aged", aged)]);
    const cutoff = new Date(Date.now() - day).toUTCString().replace("GMT", "+0000");
    const flags = [`--key-cutoff-time=${cutoff}`, "--key-renew-period=0"];
    const { url } = await start({ flags });
    await waitUntil({ what: "a new key" }, async () =>
      (await servedCertificate(url)) === aged.certificatePem ? null : true,
    );
    await assertOpens(aged, "from-before-the-cutoff");
    const served = await servedCertificate(url);
    await stop();
    const again = await start({ flags });
    await untilPublished(served);
    assert.equal(await servedCertificate(again.url), served);
    assert.equal((await keySecrets(cluster)).length, 2);
  });

  table.proves("promoted", "the key promoted last seals", async () => {
    const [older, newer] = [await keyFrom(-2), await keyFrom(-1)];
    await cluster.apply([keySecretOf("older", older), keySecretOf("newer", newer)]);
    const { url, process, metricsUrl } = await start();
    await untilPublished(newer.certificatePem);
    await promote("older", new Date());
    await untilPublished(older.certificatePem);
    assert.equal(await servedCertificate(url), older.certificatePem);
    await assertOpens(newer, "under-the-newer");
    assert.doesNotMatch(process.output(), /changed without renewal/);
    assert.match(await metrics(metricsUrl), /^signet_sealing_key_unexpected 0$/m);
    await promote("newer", new Date(Date.now() + day));
    await untilKeyEvent("newer", "PromotionIgnored", /time to come/);
    await stop();
    const again = await start();
    assert.equal(await servedCertificate(again.url), older.certificatePem);
    assert.equal((await keySecrets(cluster)).length, 2);
  });

  table.proves("changed-meanwhile", "a key that came while nobody looked is told of", async () => {
    const [before, meanwhile] = [await keyFrom(-2), await keyFrom(-1)];
    await cluster.apply([keySecretOf("before", before)]);
    await start();
    const known = readCertificate(before.certificatePem).fingerprint;
    await waitUntil({ what: "the key on the Lease" }, async () =>
      (await annotationsAt(leasePath))["signet.dev/sealing-key"] === known ? true : null,
    );
    await stop();
    await cluster.apply([keySecretOf("meanwhile", meanwhile)]);
    const { metricsUrl, process } = await start();
    await untilKeyEvent("meanwhile", "SealingKeyChanged");
    const raised = await waitUntil(
      { what: "the alarm" },
      async () => (await annotationsAt(configMapPath))["signet.dev/sealing-key-changed"] ?? null,
    );
    const now = readCertificate(meanwhile.certificatePem).fingerprint;
    assert.deepEqual(raised.split(" ").slice(1), [known, now]);
    await untilMetric(metricsUrl, /^signet_sealing_key_unexpected 1$/m);
    process.signal("SIGUSR1");
    await waitUntil({ what: "the end of the alarm" }, async () =>
      (await annotationsAt(configMapPath))["signet.dev/sealing-key-changed"] === undefined ? true : null,
    );
    await untilMetric(metricsUrl, /^signet_sealing_key_unexpected 0$/m);
  });

  table.proves("published", "everyone may read the certificate, nobody the keys", async () => {
    const { url } = await start();
    await untilPublished(await servedCertificate(url));
    const token = await cluster.tokenFor({ user: "alice" });
    const path = configMapPath;
    const { status, body } = await cluster.request("GET", path, undefined, { token });
    assert.equal(status, 200);
    const { data } = body as { data: Record<string, string> };
    // Where a key has succeeded another one, a third item says so.
    const { "chain.pem": chain = "", ...others } = data;
    assert.deepEqual(Object.keys(others).sort(), ["cert.pem", "cluster-id"]);
    assert.doesNotMatch(chain, /PRIVATE KEY/);
    const { body: namespace } = await cluster.request("GET", "/api/v1/namespaces/kube-system");
    assert.ok(isRecord(namespace) && isRecord(namespace["metadata"]));
    assert.equal(data["cluster-id"], namespace["metadata"]["uid"]);
    const forged = { data: { "cert.pem": ecdsaCertificatePem } };
    const patch = { token, ...mergePatch };
    assert.equal((await cluster.request("PATCH", path, forged, patch)).status, 403);
    const [key] = await keySecrets(cluster);
    const keyPath = secretPath(controllerNamespace, key?.metadata.name);
    assert.equal((await cluster.request("GET", keyPath, undefined, { token })).status, 403);

    // Somebody who may put it out of step does not keep it so for long: a renewal writes it anew.
    const started = await servedCertificate(url);
    controller?.process.signal("SIGUSR1");
    await waitUntil({ what: "the new certificate" }, async () =>
      (await servedCertificate(url)) === started ? null : true,
    );
    await untilPublished(await servedCertificate(url));
  });

  table.everyRowHasATest();

  async function start(options: Partial<SignetControllerOptions> = {}): Promise<SignetController> {
    const flags = ["--rate-limit=1000", "--rate-limit-burst=1000", ...(options.flags ?? [])];
    controller = await startSignetController({ controlPlane: cluster, ...options, flags });
    return controller;
  }

  async function stop(): Promise<void> {
    await controller?.stop();
    controller = null;
  }

  async function servedCertificate(url: string): Promise<string> {
    const answer = await fetch(`${url}/v1/cert.pem`);
    return answer.text();
  }

  async function metrics(url: string): Promise<string> {
    return (await fetch(`${url}/metrics`)).text();
  }

  async function untilMetric(url: string, line: RegExp): Promise<void> {
    await waitUntil({ what: `${line} among the metrics` }, async () =>
      line.test(await metrics(url)) ? true : null,
    );
  }

  async function assertOpens({ certificatePem }: { certificatePem: string }, name: string): Promise<void> {
    const sealer = await testSealer(certificatePem);
    await cluster.apply([await sealer.object({ name, items: { a: name } })]);
    await scene.untilSynced("default", name, "True");
    assert.deepEqual((await scene.untilSecret("default", name)).data, { a: base64(name) });
  }

  async function assertDoesNotOpen(
    { certificatePem }: { certificatePem: string },
    name: string,
  ): Promise<void> {
    const sealer = await testSealer(certificatePem);
    await cluster.apply([await sealer.object({ name, items: { a: name } })]);
    const status = await scene.untilSynced("default", name, "False");
    assert.match(conditionOf(status, "Synced").message ?? "", /a key this cluster does not have/);
  }

  async function promote(name: string, at: Date): Promise<void> {
    const path = secretPath(controllerNamespace, name);
    const { uid } = ((await cluster.request("GET", path)).body as { metadata: { uid: string } }).metadata;
    const patch = { metadata: { annotations: { [PRIMARY_ANNOTATION]: `${at.toISOString()} ${uid}` } } };
    assert.equal((await cluster.request("PATCH", path, patch, mergePatch)).status, 200);
  }

  async function annotationsAt(path: string): Promise<Readonly<Record<string, string>>> {
    const { body } = await cluster.request("GET", path);
    return (body as { metadata?: { annotations?: Record<string, string> } }).metadata?.annotations ?? {};
  }

  async function untilPublished(pem: string): Promise<void> {
    await waitUntil({ what: "the certificate's ConfigMap" }, async () => {
      const { body } = await cluster.request("GET", configMapPath);
      return isRecord(body) && isRecord(body["data"]) && body["data"]["cert.pem"] === pem ? true : null;
    });
  }

  function untilKeyEvent(name: string, reason: string, message?: RegExp) {
    return scene.untilEvent(controllerNamespace, name, reason, message);
  }
});

/** A key whose certificate begins so many days from now. */
async function keyFrom(days: number): Promise<KeyMaterial> {
  const request = { keyBits: 2048, commonName: "", ttlMs: 365 * day };
  return issueKey(request, new Date(Date.now() + days * day));
}

async function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function endOf(process: ManagedProcess): string | null {
  return process.hasEnded() ? `it has ended:\n${process.lastLines()}` : null;
}
