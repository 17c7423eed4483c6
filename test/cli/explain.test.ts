import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import type { Explanation } from "../../cli/explain/explanation.ts";
import { explanationTable } from "../../cli/explain/table.ts";
import { toJson } from "../../shared/document/to-json.ts";
import { Canaries } from "../support/canary.ts";
import { type SealedObject, testSealer } from "../support/in-process-sealing.ts";
import { type MemoryRun, runInMemory } from "../support/memory-io.ts";
import { type StubRoute, startStubApiServer } from "../support/stub-api-server.ts";
import { readTestKey } from "../support/vectors.ts";

const main = readTestKey("2048");
const other = readTestKey("4096");
const twin = readTestKey("other-2048");
const sealer = await testSealer(main.certificatePem);
const otherSealer = await testSealer(other.certificatePem);
const twinSealer = await testSealer(twin.certificatePem);
const keys = { "k.pem": main.privatePem, "other.pem": other.privatePem };
const db: SealedObject = { namespace: "team-a", name: "db", items: { user: "al", password: "hunter2" } };
const sealed = await sealer.object(db);

type Items = Record<string, string>;
const itemsOf = (object: object) => (object as { spec: { encryptedData: Items } }).spec.encryptedData;
const withItems = (items: Items, more: object = {}) => ({
  ...sealed,
  spec: { encryptedData: items, ...more },
});
const strict = { kind: "strict", namespace: "team-a", name: "db" } as const;

async function explain(
  args: readonly string[],
  objects: readonly object[],
  files: Record<string, string> = {},
) {
  const stdin = objects.map((object) => `${toJson(object)}\n`).join("");
  const run = await runInMemory(["explain", "-o", "json", ...args], { stdin, files: { ...keys, ...files } });
  return { ...run, explanations: explanationsOf(run) };
}

function explanationsOf({ stdout, stderr }: MemoryRun): Explanation[] {
  assert.notEqual(stdout, "", stderr);
  return (JSON.parse(stdout) as { sealedSecrets: Explanation[] }).sealedSecrets;
}

/** The one item of the one object, tried with the key 2048. */
async function itemOf(object: object, ...args: string[]) {
  const { explanations, code } = await explain(["--key", "k.pem", ...args], [object]);
  const item = explanations[0]?.items[0];
  assert.ok(item !== undefined && explanations[0]?.items.length === 1);
  assert.equal(code, item.state === "opens" ? 0 : 1);
  return item;
}

