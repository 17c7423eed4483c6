import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";
import { newer, older, type Pair, sealedUnder, stream } from "../inventory/inventory-world.ts";
import { BACKED_UP, KMS_KEY, keysWorld } from "../keys/keys-world.ts";
import { KEY_FILES, type ToldAudit, toldAudit } from "./audit-world.ts";

const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const stranger = await sealingPair(new Date("2024-01-01T00:00:00Z"));

/** A cluster with both keys, the older one taken out, and three SealedSecrets, one for another cluster. */
async function world(context: TestContext) {
  const retired = pairSecret(older, "old", { annotations: BACKED_UP });
  const labels = { ...retired.metadata.labels, [KEY_LABEL]: "compromised" };
  const made = await keysWorld(context, [
    pairSecret(newer, "new", { annotations: BACKED_UP }),
    { ...retired, metadata: { ...retired.metadata, labels } },
  ]);
  const put = async (pair: Pair, name: string, namespace: string, items: Record<string, string>) =>
    void made.cluster.store.put((await sealedUnder(pair, { name, namespace, items })) as ApiObject);
  await put(newer, "web", "team", { token: "t0ken-canary" });
  await put(older, "db", "shop", { password: "one" });
  await put(stranger, "lost", "team", { a: "x" });
  const run = (files: Record<string, string>, ...args: string[]) =>
    made.signet({ files: { ...KEY_FILES, ...files } }, "audit", ...args);
  return { ...made, put, run };
}

const told = ({ values }: ToldAudit) =>
  Object.fromEntries(
    values.map(({ name, item, key, proof, findings }) => [
      `${name} ${item}`,
      [key, proof, ...findings.map(({ rule }) => rule)],
    ]),
  );

test("without keys all is claimed, and no Secret is read", async (context) => {
  const { run, cluster } = await world(context);
  const result = await run({}, "-o", "json");
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(told(toldAudit(result)), {
    "db password": [older.fingerprint, "claimed", "claimed"],
    "web token": [newer.fingerprint, "claimed", "claimed"],
    "lost a": [stranger.fingerprint, "claimed", "claimed"],
  });
  assert.deepEqual(
    cluster.requests.filter(({ path }) => path.includes("/secrets")),
    [],
  );
});

