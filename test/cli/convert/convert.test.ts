import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sopsWrapper } from "../../../shared/document/sops/keys/wrapper.ts";
import { base64 } from "../../support/in-process-sealing.ts";
import { ALLOW_ALL, KEYS, KeyServiceWorld, secretYaml } from "../../support/key-service-world.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
import { objectsIn } from "../../support/sealed-secret-scene.ts";
import { ENCRYPTED_AT, encryptedYaml } from "../../support/sops-documents.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const identity = await newAgeIdentity();
const { certificatePem, privateKeyPem } = testCertificate();
const ITEMS = { user: "al", password: "hunter2" };
const OPENED = { user: base64("al"), password: base64("hunter2") };

/** What says what to seal by, for each kind of sealed file. */
const TO: Readonly<Record<string, readonly string[]>> = {
  cluster: ["--backend", "cluster", "--cert", "cert.pem"],
  kms: ["--kms-key", KEYS.kms[0]],
  vault: ["--vault-key", KEYS.vault[0]],
  sops: ["--backend", "sops", "--age", identity.recipient],
  "sops-secret": ["--backend", "sops", "--age", identity.recipient, "--as-secret"],
};
const KINDS = Object.keys(TO);
const OPENING = ["--key", "key.pem", "--allow-unbound", ...ALLOW_ALL];
const files = { "cert.pem": certificatePem, "key.pem": privateKeyPem };

function run(world: KeyServiceWorld, args: readonly string[], more: Record<string, string> = {}, stdin = "") {
  return world.run(args, { env: { SOPS_AGE_KEY: identity.text }, files: { ...files, ...more }, stdin });
}

function succeeded(result: MemoryRun): MemoryRun {
  assert.equal(result.code, 0, result.stderr);
  assert.ok(!result.stderr.includes("hunter2"), result.stderr);
  return result;
}

/** A file of a kind, with the items of these tests. */
async function sealedAs(kind: string, world: KeyServiceWorld, args: readonly string[] = []): Promise<string> {
  if (kind === "sops-secret") {
    return encryptedYaml(secretYaml(ITEMS), {
      groups: [[{ type: "age", recipient: identity.recipient }]],
      selection: { rule: "encrypted_regex", pattern: "^(data|stringData)$" },
      wrapper: sopsWrapper({ kms: null, vault: null, now: () => ENCRYPTED_AT }),
    });
  }
  return succeeded(await run(world, [...(TO[kind] ?? []), "-o", "yaml", ...args], {}, secretYaml(ITEMS)))
    .stdout;
}

async function opened(text: string, world: KeyServiceWorld, args: readonly string[] = []): Promise<unknown> {
  const { stdout } = succeeded(
    await run(world, ["render", "--strict", ...OPENING, ...args, "a.yaml"], { "a.yaml": text }),
  );
  const [secret] = objectsIn(stdout);
  return secret?.["data"];
}

/** What shows the kind: that of the object, and how its values begin. */
const FORM: Readonly<Record<string, readonly [kind: string, value: string]>> = {
  cluster: ["SealedSecret", "A"],
  kms: ["SealedSecret", "kms:1:"],
  vault: ["SealedSecret", "vault:1:"],
  sops: ["SealedSecret", "ENC["],
  "sops-secret": ["Secret", "ENC["],
};

function assertForm(text: string, form: string): void {
  const [kind, value] = FORM[form] ?? ["", ""];
  assert.ok(text.includes(`kind: ${kind}\n`) && text.includes(`password: ${value}`), text);
}

suite("each kind of sealed file is converted into each other", () => {
  for (const from of KINDS) {
    for (const to of KINDS) {
      test(`${from} into ${to}`, async () => {
        const world = new KeyServiceWorld();
        const text = await sealedAs(from, world);
        const args = ["convert", ...(TO[to] ?? []), ...OPENING, "--in-place", "a.yaml"];
        const { files: left, stdout } = succeeded(await run(world, args, { "a.yaml": text }));
        const converted = left.get("a.yaml") ?? "";
        assertForm(converted, to);
        assert.equal(stdout, "");
        for (const content of left.values())
          assert.ok(!content.includes("hunter2") && !content.includes(base64("hunter2")));
        assert.deepEqual(await opened(converted, world), OPENED);
        assert.equal(
          converted.includes("decrypt: Disabled"),
          to === "sops",
          "the mark for Flux belongs to SOPS documents",
        );
        assert.equal(converted.includes("signet.dev/sealing-key"), to === "cluster");
      });
    }
  }
});

