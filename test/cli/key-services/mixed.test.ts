import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import type { SealedSecret } from "../../../shared/sealed-secret.ts";
import { ALLOW_ALL, KEYS, KeyServiceWorld, sealFlags, secretYaml } from "../../support/key-service-world.ts";
import type { MemoryRun, MemoryWorld } from "../../support/memory-io.ts";
import { questions, type StubAnswers, startStubController } from "../../support/stub-controller.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const FINGERPRINT = readCertificate(certificatePem).fingerprint;
const CERTIFICATE = { status: 200, body: certificatePem };
const HINT = "signet.dev/sealing-key";
const FILES = { "cert.pem": certificatePem, "key.pem": privateKeyPem };

type Asked = Record<"/v1/rotate" | "/v1/verify", SealedSecret[]> & { requests: string[] };

/** A run of the CLI whose kubeconfig leads to a controller; and what that was asked. */
async function runWith(
  world: KeyServiceWorld,
  answers: StubAnswers,
  args: readonly string[],
  memory: MemoryWorld = {},
): Promise<MemoryRun & { asked: Asked }> {
  const controller = await startStubController({ certificate: CERTIFICATE, ...answers });
  try {
    const run = await world.run(args, { ...memory, env: { ...controller.env, ...memory.env } });
    const asked = {
      "/v1/rotate": questions(controller, "/v1/rotate") as SealedSecret[],
      "/v1/verify": questions(controller, "/v1/verify") as SealedSecret[],
      requests: controller.server.requests.map(({ line }) => line),
    };
    return { ...run, asked };
  } finally {
    await controller.close();
  }
}

function objectIn(text: string): SealedSecret {
  const [document] = readDocuments(utf8(text), "file");
  assert.ok(document !== undefined);
  return document.value as SealedSecret;
}

/** A file with an item of each backend, made as users make one: by merging. */
async function mixed(world: KeyServiceWorld, ...scope: string[]): Promise<string> {
  const sealing = [...scope, "--cert", "cert.pem", "-o", "yaml"];
  let file = (await world.run(sealing, { stdin: secretYaml({ classic: "c", old: "o" }), files: FILES }))
    .stdout;
  for (const backend of ["kms", "vault"] as const) {
    const args = ["--merge-into", "s.yaml", ...scope, ...sealFlags(backend)];
    const run = await world.run(args, {
      stdin: secretYaml({ [backend]: backend[0] ?? "" }),
      files: { "s.yaml": file },
    });
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    file = run.files.get("s.yaml") ?? "";
  }
  return file;
}

/** What looks sealed, of a plain value of one byte. */
function classicValue(): string {
  return Buffer.concat([Buffer.from([1, 0]), randomBytes(256 + 17)]).toString("base64");
}

