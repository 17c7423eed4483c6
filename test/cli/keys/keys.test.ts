import assert from "node:assert/strict";
import { test } from "node:test";
import { unwrapSealingKey } from "../../../shared/seal/wrapped-key.ts";
import { withBegin } from "../../controller/edited-certificate.ts";
import { pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { BACKED_UP, KMS_KEY, keysWorld, OTHER_KMS_KEY, VAULT_KEY } from "./keys-world.ts";

const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const [first, second] = await Promise.all([sealingPair(new Date(Date.now() - 86_400_000)), sealingPair()]);
const backedUp = (pair: typeof first, name: string, annotations: Record<string, string> = {}) =>
  pairSecret(pair, name, { annotations: { ...BACKED_UP, ...annotations } });
const signal = new AbortController().signal;

/** No private key, in any of the forms it may take. */
function requireNoKey(text: string): void {
  for (const { privateKeyPem } of [first, second]) {
    const [, line = ""] = privateKeyPem.split("\n");
    assert.ok(!text.includes(line), "a private key stands there");
    assert.ok(!text.includes(Buffer.from(privateKeyPem).toString("base64").slice(0, 200)));
  }
}

for (const by of [KMS_KEY, VAULT_KEY]) {
  test(`wraps all keys by ${by}, in one write each, and unwraps them to the same bytes`, async (context) => {
    const world = await keysWorld(context, [backedUp(first, "one"), backedUp(second, "two")]);
    const { code, stdout, stderr } = await world.keys("wrap", "--with", by, "--all");
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /sealing key one is wrapped by /);
    assert.match(stderr, /warning: earlier revisions in etcd, and backups of it, still hold/);
    assert.deepEqual(world.writes(), [
      "PUT /api/v1/namespaces/kube-system/secrets/one",
      "PUT /api/v1/namespaces/kube-system/secrets/two",
    ]);
    for (const [name, pair] of [["one", first] as const, ["two", second] as const]) {
      const { metadata } = world.secret(name);
      assert.equal(metadata.labels?.[KEY_LABEL], "wrapped");
      assert.equal(metadata.annotations?.["signet.dev/wrapped-by"], by);
      assert.equal(
        metadata.annotations?.["signet.dev/backup-confirmed"],
        BACKED_UP["signet.dev/backup-confirmed"],
      );
      const bound = { fingerprint: pair.fingerprint, certificate: pair.digest };
      const place = { clusterId: "cluster-1", namespace: "kube-system", name, ...bound };
      const services = { kms: world.kms, transit: world.transit };
      const pem = await unwrapSealingKey(services, world.item(name, "tls.key"), place, () => true, signal);
      assert.equal(Buffer.from(pem).toString(), pair.privateKeyPem);
      requireNoKey(JSON.stringify(world.secret(name)));
    }
    requireNoKey(stderr);
    const back = await world.keys(
      "unwrap",
      "--all",
      "--kms-allowed-keys=arn:aws:kms:*:*:key/*",
      "--vault-allowed-keys=transit/*",
    );
    assert.equal(back.code, 0, back.stderr);
    assert.match(back.stderr, /warning: these private keys lie open in their Secrets now/);
    requireNoKey(back.stderr);
    for (const [name, pair] of [["one", first] as const, ["two", second] as const]) {
      assert.equal(world.item(name, "tls.key"), pair.privateKeyPem);
      assert.equal(world.secret(name).metadata.labels?.[KEY_LABEL], "active");
      assert.equal(world.secret(name).metadata.annotations?.["signet.dev/wrapped-by"], undefined);
    }
  });
}

