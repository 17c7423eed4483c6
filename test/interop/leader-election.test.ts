import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, suite } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { type ManagedProcess, startProcess } from "../support/control-plane/managed-process.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";

requireNetbox();

const table = coverageTable({
  one: "of three one leads, with no more rights than create, get and update",
  deleted: "a lease deleted by hand is made anew by its holder, annotations included",
  sigterm: "after SIGTERM another leads without waiting for the lease to run out",
  sigkill: "after SIGKILL another leads after the lease duration, which is waited out once",
  sigstop: "a leader that was stopped and continued writes nothing more",
  order: "no two leaders' writes interleave",
  forbidden: "without the rights it says so once and goes on trying",
});

const namespace = "election";
const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/election`;
const log = `/api/v1/namespaces/${namespace}/configmaps/election`;
const program = join(import.meta.dirname, "../support/election-program.ts");
/** Long beside what a busy machine holds a process up for, so that a leader stays one. */
const leaseMs = 9_000;

suite("leader election among processes", () => {
  let cluster: ControlPlane;
  let kubeconfig: string;
  const running = new Map<string, ManagedProcess>();
  let started = 0;

  before(async () => {
    cluster = await startControlPlane();
    const account = { namespace, name: "candidate" };
    kubeconfig = await cluster.kubeconfigFor({ serviceAccount: account });
    const rules = [
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
      {
        apiGroups: ["coordination.k8s.io"],
        resources: ["leases"],
        resourceNames: ["election"],
        verbs: ["get", "update"],
      },
      { apiGroups: [""], resources: ["configmaps"], resourceNames: ["election"], verbs: ["get", "update"] },
    ];
    const rbac = "rbac.authorization.k8s.io";
    const metadata = { name: "election", namespace };
    await cluster.apply([
      { apiVersion: "v1", kind: "ConfigMap", metadata, data: {} },
      { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules },
      {
        ...{ apiVersion: `${rbac}/v1`, kind: "RoleBinding", metadata },
        roleRef: { apiGroup: rbac, kind: "Role", name: "election" },
        subjects: [{ kind: "ServiceAccount", ...account }],
      },
    ]);
    for (let count = 0; count < 3; count++) await start();
  });

  afterEach(async () => {
    for (const process of running.values()) assert.doesNotMatch(process.output(), /lease-forbidden|usage/);
  });

  after(async () => {
    for (const process of running.values()) process.signal("SIGKILL");
    await cluster?.stop();
  });

  async function start(config = kubeconfig): Promise<ManagedProcess> {
    started += 1;
    const name = `p${started}`;
    const args = [program, config, name, namespace];
    const one = await startProcess({ name, command: process.execPath, args });
    if (config === kubeconfig) running.set(name, one);
    return one;
  }

  /** The Lease, empty where there is none. */
  async function lease() {
    const { status, body } = await cluster.request("GET", leases);
    const stored = (status === 200 ? body : {}) as {
      spec?: Record<string, string | number>;
      metadata?: { uid?: string; annotations?: Record<string, string> };
    };
    const { uid, annotations = {} } = stored.metadata ?? {};
    const { spec = {} } = stored;
    const at = (field: string) => Date.parse(`${spec[field]}`);
    return { spec, uid, annotations, holder: `${spec["holderIdentity"] ?? ""}`, at };
  }

  /** Waits until somebody leads who is not `other` and writes. */
  async function leader(other = ""): Promise<{ name: string; process: ManagedProcess; since: number }> {
    const [name, process] = await waitUntil({ what: "a leader that writes" }, async () => {
      const { holder } = await lease();
      const one = running.get(holder);
      const writes = (await lines()).at(-1)?.startsWith(`${holder}/`) === true;
      return holder !== other && one !== undefined && writes ? ([holder, one] as const) : null;
    });
    return { name, process, since: (await lease()).at("acquireTime") };
  }

  async function lines(): Promise<string[]> {
    const { body } = await cluster.request("GET", log);
    const { data } = body as { data?: { lines?: string } };
    return (data?.lines ?? "").split("\n").filter((line) => line !== "");
  }

  table.proves("one", "of three one leads", async () => {
    const { name } = await leader();
    // Whoever does not renew has lost it by then.
    await waitUntil({ what: "the first lease to be outlived" }, async () => {
      const { at } = await lease();
      return at("renewTime") - at("acquireTime") > leaseMs ? true : null;
    });
    const { spec, holder, annotations } = await lease();
    assert.deepEqual([holder, spec["leaseTransitions"]], [name, 0]);
    assert.equal(annotations[`example.com/${name}`], `${name}/1`);
    assert.deepEqual(new Set(await lines()), new Set([`${name}/1`]));
    for (const one of running.values()) await one.waitForOutput(new RegExp(`change (true|false) ${name}`));
  });

  table.proves("deleted", "a lease deleted by hand is made anew by who leads", async () => {
    const { name } = await leader();
    const before = await lease();
    await cluster.request("DELETE", leases);
    await waitUntil({ what: "a lease again" }, async () => (await lease()).uid);
    await waitUntil({ what: "it to be outlived as well" }, async () => {
      const { at } = await lease();
      return at("renewTime") - before.at("renewTime") > leaseMs ? true : null;
    });
    const { spec, uid, holder, annotations } = await lease();
    assert.notEqual(uid, before.uid);
    assert.deepEqual([holder, spec["acquireTime"]], [name, before.spec["acquireTime"]]);
    assert.deepEqual(annotations, before.annotations);
    assert.doesNotMatch(running.get(name)?.output() ?? "", /end /);
  });

  table.proves(
    "sigterm",
    "after SIGTERM the lease is given back and taken at once",
    async (): Promise<void> => {
      const { name, process } = await leader();
      const signalledAt = Date.now();
      process.signal("SIGTERM");
      assert.equal(await process.waitForEnd(), 0);
      running.delete(name);
      const successor = await leader(name);
      const tookMs = successor.since - signalledAt;
      console.log(`# taken over ${tookMs} ms after SIGTERM`);
      // What nobody gives back is waited out from its last renewal on, half a second earlier.
      assert.ok(tookMs < leaseMs - 1000, `${tookMs} ms`);
      assert.equal((await lease()).spec["leaseTransitions"], 1);
      await start();
    },
  );

  table.proves("sigkill", "after SIGKILL the lease is waited out", async () => {
    const { name, process } = await leader();
    process.signal("SIGKILL");
    const killedAt = Date.now();
    await process.waitForEnd();
    running.delete(name);
    const renewedAt = (await lease()).at("renewTime");
    const successor = await leader(name);
    const sinceRenewalMs = successor.since - renewedAt;
    console.log(
      `# taken over ${successor.since - killedAt} ms after SIGKILL, ${sinceRenewalMs} after the last renewal`,
    );
    assert.ok(sinceRenewalMs >= leaseMs, `${sinceRenewalMs} ms`);
    assert.ok(sinceRenewalMs < 2 * leaseMs, `${sinceRenewalMs} ms`);
    await start();
  });

  table.proves("sigstop", "a leader that was stopped for long writes nothing when it continues", async () => {
    for (let round = 0; round < 3; round++) {
      const { name, process } = await leader();
      process.signal("SIGSTOP");
      await leader(name);
      await sleep(300);
      process.signal("SIGCONT");
      await process.waitForOutput(new RegExp(`end ${name}/\\d+\nchange false p\\d+\n(?![^]*end )`));
    }
  });

  table.proves("order", "each term's writes stand together", async () => {
    const all = await lines();
    const terms = all.filter((label, index) => label !== all[index - 1]);
    console.log(`# ${all.length} writes in ${terms.length} terms: ${terms.join(" ")}`);
    assert.equal(new Set(terms).size, terms.length);
    assert.ok(terms.length >= 6);
    const { spec } = await lease();
    assert.equal(spec["leaseTransitions"], terms.length - 1);
  });

  table.proves("forbidden", "without the rights it says so once", async () => {
    const stranger = await start(await cluster.kubeconfigFor({ user: "alice" }));
    await stranger.waitForOutput(
      /error lease-forbidden: cannot get leases "election" in namespace "election"/,
    );
    await sleep(3_000);
    const told = stranger.output().match(/error.*/g) ?? [];
    assert.equal(told.length, 1);
    assert.match(told[0], /grant get on leases .*--leader-elect=false/);
    await stranger.stop();
  });

  table.everyRowHasATest();
});