suite("a file with values of every backend", () => {
  test("opens with a private key and the user's rights together", async () => {
    const world = new KeyServiceWorld();
    const files = { ...FILES, "s.yaml": await mixed(world) };
    const run = await world.run(["unseal", "--key", "key.pem", ...ALLOW_ALL, "s.yaml"], { files });
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    const { data } = objectIn(run.stdout) as unknown as { data: object };
    assert.deepEqual(data, { classic: "Yw==", kms: "aw==", old: "bw==", vault: "dg==" });
    const without = await world.run(["unseal", ...ALLOW_ALL, "s.yaml"], { files });
    assert.match(without.stderr, /no key could decrypt secret \(classic, old\): no private key was given/);
  });

  test("asks no key service where a classic value does not open", async () => {
    const world = new KeyServiceWorld();
    const files = { "s.yaml": await mixed(world) };
    const before = world.calls;
    assert.equal((await world.run(["unseal", ...ALLOW_ALL, "s.yaml"], { files })).code, 1);
    assert.equal(world.calls, before);
  });

  test("has hints for its classic items alone, and loses those of items that move away", async () => {
    const world = new KeyServiceWorld();
    const file = await mixed(world);
    assert.deepEqual(JSON.parse(objectIn(file).metadata.annotations?.[HINT] ?? ""), {
      classic: FINGERPRINT,
      old: FINGERPRINT,
    });
    const moving = ["--merge-into", "s.yaml", ...sealFlags("kms")];
    const one = await world.run(moving, { stdin: secretYaml({ old: "o" }), files: { "s.yaml": file } });
    const left = one.files.get("s.yaml") ?? "";
    assert.deepEqual(JSON.parse(objectIn(left).metadata.annotations?.[HINT] ?? ""), { classic: FINGERPRINT });
    const all = await world.run(moving, { stdin: secretYaml({ classic: "c" }), files: { "s.yaml": left } });
    assert.equal(objectIn(all.files.get("s.yaml") ?? "").metadata.annotations?.[HINT], undefined);
    const back = ["--merge-into", "s.yaml", "--cert", "cert.pem"];
    const again = await world.run(back, {
      stdin: secretYaml({ kms: "k" }),
      files: { ...FILES, "s.yaml": file },
    });
    assert.deepEqual(
      Object.keys(JSON.parse(objectIn(again.files.get("s.yaml") ?? "").metadata.annotations?.[HINT] ?? "")),
      ["classic", "kms", "old"],
    );
  });

  test("has a hint for all items taken for its classic ones alone", async () => {
    const world = new KeyServiceWorld();
    const file = (await mixed(world)).replace(/(signet\.dev\/sealing-key: ).*/, "$1SHA256:old");
    const files = { ...FILES, "s.yaml": file };
    const args = ["--merge-into", "s.yaml", "--cert", "cert.pem"];
    const run = await world.run(args, { stdin: secretYaml({ more: "m" }), files });
    const hint = objectIn(run.files.get("s.yaml") ?? "").metadata.annotations?.[HINT] ?? "";
    assert.deepEqual(JSON.parse(hint), { classic: "SHA256:old", old: "SHA256:old", more: FINGERPRINT });
  });

  test("is re-encrypted by the controller and the key services, each with its own values alone", async () => {
    const world = new KeyServiceWorld();
    const stdin = await mixed(world);
    const before = objectIn(stdin).spec.encryptedData;
    const [classic, old] = [classicValue(), classicValue()];
    const answer = { spec: { encryptedData: { classic, old, kms: classicValue(), extra: "x" } } };
    world.transit.rotate("transit/first");
    const run = await runWith(
      world,
      { rotate: [{ status: 200, body: JSON.stringify(answer) }] },
      ["--re-encrypt", "-o", "yaml", ...ALLOW_ALL],
      { stdin },
    );
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    assert.deepEqual(Object.keys(run.asked["/v1/rotate"][0]?.spec.encryptedData ?? {}), ["classic", "old"]);
    assert.doesNotMatch(JSON.stringify(run.asked["/v1/rotate"]), /kms:|vault:/);
    const { metadata, spec } = objectIn(run.stdout);
    assert.deepEqual(Object.keys(spec.encryptedData), ["classic", "kms", "old", "vault"]);
    assert.deepEqual([spec.encryptedData["classic"], spec.encryptedData["old"]], [classic, old]);
    assert.match(spec.encryptedData["vault"] ?? "", /^vault:1:transit\/first:vault:v2:/);
    assert.match(spec.encryptedData["kms"] ?? "", /^kms:1:/);
    assert.notEqual(spec.encryptedData["kms"], before["kms"]);
    assert.deepEqual(JSON.parse(metadata.annotations?.[HINT] ?? ""), {
      classic: FINGERPRINT,
      old: FINGERPRINT,
    });
  });

  test("is re-encrypted as a whole or not at all", async () => {
    const world = new KeyServiceWorld();
    const file = await mixed(world);
    world.transit.before = ({ operation }) => {
      if (operation === "rewrap")
        throw new KeyServiceError("denied", "Vault does not let us", "ask for the right");
    };
    const rotate = [
      {
        status: 200,
        body: JSON.stringify({ spec: { encryptedData: { classic: classicValue(), old: classicValue() } } }),
      },
    ];
    const files = { "s.yaml": file };
    const run = await runWith(world, { rotate }, ["--re-encrypt", "--in-place", ...ALLOW_ALL, "s.yaml"], {
      files,
    });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^failed s\.yaml: Vault does not let us; ask for the right$/m);
    assert.equal(run.files.get("s.yaml"), file);
  });

  test("is validated by both; what the controller refuses is asked of nobody else", async () => {
    const world = new KeyServiceWorld();
    const object = objectIn(await mixed(world));
    const vault = [{ key: "far", mount: "kv", path: "p", field: "f" }];
    const stdin = JSON.stringify({ ...object, spec: { ...object.spec, vault } });
    const args = ["--validate", ...ALLOW_ALL];
    const good = await runWith(world, { verify: [{ status: 200, body: "" }] }, args, { stdin });
    assert.deepEqual([good.code, good.stdout, good.stderr], [0, "", ""]);
    const [sent] = good.asked["/v1/verify"];
    assert.deepEqual(Object.keys(sent?.spec.encryptedData ?? {}), ["classic", "old"]);
    assert.equal(sent?.spec.vault, undefined);
    const before = world.calls;
    const bad = await runWith(world, { verify: [{ status: 409, body: "" }] }, args, { stdin });
    assert.deepEqual([bad.code, world.calls], [1, before]);
  });
});

