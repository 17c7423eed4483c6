import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { pairSecret, sealedManifest, sealingPair } from "../controller/sealing-key.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { GitRepository } from "../support/git-repository.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { runSignet } from "../support/signet-cli.ts";
import { controllerNamespace } from "../support/signet-controller.ts";

requireNetbox();

/** More than a page of a list holds. */
const OBJECTS = 520;
const RBAC = "rbac.authorization.k8s.io";

type Told = {
  values: { name: string; key: string; proof: string }[];
  keys: { key: string; opened: number; claimed: number }[];
};

suite("signet audit on a real API server", () => {
  let cluster: ControlPlane;
  const repo = new GitRepository();
  const [older, newer] = [sealingPair(new Date("2025-01-01T00:00:00Z")), sealingPair()];

  before(async () => {
    cluster = await startInstalledCluster();
    const keys = [pairSecret(await older, "old"), pairSecret(await newer, "new")] as KubeObject[];
    const namespaces = ["team", "shop"].map((name) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    }));
    await cluster.apply([...namespaces, ...keys]);
    const many = await Promise.all(
      Array.from({ length: OBJECTS }, async (_, index) =>
        sealedManifest(await newer, { namespace: "team", name: `s${index}` }, { a: `value ${index}` }),
      ),
    );
    const one = await sealedManifest(await older, { namespace: "shop", name: "db" }, { password: "one" });
    await cluster.apply([...many, one] as KubeObject[]);
    repo.commit({ "db.json": JSON.stringify(one) });
  });
  after(async () => {
    repo.remove();
    await cluster?.stop();
  });

  const audit = (args: readonly string[], kubeconfig = cluster.adminKubeconfig) =>
    runSignet(["audit", ...args], {
      cwd: repo.folder,
      env: { ...repo.env, HOME: cluster.folder, KUBECONFIG: kubeconfig },
    });

  /** A ServiceAccount that may do this in some namespaces, and nothing else. */
  async function account(name: string, rights: Readonly<Record<string, readonly string[]>>): Promise<string> {
    const serviceAccount = { namespace: "team", name };
    const kubeconfig = await cluster.kubeconfigFor({ serviceAccount });
    for (const [namespace, resources] of Object.entries(rights)) {
      const metadata = { name: `audit-${name}`, namespace };
      const rules = [{ apiGroups: ["", "bitnami.com"], resources, verbs: ["list"] }];
      const subjects = [{ kind: "ServiceAccount", ...serviceAccount }];
      const roleRef = { apiGroup: RBAC, kind: "Role", name: metadata.name };
      await cluster.apply([
        { apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules },
        { apiVersion: `${RBAC}/v1`, kind: "RoleBinding", metadata, roleRef, subjects },
      ]);
    }
    return kubeconfig;
  }

  test("opens what several pages hold, with the cluster's own keys", async () => {
    const { code, stdout, stderr } = await audit([
      "--open",
      "-o",
      "json",
      "--fail-on",
      "claimed,unknown-key",
    ]);
    assert.equal(code, 0, stderr);
    const { values, keys } = JSON.parse(stdout) as Told;
    assert.equal(new Set(values.map(({ name }) => name)).size, OBJECTS + 1);
    assert.deepEqual(
      keys.map(({ key, opened, claimed }) => [key, opened, claimed]),
      [
        [(await older).fingerprint, 1, 0],
        [(await newer).fingerprint, OBJECTS, 0],
      ],
    );
  });

  test("fails for a stolen key until the cluster holds another plaintext", async () => {
    const stolen = ["--open", "--history", "--compromised", (await older).fingerprint];
    const before = await audit(stolen);
    assert.equal(before.code, 1, before.stderr);
    assert.match(
      before.stdout,
      /^not changed +shop\/db +password +2x +db\.json:1 in commit \S+ +the cluster /m,
    );
    const same = await sealedManifest(await newer, { namespace: "shop", name: "db" }, { password: "one" });
    await cluster.apply([same as KubeObject]);
    assert.equal((await audit(stolen)).code, 1, "sealed anew, and the same");
    const other = await sealedManifest(await newer, { namespace: "shop", name: "db" }, { password: "two" });
    await cluster.apply([other as KubeObject]);
    const changed = await audit(stolen);
    assert.equal(changed.code, 0, changed.stderr);
    assert.match(changed.stdout, /^changed +shop\/db +password +1x /m);
  });

  test("a ServiceAccount without rights is told what it lacks, and gets nothing", async () => {
    const nobody = await account("nobody", {});
    for (const args of [[], ["-n", "shop"], ["--open"]]) {
      const { code, stdout, stderr } = await audit(args, nobody);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(
        stderr,
        /^error: cannot list sealedsecrets.*: the API server answered 403 Forbidden\nhint: /,
      );
    }
  });

  test("one that may list SealedSecrets of its namespace looks at those, and opens nothing", async () => {
    const reader = await account("reader", { shop: ["sealedsecrets"] });
    const own = await audit(["-n", "shop", "-o", "json"], reader);
    assert.equal(own.code, 0, own.stderr);
    assert.deepEqual(
      (JSON.parse(own.stdout) as Told).values.map(({ name, proof }) => [name, proof]),
      [["db", "none"]],
    );
    const opened = await audit(["-n", "shop", "--open"], reader);
    assert.deepEqual([opened.code, opened.stdout], [1, ""]);
    assert.match(
      opened.stderr,
      /^error: cannot list secrets in namespace "kube-system".*\nhint: .* --private-key\n$/,
    );
    const all = await audit([], reader);
    assert.match(all.stderr, /hint: give -n NAMESPACE with one that you may read/);
  });

  test("one that may list the key Secrets, too, opens them", async () => {
    const rights = { shop: ["sealedsecrets"], [controllerNamespace]: ["secrets"] };
    const admin = await account("admin", rights);
    const { code, stdout, stderr } = await audit(["-n", "shop", "--open", "-o", "json"], admin);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      (JSON.parse(stdout) as Told).values.map(({ name, proof }) => [name, proof]),
      [["db", "opened"]],
    );
  });

  test("without a cluster it says what it could not reach", async () => {
    const { code, stdout, stderr } = await audit(["--server=https://127.0.0.1:9"]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /^error: cannot reach the API server https:\/\/127\.0\.0\.1:9: connection refused\nhint: /,
    );
  });
});