test("moves only the keys that are named, and from one wrapping key to another", async (context) => {
  const world = await keysWorld(context, [backedUp(first, "one"), backedUp(second, "two")]);
  assert.equal((await world.keys("wrap", "--with", KMS_KEY, "two")).code, 0);
  assert.equal(world.secret("one").metadata.labels?.[KEY_LABEL], "active");
  const refused = await world.keys("wrap", "--with", VAULT_KEY, "--all");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /wrapped by kms:arn:\S+key\/one, which is not allowed/);
  assert.match(refused.stderr, /hint: if you trust it, allow it: signet allow kms arn:/);
  assert.equal(world.kms.count("Decrypt"), 1, "the proof of the first run, and nothing since");
  const moved = await world.keys(
    "wrap",
    "--with",
    VAULT_KEY,
    "--all",
    "--kms-allowed-keys=arn:aws:kms:*:*:key/one",
  );
  assert.equal(moved.code, 0, moved.stderr);
  for (const name of ["one", "two"])
    assert.equal(world.secret(name).metadata.annotations?.["signet.dev/wrapped-by"], VAULT_KEY);
});

test("an interrupted run is run again: what is wrapped already is left alone", async (context) => {
  const world = await keysWorld(context, [backedUp(first, "one"), backedUp(second, "two")]);
  world.cluster.faults.add({ method: "PUT", path: /\/secrets\/two$/, status: 503, times: 10 });
  const broken = await world.keys("wrap", "--with", KMS_KEY, "--all");
  assert.equal(broken.code, 1);
  assert.equal(world.secret("one").metadata.labels?.[KEY_LABEL], "wrapped");
  assert.equal(world.secret("two").metadata.labels?.[KEY_LABEL], "active");
  world.cluster.faults.clear();
  const [text, calls] = [world.item("one", "tls.key"), world.kms.calls.length];
  const again = await world.keys("wrap", "--with", KMS_KEY, "--all");
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /sealing key one is wrapped by \S+ already/);
  assert.equal(world.item("one", "tls.key"), text);
  assert.equal(world.kms.calls.length, calls + 2, "one to wrap, one to prove it");
  assert.equal(world.secret("two").metadata.labels?.[KEY_LABEL], "wrapped");
});

test("a dry run wraps and proves, and writes nothing", async (context) => {
  const world = await keysWorld(context, [backedUp(first, "one")]);
  const { code, stderr } = await world.keys("wrap", "--with", KMS_KEY, "--all", "--dry-run");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /sealing key one would be wrapped by /);
  assert.doesNotMatch(stderr, /warning/);
  assert.deepEqual(world.writes(), []);
  assert.deepEqual([world.kms.count("GenerateDataKey"), world.kms.count("Decrypt")], [1, 1]);
});

test("a key without a confirmed backup is not wrapped unless it is said", async (context) => {
  const world = await keysWorld(context, [pairSecret(first, "one"), backedUp(second, "two")]);
  const refused = await world.keys("wrap", "--with", KMS_KEY, "--all");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /of one no backup is confirmed/);
  assert.deepEqual(world.writes(), []);
  assert.equal(world.kms.calls.length, 0);
  const { code, stderr } = await world.keys("wrap", "--with", KMS_KEY, "--all", "--without-backup");
  assert.equal(code, 0, stderr);
  assert.equal(world.writes().length, 2);
});

test("no key is bound to a cluster that is none", async (context) => {
  const world = await keysWorld(context, [backedUp(first, "one")]);
  const { code, stderr } = await world.keys("wrap", "--with", KMS_KEY, "--all", "--cluster-id=none");
  assert.deepEqual([code, world.writes(), world.kms.calls.length], [2, [], 0]);
  assert.match(stderr, /^error: none is the id of no cluster: /m);
});

test("the copy that kubectl apply keeps of a key goes with the plain key", async (context) => {
  const copy = JSON.stringify({ data: { "tls.key": Buffer.from(first.privateKeyPem).toString("base64") } });
  const world = await keysWorld(context, [backedUp(first, "one", { [LAST_APPLIED]: copy })]);
  assert.equal((await world.keys("wrap", "--with", KMS_KEY, "one")).code, 0);
  requireNoKey(JSON.stringify(world.secret("one")));
});