suite("a file without classic values", () => {
  test("needs no controller to be re-encrypted, validated or merged into", async () => {
    const world = new KeyServiceWorld();
    const stdin = (await world.run([...sealFlags("kms"), "-o", "yaml"], { stdin: secretYaml({ a: "b" }) }))
      .stdout;
    for (const mode of [["--re-encrypt"], ["--validate"]]) {
      const run = await runWith(world, {}, [...mode, ...ALLOW_ALL], { stdin });
      assert.deepEqual([run.code, run.asked.requests], [0, []]);
    }
  });

  test("keeps an annotation that --re-encrypt has no business with", async () => {
    const world = new KeyServiceWorld();
    const sealed = (await world.run([...sealFlags("kms"), "-o", "yaml"], { stdin: secretYaml({ a: "b" }) }))
      .stdout;
    const stdin = sealed.replace("metadata:\n", `metadata:\n  annotations: {${HINT}: stale}\n`);
    const run = await world.run(["--re-encrypt", "-o", "yaml", ...ALLOW_ALL], { stdin });
    assert.equal(objectIn(run.stdout).metadata.annotations?.[HINT], "stale");
  });

  test("tells when a variable names a key that nothing was moved to", async () => {
    const world = new KeyServiceWorld();
    const stdin = (await world.run([...sealFlags("kms"), "-o", "yaml"], { stdin: secretYaml({ a: "b" }) }))
      .stdout;
    const args = ["--re-encrypt", "--verbose", ...ALLOW_ALL];
    const named = (variable: string, key: string) => world.run(args, { stdin, env: { [variable]: key } });
    const other = await named("SEALED_SECRETS_VAULT_KEY", KEYS.vault[0]);
    assert.equal(other.code, 0);
    assert.match(other.stderr, /^warning: SEALED_SECRETS_VAULT_KEY moved nothing/m);
    const fitting = await named("SEALED_SECRETS_KMS_KEY", KEYS.kms[1]);
    assert.doesNotMatch(fitting.stderr, /moved nothing/);
    assert.match(fitting.stdout, new RegExp(`kms:1:${KEYS.kms[1]}`));
  });
});

