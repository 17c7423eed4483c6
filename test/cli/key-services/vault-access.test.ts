import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KEYS, KeyServiceWorld, secretYaml, VAULT } from "../../support/key-service-world.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const { certificatePem } = testCertificate();
const stdin = secretYaml({ a: "b" });
const TRANSIT = ["--vault-key", KEYS.vault[0]];

suite("the way to Vault", () => {
  const seal = (
    env: Record<string, string>,
    args: readonly string[] = [],
    files: Record<string, string> = {},
  ) => {
    const world = new KeyServiceWorld();
    return world
      .run([...TRANSIT, ...args], { stdin, env, files })
      .then((run) => ({ ...run, connected: world.connected }));
  };

  test("is the one of the flags, then of our variables, then of Vault's", async () => {
    const [flag, ours] = ["https://flag.example.com", "https://ours.example.com:8200"];
    const flags = ["--vault-addr", flag, "--vault-namespace", "/team/a/"];
    assert.deepEqual((await seal({}, flags)).connected, [`${flag} team/a s.token`]);
    assert.deepEqual((await seal({ SEALED_SECRETS_VAULT_ADDR: ours })).connected, [`${ours}  s.token`]);
    assert.deepEqual((await seal({ VAULT_NAMESPACE: "team" })).connected, [`${VAULT} team s.token`]);
  });

  test("needs an address, and one of a server", async () => {
    assert.match((await seal({ VAULT_ADDR: "" })).stderr, /^error: the address of Vault is not given\n/);
    for (const address of [
      "vault",
      "ftp://vault",
      "https://vault/v1",
      "https://me@vault",
      "https://vault?x",
      "https://",
    ]) {
      const run = await seal({ VAULT_ADDR: address });
      assert.deepEqual([run.code, run.connected], [2, []], address);
      assert.match(run.stderr, /^error: VAULT_ADDR is no address of a server\n/);
      assert.match((await seal({}, ["--vault-addr", address])).stderr, /^error: --vault-addr is no address/);
    }
    assert.match((await seal({ VAULT_NAMESPACE: "a/../b?" })).stderr, /VAULT_NAMESPACE is no namespace/);
  });

  test("is not taken without a look at Vault's certificate", async () => {
    for (const value of ["1", "true", "T", "yes"]) {
      const run = await seal({ VAULT_SKIP_VERIFY: value });
      assert.deepEqual([run.code, run.connected], [2, []]);
      assert.match(run.stderr, /^error: VAULT_SKIP_VERIFY is set, .*\nhint: .*--vault-ca-cert FILE/);
    }
    for (const value of ["", "0", "false", "F"])
      assert.equal((await seal({ VAULT_SKIP_VERIFY: value })).code, 0);
  });

  test("is not taken where a variable that is not heeded says whom to trust", async () => {
    const files = { "ca.pem": certificatePem };
    for (const name of ["VAULT_CACERT_BYTES", "VAULT_CAPATH", "VAULT_TLS_SERVER_NAME"]) {
      const run = await seal({ [name]: "canary" });
      assert.deepEqual([run.code, run.connected], [2, []]);
      assert.match(run.stderr, new RegExp(`^error: ${name} is set, and .*\nhint: unset it, and `));
      assert.doesNotMatch(run.stderr, /canary/);
      const flagged = await seal({ [name]: "canary" }, ["--vault-ca-cert", "ca.pem"], files);
      assert.equal(flagged.code, name === "VAULT_TLS_SERVER_NAME" ? 2 : 0);
      assert.equal((await seal({ [name]: "" })).code, 0);
    }
    const both = { VAULT_CACERT: "ca.pem", VAULT_CAPATH: "/certs" };
    assert.equal((await seal(both, [], files)).code, 0, "the file comes first, as in Vault's own tools");
  });

  test("takes the certificates of a file, and refuses what holds none", async () => {
    const files = { "ca.pem": certificatePem, "other.pem": "nothing" };
    const withCa = [`${VAULT}  s.token with a CA`];
    assert.deepEqual((await seal({}, ["--vault-ca-cert", "ca.pem"], files)).connected, withCa);
    assert.deepEqual((await seal({ VAULT_CACERT: "ca.pem" }, [], files)).connected, withCa);
    assert.match(
      (await seal({ VAULT_CACERT: "other.pem" }, [], files)).stderr,
      /other\.pem holds no certificate/,
    );
    assert.match(
      (await seal({ VAULT_CACERT: "gone.pem" }, [], files)).stderr,
      /cannot read gone\.pem.*no such file/,
    );
  });

  test("takes the token of a file, then VAULT_TOKEN, then what vault login left", async () => {
    const files = {
      "t.txt": "s.file\n",
      "/home/me/.vault-token": "s.login",
      "bad.txt": "s.a b",
      "empty.txt": "",
    };
    const env = { HOME: "/home/me" };
    const flag = ["--vault-token-file", "t.txt"];
    assert.deepEqual((await seal(env, flag, files)).connected, [`${VAULT}  s.file`]);
    assert.deepEqual((await seal(env, [], files)).connected, [`${VAULT}  s.token`]);
    assert.deepEqual((await seal({ ...env, VAULT_TOKEN: "" }, [], files)).connected, [`${VAULT}  s.login`]);
    const none = await seal({ VAULT_TOKEN: "" });
    assert.match(none.stderr, /^error: there is no token for Vault\nhint: log in with vault login/);
    for (const file of ["bad.txt", "empty.txt", "gone.txt"]) {
      const run = await seal(env, ["--vault-token-file", file], files);
      assert.deepEqual([run.code, run.connected], [1, []]);
      assert.doesNotMatch(run.stderr, /s\.a/);
    }
    const odd = await seal({ VAULT_TOKEN: "s.odd token" });
    assert.match(odd.stderr, /^error: VAULT_TOKEN holds no token for Vault\n/);
    assert.doesNotMatch(odd.stderr, /odd token/);
  });

  test("without TLS is told, whoever reads it, but to this machine itself", async () => {
    const says = async (address: string) =>
      /can be read on their way/.test((await seal({}, ["--vault-addr", address])).stderr);
    assert.equal(await says("http://vault.example.com:8200"), true);
    assert.equal(await says("http://127.0.0.1.example.com"), true);
    for (const address of ["http://127.0.0.1:8200", "http://localhost:8200", "http://[::1]:8200", VAULT])
      assert.equal(await says(address), false, address);
  });

  test("has no flag for the token itself", async () => {
    assert.equal((await seal({}, ["--vault-token", "s.x"])).code, 2);
  });
});