suite("with keys", () => {
  test("every item is tried by itself; the key that opened it comes with its file", async () => {
    const items = {
      ...itemsOf(sealed),
      far: await otherSealer.value("x", strict),
      lost: await twinSealer.value("x", strict),
      kms: "kms:1:abc",
      later: "kms:2:abc",
      sops: "ENC[AES256_GCM,data:x]",
    };
    const { explanations, code, stderr } = await explain(["--key", "k.pem,other.pem"], [withItems(items)]);
    assert.equal(code, 1);
    assert.match(stderr, /^error: 1 of 1 SealedSecret does not open as a whole\nhint: /);
    const [explanation] = explanations;
    assert.equal(explanation?.opens, false);
    const seen = explanation?.items.map(({ item, state, key, cause, backend, keyBits }) => [
      item,
      state,
      key === null ? null : [key.fingerprint, key.source, key.claimed],
      cause,
      backend,
      keyBits,
    ]);
    assert.deepEqual(
      seen?.sort(),
      [
        ["user", "opens", [main.fingerprint, "k.pem", false], null, "classic", 2048],
        ["password", "opens", [main.fingerprint, "k.pem", false], null, "classic", 2048],
        ["far", "opens", [other.fingerprint, "other.pem", false], null, "classic", 4096],
        ["lost", "does not open", null, "unknown-key-or-damaged", "classic", 2048],
        ["kms", "does not open", null, "damaged", "kms", null],
        ["later", "does not open", null, "backend-not-supported", "kms", null],
        ["sops", "does not open", null, "backend-not-supported", "sops", null],
      ].sort(),
    );
  });

  test("exit 0 and not a word on standard error when all open", async () => {
    const { explanations, code, stderr } = await explain(["--key", "k.pem"], [sealed]);
    assert.deepEqual([code, stderr, explanations[0]?.opens, explanations[0]?.scope], [0, "", true, "strict"]);
  });

  test("the claimed key is marked as claimed, for all items or by item", async () => {
    const lost = { lost: await twinSealer.value("x", strict) };
    const claiming = (hint: string) => ({
      ...withItems(lost),
      metadata: { ...sealed.metadata, annotations: { "signet.dev/sealing-key": hint } },
    });
    const claimed = { fingerprint: twin.fingerprint, source: null, claimed: true };
    const item = await itemOf(claiming(twin.fingerprint));
    assert.deepEqual(item.key, claimed);
    assert.match(
      item.why ?? "",
      /^sealed with a key that is not among those given \(it claims SHA256:.*\), or damaged$/,
    );
    assert.deepEqual((await itemOf(claiming(JSON.stringify({ lost: twin.fingerprint })))).key, claimed);
    assert.deepEqual((await itemOf(claiming(main.fingerprint))).key, {
      ...claimed,
      fingerprint: main.fingerprint,
      source: "k.pem",
    });
  });

  suite("a value sealed for elsewhere, of which kubeseal says no more than of any other (W20)", () => {
    const why = async (object: object, ...args: string[]) => {
      const item = await itemOf(object, ...args);
      assert.equal(item.cause, "sealed-elsewhere");
      assert.deepEqual(item.key, { fingerprint: main.fingerprint, source: "k.pem", claimed: false });
      return item;
    };
    const moved = async (sealedFor: SealedObject["sealedFor"]) =>
      sealer.object({ ...db, items: { a: "x" }, ...(sealedFor === undefined ? {} : { sealedFor }) });

    test("is told with the place, when that is a candidate", async () => {
      const object = await moved({ namespace: "team-b", name: "web" });
      assert.match(
        (await why(object)).why ?? "",
        /^sealed for another name, namespace or scope, not for team-a\/db$/,
      );
      assert.match((await why(object)).fix ?? "", /signet explain --candidate NAMESPACE\/NAME/);
      assert.equal(
        (await why(object, "--candidate", "team-b/web")).why,
        "sealed for team-b/web, not for team-a/db",
      );
      assert.match(
        (await why(object, "--candidate", "team-b/w", "--candidate", "team-c/web")).why ?? "",
        /another name/,
      );
    });

    test("namespace-wide for another namespace", async () => {
      const object = await moved({ namespace: "team-b", scope: "namespace-wide" });
      assert.equal(
        (await why(object, "--candidate", "team-b")).why,
        "sealed for namespace-wide (team-b), not for team-a/db",
      );
    });

    test("in another of the files given is found by itself", async () => {
      const object = await moved({ namespace: "team-b", name: "web" });
      const web = await sealer.object({ namespace: "team-b", name: "web", items: { a: "x" } });
      const files = {
        "in/db.json": toJson(object),
        "in/web.json": toJson(web),
        "in/values.yaml": "{{ not yaml",
      };
      const run = await runInMemory(["explain", "--key", "k.pem", "-o", "json", "in"], {
        files: { ...keys, ...files },
      });
      const [first, second] = explanationsOf(run);
      assert.equal(first?.items[0]?.why, "sealed for team-b/web, not for team-a/db");
      assert.deepEqual([first?.where, second?.where, second?.opens], ["in/db.json", "in/web.json", true]);
      assert.match(run.stderr, /1 of 2 SealedSecrets does not open as a whole/);
    });

    test("here, but under another scope: the annotation is named", async () => {
      assert.match(
        (await why(await moved({ scope: "cluster-wide" }))).why ?? "",
        /^sealed cluster-wide, but .* lacks the annotation/,
      );
      assert.match(
        (await why(await moved({ scope: "namespace-wide" }))).why ?? "",
        /^sealed namespace-wide for team-a, but/,
      );
      const annotations = { "sealedsecrets.bitnami.com/namespace-wide": "true" };
      const object = { ...(await moved(undefined)), metadata: { ...sealed.metadata, annotations } };
      const item = await why(object);
      assert.match(item.why ?? "", /carries the annotation of a wider scope$/);
      assert.equal(item.fix, "remove the annotation");
    });
  });

  test("damaged, bad base64, too short: each by its name", async () => {
    const bytes = Buffer.from(itemsOf(sealed)["user"] ?? "", "base64");
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    const damaged = await itemOf(withItems({ a: bytes.toString("base64") }));
    assert.deepEqual([damaged.cause, damaged.key?.source], ["damaged", "k.pem"]);
    assert.match(damaged.why ?? "", /^damaged: its key recognises it/);
    assert.equal((await itemOf(withItems({ a: "AA=A" }))).why, "illegal base64 data at input byte 2");
    assert.equal((await itemOf(withItems({ a: "" }))).cause, "too-short");
    const unnamed = await itemOf(withItems({ "a b": "AAAA" }));
    assert.deepEqual([unnamed.cause, unnamed.state], ["item-name", "does not open"]);
    assert.match((await itemOf(withItems({ a: "user:secret" }))).why ?? "", /never sealed$/);
  });

  test("problems of the whole: templates, both forms, Vault references, no namespace", async () => {
    const problemsOf = async (object: object, ...args: string[]) => {
      const { explanations, code } = await explain(["--key", "k.pem", ...args], [object]);
      return { whys: explanations[0]?.problems.map(({ why }) => why), code };
    };
    const failing = withItems(itemsOf(sealed), { template: { data: { t: "{{ nope }}", u: "{{ .user }}" } } });
    assert.deepEqual(await problemsOf(failing), {
      whys: ['template: t:1:3: function "nope" not defined'],
      code: 1,
    });
    const good = withItems(itemsOf(sealed), { template: { data: { u: "{{ .user }}" } } });
    assert.deepEqual(await problemsOf(good), { whys: [], code: 0 });
    const overridden = withItems(itemsOf(sealed), { template: { data: { user: "x" } } });
    const warned = await explain(["--key", "k.pem"], [overridden]);
    assert.deepEqual([warned.code, warned.explanations[0]?.opens], [0, true]);
    assert.match(warned.explanations[0]?.warnings[0] ?? "", /^spec\.template\.data\.user has no effect/);
    const whole = await sealer.wholeObject({ ...db, secret: { apiVersion: "v1", kind: "Secret" } });
    assert.deepEqual(await problemsOf(whole), { whys: [], code: 0 });
    const hollow = await sealer.wholeObject({ ...db, secret: "no Secret" });
    assert.match((await problemsOf(hollow)).whys?.[0] ?? "", /^spec\.data does not hold a Secret/);
    const { data } = whole["spec"] as { data: string };
    assert.match(
      (await problemsOf(withItems(itemsOf(sealed), { data }))).whys?.[0] ?? "",
      /at the same time/,
    );
    const vault = [{ key: "a", mount: "m", path: "p", field: "f" }];
    const referring = await explain(["--key", "k.pem"], [withItems(itemsOf(sealed), { vault })]);
    assert.deepEqual([referring.code, referring.explanations[0]?.opens], [0, true]);
    assert.deepEqual(referring.explanations[0]?.warnings, [
      "spec.vault: this item is read from Vault by the controller, and not opened here: a",
    ]);
    const { namespace: _, ...metadata } = sealed.metadata;
    assert.match((await problemsOf({ ...sealed, metadata })).whys?.[0] ?? "", /names no namespace/);
    assert.deepEqual(await problemsOf({ ...sealed, metadata }, "-n", "team-a"), { whys: [], code: 0 });
  });

  test("says nothing of values and keys", async () => {
    const canaries = new Canaries();
    const secret = canaries.text("value");
    canaries.guardPrivateKey("key", main.privatePem);
    const object = await sealer.object({ ...db, items: { good: secret } });
    const spec = {
      ...(object["spec"] as object),
      template: { data: { t: "{{ fail .good }}", u: "{{ .good.x }}" } },
    };
    const run = await explain(["--key", "k.pem"], [{ ...object, spec }]);
    assert.equal(run.code, 1);
    canaries.assertSilent([
      { where: "standard output", content: run.stdout },
      { where: "standard error", content: run.stderr },
    ]);
  });
});

