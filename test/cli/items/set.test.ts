import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { run } from "../../../cli/run.ts";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { type MemoryWorld, memoryIo, runInMemory } from "../../support/memory-io.ts";
import { openedObjects } from "../../support/opened-values.ts";
import { startStubController } from "../../support/stub-controller.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const FINGERPRINT = readCertificate(certificatePem).fingerprint;
const OLD = `AQ${"A".repeat(400)}`;
const FILE = `# kept
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db
  namespace: shop # kept too
spec:
  encryptedData:
    user: ${OLD}
`;

function set(args: readonly string[], world: MemoryWorld = {}) {
  const files = { "cert.pem": certificatePem, "s.yaml": FILE, ...world.files };
  return runInMemory(["set", "--cert", "cert.pem", ...args], { stdin: "hunter2", ...world, files });
}

async function itemsOf(text: string | undefined): Promise<Record<string, string>> {
  return Object.assign({}, ...Object.values(await openedObjects(text ?? "", privateKeyPem)));
}

suite("signet set", () => {
  test("adds an item, and leaves all else byte for byte", async () => {
    const { code, stdout, stderr, files } = await set(["s.yaml", "password"]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
    const text = files.get("s.yaml") ?? "";
    const value = /\n {4}password: (\S+)\n$/.exec(text)?.[1];
    const hint = `  annotations:\n    signet.dev/sealing-key: '{"password":"${FINGERPRINT}"}'\n`;
    assert.equal(text, `${FILE.replace("spec:", `${hint}spec:`)}    password: ${value}\n`);
    assert.equal((await itemsOf(text))["password"], "hunter2");
  });

  test("replaces an item in its place, and says for which place it is sealed", async () => {
    const { stderr, files } = await set(["s.yaml", "user", "--verbose"]);
    const text = files.get("s.yaml") ?? "";
    assert.match(text, /encryptedData:\n {4}user: AgB|encryptedData:\n {4}user: AQ/);
    assert.ok(!text.includes(OLD));
    assert.deepEqual(await itemsOf(text), { user: "hunter2" });
    assert.ok(
      stderr.includes(`merged user into s.yaml: db, scope strict (shop/db), certificate ${FINGERPRINT}`),
    );
  });

  test("takes bytes as they are from standard input and files", async () => {
    const files = { "v.bin": "from a file\n" };
    const read = await set(["s.yaml", "a", "--from-file", "v.bin", "--verbose"], { files });
    assert.equal((await itemsOf(read.files.get("s.yaml")))["a"], "from a file\n");
    assert.match(read.stderr, /warning: the value of a ends with a line break/);
    const piped = await set(["s.yaml", "a", "--from-file", "-"], { files, stdin: "piped" });
    assert.equal((await itemsOf(piped.files.get("s.yaml")))["a"], "piped");
  });

  test("refuses a value on the command line without quoting it, and takes it when asked to", async () => {
    const refused = await set(["s.yaml", "a=canary-17=x"]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^error: the value of a stands on the command line/);
    assert.ok(!refused.stderr.includes("canary"));
    assert.equal(refused.files.get("s.yaml"), FILE);
    const meant = await set(["s.yaml", "a=canary-17=x", "--value-on-command-line"]);
    assert.equal((await itemsOf(meant.files.get("s.yaml")))["a"], "canary-17=x");
    const both = await set(["s.yaml", "a=x", "--value-on-command-line", "--from-file", "v"]);
    assert.match(both.stderr, /two values are given for a/);
    const none = await set(["s.yaml", "a", "--value-on-command-line"]);
    assert.equal(none.code, 2);
  });

  test("asks twice at a terminal, and takes nothing where the two differ, or nothing is typed", async () => {
    const typing = async (answers: (string | null)[]) => {
      const prompts: string[] = [];
      const { io, left } = memoryIo(["set", "--cert", "cert.pem", "s.yaml", "a"], {
        terminals: ["stdin"],
        files: { "cert.pem": certificatePem, "s.yaml": FILE },
      });
      io.askSecret = async (prompt) => {
        prompts.push(prompt);
        return answers.shift() ?? null;
      };
      return { ...left(await run(io)), prompts };
    };
    const right = await typing(["typed", "typed"]);
    assert.equal((await itemsOf(right.files.get("s.yaml")))["a"], "typed");
    assert.deepEqual(right.prompts, ["value of a, not shown: ", "the same again: "]);
    for (const [answers, message] of [
      [["one", "other"], /the two differ/],
      [[null], /no value for a was typed/],
      [["x".repeat(4096), "x".repeat(4096)], /longer than what may be typed/],
    ] as const) {
      const { code, stderr, files } = await typing([...answers]);
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.equal(files.get("s.yaml"), FILE);
    }
  });

  test("refuses an empty value, unless it is meant", async () => {
    const refused = await set(["s.yaml", "a"], { stdin: "" });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the value of a is empty/);
    const meant = await set(["s.yaml", "a", "--allow-empty-data"], { stdin: "" });
    assert.equal((await itemsOf(meant.files.get("s.yaml")))["a"], "");
  });

  test("makes a file that is not there, for the place that is said, in the format of its name", async () => {
    const files = { "cert.pem": certificatePem };
    const place = ["--name", "api", "-n", "shop"];
    const yaml = await set([...place, "new.yaml", "token"], { files });
    assert.match(yaml.files.get("new.yaml") ?? "", /^---\napiVersion: bitnami/);
    assert.deepEqual(await openedObjects(yaml.files.get("new.yaml") ?? "", privateKeyPem), {
      "shop/api": { token: "hunter2" },
    });
    const json = await set([...place, "--scope", "namespace-wide", "new.json", "token"], { files });
    assert.match(json.files.get("new.json") ?? "", /^\{\n {2}"kind"|^\{/);
    assert.deepEqual(await openedObjects(json.files.get("new.json") ?? "", privateKeyPem), {
      "shop/api": { token: "hunter2" },
    });
    const nameless = await set(["new.yaml", "token"], { files });
    assert.match(nameless.stderr, /there is no file new\.yaml/);
    assert.equal(nameless.files.has("new.yaml"), false);
  });

  test("two of one name and place, and what is no file, are refused before anything is read", async () => {
    const twice = await set(["--name", "db", "-n", "shop", "s.yaml", "a"], {
      files: { "s.yaml": `${FILE}---\n${FILE}` },
    });
    assert.equal(twice.code, 1);
    assert.match(twice.stderr, /may be meant: shop\/db, shop\/db\nhint: they are one object to the cluster/);
    const stream = await set(["--name", "db", "-n", "shop", "-", "a"]);
    assert.deepEqual([stream.code, stream.files.has("-")], [2, false]);
    // A pipe would keep the run waiting, and a device end never.
    const { io, left } = memoryIo(["set", "--cert", "cert.pem", "pipe", "a"], { stdin: "v" });
    io.files.kindOf = (path) => (path === "pipe" ? "other" : null);
    io.files.read = () => assert.fail("it was read");
    const piped = left(await run(io));
    assert.equal(piped.code, 2);
    assert.match(piped.stderr, /pipe is a device or a pipe, and cannot be changed in its place/);
  });

  test("of several SealedSecrets the one that is named is changed", async () => {
    const several = `${FILE}---\n${FILE.replace("name: db", "name: api")}---\n${FILE.replace("shop #", "team #")}`;
    const world = { files: { "s.yaml": several } };
    const { files, code } = await set(["--name", "api", "s.yaml", "a"], world);
    assert.equal(code, 0);
    const opened = await openedObjects(files.get("s.yaml") ?? "", privateKeyPem);
    assert.deepEqual(
      Object.entries(opened).map(([place, items]) => [place, items["a"]]),
      [
        ["shop/db", undefined],
        ["shop/api", "hunter2"],
        ["team/db", undefined],
      ],
    );
    const by = await set(["--name", "db", "-n", "team", "s.yaml", "a"], world);
    assert.equal(
      (await openedObjects(by.files.get("s.yaml") ?? "", privateKeyPem))["team/db"]?.["a"],
      "hunter2",
    );
    for (const [args, message] of [
      [[], /holds 3 SealedSecrets that may be meant: shop\/db, shop\/api, team\/db/],
      [["--name", "db"], /holds 2 SealedSecrets that may be meant: shop\/db, team\/db/],
      [["--name", "x"], /holds no SealedSecret x, but shop\/db, shop\/api, team\/db/],
    ] as const) {
      const refused = await set([...args, "s.yaml", "a"], world);
      assert.match(refused.stderr, message);
      assert.equal(refused.files.get("s.yaml"), several);
    }
  });

  test("a wider scope that only the file says is refused, unless --scope says it or the values prove it (S21)", async () => {
    const wide = FILE.replace(
      "  name: db",
      '  name: db\n  annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}',
    );
    const files = { "s.yaml": wide };
    const refused = await set(["s.yaml", "a"], { files });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /cluster-wide by its annotation, and nothing proves that this is meant/);
    assert.equal(refused.files.get("s.yaml"), wide);
    const said = await set(["s.yaml", "a", "--scope", "cluster-wide"], { files });
    assert.equal((await itemsOf(said.files.get("s.yaml")))["a"], "hunter2");
    assert.equal(said.stderr, "");
    const strict = await set(["s.yaml", "a", "--scope", "strict"], { files });
    assert.match(strict.stderr, /but --scope says strict/);
    const controller = await startStubController({
      certificate: { status: 200, body: certificatePem },
      verify: [{ status: 200, body: "" }],
    });
    try {
      const proven = await runInMemory(["set", "s.yaml", "a"], {
        stdin: "proven",
        files,
        env: controller.env,
      });
      // Without a terminal, too: the file's author may have sealed the values that prove it.
      assert.match(
        proven.stderr,
        /^warning: s\.yaml is cluster-wide by its annotation: a will open under any name in any namespace; [^\n]*\n$/,
      );
      assert.equal((await itemsOf(proven.files.get("s.yaml")))["a"], "proven");
    } finally {
      await controller.close();
    }
  });

  test("says what is wrong before any value is read or any cluster asked", async () => {
    const rows: [args: string[], code: number, message: RegExp][] = [
      [["s.yaml"], 2, /which item of which file/],
      [["s.yaml", "a", "b"], 2, /one item is set at a time/],
      [["s.yaml", "a/b"], 2, /"a\/b" is not a name an item of a Secret may have/],
      [["s.yaml", "a", "--backend", "nope"], 2, /invalid value "nope" for --backend/],
      [["s.yaml", "a", "--kms-key", "alias/x"], 2, /exclude each other/],
      [["cert.pem", "a"], 1, /cert\.pem/],
      [["s.yaml", "a", "-n", "team"], 1, /namespace mismatch/],
    ];
    for (const [args, code, message] of rows) {
      const { code: ended, stderr, files } = await set(args);
      assert.deepEqual([ended, message.test(stderr)], [code, true], stderr);
      assert.equal(files.get("s.yaml"), FILE);
    }
  });

  test("an item that spec.vault names is refused", async () => {
    const vault = `${FILE}  vault:\n    - {key: a, mount: secret, path: shop/a, field: x}\n`;
    const { stderr, files } = await set(["s.yaml", "a"], { files: { "s.yaml": vault } });
    assert.match(stderr, /stands in spec\.vault, so no value may be sealed for it/);
    assert.equal(files.get("s.yaml"), vault);
  });
});
