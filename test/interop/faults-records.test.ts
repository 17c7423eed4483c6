import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, suite } from "node:test";
import { RECORD_KEY_SECRET } from "../../controller/record-key.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { isRecord, type KubeObject } from "../support/control-plane/kube-object.ts";
import { readObjects } from "../support/control-plane/object-files.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { metricOf } from "../support/metrics-of.ts";
import { type SealedCrowd, sealedCrowd } from "../support/sealed-crowd.ts";
import { sealedPath, secretPath } from "../support/sealed-secret-scene.ts";
import { keySecretOf } from "../support/sealing-key-secrets.ts";
import {
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { testCertificate } from "../support/test-certificates.ts";

requireNetbox();

const table = coverageTable({
  kept: "with its records a controller that starts opens nothing, and sees what was changed meanwhile",
  forged: "a record that somebody made up counts as none",
  copied: "the record of another object counts as none",
  replayed: "a record of an earlier version of the object or of its Secret counts as none",
  wiped:
    "a status that was emptied by hand, while the controller runs and while it does not, is written again",
  "older-key": "records under a key that is no more count as none",
  "rules-changed": "records under other rules count as none",
  dropped: "with a definition that drops records all is right, at the cost of opening everything",
});

const namespace = "records";
const mergePatch = { contentType: "application/merge-patch+json" };
/** The metric that counts what is opened. */
const opened = 'signet_private_key_operations_total{purpose="open"}';

suite("records of what is in sync", () => {
  let cluster: ControlPlane;
  let crowd: SealedCrowd;
  let controller: SignetController | null = null;
  let sealer: TestSealer;
  const key = testCertificate();
  const count = 12;

  before(async () => {
    cluster = await startInstalledCluster();
    await cluster.apply([keySecretOf("key", key)]);
    sealer = await testSealer(key.certificatePem);
    crowd = await sealedCrowd(cluster, { namespace, sealer });
    await start();
    await crowd.fill("one", count);
    await crowd.untilRight();
    await stop();
  });

  after(async () => {
    await stop();
    await cluster?.stop();
  });

  async function start(flags: readonly string[] = []): Promise<SignetController> {
    controller = await startSignetController({ controlPlane: cluster, install: false, flags });
    return controller;
  }

  async function stop(): Promise<void> {
    await controller?.stop();
    controller = null;
  }

  table.proves("kept", "nothing is opened but what was changed meanwhile", async () => {
    await assertOpensAtStart(0);
    await tamper("one-0");
    await scratch(secretPath(namespace, "one-1"));
    await assertOpensAtStart(2);
  });

  table.proves(["forged", "copied"], "made-up and foreign records under changed Secrets", async () => {
    const records = new Map<string, unknown>();
    for (const { metadata, status } of await crowd.sealedSecrets())
      records.set(metadata.name, signetOf(status));
    await tamper("one-0");
    await say("one-0", {
      record: randomBytes(32).toString("base64"),
      left: randomBytes(32).toString("base64"),
    });
    await tamper("one-1");
    await say("one-1", records.get("one-2"));
    await scratch(secretPath(namespace, "one-3"));
    await say("one-3", records.get("one-2"));
    // Without a change of the Secret they count as none, too.
    await say("one-4", records.get("one-2"));
    await say("one-5", { record: "x".repeat(10_000), left: "" });
    const running = await assertOpensAtStart(5, { running: true });
    const found = await judged(running);
    await stop();
    // What is longer than any record is passed over as if there were none.
    assert.deepEqual(found, [count - 5, 4, 1]);
  });

  table.proves("replayed", "records of earlier versions", async () => {
    const before = await signets();
    await start();
    await crowd.put("one-0", { a: "second version" });
    await tamper("one-1");
    await crowd.untilRight();
    await stop();
    // Both spec and record are back, and the Secret is of the second version.
    await crowd.put("one-0", { a: "value 0 of one", b: "same" });
    await say("one-0", before.get("one-0"));
    await say("one-1", before.get("one-1"));
    await assertOpensAtStart(2);
  });

  table.proves("wiped", "an emptied status", async () => {
    for (const name of ["one-0", "one-1"]) await wipe(name);
    await tamper("one-1");
    await assertOpensAtStart(2);
    await start();
    await wipe("one-2");
    await crowd.untilRight();
    await stop();
    await assertOpensAtStart(0);
  });

  table.proves("older-key", "records whose key is gone", async () => {
    const before = await signets();
    await scratch(secretPath(controllerNamespace, RECORD_KEY_SECRET));
    await tamper("one-0");
    await assertOpensAtStart(count);
    // Under the new key the old ones are worth nothing.
    await tamper("one-0");
    for (const name of ["one-0", "one-1"]) await say(name, before.get(name));
    await assertOpensAtStart(2);
  });

  table.proves("rules-changed", "records under other rules", async () => {
    await assertOpensAtStart(count, { flags: ["--secret-labels=new=rule"] });
    for (const { metadata } of await crowd.secrets()) assert.equal(metadata.labels?.["new"], "rule");
    await assertOpensAtStart(count);
    for (const { metadata } of await crowd.secrets()) assert.equal(metadata.labels?.["new"], undefined);
  });

  // Last, since it changes the definition.
  table.proves("dropped", "a definition that knows no records", async () => {
    const file = join(import.meta.dirname, "fixtures/reference-0.40-definition.yaml");
    await cluster.apply(await readObjects(file));
    await waitUntil({ what: "the older definition to count" }, async () =>
      [...(await signets()).values()].every((record) => record === undefined) ? true : null,
    );
    await tamper("one-0");
    await wipe("one-1");
    const running = await assertOpensAtStart(count, { running: true });
    assert.equal(await metricOf(running, "signet_sync_record_dropped"), 1);
    await crowd.put("fresh", { a: "fresh", b: "same" });
    await crowd.untilRight();
    await stop();
    for (const name of crowd.wanted.keys()) await wipe(name);
    await tamper("one-2");
    await assertOpensAtStart(count + 1);
    await assertOpensAtStart(count + 1);
  });

  table.everyRowHasATest();

  /**
   * Starts the controller, waits until every object was looked at and all is right, and counts the objects that were opened:
   * each has two values, and there is one key.
   */
  async function assertOpensAtStart(
    objects: number,
    { running = false, flags = [] }: { running?: boolean; flags?: readonly string[] } = {},
  ): Promise<SignetController> {
    const one = await start(flags);
    await waitUntil({ what: "all objects to be judged" }, async () => {
      const [match, mismatch, absent] = await judged(one);
      return match + mismatch + absent >= crowd.wanted.size ? true : null;
    });
    await crowd.untilRight();
    // Where values stay as they were, being right says nothing of being through.
    await waitUntil({ what: "the work to end" }, async () => {
      const left = ["ready", "working", "failing"].map((state) =>
        metricOf(one, `signet_workqueue{state="${state}"}`),
      );
      return (await Promise.all(left)).every((count) => count === 0) ? true : null;
    });
    const [match, mismatch, absent] = await judged(one);
    const { length } = await crowd.secrets();
    assert.equal((await metricOf(one, opened)) / 2, objects, `${match} ${mismatch} ${absent} of ${length}`);
    if (!running) await stop();
    return one;
  }

  async function judged(one: SignetController): Promise<[match: number, mismatch: number, absent: number]> {
    const result = (name: string) => metricOf(one, `signet_sync_records_total{result="${name}"}`);
    return [await result("match"), await result("mismatch"), await result("absent")];
  }

  async function signets(): Promise<Map<string, unknown>> {
    const objects = await crowd.sealedSecrets();
    return new Map(objects.map(({ metadata, status }) => [metadata.name, signetOf(status)]));
  }

  async function tamper(name: string): Promise<void> {
    await patched(secretPath(namespace, name), { data: { a: base64("tampered with"), more: base64("1") } });
  }

  /** Has the status claim something, and that all is in sync. */
  async function say(name: string, signet: unknown): Promise<void> {
    const { body } = await cluster.request("GET", sealedPath(namespace, name));
    const { metadata, status } = body as KubeObject;
    const claimed = {
      ...(isRecord(status) ? status : {}),
      observedGeneration: metadata["generation"],
      signet,
    };
    await patched(`${sealedPath(namespace, name)}/status`, { status: claimed });
  }

  async function wipe(name: string): Promise<void> {
    await patched(`${sealedPath(namespace, name)}/status`, { status: null });
  }

  async function patched(path: string, patch: unknown): Promise<void> {
    const { status, body } = await cluster.request("PATCH", path, patch, mergePatch);
    assert.equal(status, 200, JSON.stringify(body));
  }

  async function scratch(path: string): Promise<void> {
    assert.equal((await cluster.request("DELETE", path)).status, 200, path);
  }
});

function signetOf(status: unknown): unknown {
  return isRecord(status) ? status["signet"] : undefined;
}