suite("a scope that only the file to merge into says", () => {
  const wide = ["--scope", "namespace-wide"];
  const merge = (key: string[]) => ["--merge-into", "s.yaml", ...key];

  for (const backend of ["kms", "vault"] as const) {
    test(`counts once its values of ${backend} open under it`, async () => {
      const world = new KeyServiceWorld();
      const sealed = (
        await world.run([...wide, ...sealFlags(backend), "-o", "yaml"], { stdin: secretYaml({ a: "b" }) })
      ).stdout;
      const stdin = secretYaml({ b: "c" });
      const other = sealFlags(backend, KEYS[backend][1]);
      const good = await world.run([...merge(other), ...ALLOW_ALL], { stdin, files: { "s.yaml": sealed } });
      assert.deepEqual([good.code, good.stderr], [0, ""]);
      const strict = (
        await world.run([...sealFlags(backend), "-o", "yaml"], { stdin: secretYaml({ a: "b" }) })
      ).stdout;
      const widened = strict.replace(
        "metadata:\n",
        'metadata:\n  annotations:\n    sealedsecrets.bitnami.com/namespace-wide: "true"\n',
      );
      const bad = await world.run([...merge(other), ...ALLOW_ALL], { stdin, files: { "s.yaml": widened } });
      assert.equal(bad.code, 1);
      assert.match(
        bad.stderr,
        /^error: s\.yaml is namespace-wide by its annotation, and nothing proves that this is meant\n/,
      );
      assert.equal(bad.files.get("s.yaml"), widened);
      const said = await world.run([...merge(other), ...wide], { stdin, files: { "s.yaml": sealed } });
      assert.equal(said.code, 0, "nobody need open anything then");
    });
  }

  test("is not proven by a key that was not allowed; the hint names --scope, too", async () => {
    const world = new KeyServiceWorld();
    const sealed = (
      await world.run([...wide, ...sealFlags("kms"), "-o", "yaml"], { stdin: secretYaml({ a: "b" }) })
    ).stdout;
    const args = merge(sealFlags("kms", KEYS.kms[1]));
    const run = await world.run(args, { stdin: secretYaml({ b: "c" }), files: { "s.yaml": sealed } });
    assert.equal(run.code, 1);
    assert.match(
      run.stderr,
      /not allowed here\nhint: .*signet allow kms .*; or give --scope namespace-wide if that is meant$/m,
    );
  });

  test("of a mixed file needs the controller's word and the key service's", async () => {
    const world = new KeyServiceWorld();
    const files = { "s.yaml": await mixed(world, ...wide) };
    const args = [...merge(sealFlags("kms")), ...ALLOW_ALL];
    const stdin = secretYaml({ b: "c" });
    const good = await runWith(world, { verify: [{ status: 200, body: "" }] }, args, { stdin, files });
    assert.deepEqual([good.code, good.stderr], [0, ""]);
    assert.deepEqual(Object.keys(good.asked["/v1/verify"][0]?.spec.encryptedData ?? {}), ["classic", "old"]);
    const bad = await runWith(world, { verify: [{ status: 409, body: "" }] }, args, { stdin, files });
    assert.equal(bad.code, 1);
    const wrongCluster = ["--cluster-id", "other", ...args];
    const elsewhere = await runWith(world, { verify: [{ status: 200, body: "" }] }, wrongCluster, {
      stdin,
      files,
    });
    assert.match(elsewhere.stderr, /nothing proves that this is meant/);
    const offline = await world.run([...merge(["--cert", "cert.pem"]), ...ALLOW_ALL], {
      stdin,
      files: { ...files, ...FILES },
    });
    assert.match(offline.stderr, /nothing proves/, "with a certificate file no cluster is asked");
  });
});

