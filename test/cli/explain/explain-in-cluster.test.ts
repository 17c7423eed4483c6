import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import type { Explanation } from "../../../cli/explain/explanation.ts";
import { explanationTable } from "../../../cli/explain/table.ts";
import { toJson } from "../../../shared/document/to-json.ts";
import { runInMemory } from "../../support/memory-io.ts";
import { type StubRoute, startStubApiServer } from "../../support/stub-api-server.ts";
import { db, explanationsOf, itemsOf, keys, main, sealed, sealer, withItems } from "./explain-scene.ts";

suite("with a cluster", () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-explain-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const path = "/apis/bitnami.com/v1alpha1/namespaces/team-a/sealedsecrets/db";
  const services = "/api/v1/namespaces/kube-system/services";
  const certificate: StubRoute[] = [
    {
      method: "GET",
      path: `${services}/sealed-secrets-controller`,
      status: 200,
      body: '{"metadata":{},"spec":{"ports":[{"name":"http"}]}}',
    },
    {
      method: "GET",
      path: `${services}/http:sealed-secrets-controller:http/proxy/v1/cert.pem`,
      status: 200,
      body: main.certificatePem,
    },
  ];

  async function ask(args: readonly string[], object: object, routes: readonly StubRoute[]) {
    const server = await startStubApiServer(routes);
    try {
      const kubeconfig = join(folder, "config");
      writeFileSync(kubeconfig, server.kubeconfig);
      const world = {
        stdin: toJson(object),
        files: keys,
        env: { KUBECONFIG: kubeconfig, XDG_STATE_HOME: folder },
      };
      const run = await runInMemory(["explain", "-o", "json", ...args], world);
      return { ...run, explanations: explanationsOf(run), requests: server.requests };
    } finally {
      await server.close();
    }
  }

  const inCluster = (status: object, spec: unknown = sealed["spec"]): StubRoute => ({
    method: "GET",
    path,
    status: 200,
    body: JSON.stringify({
      ...sealed,
      spec,
      metadata: { ...sealed.metadata, generation: 3 },
      status: { observedGeneration: 3, ...status },
    }),
  });
  const synced = (status: string, message?: string) => ({
    conditions: [{ type: "Synced", status, reason: "R", message }],
  });

  test("all open where the controller made the Secret of the same values", async () => {
    const { explanations, code } = await ask([], sealed, [
      inCluster({ ...synced("True"), signet: { keys: [main.fingerprint] } }),
      ...certificate,
    ]);
    assert.equal(code, 0);
    const [{ cluster, opens } = assert.fail()] = explanations;
    assert.equal(opens, true);
    assert.deepEqual(
      [
        cluster?.found,
        cluster?.sameAsFile,
        cluster?.generation,
        cluster?.observedGeneration,
        cluster?.currentKey,
        cluster?.openedWith,
      ],
      [true, true, 3, 3, main.fingerprint, [main.fingerprint]],
    );
  });

  test("values of key services open or not as the controller says, and nobody else is asked", async () => {
    const arn = "arn:aws:kms:eu-central-1:123456789012:key/app";
    const object = withItems({ far: `kms:1:${arn}:AAAA:${"A".repeat(44)}` });
    const spec = object.spec;
    const items = async (...status: Parameters<typeof synced>) => {
      const { explanations, code } = await ask([], object, [inCluster(synced(...status), spec)]);
      return [code, explanations[0]?.items[0]] as const;
    };
    const [code, opens] = await items("True");
    assert.deepEqual(
      [code, opens?.state, opens?.cause, opens?.why, opens?.fix],
      [0, "opens", null, null, null],
    );
    assert.deepEqual(opens?.key, { fingerprint: `kms:${arn}`, source: null, claimed: true });
    const [, refused] = await items(
      "False",
      "does not open under kms:x: damaged, or moved (far); seal it again",
    );
    assert.deepEqual([refused?.state, refused?.cause], ["does not open", "refused-by-cluster"]);
    assert.doesNotMatch(refused?.fix ?? "", /--key/);
    const [, silent] = await items("False", "the key is not allowed here");
    assert.deepEqual([silent?.state, silent?.fix], ["not known", "signet unseal --item tries it by itself"]);
    const both = await ask([], object, [inCluster(synced("True"), spec), ...certificate]);
    const table = explanationTable(both.explanations);
    assert.ok(
      table.includes(`    seals with ${main.fingerprint}\n`),
      "a key of a key service is no claim of it",
    );
  });

  test("an item that the condition names does not open, for the reason it gives", async () => {
    const message =
      "no key could decrypt secret (user): sealed for team-b/db, not for team-a/db\nillegal base64 data at input byte 3 (x)";
    const { explanations, code } = await ask([], sealed, [inCluster(synced("False", message))]);
    assert.equal(code, 1);
    const [password, user] = (explanations[0]?.items ?? []).sort((a, b) => (a.item < b.item ? -1 : 1));
    assert.deepEqual([user?.state, user?.cause], ["does not open", "refused-by-cluster"]);
    assert.equal(user?.why, "no key could decrypt secret: sealed for team-b/db, not for team-a/db");
    assert.equal(password?.state, "not known");
    assert.equal(explanations[0]?.cluster?.conditions[0]?.message, message);
    assert.equal(explanations[0]?.cluster?.currentKey, null);
  });

  test("a refusal that names no item is a problem of the whole", async () => {
    const { explanations, code } = await ask([], sealed, [
      inCluster(synced("False", "already exists and is not managed")),
    ]);
    assert.equal(code, 1);
    assert.equal(
      explanations[0]?.problems[0]?.why,
      "the controller does not make the Secret (R): already exists and is not managed",
    );
  });

  test("nothing is said of values the cluster does not have, or has not looked at", async () => {
    const { user = "" } = itemsOf(sealed);
    const stale = await ask([], sealed, [inCluster({ ...synced("True"), observedGeneration: 2 })]);
    const differs = await ask([], sealed, [
      inCluster(synced("True"), { encryptedData: { user, password: user } }),
    ]);
    const lacks = await ask([], sealed, [inCluster(synced("True"), { encryptedData: { user } })]);
    const absent = await ask([], sealed, []);
    const wider = {
      ...sealed,
      metadata: { ...sealed.metadata, annotations: { "sealedsecrets.bitnami.com/cluster-wide": "true" } },
    };
    const scope = await ask([], wider, [inCluster(synced("True"))]);
    const password = (run: { explanations: Explanation[] }) =>
      run.explanations[0]?.items.find(({ item }) => item === "password");
    assert.match(password(stale)?.why ?? "", /has not looked at it yet/);
    assert.match(password(differs)?.why ?? "", /has another value for it/);
    assert.match(password(lacks)?.why ?? "", /has no such item/);
    assert.match(password(absent)?.why ?? "", /is not in the cluster/);
    assert.match(password(scope)?.why ?? "", /has another scope/);
    for (const run of [stale, differs, lacks, absent, scope]) {
      assert.equal(run.code, 1);
      assert.equal(password(run)?.state, "not known");
      assert.equal(run.explanations[0]?.opens, null);
    }
    assert.equal(differs.explanations[0]?.items.find(({ item }) => item === "user")?.state, "opens");
    assert.equal(absent.explanations[0]?.cluster?.found, false);
  });

  test("a cluster that refuses is told, and the form is shown", async () => {
    const { explanations, code, stderr } = await ask([], sealed, [
      { method: "GET", path, status: 403, body: '{"kind":"Status","reason":"Forbidden","code":403}' },
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /the cluster does not tell: .*403 Forbidden/);
    assert.equal(explanations[0]?.items[0]?.keyBits, 2048);
  });

  test("--list-candidates compares with what the caller may list: everything, else the object's namespace", async () => {
    const object = await sealer.object({ ...db, items: { a: "x" }, sealedFor: { name: "old" } });
    const all = "/apis/bitnami.com/v1alpha1/sealedsecrets?limit=500";
    const page = (items: string[], next?: string) =>
      JSON.stringify({
        metadata: { continue: next },
        items: items.map((name) => ({ metadata: { name, namespace: "team-a" } })),
      });
    const pages = [
      { method: "GET", path: all, status: 200, body: page(["x"], "more") },
      { method: "GET", path: `${all}&continue=more`, status: 200, body: page(["old"]) },
    ];
    const whole = await ask(["--key", "k.pem", "--list-candidates"], object, pages);
    assert.equal(whole.explanations[0]?.items[0]?.why, "sealed for team-a/old, not for team-a/db");
    assert.match(String(whole.requests[0]?.headers.accept), /PartialObjectMetadataList/);
    const forbidden = [
      { method: "GET", path: all, status: 403, body: '{"kind":"Status","reason":"Forbidden","code":403}' },
      {
        method: "GET",
        path: "/apis/bitnami.com/v1alpha1/namespaces/team-a/sealedsecrets?limit=500",
        status: 200,
        body: page(["old"]),
      },
    ];
    const own = await ask(["--key", "k.pem", "--list-candidates"], object, forbidden);
    assert.equal(own.explanations[0]?.items[0]?.why, "sealed for team-a/old, not for team-a/db");
  });

  test("with keys alone no cluster is asked", async () => {
    const { requests, code } = await ask(["--key", "k.pem"], sealed, []);
    assert.deepEqual([requests, code], [[], 0]);
  });
});
