import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { syncStateOf } from "../../../cli/status/sync-state.ts";
import { parseSealedSecret } from "../../../shared/sealed-secret.ts";
import { sealedSecret, statusWorld, TOLD } from "./status-world.ts";

suite("how an object stands", () => {
  const stateOf = (...args: Parameters<typeof sealedSecret>) =>
    syncStateOf(parseSealedSecret(sealedSecret(...args), "it"));

  for (const [what, told, kind, isSynced, reason] of [
    ["in sync", TOLD.inSync, "in sync", true, "Unsealed"],
    ["in sync, by the reference", TOLD.ofReference, "in sync", true, null],
    ["failed", TOLD.failed, "failed", false, "UnsealFailed"],
    ["failed, by the reference, which tries again", TOLD.failedOfReference, "retrying", false, null],
    ["in sync, and no key opens it any more", TOLD.notOpening, "not opening", true, "NoKeyOpens"],
    ["retrying", TOLD.retrying, "retrying", true, "KeyServiceUnavailable"],
    [
      "not ready, and nobody says why",
      { conditions: [TOLD.inSync.conditions[0], { type: "Ready", status: "False" }] },
      "retrying",
      true,
      null,
    ],
    ["never looked at", null, "not looked at", false, null],
    ["looked at before a change", { ...TOLD.inSync, looked: 0 }, "not looked at", false, null],
    ["failed before a change", { ...TOLD.failed, looked: 0 }, "not looked at", false, null],
  ] as const) {
    test(what, () => {
      const state = stateOf("shop", "db", told);
      assert.deepEqual([state.kind, state.isSynced, state.reason], [kind, isSynced, reason]);
    });
  }

  test("being deleted, however it stood", () => {
    const state = stateOf("shop", "db", TOLD.failed, { deletionTimestamp: "2030-01-01T00:00:00Z" });
    assert.equal(state.kind, "being deleted");
  });
});

