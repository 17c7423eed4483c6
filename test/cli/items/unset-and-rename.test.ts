import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { type MemoryWorld, runInMemory } from "../../support/memory-io.ts";
import { openedObjects } from "../../support/opened-values.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const FINGERPRINT = readCertificate(certificatePem).fingerprint;
const [USER, PASSWORD] = [`AQ${"A".repeat(400)}`, `AQ${"B".repeat(400)}`];
const HINT = `'{"password":"SHA256:old","user":"${FINGERPRINT}"}'`;
const FILE = `apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db
  namespace: shop
  annotations:
    signet.dev/sealing-key: ${HINT}
spec:
  encryptedData:
    # who
    user: ${USER}
    password: ${PASSWORD} # changed in May
`;

function run(args: readonly string[], world: MemoryWorld = {}) {
  return runInMemory(args, { ...world, files: { "s.yaml": FILE, ...world.files } });
}

suite("signet unset", () => {
  test("takes an item out with its hint, opens nothing, and leaves all else", async () => {
    const { code, stdout, stderr, files } = await run(["unset", "s.yaml", "password"]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
    const expected = FILE.replace(`    password: ${PASSWORD} # changed in May\n`, "").replace(
      HINT,
      `'${FINGERPRINT}'`,
    );
    assert.equal(files.get("s.yaml"), expected);
  });

  test("leaves a comment above an item, which may head others, and tells people of it", async () => {
    const above = (lines: string) => FILE.replace("    password:", `${lines}    password:`);
    for (const [file, isTold] of [
      [above("    # of the database\n"), true],
      [above("    # of the database\n").replaceAll("\n", "\r\n"), true],
      [`a: b\n---\n${above("# at the margin\n")}`, true],
      [FILE, false],
      [above("    # databases\n\n"), false],
      [above("\n"), false],
      [FILE.replace(USER, `${USER} # of the user`), false],
      [FILE.replace(USER, `>-\n      ${USER}\n`).replace("# who", "# database"), false],
    ] as const) {
      const args = ["unset", "s.yaml", "password", "--name", "db"];
      const told = await run([...args, "--verbose"], { files: { "s.yaml": file } });
      assert.equal(told.code, 0, told.stderr);
      const [, after = ""] = file.split(HINT);
      const expected = after.replace(/ {4}password: .*\r?\n/, "");
      assert.equal(told.files.get("s.yaml")?.split(`'${FINGERPRINT}'`)[1], expected);
      const warning = /^warning: s\.yaml.*: the comment above password stays: take it out by hand/m;
      assert.equal(warning.test(told.stderr), isTold, file);
      assert.equal((await run(args, { files: { "s.yaml": file } })).stderr, "");
    }
  });

  test("takes several at once, and the last one only when asked to", async () => {
    const refused = await run(["unset", "s.yaml", "password", "user"]);
    assert.deepEqual([refused.code, refused.files.get("s.yaml")], [1, FILE]);
    assert.match(refused.stderr, /s\.yaml would have no items left/);
    const meant = await run(["unset", "s.yaml", "password", "user", "--allow-empty-data"]);
    assert.equal(meant.code, 0);
    assert.match(meant.files.get("s.yaml") ?? "", /encryptedData: \{\}\n/);
    assert.ok(!meant.files.get("s.yaml")?.includes("signet.dev/sealing-key"));
  });

  test("the last sealed item may go where the template has entries of its own, or Vault", async () => {
    for (const more of [
      "  template:\n    data:\n      fixed: text\n",
      "  vault:\n    - {key: a, mount: secret, path: shop/a, field: x}\n",
    ]) {
      const { code, stderr } = await run(["unset", "s.yaml", "password", "user"], {
        files: { "s.yaml": FILE + more },
      });
      assert.deepEqual([code, stderr], [0, ""]);
    }
  });

  test("tells of a template that still names it, as a whole word", async () => {
    const template = `  template:\n    data:\n      dsn: "pg://{{ .user }}:{{ .password }}@db"\n      other: "{{ .password2 }} {{ .user }}"\n`;
    const { code, stderr } = await run(["unset", "s.yaml", "password"], {
      files: { "s.yaml": FILE + template },
    });
    assert.equal(code, 0);
    assert.equal(stderr, "warning: s.yaml: spec.template.data.dsn still names password, which is gone\n");
  });

  test("names what there is where an item is not, and changes nothing", async () => {
    for (const [item, message] of [
      ["pasword", /has no sealed item "pasword"\nhint: did you mean password\?/],
      ["tls.key", /has no sealed item "tls\.key"\nhint: it has password, user/],
      ["constructor", /has no sealed item "constructor"/],
    ] as const) {
      const { code, stderr, files } = await run(["unset", "s.yaml", "user", item]);
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.equal(files.get("s.yaml"), FILE);
    }
    const vault = `${FILE}  vault:\n    - {key: a, mount: secret, path: shop/a, field: x}\n`;
    const { stderr } = await run(["unset", "s.yaml", "a"], { files: { "s.yaml": vault } });
    assert.match(stderr, /a stands in spec\.vault/);
    assert.match((await run(["unset", "none.yaml", "a"])).stderr, /cannot read none\.yaml: no such file/);
    assert.equal((await run(["unset", "s.yaml"])).code, 2);
  });
});

test("what looks like KEY=VALUE is not quoted: it may be a value", async () => {
  for (const words of [
    ["unset", "s.yaml", "password=hunter2"],
    ["rename", "s.yaml", "user", "login=hunter2"],
    ["rename", "s.yaml", "user=hunter2", "login"],
    ["generate", "s.yaml", "token=hunter2"],
  ]) {
    const { code, stderr } = await run(words);
    assert.equal(code, 2);
    assert.match(stderr, /" with = and more behind it is not a name an item of a Secret may have/);
    assert.doesNotMatch(stderr, /hunter2/);
  }
});

suite("signet rename", () => {
  test("changes the key and its hint, opens nothing, and keeps the value where it stands", async () => {
    const { code, stdout, stderr, files } = await run(["rename", "s.yaml", "user", "login"]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
    const expected = FILE.replace("    user:", "    login:").replace(
      HINT,
      `'{"login":"${FINGERPRINT}","password":"SHA256:old"}'`,
    );
    assert.equal(files.get("s.yaml"), expected);
  });

  test("what was renamed opens", async () => {
    const set = await runInMemory(
      ["set", "--cert", "cert.pem", "--name", "db", "-n", "shop", "new.yaml", "a"],
      { stdin: "hunter2", files: { "cert.pem": certificatePem } },
    );
    const made = set.files.get("new.yaml") ?? "";
    const renamed = await runInMemory(["rename", "new.yaml", "a", "b.c"], { files: { "new.yaml": made } });
    assert.equal(renamed.files.get("new.yaml"), made.replace("    a:", "    b.c:"));
    assert.deepEqual(await openedObjects(renamed.files.get("new.yaml") ?? "", privateKeyPem), {
      "shop/db": { "b.c": "hunter2" },
    });
  });

  test("a name that is taken, or that no item may have, is refused", async () => {
    const vault = `${FILE}  vault:\n    - {key: a, mount: secret, path: shop/a, field: x}\n`;
    for (const [to, code, message] of [
      ["password", 1, /s\.yaml has password already\n/],
      ["user", 2, /^error: the old and the new name are the same\nhint: write signet rename FILE OLD NEW\n$/],
      ["a", 1, /s\.yaml has a already, under spec\.vault\n/],
      ["a/b", 2, /"a\/b" is not a name/],
    ] as const) {
      const {
        code: ended,
        stderr,
        files,
      } = await run(["rename", "s.yaml", "user", to], {
        files: { "s.yaml": vault },
      });
      assert.equal(ended, code);
      assert.match(stderr, message);
      assert.equal(files.get("s.yaml"), vault);
    }
    assert.equal((await run(["rename", "s.yaml", "user"])).code, 2);
    assert.equal((await run(["rename", "s.yaml", "user", "a", "b"])).code, 2);
  });

  test("tells of a template that names it as it was", async () => {
    const template = "  template:\n    data:\n      dsn: '{{ index . \"user\" }}'\n";
    const { stderr } = await run(["rename", "s.yaml", "user", "login"], {
      files: { "s.yaml": FILE + template },
    });
    assert.equal(stderr, "warning: s.yaml: spec.template.data.dsn still names user, which is now login\n");
  });
});