test("what was wrapped and does not unwrap to the same is not written", async (context) => {
  const world = await keysWorld(context, [backedUp(first, "one")]);
  let calls = 0;
  world.kms.before = ({ operation }) => {
    if (operation === "GenerateDataKey") calls += 1;
    if (operation === "Decrypt") world.kms.rotate("one");
  };
  const decrypt = world.kms.decrypt.bind(world.kms);
  world.kms.decrypt = async (...call) => {
    const dataKey = await decrypt(...call);
    dataKey?.fill(1);
    return dataKey;
  };
  const { code, stderr } = await world.keys("wrap", "--with", KMS_KEY, "one");
  assert.equal(code, 1);
  assert.match(stderr, /does not (?:open|unwrap)/);
  assert.equal(calls, 1);
  assert.deepEqual(world.writes(), []);
});

test("a Secret that somebody changed meanwhile is not overwritten", async (context) => {
  const world = await keysWorld(context, [backedUp(first, "one")]);
  world.kms.before = () => world.put({ ...backedUp(first, "one"), type: "kubernetes.io/tls" });
  const { code, stderr } = await world.keys("wrap", "--with", KMS_KEY, "one");
  assert.equal(code, 1);
  assert.match(stderr, /Secret kube-system\/one was changed meanwhile/);
  assert.match(stderr, /hint: run the command again/);
  assert.equal(world.secret("one").metadata.labels?.[KEY_LABEL], "active");
});

const foreign = (world: Awaited<ReturnType<typeof keysWorld>>, name: string) => {
  const secret = world.secret(name);
  return { ...secret, metadata: { ...secret.metadata, name: "copy", uid: "another" } } as never;
};

test("a wrapped key that was copied under another name does not unwrap there", async (context) => {
  const world = await keysWorld(context, [backedUp(first, "one")]);
  assert.equal((await world.keys("wrap", "--with", KMS_KEY, "one")).code, 0);
  world.put(foreign(world, "one"));
  const { code, stderr } = await world.keys("unwrap", "copy", "--kms-allowed-keys=arn:aws:kms:*:*:key/one");
  assert.equal(code, 1);
  assert.match(
    stderr,
    /does not open under kms:\S+: damaged, or wrapped for another cluster, Secret or certificate/,
  );
  assert.equal(world.writes().length, 1);
});

test("a wrapped key whose certificate was edited unwraps no more", async (context) => {
  const world = await keysWorld(context, [backedUp(first, "one")]);
  assert.equal((await world.keys("wrap", "--with", KMS_KEY, "one")).code, 0);
  const secret = world.secret("one") as ReturnType<typeof pairSecret>;
  const edited = Buffer.from(withBegin(first.certificatePem, new Date())).toString("base64");
  world.put({ ...secret, data: { ...secret.data, "tls.crt": edited } });
  const { code, stderr } = await world.keys("unwrap", "one", "--kms-allowed-keys=arn:aws:kms:*:*:key/one");
  assert.equal(code, 1);
  assert.match(stderr, /does not open under kms:\S+: damaged, or wrapped for another/);
  assert.equal(world.writes().length, 1);
});