suite("status", () => {
  test("lists what is not in sync in a namespace, and says so by its exit code", async (context) => {
    const { put, signet } = await statusWorld(context);
    put(
      sealedSecret("shop", "api", TOLD.inSync),
      sealedSecret("shop", "db", TOLD.failed),
      sealedSecret("shop", "web", TOLD.retrying),
      sealedSecret("team", "elsewhere", TOLD.failed),
    );
    const { code, stdout, stderr } = await signet(["status", "-n", "shop"]);
    assert.equal(code, 1);
    assert.equal(
      stdout,
      [
        "NAME  STATE     SINCE  REASON                 WHY\n",
        "db    failed    24h    UnsealFailed           no key could decrypt secret (password)\n",
        "web   retrying  24h    KeyServiceUnavailable  AWS KMS does not answer\n",
      ].join(""),
    );
    assert.equal(
      stderr,
      "error: 2 of 3 SealedSecrets in the namespace shop are not in sync\nhint: kubectl get sealedsecret -n shop db -o yaml | signet explain tells of each item\n",
    );
  });

  test("lists what no key opens any more, though it is in sync", async (context) => {
    const { put, signet } = await statusWorld(context);
    put(sealedSecret("shop", "api", TOLD.inSync), sealedSecret("shop", "db", TOLD.notOpening));
    const { code, stdout, stderr } = await signet(["status", "-n", "shop"]);
    assert.equal(code, 1);
    assert.match(stdout, /\ndb +not opening +24h +NoKeyOpens +no key opens password\n$/);
    assert.match(
      stderr,
      /^error: 1 of 2 .* is not in sync, or opened by no key any more\nhint: bring its key back/,
    );
    const waited = await signet(["wait", "-n", "shop", "db"]);
    assert.equal(waited.code, 0, waited.stderr);
  });

  test("of all namespaces, with keys and scopes", async (context) => {
    const { put, signet } = await statusWorld(context);
    put(
      sealedSecret("shop", "db", TOLD.inSync),
      sealedSecret("team", "db", null, {
        annotations: { "sealedsecrets.bitnami.com/cluster-wide": "true" },
      }),
    );
    const { code, stdout, stderr } = await signet(["status", "-A", "--show-all", "-o", "wide"]);
    assert.equal(code, 1);
    assert.equal(
      stdout,
      [
        "NAMESPACE  NAME  STATE          SINCE  ITEMS  SCOPE         GENERATION  KEYS             REASON    WHY\n",
        "shop       db    in sync        24h    1      strict        1           SHA256:abcdefgh  Unsealed\n",
        "team       db    not looked at  -      1      cluster-wide  1           -                -         no controller has looked at it\n",
      ].join(""),
    );
    assert.match(
      stderr,
      /^error: 1 of 2 SealedSecrets in the cluster is not in sync\nhint: see whether a controller runs/,
    );
  });

  test("of all in sync nothing but their number is told", async (context) => {
    const { put, signet } = await statusWorld(context);
    const none = await signet(["status"]);
    assert.deepEqual(
      [none.code, none.stdout, none.stderr],
      [0, "", "no SealedSecret in the namespace default\n"],
    );
    put(sealedSecret("default", "db", TOLD.inSync));
    const { code, stdout, stderr } = await signet(["status"]);
    assert.deepEqual(
      [code, stdout, stderr],
      [0, "", "1 SealedSecret in the namespace default, all in sync\n"],
    );
  });

  test("named ones are shown however they stand; one that is not there is an error", async (context) => {
    const { put, signet } = await statusWorld(context);
    put(sealedSecret("default", "a", TOLD.inSync), sealedSecret("default", "b", TOLD.failed));
    const one = await signet(["status", "a"]);
    assert.equal(one.code, 0);
    assert.match(one.stdout, /^a {5}in sync/m);
    assert.doesNotMatch(one.stdout, /^b/m);
    const gone = await signet(["status", "a", "c"]);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /^error: no SealedSecret "c" in the namespace default\nhint: check the name/);
  });

  test("for programs", async (context) => {
    const { put, signet } = await statusWorld(context);
    put(
      sealedSecret("default", "a", TOLD.inSync),
      sealedSecret("default", "b", { ...TOLD.failed, looked: 1 }, { generation: 3 }),
    );
    const { code, stdout } = await signet(["status", "-o", "json"]);
    assert.equal(code, 1);
    assert.deepEqual(JSON.parse(stdout), {
      namespace: "default",
      total: 2,
      inSync: 1,
      sealedSecrets: [
        {
          namespace: "default",
          name: "b",
          state: "not looked at",
          synced: false,
          reason: null,
          message: "the controller looked at generation 1 last, and this is 3",
          since: null,
          generation: 3,
          observedGeneration: 1,
          scope: "strict",
          items: 1,
          keys: ["SHA256:abcdefghijklmnop"],
        },
      ],
    });
  });

  test("what no reader understands is told, and is a reason to fail", async (context) => {
    const { put, signet } = await statusWorld(context);
    put(sealedSecret("default", "a", TOLD.inSync), {
      ...sealedSecret("default", "b", null),
      spec: { encryptedData: "x" },
    });
    const { code, stderr } = await signet(["status"]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^warning: SealedSecret default\/b in the cluster is not looked at: .*encryptedData must be a map/,
    );
    assert.match(stderr, /^error: it is not known how all stand/m);
  });

  test("without the right, and without a cluster, it says what to do", async (context) => {
    const { cluster, signet } = await statusWorld(context);
    cluster.forbid({ verb: "list", resource: "sealedsecrets" });
    const forbidden = await signet(["status"]);
    assert.equal(forbidden.code, 1);
    assert.match(forbidden.stderr, /^error: cannot list sealedsecrets.*403 Forbidden\nhint: grant the right/);
    await cluster.stop();
    const gone = await signet(["status"]);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /^error: cannot reach the API server .*\nhint: ./);
  });

  for (const [what, args, says] of [
    ["another form", ["-o", "xml"], /^error: unsupported output format: xml/],
    ["all namespaces and one", ["-A", "-n", "shop"], /^error: --all-namespaces goes with neither/],
    ["a time that is none", ["--request-timeout", "soon"], /for --request-timeout\nhint: .*SEALED_SECRETS/],
  ] as const) {
    test(`refuses ${what}`, async (context) => {
      const { cluster, signet } = await statusWorld(context);
      const { code, stdout, stderr } = await signet(["status", ...args]);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, says);
      assert.equal(cluster.requests.length, 0);
    });
  }
});