function valuesOf(object: unknown): Record<string, string> {
  return (object as { spec: { encryptedData: Record<string, string> } }).spec.encryptedData;
}

suite("what converting keeps", () => {
  const LAID_OUT = (value: (item: string) => string, hint = "") => `# the database of the shop
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
    name: db   # its name
    namespace: shop
    annotations:
        team: "x"
${hint}spec:
    encryptedData:
        # rotated in May
        user: ${value("user")}
        password: ${value("password")}
    template:
        type: example.com/db
        data: { url: "db://{{ .user }}" }
`;

  test("comments, layout, templates and other annotations, byte for byte", async () => {
    const world = new KeyServiceWorld();
    const [sealed] = objectsIn(await sealedAs("kms", world));
    const values = valuesOf(sealed);
    const before = LAID_OUT((item) => values[item] ?? "");
    const args = ["convert", ...(TO["vault"] ?? []), ...OPENING, "--in-place", "a.yaml"];
    const after = succeeded(await run(world, args, { "a.yaml": before })).files.get("a.yaml") ?? "";
    const [converted] = objectsIn(after);
    const renewed = valuesOf(converted);
    assert.equal(
      after,
      LAID_OUT((item) => renewed[item] ?? ""),
    );
    assert.ok(Object.values(renewed).every((value) => value.startsWith("vault:1:transit/first:")));
  });

  test("the scope, which values must open under", async () => {
    for (const scope of ["namespace-wide", "cluster-wide"]) {
      const world = new KeyServiceWorld();
      const text = await sealedAs("kms", world, ["--scope", scope]);
      const args = ["convert", ...(TO["sops"] ?? []), ...OPENING, "-o", "yaml", "a.yaml"];
      const { stdout } = succeeded(await run(world, args, { "a.yaml": text }));
      assert.ok(stdout.includes(`sealedsecrets.bitnami.com/${scope}: "true"`), stdout);
      const moved = stdout.replace("name: db", "name: other");
      assert.deepEqual(await opened(moved, world, ["--allow-cluster-wide"]), OPENED);
      const widened = text.replace(scope, scope === "cluster-wide" ? "namespace-wide" : "cluster-wide");
      const refused = await run(world, args, { "a.yaml": widened });
      assert.deepEqual([refused.code, refused.stdout], [1, ""]);
      const asked = await run(world, [...args, "--scope", "strict"], { "a.yaml": text });
      assert.match(asked.stderr, new RegExp(`is sealed ${scope}, and --scope says strict`));
    }
  });

  test("other documents of the file, and files with nothing sealed", async () => {
    const world = new KeyServiceWorld();
    const other = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n";
    const text = `${other}---\n${await sealedAs("kms", world)}---\n${other}`;
    const args = ["convert", ...(TO["cluster"] ?? []), ...OPENING, "--in-place", "a.yaml", "b.yaml"];
    const { files: left } = succeeded(await run(world, args, { "a.yaml": text, "b.yaml": other }));
    assert.equal(left.get("b.yaml"), other);
    const after = left.get("a.yaml") ?? "";
    assert.ok(after.startsWith(`${other}---\n`) && after.endsWith(`---\n${other}`), after);
    assertForm(after, "cluster");
  });
});

