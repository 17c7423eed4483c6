import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import type { SealedSecret } from "../../../shared/sealed-secret.ts";
import { pairSecret, type SealingPair, sealedManifest, sealingPair } from "../../controller/sealing-key.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { BACKED_UP, keysWorld, UNWRAPPING } from "./keys-world.ts";

const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const HINT = "signet.dev/sealing-key";
const DAY_MS = 86_400_000;
const [old, mid, current] = await Promise.all([
  sealingPair(new Date(Date.now() - 3 * DAY_MS)),
  sealingPair(new Date(Date.now() - DAY_MS / 2)),
  sealingPair(),
]);
/** Nine minutes and a half after the newest key began. */
const now = new Date(readCertificate(current.certificatePem).notBefore.getTime() + 570_000);
async function sealed(
  pair: SealingPair,
  name: string,
  hint: string | null = pair.fingerprint,
): Promise<SealedSecret> {
  const object = await sealedManifest(pair, { namespace: "team", name }, { password: "pw", token: "tok" });
  const annotations = { ...object.metadata.annotations, ...(hint === null ? {} : { [HINT]: hint }) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

async function world(context: TestContext, objects: readonly SealedSecret[]) {
  const made = await keysWorld(context, [
    pairSecret(old, "old", { labels: { [KEY_LABEL]: "retired" } }),
    pairSecret(mid, "mid", { annotations: BACKED_UP }),
    pairSecret(current, "new"),
  ]);
  made.publish({ certificatePem: current.certificatePem });
  for (const object of objects) made.cluster.store.put(object as ApiObject);
  return made;
}
/** The cells of a table by the first one of their line. */
const cells = (table: string) =>
  new Map(
    table
      .trimEnd()
      .split("\n")
      .map((line) => [line.split(/ +/)[0], line.split(/ {2,}/)]),
  );

test("each key is told of with its state and what claims to need it", async (context) => {
  const objects = [
    await sealed(current, "a"),
    await sealed(current, "b", mid.fingerprint),
    await sealed(mid, "c", null),
  ];
  const { keysWith, writes } = await world(context, objects);
  const { code, stdout, stderr } = await keysWith({ now }, "list");
  assert.equal(code, 0, stderr);
  const rows = cells(stdout);
  const ends = (pair: SealingPair) => [pair.fingerprint];
  assert.deepEqual(rows.get("new")?.toSpliced(4, 1), [
    "new",
    "active",
    "yes",
    "9m30s",
    "-",
    "1",
    "2",
    ...ends(current),
  ]);
  assert.deepEqual(rows.get("mid")?.toSpliced(4, 1), [
    "mid",
    "active",
    "-",
    "12h",
    "yes",
    "1",
    "2",
    ...ends(mid),
  ]);
  assert.deepEqual(rows.get("old")?.toSpliced(4, 1), [
    "old",
    "retired",
    "-",
    "3d",
    "-",
    "0",
    "0",
    ...ends(old),
  ]);
  assert.match(stderr, /note: OBJECTS and VALUES are what they claim; --open finds out/);
  assert.match(stderr, /note: 2 values of 1 object: they say nothing of their key/);
  assert.deepEqual(writes(), []);
});

test("opened, it is told what needs a key, whatever is claimed; trees count along, and nothing twice", async (context) => {
  const lying = await sealed(current, "b", mid.fingerprint);
  const { keysWith } = await world(context, [lying, await sealed(mid, "c", null)]);
  const files = {
    "tree/b.yaml": JSON.stringify(lying),
    "tree/d.yaml": JSON.stringify(await sealed(old, "d")),
  };
  const { code, stdout, stderr } = await keysWith({ files }, "list", "--open", "--in", "tree", "-o", "json");
  assert.equal(code, 0, stderr);
  const { keys, needs } = JSON.parse(stdout);
  assert.deepEqual(
    keys.map(({ name, seals, objects, values }: Record<string, unknown>) => [name, seals, objects, values]),
    [
      ["new", true, 1, 2],
      ["mid", false, 1, 2],
      ["old", false, 1, 2],
    ],
  );
  assert.deepEqual(needs, { basis: "opened", unknown: { objects: 0, values: 0 } });
  assert.doesNotMatch(stdout, /PRIVATE/);
});

test("without the right to list SealedSecrets the keys are told of all the same", async (context) => {
  const { keysWith, cluster, publish } = await world(context, []);
  cluster.faults.add({ method: "GET", path: /\/sealedsecrets$/, status: 403, times: 10 });
  publish({ settings: { ...UNWRAPPING } });
  const { code, stdout, stderr } = await keysWith({ now }, "list");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /note: what needs which key in the cluster is not known: cannot list sealedsecrets/);
  assert.deepEqual(cells(stdout).get("new")?.toSpliced(4, 1).slice(1, 7), [
    "active",
    "?",
    "9m30s",
    "-",
    "?",
    "?",
  ]);
});

test("one key is shown with all that needs it, its certificate, and what that means", async (context) => {
  const { keys, keysWith } = await world(context, [await sealed(current, "a"), await sealed(mid, "c")]);
  const seals = await keysWith({ now }, "show", "new");
  assert.equal(seals.code, 0, seals.stderr);
  assert.match(seals.stdout, /^State: +active$/m);
  assert.match(seals.stdout, /^Seals: +yes$/m);
  assert.match(seals.stdout, /^Began: +\S+Z \(9m30s ago\)$/m);
  assert.match(seals.stdout, /^Length: +2048 bits$/m);
  assert.match(
    seals.stdout,
    /^Needed by \(claimed\):\n {2}SealedSecret team\/a in the cluster: password, token\n\n/m,
  );
  assert.match(seals.stdout, /^It seals: all that is sealed from now on needs it\./m);
  assert.match(seals.stdout, /^It is needed by 2 values of 1 object\. Without it they open no more/m);
  assert.match(
    seals.stdout,
    /^No backup is confirmed: .* To make one: signet keys backup --age RECIPIENT -w FILE, then, once it is stored: signet keys backup --confirm FILE$/m,
  );
  assert.ok(seals.stdout.endsWith(current.certificatePem));
  const retired = await keys("show", "--open", old.fingerprint.slice(0, 16));
  assert.match(retired.stdout, /^It is taken out \(retired\): no controller loads it/m);
  assert.match(retired.stdout, /^Needed by: +nothing \(opened\)$/m);
  assert.match(
    retired.stdout,
    /^To take it back: kubectl -n kube-system label secret old --overwrite \S+=active$/m,
  );
  const opens = await keys("show", "mid");
  assert.match(opens.stdout, /^It opens .* Once nothing needs it: signet keys retire mid$/m);
  const { stdout } = await keys("show", "-o", "json", "mid");
  const { state, neededBy, certificate, namespace } = JSON.parse(stdout);
  assert.deepEqual([state, namespace, certificate], ["active", "kube-system", mid.certificatePem]);
  assert.deepEqual(neededBy, [{ where: "SealedSecret team/c in the cluster", items: ["password", "token"] }]);
  for (const text of [seals.stdout, retired.stdout, stdout]) assert.doesNotMatch(text, /PRIVATE/);
});

test("where there are no keys it says so, and in which namespace it looked", async (context) => {
  const { keys } = await world(context, []);
  const none = "note: no sealing keys in namespace nope; another one is named by --controller-namespace\n";
  for (const [format, product] of [
    ["json", /"keys": \[\]/],
    ["table", /^NAME .*\n$/],
  ] as const) {
    const { code, stdout, stderr } = await keys("list", "--controller-namespace=nope", "-o", format);
    assert.deepEqual([code, stderr.split("\n").includes(none.trimEnd())], [0, true], stderr);
    assert.match(stdout, product);
  }
  assert.doesNotMatch((await keys("list")).stderr, /no sealing keys/);
});

test("what waits before it seals says for what", async (context) => {
  const { keys, put, publish } = await world(context, []);
  publish({
    settings: { ...UNWRAPPING, "signet.dev/require-backup": "true" },
    certificatePem: mid.certificatePem,
  });
  put(pairSecret(current, "new", { annotations: { "signet.dev/awaits-backup": "true" } }));
  put(pairSecret(old, "old", { annotations: { "signet.dev/restored": "2026-01-01T00:00:00Z" } }));
  const { stdout } = await keys("list", "-o", "json");
  assert.deepEqual(
    JSON.parse(stdout).keys.map(({ name, waitsFor }: Record<string, unknown>) => [name, waitsFor]),
    [
      ["new", "backup"],
      ["mid", null],
      ["old", "promotion"],
    ],
  );
  const shown = (await keys("show", "old")).stdout;
  assert.match(shown, /^Its mark says that it came from a backup, and it seals nothing before/m);
  assert.match(shown, /^Find out first who made it; if nobody did: signet keys retire old\. /m);
  assert.ok(shown.includes(`If it is the one you know: signet keys promote ${old.fingerprint}\n`), shown);
  put(pairSecret(old, "old", { annotations: { "signet.dev/awaits-promotion": "true" } }));
  const made = (await keys("show", "old")).stdout;
  assert.match(
    made,
    /^It was made to seal nothing before it is promoted: .* anybody who may create Secrets\.$/m,
  );
  assert.match(made, /^Find out first who made it; if nobody did: signet keys retire old\. /m);
  assert.doesNotMatch(made, /backup, and it seals nothing/);
  assert.match((await keys("show", "new")).stdout, /^It seals nothing before its backup is confirmed/m);
});

test("no key, two, and formats that are none are refused", async (context) => {
  const { keys } = await world(context, []);
  for (const args of [
    ["show"],
    ["show", "old", "new"],
    ["show", "-o", "wide", "new"],
    ["list", "-o", "yaml"],
  ])
    assert.equal((await keys(...args)).code, 2, args.join(" "));
  assert.equal((await keys("show", "none")).code, 1);
});
