import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { utf8 } from "../../shared/bytes.ts";
import { scopeAt } from "../../shared/scope.ts";
import { kmsSealer } from "../../shared/seal/kms-sealer.ts";
import { ALLOW_ALL, KEYS, KeyServiceWorld, secretYaml } from "../support/key-service-world.ts";
import { type StubRoute, startStubApiServer } from "../support/stub-api-server.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem } = testCertificate();
const stdin = secretYaml({ a: "b" });
const KMS = ["--kms-key", KEYS.kms[0]];

suite("the cluster that values are for", () => {
  const config = "/api/v1/namespaces/kube-system/configmaps/sealed-secrets-certificate";
  const route = (path: string, body: object, status = 200): StubRoute => ({
    method: "GET",
    path,
    status,
    body: JSON.stringify(body),
  });
  const configMap = (data: object) => route(config, { metadata: {}, data });
  const namespace = route("/api/v1/namespaces/kube-system", {
    metadata: { name: "kube-system", uid: "uid-1" },
  });
  const denied = { kind: "Status", reason: "Forbidden", code: 403 };

  async function bound(routes: readonly StubRoute[], args: readonly string[] = []) {
    const server = await startStubApiServer(routes);
    const world = new KeyServiceWorld();
    try {
      const run = await world.run([...KMS, "--server", server.url, ...args], {
        stdin,
        env: { SEALED_SECRETS_CLUSTER_ID: "" },
      });
      return {
        ...run,
        cluster: world.kms.calls[0]?.context["signet-cluster"],
        asked: server.requests.map(({ line }) => line),
      };
    } finally {
      await server.close();
    }
  }

  test("is what the controller published, else the uid of kube-system", async () => {
    assert.equal((await bound([configMap({ "cluster-id": "blue" }), namespace])).cluster, "blue");
    assert.equal((await bound([namespace])).cluster, "uid-1");
    assert.equal((await bound([configMap({ "cert.pem": "x" }), namespace])).cluster, "uid-1");
    assert.equal((await bound([configMap({ "cluster-id": "" }), namespace])).cluster, "uid-1");
    assert.equal((await bound([configMap({ "cluster-id": "a\nb" }), namespace])).cluster, "uid-1");
    assert.equal((await bound([route(config, denied, 403), namespace])).cluster, "uid-1");
    const elsewhere = route("/api/v1/namespaces/infra/configmaps/sealed-secrets-certificate", {
      metadata: {},
      data: { "cluster-id": "infra" },
    });
    assert.equal((await bound([elsewhere, namespace], ["--controller-namespace", "infra"])).cluster, "infra");
  });

  test("is --cluster-id, and then no cluster is asked", async () => {
    const run = await bound([configMap({ "cluster-id": "blue" })], ["--cluster-id", "green"]);
    assert.deepEqual([run.cluster, run.asked], ["green", []]);
  });

  test("is asked for once, and not for classic values", async () => {
    const run = await bound([namespace], ["-f", "none"]);
    assert.deepEqual([run.code, run.asked], [1, []], "a file that cannot be read is told first");
    const world = new KeyServiceWorld();
    const server = await startStubApiServer([namespace]);
    try {
      const files = { "a.yaml": stdin, "b.yaml": stdin, "cert.pem": certificatePem };
      const env = { SEALED_SECRETS_CLUSTER_ID: "" };
      const args = ["--server", server.url, "--in-place", "a.yaml", "b.yaml"];
      assert.equal((await world.run([...KMS, ...args], { files, env })).code, 0);
      assert.equal(server.requests.length, 2, "ConfigMap and namespace");
      assert.equal((await world.run(["--cert", "cert.pem", ...args], { files, env })).code, 0);
      assert.equal(server.requests.length, 2);
    } finally {
      await server.close();
    }
  });

  test("not known is an error that names --cluster-id; nobody is asked for a data key", async () => {
    for (const routes of [[], [route("/api/v1/namespaces/kube-system", denied, 403)]]) {
      const run = await bound(routes);
      assert.deepEqual([run.code, run.stdout, run.cluster], [1, "", undefined]);
      assert.match(
        run.stderr,
        /^error: the cluster that the values are for is not known: .*\nhint: give --cluster-id ID/,
      );
    }
    const world = new KeyServiceWorld();
    const run = await world.run([...KMS], { stdin, env: { SEALED_SECRETS_CLUSTER_ID: "" } });
    assert.match(
      run.stderr,
      /^error: the cluster that the values are for is not known: .*\nhint: give --cluster-id ID/,
    );
  });

  test("must be an id", async () => {
    for (const id of ["a\u0007b", "a\nb", "\u202eabc", "x".repeat(254)]) {
      const run = await bound([namespace], ["--cluster-id", id]);
      assert.deepEqual([run.code, run.cluster], [2, undefined]);
      assert.match(run.stderr, /^error: --cluster-id must not be empty/);
    }
    for (const empty of [["--cluster-id", ""], ["--cluster-id="]]) {
      const run = await bound([namespace], empty);
      assert.deepEqual([run.code, run.asked], [2, []], "a variable that was empty has no cluster asked");
    }
  });

  test("may not be none, of which controllers open nothing; what was sealed for it opens here", async () => {
    for (const mode of [[], ["--raw", "--item", "a", "-n", "shop", "--name", "db"]]) {
      const run = await bound([namespace], [...mode, "--cluster-id", "none"]);
      assert.deepEqual([run.code, run.stdout, run.cluster, run.asked], [2, "", undefined, []]);
      assert.match(run.stderr, /^error: none is the id of no cluster: /);
    }
    const run = await bound([configMap({ "cluster-id": "none" })]);
    assert.deepEqual([run.code, run.stdout, run.cluster], [2, "", undefined]);
    const world = new KeyServiceWorld();
    const context = { clusterId: "none", scope: scopeAt("strict", { namespace: "shop", name: "db" }) };
    const sealed = await kmsSealer(world.kms, KEYS.kms[0]).sealAll(new Map([["a", utf8("b")]]), context);
    const before = `{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","metadata":{"name":"db","namespace":"shop"},"spec":{"encryptedData":{"a":"${sealed.get("a")}"}}}`;
    const old = await world.run(["unseal", "--cluster-id", "none", ...ALLOW_ALL], { stdin: before });
    assert.equal(old.code, 0, old.stderr);
  });

  test("is asked for when values are opened, once they have their form and their keys are allowed", async () => {
    const world = new KeyServiceWorld();
    const sealed = (await world.run([...KMS, "--cluster-id", "uid-1"], { stdin })).stdout;
    const server = await startStubApiServer([namespace]);
    const env = { SEALED_SECRETS_CLUSTER_ID: "" };
    const open = (text: string, ...more: string[]) =>
      world.run(["unseal", "--server", server.url, ...more], { stdin: text, env });
    try {
      assert.equal((await open(sealed)).code, 1);
      assert.equal((await open(sealed.replace("kms:1:arn", "kms:2:arn"), ...ALLOW_ALL)).code, 1);
      assert.equal(server.requests.length, 0);
      assert.equal((await open(sealed, ...ALLOW_ALL)).code, 0);
      assert.equal(server.requests.length, 2);
    } finally {
      await server.close();
    }
  });
});