suite("what is not converted", () => {
  async function refused(
    kind: string,
    to: string,
    args: readonly string[],
    says: RegExp,
    change = (text: string) => text,
  ) {
    const world = new KeyServiceWorld();
    const text = change(await sealedAs(kind, world));
    const all = ["convert", ...(TO[to] ?? []), ...args, "--in-place", "a.yaml"];
    const { code, stderr, files: left } = await run(world, all, { "a.yaml": text });
    assert.equal(code, 1, stderr);
    assert.match(stderr, says);
    assert.equal(left.get("a.yaml"), text, "the file is as it was");
    assert.ok(!stderr.includes("hunter2"));
  }

  test("a file whose values do not all open", () =>
    refused("cluster", "kms", ALLOW_ALL, /no key could decrypt secret/));
  test("one whose key the user has not allowed", () => refused("kms", "cluster", [], /allow/));
  test("one that was moved", () =>
    refused("kms", "cluster", OPENING, /failed/, (text) =>
      text.replace("namespace: shop", "namespace: other"),
    ));
  test("a Secret of SOPS that says no place, unless that is allowed", () =>
    refused("sops-secret", "cluster", ALLOW_ALL, /--allow-unbound/));
  test("a document of SOPS that was tampered with", () =>
    refused("sops-secret", "cluster", OPENING, /mac/, (text) => text.replace("name: db", "name: dc")));
  test("one that SOPS encrypted together with others", async () => {
    const one = secretYaml(ITEMS);
    const together = await encryptedYaml(`${one}---\n${one.replace("name: db", "name: dc")}`, {
      groups: [[{ type: "age", recipient: identity.recipient }]],
      selection: { rule: "encrypted_regex", pattern: "^(data|stringData)$" },
      wrapper: sopsWrapper({ kms: null, vault: null, now: () => ENCRYPTED_AT }),
    });
    await refused(
      "sops-secret",
      "cluster",
      OPENING,
      /document 1 was encrypted by SOPS together/,
      () => together,
    );
  });
  test("one of a namespace that is not permitted, whatever it becomes", async () => {
    const others = [...OPENING, "--allow-namespace", "web"];
    for (const to of ["kms", "sops", "sops-secret"])
      await refused("cluster", to, others, /is for a namespace that is not rendered here/);
    const world = new KeyServiceWorld();
    const text = await sealedAs("cluster", world);
    const permitted = ["--allow-namespace", "shop", "--in-place", "a.yaml"];
    succeeded(
      await run(world, ["convert", ...(TO["kms"] ?? []), ...OPENING, ...permitted], { "a.yaml": text }),
    );
  });
  test("one of every namespace into a Secret that is bound to none, unless that is allowed", async () => {
    const world = new KeyServiceWorld();
    const text = await sealedAs("cluster", world, ["--scope", "cluster-wide"]);
    const all = ["convert", ...(TO["sops-secret"] ?? []), ...OPENING, "--in-place", "a.yaml"];
    const { code, stderr, files: left } = await run(world, all, { "a.yaml": text });
    assert.deepEqual([code, left.get("a.yaml")], [1, text]);
    assert.match(stderr, /--allow-cluster-wide/);
    succeeded(await run(world, [...all, "--allow-cluster-wide"], { "a.yaml": text }));
  });
  test("a Secret that the controller refuses to write", () =>
    refused("cluster", "sops-secret", OPENING, /of type bootstrap.kubernetes.io\/token/, (text) =>
      text.replace("  template:\n", "  template:\n    type: bootstrap.kubernetes.io/token\n"),
    ));
  test("templates into a plain Secret", () =>
    refused("kms", "sops-secret", OPENING, /spec\.template\.data/, (text) =>
      text.replace("  template:\n", '  template:\n    data: { url: "x" }\n'),
    ));

  test("into a Secret of SOPS no cluster is needed, and --age says enough; rules go by the file's path", async () => {
    const text = await sealedAs("cluster", new KeyServiceWorld());
    const rules = `creation_rules:\n  - path_regex: ^a\\.yaml$\n    age: ${identity.recipient}\n`;
    for (const args of [
      ["--age", identity.recipient],
      ["--backend", "sops"],
    ]) {
      const { code, stdout, stderr } = await new KeyServiceWorld().run(
        ["convert", ...args, "--as-secret", "--key", "key.pem", "-o", "yaml", "a.yaml"],
        {
          env: { SOPS_AGE_KEY: identity.text, SEALED_SECRETS_CLUSTER_ID: "" },
          files: { ...files, "a.yaml": text, "/.git/HEAD": "ref: x", "/.sops.yaml": rules },
        },
      );
      assert.equal(code, 0, stderr);
      assertForm(stdout, "sops-secret");
    }
  });

  for (const [what, args, says] of [
    ["without a backend", [], /it is not said what to convert to/],
    ["with the flag of another mode", ["--backend", "cluster", "--validate"], /no other mode/],
    [
      "--as-secret without SOPS",
      ["--backend", "kms", "--kms-key", KEYS.kms[0], "--as-secret"],
      /--as-secret needs --backend sops/,
    ],
  ] as const) {
    test(`a command line ${what}`, async () => {
      const { code, stderr } = await run(new KeyServiceWorld(), ["convert", ...args, "a.yaml"], {
        "a.yaml": "",
      });
      assert.equal(code, 2);
      assert.match(stderr, says);
    });
  }
});