test("a command to copy runs nothing that a file's name says, and the name does not turn the line around", async () => {
  const path = "$(x)'; y;'\u202e.yaml";
  const moved = { ...sealed, metadata: { ...sealed.metadata, name: "other" } };
  const run = await runInMemory(["explain", "--key", "k.pem", path], {
    files: { ...keys, [path]: toJson(moved) },
  });
  assert.match(run.stdout, /: signet --merge-into '\$\(x\)'\\''; y;'\\''\ufffd\.yaml' < secret\.yaml(;|$)/m);
  assert.match(run.stderr, /: signet --merge-into '\$\(x\)'\\''; y;'\\''\ufffd\.yaml' < secret\.yaml(;|$)/m);
  assert.ok(!/\u202e/.test(run.stdout + run.stderr));
});

test("the table has a line for each item, and what to do; control characters do not pass", async () => {
  const annotations = { "signet.dev/sealing-key": `${twin.fingerprint}\u001b[2J` };
  const object = {
    ...withItems({ ...itemsOf(sealed), lost: await twinSealer.value("x", strict) }),
    metadata: { ...sealed.metadata, annotations },
  };
  const run = await runInMemory(["explain", "--key", "k.pem"], { stdin: toJson(object), files: keys });
  assert.ok(!run.stdout.includes("\u001b"));
  const lines = run.stdout.split("\n");
  assert.equal(lines[0], "standard input: team-a/db, strict");
  assert.match(lines[1] ?? "", /^ {2}ITEM +STATE +KEY +WHY$/);
  assert.equal(lines.filter((line) => /^ {2}(user|password) +opens +SHA256:.{8}…$/.test(line)).length, 2);
  assert.match(
    run.stdout,
    /^ {2}lost +does not open +SHA256:.{8}… \(claimed\) +sealed with a key that is not among/m,
  );
  assert.ok(lines.includes(`  key ${main.fingerprint} from k.pem`));
  assert.match(run.stdout, /^ {2}next: lost: give the key it was sealed with by --key, or seal/m);
  assert.match(
    (await runInMemory(["explain", "--key", "k.pem"], { stdin: toJson(withItems({})), files: keys })).stdout,
    /no encrypted items/,
  );
});