suite("references into Vault's KV engine", () => {
  const vault = [
    { key: "far", mount: "kv", path: "p", field: "f" },
    { key: "wide", mount: "kv", path: "p", field: "g" },
  ];

  test("are not opened, and a warning names their items", async () => {
    const world = new KeyServiceWorld();
    const object = objectIn(
      (await world.run([...sealFlags("kms"), "-o", "yaml"], { stdin: secretYaml({ a: "b" }) })).stdout,
    );
    const stdin = JSON.stringify({ ...object, spec: { ...object.spec, vault } });
    const run = await world.run(["unseal", ...ALLOW_ALL], { stdin });
    assert.equal(run.code, 0);
    assert.equal(
      run.stderr,
      "warning: standard input: spec.vault: these items are read from Vault by the controller, and not opened here: far, wide\n",
    );
    const one = await world.run(["unseal", ...ALLOW_ALL, "--item", "far"], { stdin });
    assert.match(one.stderr, /^error: standard input: the item "far" stands in spec\.vault/);
  });

  test("are read by no template here: what it would make is missing, and a warning says why", async () => {
    const world = new KeyServiceWorld();
    const object = objectIn(
      (await world.run([...sealFlags("kms"), "-o", "yaml"], { stdin: secretYaml({ a: "b" }) })).stdout,
    );
    const template = {
      ...object.spec.template,
      data: { url: "db://{{ .far }}@h", copy: "{{ .a }}{{ .a }}" },
    };
    const stdin = JSON.stringify({ ...object, spec: { ...object.spec, template, vault } });
    const run = await world.run(["unseal", ...ALLOW_ALL], { stdin });
    assert.equal(run.code, 0);
    const { data } = objectIn(run.stdout) as unknown as { data: object };
    assert.deepEqual(data, { a: "Yg==", copy: "YmI=" });
    assert.match(
      run.stderr,
      /^warning: standard input: spec\.template\.data\.url is not made here: it reads far, which the controller reads from Vault$/m,
    );
    const one = (item: string) => world.run(["unseal", ...ALLOW_ALL, "--item", item], { stdin });
    const url = await one("url");
    assert.deepEqual([url.code, url.stdout], [1, ""]);
    assert.match(
      url.stderr,
      /^error: standard input: spec\.template\.data\.url is not made here: it reads far/,
    );
    assert.equal((await one("copy")).stdout, "bb");
  });

  test("alone leave nothing to ask a controller, nor to seal anew", async () => {
    const world = new KeyServiceWorld();
    const metadata = { name: "db", namespace: "shop" };
    const object = { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", metadata };
    const stdin = JSON.stringify({ ...object, spec: { encryptedData: {}, vault } });
    for (const mode of ["--validate", "--re-encrypt"]) {
      const run = await runWith(world, {}, [mode], { stdin });
      assert.deepEqual([run.code, run.stderr, run.asked.requests], [0, "", []], mode);
      if (mode === "--re-encrypt") assert.deepEqual(objectIn(run.stdout).spec.vault, vault);
    }
    assert.equal(world.calls, 0);
  });

  test("take no sealed value in their place, and the file stays as it was", async () => {
    const world = new KeyServiceWorld();
    const object = { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret" };
    const metadata = { name: "db", namespace: "shop" };
    const file = JSON.stringify({ ...object, metadata, spec: { encryptedData: {}, vault } });
    const args = ["--merge-into", "s.json", ...sealFlags("kms")];
    const merge = (items: Record<string, string>) =>
      world.run(args, { stdin: secretYaml(items), files: { "s.json": file } });
    const run = await merge({ a: "b", wide: "plain" });
    assert.deepEqual([run.code, run.files.get("s.json"), world.calls], [1, file, 0]);
    assert.match(run.stderr, /^error: s\.json: the item "wide" stands in spec\.vault, so no value may be/);
    assert.doesNotMatch(run.stderr, /plain/);
    assert.equal((await merge({ a: "b" })).code, 0);
  });
});

suite("a key service that fails amid a run", () => {
  const third = (world: KeyServiceWorld) => {
    world.kms.before = () => {
      if (world.kms.calls.length === 3)
        throw new KeyServiceError("unavailable", "AWS KMS does not answer", "try again later");
    };
  };
  const secrets = [1, 2, 3, 4, 5].map((n) => secretYaml({ a: "b" }, { namespace: "shop", name: `s${n}` }));

  test("leaves nothing of a stream", async () => {
    const world = new KeyServiceWorld();
    third(world);
    const args = [...sealFlags("kms"), "-w", "out.yaml"];
    const run = await world.run(args, { stdin: secrets.join("---\n") });
    assert.deepEqual([run.code, run.stdout, run.files.size], [1, "", 0]);
    assert.match(
      run.stderr,
      /^error: standard input, document 3: AWS KMS does not answer\nhint: try again later$/m,
    );
    assert.equal(world.closed, 1);
  });

  test("leaves nothing of the file that it is in, and the others whole", async () => {
    const world = new KeyServiceWorld();
    third(world);
    const files = {
      "a.yaml": secrets.slice(0, 1).join(""),
      "b.yaml": secrets.slice(1, 4).join("---\n"),
      "c.yaml": secrets[4] ?? "",
    };
    const run = await world.run([...sealFlags("kms"), "--in-place", "a.yaml", "b.yaml", "c.yaml"], { files });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^failed b\.yaml, document 2: AWS KMS does not answer; try again later$/m);
    assert.equal(run.files.get("b.yaml"), files["b.yaml"]);
    for (const file of ["a.yaml", "c.yaml"]) assert.match(run.files.get(file) ?? "", /kms:1:/);
  });

  test("leaves the file that is merged into as it was", async () => {
    const world = new KeyServiceWorld();
    const file = (await world.run([...sealFlags("kms"), "-o", "yaml"], { stdin: secretYaml({ a: "b" }) }))
      .stdout;
    third(world);
    const two = [secretYaml({ b: "c" }), secretYaml({ c: "d" })].join("---\n");
    const run = await world.run(["--merge-into", "s.yaml", ...sealFlags("kms")], {
      stdin: two,
      files: { "s.yaml": file },
    });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^error: standard input, document 2: AWS KMS does not answer$/m);
    assert.equal(run.files.get("s.yaml"), file);
  });
});

