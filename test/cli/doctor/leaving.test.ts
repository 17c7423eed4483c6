import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Check } from "../../../cli/doctor/check.ts";
import { checkLeaving, leavingKeys, leavingObjects } from "../../../cli/doctor/leaving.ts";
import { objectsInTrees } from "../../../cli/inventory/trees.ts";
import type { KeySecretObject } from "../../../cli/keys/key-secrets.ts";
import { readSealingKey } from "../../../cli/keys/sealing-key.ts";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { memoryIo } from "../../support/memory-io.ts";
import { plainSecret, SopsUser } from "../../support/sops-user.ts";
import { testCertificate } from "../../support/test-certificates.ts";
import { readVectors } from "../../support/vectors.ts";
import { sealedSecret } from "../status/status-world.ts";
import { installation, keySecret } from "./installation.ts";

const { certificatePem } = testCertificate(-2);
const newer = testCertificate(-1, 3650, 2).certificatePem;
const [kms] = readVectors<{ sealed: string }>("kms").filter(({ name }) => name === "opens-strict");
const lines = (checks: readonly Check[]) => checks.map(({ level, found }) => `${level} ${found}`);

async function ofFile(text: string): Promise<Check[]> {
  const { io } = memoryIo([], { files: { "it's.yaml": text } });
  return leavingObjects(await objectsInTrees(["it's.yaml"], io));
}

/** A SealedSecret with this in its metadata and spec. */
function manifest(metadata: object, spec: object): string {
  const { metadata: base, spec: values, ...rest } = sealedSecret("shop", "db", null);
  return JSON.stringify({
    ...rest,
    metadata: { ...base, ...metadata },
    spec: { ...(values as object), ...spec },
  });
}

suite("objects that stand in the way of the reference", () => {
  test("are none with classic values alone", async () => {
    assert.deepEqual(await ofFile(manifest({}, {})), []);
  });

  test("by the backend of their values, with the command that converts", async () => {
    const encryptedData = { a: kms?.sealed, b: "vault:1:x/y:vault:v1:abc", c: "AgB=", d: "gpg:x" };
    const checks = await ofFile(manifest({}, { encryptedData }));
    assert.deepEqual(lines(checks), [
      "fail a: sealed by the backend kms",
      "fail b: sealed by the backend vault",
      "fail d: sealed by the backend unknown",
    ]);
    assert.equal(
      checks[0]?.next,
      "signet convert --backend cluster --in-place 'it'\\''s.yaml', then apply it",
    );
    assert.match(checks[0]?.about ?? "", /it's\.yaml/);
  });

  test("as SOPS documents", async () => {
    const user = await SopsUser.create();
    const run = await user.run(["--age", user.recipient, "-o", "yaml"], {
      stdin: plainSecret({ password: "x" }),
    });
    assert.deepEqual(lines(await ofFile(run.stdout)), ["fail password: sealed by the backend sops"]);
  });

  test("by items from Vault, nulls, and annotations that count for nothing there", async () => {
    const vault = [{ key: "user", mount: "kv", path: "a", field: "b" }];
    const annotations = { "signet.dev/on-removal": "retain", "signet.dev/sealing-key": "x" };
    const template = { data: { password: null, url: "x" } };
    assert.deepEqual(lines(await ofFile(manifest({ annotations }, { vault, template }))), [
      "fail user: read from Vault by spec.vault",
      "warn password: kept out of the Secret by null in spec.template.data",
      "warn the annotation signet.dev/on-removal counts for nothing there: the Secret goes with its SealedSecret",
    ]);
  });

  test("and what could not be read", async () => {
    const [check] = await ofFile("kind: SealedSecret\n");
    assert.equal(check?.level, "unknown");
  });
});

suite("keys that stand in the way", () => {
  const keyOf = (name: string, pem: string) =>
    readSealingKey(keySecret(name, pem) as KeySecretObject, { toWrite: false });
  const { fingerprint } = readCertificate(certificatePem);
  const newest = readCertificate(newer).fingerprint;
  const keys = [keyOf("one", certificatePem), keyOf("two", newer)];

  test("are wrapped ones", () => {
    const [one, two] = keys;
    assert.ok(one !== undefined && two !== undefined);
    const wrappedBy = { service: "vault", key: "transit/k" } as unknown as NonNullable<typeof one.wrappedBy>;
    const [check, ...others] = leavingKeys([{ ...one, wrappedBy }, two], newest);
    assert.deepEqual(others, []);
    assert.equal(check?.next, "signet keys unwrap one");
  });

  test("are newer ones that do not seal here", () => {
    assert.deepEqual(leavingKeys(keys, newest), []);
    assert.deepEqual(leavingKeys(keys, null), []);
    const [check] = leavingKeys(keys, fingerprint);
    assert.equal(check?.level, "warn");
    assert.match(
      check?.found ?? "",
      new RegExp(`the newest, two \\(${newest.replace(/[+/]/g, "\\$&")}\\), and not with`),
    );
  });
});

suite("leaving", () => {
  test("looks through cluster, keys and trees; where nothing stands in the way it says so", async () => {
    const { io } = memoryIo([], {
      files: { "a.json": manifest({}, { vault: [{ key: "user", mount: "kv", path: "a", field: "b" }] }) },
    });
    const right = installation({ certificatePem, answers: { configMap: 404 } });
    assert.deepEqual(lines(await checkLeaving(right.looking, [], io)), [
      "ok nothing stands in the way of the reference's controller",
    ]);
    const live = sealedSecret("shop", "db", null, { value: kms?.sealed });
    const items = [keySecret("one", certificatePem), keySecret("two", newer), keySecret("bad", "none")];
    const { looking } = installation({
      certificatePem,
      answers: { sealedSecrets: { items: [live] }, secrets: { items } },
    });
    const found = lines(await checkLeaving(looking, ["a.json"], io));
    assert.deepEqual(
      found.map((line) => line.split(" ").slice(0, 3).join(" ")),
      [
        "fail password: sealed",
        "fail user: read",
        "warn the ConfigMap",
        "fail Secret kube-system/bad",
        "warn the reference",
      ],
    );
    const all = await checkLeaving(looking, [], io);
    assert.match(all[0]?.next ?? "", /^in its file: signet convert --backend cluster /);
    assert.match(
      all.find(({ found: what }) => what.includes("bad"))?.next ?? "",
      /kubectl .*label secret bad/,
    );
  });

  test("says what it may not look at", async () => {
    const { looking } = installation({
      certificatePem,
      answers: { sealedSecrets: 403, secrets: 403, configMap: 403 },
    });
    const checks = await checkLeaving(looking, [], memoryIo([]).io);
    assert.deepEqual(
      checks.map(({ level, about }) => `${level} ${about}`),
      ["unknown objects", "unknown published", "unknown keys"],
    );
  });
});