test("without keys and cluster: the form of each value, and what to give", async () => {
  const items = { ...itemsOf(sealed), big: await otherSealer.value("x", strict), kms: "kms:1:a" };
  const { explanations, code, stderr } = await explain([], [withItems(items)]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^error: whether these open is not known: no private key was given, and the cluster does not tell: /,
  );
  assert.match(stderr, /hint: give --key PATH/);
  const seen = explanations[0]?.items.map(({ item, state, keyBits }) => `${item} ${state} ${keyBits}`);
  assert.deepEqual(seen?.sort(), [
    "big not known 4096",
    "kms does not open null",
    "password not known 2048",
    "user not known 2048",
  ]);
});

test("what is wrong on the command line or in the input is refused", async () => {
  const cases: readonly [string[], string, number, RegExp][] = [
    [["--candidate", "a/b/c"], toJson(sealed), 2, /invalid value "a\/b\/c" for --candidate/],
    [["--candidate", "/b"], toJson(sealed), 2, /invalid value/],
    [["--list-candidates"], toJson(sealed), 2, /--list-candidates goes with --key/],
    [["-o", "xml"], toJson(sealed), 2, /unsupported output format: xml/],
    [["--key", "-"], toJson(sealed), 2, /cannot both come from standard input/],
    [["--key", "k.pem"], "kind: ConfigMap", 1, /no SealedSecret in standard input/],
    [["--key", "k.pem", "k.pem"], "", 1, /^error: /],
    [["--key", "gone"], toJson(sealed), 1, /cannot read the key file gone/],
    [["--key", "k.pem"], "a: [", 1, /line 1/],
  ];
  for (const [args, stdin, code, message] of cases) {
    const run = await runInMemory(["explain", ...args], { stdin, files: keys });
    assert.equal(run.code, code, args.join(" "));
    assert.match(run.stderr, message);
    assert.equal(run.stdout, "");
  }
});

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