suite("a file that is merged into again and again", () => {
  test("gets a 17th sealing under AWS KMS in the place of another alone", async () => {
    const world = new KeyServiceWorld();
    const seal = [...sealFlags("kms"), "-o", "yaml"];
    let file = (await world.run(seal, { stdin: secretYaml({ i1: "v" }) })).stdout;
    const merge = (items: Record<string, string>) =>
      world.run(["--merge-into", "s.yaml", ...sealFlags("kms")], {
        stdin: secretYaml(items),
        files: { "s.yaml": file },
      });
    for (let n = 2; n <= 16; n++) {
      const run = await merge({ [`i${n}`]: "v" });
      assert.equal(run.code, 0, run.stderr);
      file = run.files.get("s.yaml") ?? "";
    }
    const opens = async (text: string) => (await world.run(["unseal", ...ALLOW_ALL], { stdin: text })).code;
    assert.equal(await opens(file), 0);
    const run = await merge({ i17: "v" });
    assert.deepEqual([run.code, run.files.get("s.yaml")], [1, file]);
    assert.match(
      run.stderr,
      /^error: s\.yaml: with this its values would come from 17 sealings under AWS KMS, and a SealedSecret opens with at most 16\n/,
    );
    const renewed = await merge({ i1: "new", i17: "v" });
    assert.equal(renewed.code, 0, renewed.stderr);
    assert.equal(await opens(renewed.files.get("s.yaml") ?? ""), 0);
  });

  test("gets no 17th key of Vault", async () => {
    const world = new KeyServiceWorld();
    for (let n = 1; n <= 17; n++) world.transit.createKey(`transit/k${n}`, "context");
    const flags = (n: number) => ["--vault-key", `transit/k${n}`];
    let file = (await world.run([...flags(1), "-o", "yaml"], { stdin: secretYaml({ i1: "v" }) })).stdout;
    const merge = (n: number) =>
      world.run(["--merge-into", "s.yaml", ...flags(n)], {
        stdin: secretYaml({ [`i${n}`]: "v" }),
        files: { "s.yaml": file },
      });
    for (let n = 2; n <= 16; n++) file = (await merge(n)).files.get("s.yaml") ?? "";
    const run = await merge(17);
    assert.deepEqual([run.code, run.files.get("s.yaml")], [1, file]);
    assert.match(run.stderr, /would come from 17 keys of Vault, .* at most 16\n/);
    const opened = await world.run(["unseal", "--vault-allowed-keys", "transit/*"], { stdin: file });
    assert.equal(opened.code, 0, opened.stderr);
  });
});