const unusable: [what: string, secret: ReturnType<typeof pairSecret>, says: RegExp][] = [
  [
    "with the certificate of another key",
    {
      ...backedUp(first, "one"),
      data: {
        ...backedUp(first, "one").data,
        "tls.crt": Buffer.from(second.certificatePem).toString("base64"),
      },
    },
    /the certificate in tls.crt is for another key/,
  ],
  [
    "that is immutable",
    { ...backedUp(first, "one"), immutable: true },
    /it is immutable, so it cannot be written/,
  ],
  ["without a key", { ...backedUp(first, "one"), data: { "tls.crt": "" } }, /it has no item tls.key/],
  [
    "labelled as wrapped that is not",
    pairSecret(first, "one", { labels: { [KEY_LABEL]: "wrapped" }, annotations: BACKED_UP }),
    /labelled as wrapped, and tls.key holds no wrapped key/,
  ],
  [
    "that says wrapped by its text alone",
    {
      ...backedUp(first, "one"),
      data: { ...backedUp(first, "one").data, "tls.key": Buffer.from("kms-key:1:x").toString("base64") },
    },
    /the label does not say so/,
  ],
];
for (const [what, secret, says] of unusable) {
  test(`a Secret ${what} is refused before anything is written`, async (context) => {
    const world = await keysWorld(context, [secret, backedUp(second, "two")]);
    const { code, stderr } = await world.keys("wrap", "--with", KMS_KEY, "--all");
    assert.equal(code, 1);
    assert.match(stderr, says);
    assert.deepEqual(world.writes(), []);
    requireNoKey(stderr);
  });
}

test("keys are listed, newest first, with what wraps them, for people and for programs", async (context) => {
  const world = await keysWorld(context, [backedUp(first, "one"), pairSecret(second, "two")]);
  assert.equal((await world.keys("wrap", "--with", OTHER_KMS_KEY, "one")).code, 0);
  const { code, stdout, stderr } = await world.keys("list", "-o", "wide");
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  assert.match(
    lines[0] ?? "",
    /^NAME +STATE +SEALS +AGE +ENDS +BACKUP +OBJECTS +VALUES +WRAPPED BY +PROMOTED +FINGERPRINT$/,
  );
  assert.match(lines[1] ?? "", /^two +active +yes +\d+[sm]\S* +\d{4}-\d\d-\d\d +- +0 +0 +- +- +SHA256:/);
  assert.ok(
    lines[2]?.startsWith("one") && lines[2].includes(OTHER_KMS_KEY) && lines[2].includes(first.fingerprint),
  );
  requireNoKey(stdout);
  const json = JSON.parse((await world.keys("list", "-o", "json")).stdout);
  assert.deepEqual(
    json.keys.map(({ name, wrappedBy }: { name: string; wrappedBy: string }) => [name, wrappedBy]),
    [
      ["two", null],
      ["one", OTHER_KMS_KEY],
    ],
  );
});

const wrong: [args: string[], says: RegExp][] = [
  [[], /not said what to do/],
  [["rotate"], /keys knows list, .*wrap and unwrap/],
  [["wrap", "--all"], /not said which key is to wrap them/],
  [["wrap", "--all", "--with=kms:alias/x"], /--with is no key of AWS KMS or Vault/],
  [["wrap", "--with", KMS_KEY], /not said which keys to wrap/],
  [["wrap", "--with", KMS_KEY, "--all", "one"], /exclude each other/],
  [["unwrap", "--all", "--with", KMS_KEY], /--with does not go with keys unwrap/],
  [["list", "one"], /takes no names/],
  ...["new", "promote one", "backup", "restore", "wrap --all", "unwrap --all"].map(
    (words): [string[], RegExp] => [
      [...words.split(" "), "-n", "shop"],
      new RegExp(
        `--namespace does not go with keys ${words.split(" ")[0]}\nhint: .* is --controller-namespace; `,
      ),
    ],
  ),
  [["new", "--controller-name=x"], /--controller-name does not go with keys new\nhint: leave it out; what/],
  [["list", "--accept-certificate=x"], /--accept-certificate does not go with keys list\n/],
];
test("wrong command lines are refused by name, and nothing is asked", async (context) => {
  const world = await keysWorld(context, []);
  for (const [args, says] of wrong) {
    const { code, stderr } = await world.keys(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, says);
  }
  assert.equal(world.cluster.requests.length, 0);
  const none = await world.keys("unwrap", "three");
  assert.equal(none.code, 1);
  assert.match(none.stderr, /no sealing key "three" in use in the namespace kube-system/);
});
