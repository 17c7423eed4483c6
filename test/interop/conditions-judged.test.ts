import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite } from "node:test";
import { nextStatus, type StatusHolder, type Verdict } from "../../controller/reconcile/conditions.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { asKubeObject, type KubeObject } from "../support/control-plane/kube-object.ts";
import { makeScratchFolder } from "../support/control-plane/scratch-folder.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { type HealthVerdict, judgeByArgo, judgeByKstatus } from "../support/health-judges.ts";
import { base64, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { type Scene, sceneOf, secretPath } from "../support/sealed-secret-scene.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";

requireNetbox();

const table = coverageTable({
  "in-sync": "in sync",
  warning: "in sync, with a warning",
  "stalled-fresh": "failed for good at the first look",
  "stalled-after-sync": "failed for good after it was in sync at this generation",
  "stalled-after-older-sync": "failed for good after an older generation was in sync",
  "retrying-fresh": "a passing fault at the first look",
  "retrying-after-sync": "a passing fault after it was in sync at this generation",
  "retrying-after-older-sync": "a passing fault after an older generation was in sync",
  "retrying-after-stall": "a passing fault of what had failed for good",
  "stalled-after-retry": "failed for good after passing faults",
  mended: "in sync after each kind of failure",
  unobserved: "a generation nobody has looked at yet, whatever was before",
  deleting: "being deleted, whatever was before",
  malformed: "no SealedSecret at all",
  "no-status": "not looked at yet",
  reference: "as the reference left it",
  foreign: "with conditions of others",
  every: "every verdict after every other, at the same generation and at the next",
  real: "objects of a running controller, in each state",
});

type Judgement = { kstatus: string; v2: string; v3: string; ours: string };

const IN_SYNC: Verdict = { kind: "in-sync", warning: "" };
const WARNED: Verdict = { kind: "in-sync", warning: "item a is overridden" };
const STALLED: Verdict = { kind: "failed", reason: "UnsealFailed", message: "no key fits", stalled: true };
const RETRYING: Verdict = { kind: "failed", reason: "UpdateFailed", message: "500", stalled: false };
const MALFORMED: Verdict = { ...STALLED, reason: "MalformedSealedSecret" };

const HEALTHY: Judgement = { kstatus: "Current", v2: "Healthy", v3: "Healthy", ours: "Healthy" };
const FAILED: Judgement = { kstatus: "Failed", v2: "Degraded", v3: "Degraded", ours: "Degraded" };
/** Argo CD's own check reads Synced alone. */
const RETRIED: Judgement = { kstatus: "InProgress", v2: "Healthy", v3: "Healthy", ours: "Progressing" };
const RETRIED_NEW: Judgement = { kstatus: "InProgress", v2: "Degraded", v3: "Degraded", ours: "Progressing" };

type Step = readonly [verdict: Verdict, generation: number];

/** The object after these verdicts, each of its generation. */
function objectAfter(
  steps: readonly Step[],
  generation: number,
  before: StatusHolder["status"] = undefined,
): object {
  let status = before;
  for (const [at, [verdict, observed]] of steps.entries()) {
    const holder: StatusHolder = { metadata: { generation: observed }, status };
    status = nextStatus(holder, verdict, `2030-01-01T00:00:0${at}Z`) ?? status;
  }
  return object({ generation }, status);
}

function object(metadata: object, status: StatusHolder["status"]): object {
  return {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { name: "db", namespace: "team", ...metadata },
    spec: { encryptedData: {} },
    ...(status === undefined ? {} : { status }),
  };
}

/** The script that the documentation gives, out of its page. */
async function documentedScript(folder: string): Promise<string> {
  const page = await readFile(join(import.meta.dirname, "../../docs/argocd.md"), "utf8");
  const source = /```lua\n([^`]+)```/.exec(page)?.[1] ?? assert.fail("no script in docs/argocd.md");
  const file = join(folder, "health.lua");
  await writeFile(file, source);
  return file;
}

suite("conditions, as kstatus and Argo CD judge them", () => {
  let scratch: Awaited<ReturnType<typeof makeScratchFolder>>;
  let script: string;

  before(async () => {
    scratch = await makeScratchFolder("conditions-judged");
    script = await documentedScript(scratch.path);
  });

  after(() => scratch.remove());

  async function judge(objects: readonly object[]): Promise<(Judgement & { message: HealthVerdict })[]> {
    const kstatus = await judgeByKstatus(objects);
    const argo = await judgeByArgo(objects, { ours: script });
    return objects.map((judged, at) => {
      const told = kstatus[at] ?? assert.fail();
      const health = argo[at] ?? assert.fail();
      assert.deepEqual(told.flux, told.kstatus, `both judges agree on ${JSON.stringify(judged)}`);
      const word = ({ status, error }: HealthVerdict) => status ?? `error: ${error}`;
      return {
        kstatus: word(told.kstatus),
        v2: word(health.v2),
        v3: word(health.v3),
        ours: word(health.ours),
        message: health.v3,
      };
    });
  }

  async function judgedAs(expected: Judgement, ...objects: object[]): Promise<void> {
    for (const [at, { message: _, ...judgement }] of (await judge(objects)).entries()) {
      assert.deepEqual(judgement, expected, JSON.stringify(objects[at]));
    }
  }

  table.proves("in-sync", "in sync: Current and Healthy", () =>
    judgedAs(HEALTHY, objectAfter([[IN_SYNC, 1]], 1)),
  );

  table.proves("warning", "a warning takes nothing away, nor is it told as a failure", async () => {
    const warned = objectAfter([[WARNED, 1]], 1);
    await judgedAs(HEALTHY, warned);
    assert.equal((await judge([warned]))[0]?.message.message ?? "", "");
  });

  table.proves("stalled-fresh", "failed for good: Failed and Degraded, with the message", async () => {
    const stalled = objectAfter([[STALLED, 1]], 1);
    await judgedAs(FAILED, stalled);
    assert.equal((await judge([stalled]))[0]?.message.message, "no key fits");
  });

  table.proves(
    ["stalled-after-sync", "stalled-after-older-sync", "stalled-after-retry"],
    "failed for good, whatever was before",
    () =>
      judgedAs(
        FAILED,
        objectAfter(
          [
            [IN_SYNC, 1],
            [STALLED, 1],
          ],
          1,
        ),
        objectAfter(
          [
            [IN_SYNC, 1],
            [STALLED, 2],
          ],
          2,
        ),
        objectAfter(
          [
            [RETRYING, 1],
            [STALLED, 1],
          ],
          1,
        ),
        objectAfter(
          [
            [IN_SYNC, 1],
            [RETRYING, 1],
            [STALLED, 1],
          ],
          1,
        ),
      ),
  );

  table.proves(
    "retrying-after-sync",
    "a passing fault of what is in sync: InProgress, and no failed sync",
    () =>
      judgedAs(
        RETRIED,
        objectAfter(
          [
            [IN_SYNC, 1],
            [RETRYING, 1],
          ],
          1,
        ),
        objectAfter(
          [
            [WARNED, 3],
            [RETRYING, 3],
            [RETRYING, 3],
          ],
          3,
        ),
      ),
  );

  table.proves(
    ["retrying-fresh", "retrying-after-older-sync", "retrying-after-stall"],
    "a passing fault of what is not in sync yet: InProgress",
    () =>
      judgedAs(
        RETRIED_NEW,
        objectAfter([[RETRYING, 1]], 1),
        objectAfter(
          [
            [IN_SYNC, 1],
            [RETRYING, 2],
          ],
          2,
        ),
        objectAfter(
          [
            [STALLED, 1],
            [RETRYING, 1],
          ],
          1,
        ),
      ),
  );

  table.proves("mended", "mended: Current and Healthy", () =>
    judgedAs(
      HEALTHY,
      objectAfter(
        [
          [STALLED, 1],
          [IN_SYNC, 1],
        ],
        1,
      ),
      objectAfter(
        [
          [RETRYING, 1],
          [IN_SYNC, 1],
        ],
        1,
      ),
      objectAfter(
        [
          [STALLED, 1],
          [IN_SYNC, 2],
        ],
        2,
      ),
    ),
  );

  table.proves("unobserved", "a generation nobody has looked at: InProgress and Progressing", async () => {
    const waiting = { kstatus: "InProgress", v3: "Progressing", ours: "Progressing" };
    // The older check knows no generations.
    await judgedAs({ ...waiting, v2: "Healthy" }, objectAfter([[IN_SYNC, 1]], 2));
    await judgedAs(
      { ...waiting, v2: "Degraded" },
      objectAfter([[STALLED, 1]], 2),
      objectAfter([[RETRYING, 1]], 2),
    );
  });

  table.proves("deleting", "being deleted: Terminating and Progressing", () =>
    judgedAs(
      { kstatus: "Terminating", v2: "Progressing", v3: "Progressing", ours: "Progressing" },
      ...[IN_SYNC, STALLED, RETRYING].map((verdict) => {
        const { metadata, ...rest } = objectAfter([[verdict, 1]], 1) as { metadata: object };
        return { ...rest, metadata: { ...metadata, deletionTimestamp: "2030-01-01T00:00:00Z" } };
      }),
    ),
  );

  table.proves("malformed", "no SealedSecret: Failed and Degraded", () =>
    judgedAs(FAILED, { ...objectAfter([[MALFORMED, 1]], 1), spec: [] }),
  );

  table.proves("no-status", "not looked at yet: Argo CD waits, kstatus cannot know", () =>
    judgedAs(
      { kstatus: "Current", v2: "Progressing", v3: "Progressing", ours: "Progressing" },
      object({ generation: 1 }, undefined),
    ),
  );

  table.proves(
    "reference",
    "what the reference left is judged, and rightly once we have looked",
    async () => {
      const synced = (status: "True" | "False") => ({
        observedGeneration: 2,
        conditions: [{ type: "Synced", status, lastTransitionTime: "2029-01-01T00:00:00Z" }],
      });
      await judgedAs(
        HEALTHY,
        object({ generation: 2 }, synced("True")),
        objectAfter([[IN_SYNC, 2]], 2, synced("True")),
      );
      // kstatus does not read Synced.
      await judgedAs({ ...FAILED, kstatus: "Current" }, object({ generation: 2 }, synced("False")));
      await judgedAs(
        FAILED,
        objectAfter([[STALLED, 2]], 2, synced("False")),
        objectAfter([[STALLED, 2]], 2, synced("True")),
      );
      await judgedAs(RETRIED, objectAfter([[RETRYING, 2]], 2, synced("True")));
    },
  );

  table.proves("foreign", "conditions of others change no verdict", async () => {
    const others = {
      observedGeneration: 1,
      conditions: [{ type: "Audited", status: "False", reason: "Late" }],
    };
    await judgedAs(HEALTHY, objectAfter([[IN_SYNC, 1]], 1, others));
    await judgedAs(FAILED, objectAfter([[STALLED, 1]], 1, others));
    await judgedAs(RETRIED_NEW, objectAfter([[RETRYING, 1]], 1, others));
  });

  table.proves("every", "every verdict after every other two", async () => {
    const verdicts = [IN_SYNC, WARNED, STALLED, RETRYING, MALFORMED];
    const rows: { object: object; expected: Judgement }[] = [];
    for (const first of verdicts) {
      for (const second of verdicts) {
        for (const last of verdicts) {
          for (const [before, now] of [
            [1, 1],
            [1, 2],
            [2, 2],
          ] as const) {
            const steps: Step[] = [
              [first, 1],
              [second, before],
              [last, now],
            ];
            const stands =
              second.kind === "in-sync" || (!second.stalled && first.kind === "in-sync" && before === 1);
            const retried = stands && before === now ? RETRIED : RETRIED_NEW;
            const failed = last.kind === "failed" && last.stalled ? FAILED : retried;
            const expected = last.kind === "in-sync" ? HEALTHY : failed;
            rows.push({ object: objectAfter(steps, now), expected });
          }
        }
      }
    }
    const judged = await judge(rows.map((row) => row.object));
    for (const [at, row] of rows.entries()) {
      const { message: _, ...judgement } = judged[at] ?? assert.fail();
      assert.deepEqual(judgement, row.expected, JSON.stringify(row.object));
    }
    assert.equal(rows.length, 375);
  });

  suite("of a running controller", () => {
    let cluster: ControlPlane;
    let controller: SignetController;
    let scene: Scene;
    let sealer: TestSealer;

    before(async () => {
      cluster = await startInstalledCluster();
      scene = sceneOf(cluster);
      controller = await startSignetController({ controlPlane: cluster, flags: ["--leader-elect=false"] });
      sealer = await testSealer(await (await fetch(`${controller.url}/v1/cert.pem`)).text());
      await scene.namespaces("broken");
    });

    after(async () => {
      await controller?.stop();
      await cluster?.stop();
    });

    const apply = async (fields: Parameters<TestSealer["object"]>[0]): Promise<void> => {
      await cluster.apply([await sealer.object(fields)]);
    };
    const read = async (namespace: string, name: string): Promise<KubeObject> =>
      (await scene.sealedSecret(namespace, name)) ?? assert.fail(`${namespace}/${name} is gone`);
    const untilReconciling = (name: string) =>
      waitUntil({ what: `${name} to be retried` }, async () => {
        const status = await scene.status("broken", name);
        return status?.conditions.some(({ type }) => type === "Reconciling") ? true : null;
      });
    /** From now on the API server cannot take Secrets in that namespace, for a reason that may pass. */
    const breakSecrets = async (): Promise<void> => {
      const webhook = {
        name: "away.signet.test",
        clientConfig: { url: "https://127.0.0.1:9/" },
        rules: [
          { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["secrets"] },
        ],
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "broken" } },
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        timeoutSeconds: 1,
        // So that the test itself can change one.
        matchConditions: [
          {
            name: "unedited",
            expression: "!has(object.metadata.labels) || !('edited' in object.metadata.labels)",
          },
        ],
      };
      await cluster.apply([
        asKubeObject({
          apiVersion: "admissionregistration.k8s.io/v1",
          kind: "ValidatingWebhookConfiguration",
          metadata: { name: "away" },
          webhooks: [webhook],
        }),
      ]);
      const probe = { apiVersion: "v1", kind: "Secret", metadata: { name: "probe" } };
      await waitUntil({ what: "Secrets to be refused" }, async () => {
        const path = "/api/v1/namespaces/broken/secrets?dryRun=All";
        const { status } = await cluster.request("POST", path, probe);
        return status >= 500 ? true : null;
      });
    };

    const editSecret = async (name: string): Promise<void> => {
      const path = secretPath("broken", name);
      const { body } = await cluster.request("GET", path);
      const { metadata, ...secret } = asKubeObject(body);
      const edited = {
        ...secret,
        metadata: { ...metadata, labels: { edited: "true" } },
        data: { a: base64("2") },
      };
      assert.equal((await cluster.request("PUT", path, edited)).status, 200);
    };

    table.proves("real", "objects in each state are judged rightly as the API server has them", async () => {
      await apply({ name: "good", items: { a: "1" } });
      await apply({ name: "warned", items: { a: "1" }, template: { data: { a: "2" } } });
      await apply({ name: "renamed", items: { a: "1" }, sealedFor: { name: "other" } });
      const inTheWay = { metadata: { name: "taken", namespace: "default" }, data: { b: base64("x") } };
      await cluster.apply([{ apiVersion: "v1", kind: "Secret", ...inTheWay }]);
      await apply({ name: "taken", items: { a: "1" } });
      for (const name of ["kept", "gone"]) {
        await apply({ name, namespace: "broken", items: { a: "1" } });
        await scene.untilSynced("broken", name, "True");
      }
      await breakSecrets();
      await apply({ name: "new", namespace: "broken", items: { a: "1" } });
      await editSecret("kept");
      await scene.remove(secretPath("broken", "gone"));
      for (const name of ["new", "kept", "gone"]) await untilReconciling(name);
      await scene.untilSynced("default", "good", "True");
      await scene.untilSynced("default", "warned", "True");
      for (const name of ["renamed", "taken"]) await scene.untilSynced("default", name, "False");

      const warned = await read("default", "warned");
      assert.match(
        JSON.stringify(warned["status"]),
        /"Ready","[^}]*"message":|"message":"[^}]*"type":"Ready"/,
      );
      await judgedAs(HEALTHY, await read("default", "good"), warned);
      await judgedAs(FAILED, await read("default", "renamed"), await read("default", "taken"));
      // Without its Secret an object is as little in sync as one that never had any.
      await judgedAs(RETRIED_NEW, await read("broken", "new"), await read("broken", "gone"));
      await judgedAs(RETRIED, await read("broken", "kept"));

      await controller.stop();
      await apply({ name: "good", items: { a: "2" } });
      const changed = await read("default", "good");
      assert.equal(changed.metadata["generation"], 2);
      await judgedAs(
        { kstatus: "InProgress", v2: "Healthy", v3: "Progressing", ours: "Progressing" },
        changed,
      );
    });
  });
});

table.everyRowHasATest();