test("what the controller publishes tells ages of keys, to those who may read it, and nothing else", async (context) => {
  const { run, cluster } = await world(context);
  const publish = (data: Record<string, string>) => {
    const metadata = { namespace: "kube-system", name: "sealed-secrets-certificate" };
    cluster.store.put({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
  };
  const judged = async (...args: string[]) => {
    const { values } = toldAudit(await run({}, "--max-key-age", "365d", "-o", "json", ...args));
    const byName = ({ name, keyAgeDays, findings }: (typeof values)[number]) =>
      [name, [keyAgeDays, ...findings.map(({ rule }) => rule)]] as const;
    return Object.fromEntries(values.map(byName));
  };
  const known = { web: (await judged())["web"]?.[0], lost: [null, "claimed", "old-key"] };
  assert.equal(typeof known.web, "number");
  const young = [known.web, "claimed"];
  assert.deepEqual(await judged(), { ...known, web: young, db: [null, "claimed", "old-key"] });
  publish({ "cert.pem": newer.certificatePem, "chain.pem": older.certificatePem });
  const { db } = await judged();
  assert.equal(typeof db?.[0], "number", "the chain tells of the key before");
  assert.deepEqual(db?.slice(1), ["claimed", "old-key"]);
  publish({ "cert.pem": stranger.certificatePem });
  assert.deepEqual((await judged("--cert", "newer.crt"))["lost"]?.slice(1), [
    "unknown-key",
    "claimed",
    "old-key",
  ]);
  publish({ "cert.pem": newer.certificatePem });
  cluster.faults.add({ method: "GET", path: /\/configmaps\//, status: 403, times: 10 });
  assert.deepEqual((await judged())["web"], [null, "claimed", "old-key"]);
});

test("--open opens with the cluster's keys, and tells those taken out and values of other clusters", async (context) => {
  const { run } = await world(context);
  const result = await run({}, "--open", "-o", "json", "--fail-on", "retired-key");
  const report = toldAudit(result);
  assert.deepEqual(told(report), {
    "db password": [older.fingerprint, "opened", "retired-key"],
    "web token": [newer.fingerprint, "opened"],
    "lost a": [stranger.fingerprint, "claimed", "unknown-key", "claimed"],
  });
  assert.deepEqual(
    report.keys.map(({ key, state, opened, claimed }) => [key, state, opened, claimed]),
    [
      [older.fingerprint, "compromised", 1, 0],
      [newer.fingerprint, "in use", 1, 0],
      [stranger.fingerprint, "not known", 0, 1],
    ],
  );
  assert.equal(result.code, 1);
  assert.match(result.stderr, /^error: 1 of 3 values is not as the policy wants \(retired-key\)$/m);
  assert.ok(!result.stdout.includes("canary"));
});

test("a wrapped key opens by its service, where that key is allowed", async (context) => {
  const { run, keys } = await world(context);
  assert.equal((await keys("wrap", "--with", KMS_KEY, "new")).code, 0);
  const refused = await run({}, "--open", "-o", "json");
  assert.match(refused.stderr, /^warning: what sealing key new opens is not known: .* which is not allowed/m);
  // It is a key of the cluster all the same.
  assert.deepEqual(told(toldAudit(refused))["web token"], [newer.fingerprint, "claimed", "claimed"]);
  const opened = await run({}, "--open", "-o", "json", "--kms-allowed-keys=arn:aws:kms:*:*:key/one");
  assert.deepEqual(told(toldAudit(opened))["web token"], [newer.fingerprint, "opened"]);
});

test("values of key services and SOPS documents name their keys, and open with the user's own rights", async (context) => {
  const { run, signet } = await world(context);
  const { recipient, text: identity } = await newAgeIdentity();
  const secret = (name: string) =>
    `{apiVersion: v1, kind: Secret, metadata: {name: ${name}, namespace: team}, stringData: {a: x, b: "y"}}`;
  const seal = async (flag: string, name: string) =>
    (await signet({ files: {}, stdin: secret(name) }, flag)).stdout;
  const files = {
    "kms.json": await seal(`--kms-key=${KMS_KEY.replace("kms:", "")}`, "kms"),
    "sops.json": await seal(`--age=${recipient}`, "sops"),
  };
  const closed = toldAudit(await run(files, "-o", "json", "kms.json", "sops.json"));
  assert.deepEqual(told(closed), {
    "kms a": [KMS_KEY, "claimed", "claimed"],
    "kms b": [KMS_KEY, "claimed", "claimed"],
    "sops a": [`age ${recipient}`, "claimed", "claimed"],
    "sops b": [`age ${recipient}`, "claimed", "claimed"],
  });
  assert.equal(closed.clusterId, null);
  const open = async (id: string) => {
    const flags = [
      "--open",
      "--kms-allowed-keys=arn:aws:kms:*:*:key/one",
      `--cluster-id=${id}`,
      "-o",
      "json",
    ];
    const env = { SOPS_AGE_KEY: identity };
    return toldAudit(
      await signet({ files: { ...KEY_FILES, ...files }, env }, "audit", ...flags, "kms.json", "sops.json"),
    );
  };
  const opened = await open("cluster-1");
  assert.equal(opened.clusterId, "cluster-1");
  assert.deepEqual(
    opened.values.map(({ name, item, proof, findings }) => [name, item, proof, findings]),
    [
      ["kms", "a", "opened", []],
      ["kms", "b", "opened", []],
      ["sops", "a", "opened", []],
      ["sops", "b", "opened", []],
    ],
  );
  assert.equal(opened.values[0]?.key, KMS_KEY);
  const elsewhere = await open("cluster-2");
  assert.ok(elsewhere.values.every(({ findings }) => findings[0]?.rule === "does-not-open"));
});

test("looks at the namespace that is given, and at files beside the cluster where it is said", async (context) => {
  const { run } = await world(context);
  const names = async (files: Record<string, string>, ...args: string[]) => {
    const { values } = toldAudit(await run(files, "-o", "json", ...args));
    return values.map(({ name }) => name).sort();
  };
  assert.deepEqual(await names({}, "-n", "team"), ["lost", "web"]);
  const files = { "a.yaml": stream(await sealedUnder(newer, { name: "file", items: { a: "x" } })) };
  assert.deepEqual(await names(files, "a.yaml"), ["file"]);
  assert.deepEqual(await names(files, "--in-cluster", "a.yaml"), ["db", "file", "lost", "web"]);
});

test("a key that went takes with it the same items in files and in the cluster, counted once", async (context) => {
  const { run } = await world(context);
  const files = {
    "a.yaml": stream(await sealedUnder(newer, { name: "web", items: { token: "t0ken-canary", more: "x" } })),
  };
  const result = await run(files, "--in-cluster", "--open", "--duplicates", "-o", "json", "a.yaml");
  const report = toldAudit(result);
  const key = report.keys.find((one) => one.key === newer.fingerprint);
  assert.deepEqual([key?.opened, key?.objects], [2, ["team/web"]]);
  assert.deepEqual(report.duplicates, []);
});

test("a stolen key that is taken out tells what was changed in the cluster since", async (context) => {
  const { run, put } = await world(context);
  const states = async () => {
    const result = await run({}, "--open", "--no-history", "--compromised", older.fingerprint, "-o", "json");
    const { items } = JSON.parse(result.stdout) as { items: { name: string; state: string }[] };
    return [result.code, items.map(({ name, state }) => [name, state])];
  };
  assert.deepEqual(await states(), [1, [["db", "not changed"]]]);
  await put(newer, "db", "shop", { password: "two" });
  assert.deepEqual(await states(), [0, []]);
  const history = {
    "history.yaml": stream(
      await sealedUnder(older, { name: "db", namespace: "shop", items: { password: "two" } }),
    ),
  };
  const { stdout, code } = await run(
    history,
    "--open",
    "--no-history",
    "--compromised",
    older.fingerprint,
    "history.yaml",
  );
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^not changed +shop\/db +password +1x +history\.yaml:1 +history\.yaml:1, the cluster/m,
  );
});

test("what may not be read is told with the next step, and nothing is printed", async (context) => {
  const { run, cluster } = await world(context);
  cluster.faults.add({ method: "GET", path: /\/sealedsecrets/, status: 403, times: 10 });
  const listed = await run({});
  assert.deepEqual([listed.code, listed.stdout], [1, ""]);
  assert.match(listed.stderr, /^error: cannot list sealedsecrets.*403 Forbidden\nhint: give -n NAMESPACE/);
  cluster.faults.clear();
  cluster.faults.add({ method: "GET", path: /\/secrets/, status: 403, times: 10 });
  const opened = await run({}, "--open");
  assert.deepEqual([opened.code, opened.stdout], [1, ""]);
  assert.match(
    opened.stderr,
    /^error: cannot list secrets in namespace "kube-system".*\nhint: .* --private-key$/m,
  );
});
