import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeKeyServices, keyServiceRules, usesVaultItself } from "../../controller/key-service-settings.ts";
import { readControllerOptions } from "../../controller/options.ts";
import { UsageError } from "../../shared/errors.ts";

const KEY = "arn:aws:kms:eu-west-1:111122223333:key/a";
const VAULT = ["--vault-addr=https://vault.example", "--vault-role=signet"];
const read = (args: readonly string[]) => readControllerOptions(args, {});
const judge = (args: readonly string[]) => {
  const options = read(args);
  judgeKeyServices(options, options["cluster-id"]);
};

const contradictions: [string, string[], string[]][] = [
  [
    "allowed keys and no address",
    ["--vault-allowed-keys=transit/app"],
    ["--vault-allowed-keys", "--vault-addr"],
  ],
  ["a wrapping key and no address", ["--sealing-key-wrap=vault:a/b"], ["--sealing-key-wrap", "--vault-addr"]],
  [
    "an unwrapping key and no address",
    [`--sealing-key-unwrap=kms:${KEY},vault:a/b`],
    ["--sealing-key-unwrap", "--vault-addr"],
  ],
  ["KV mounts and no address", ["--vault-kv-mounts=secret"], ["--vault-kv-mounts", "--vault-addr"]],
  [
    "redirections and no address",
    ["--vault-redirect-addrs=https://other.example"],
    ["--vault-redirect-addrs", "--vault-addr"],
  ],
  ["no role", ["--vault-addr=https://vault.example", "--vault-allowed-keys=a/b"], ["--vault-role"]],
  [
    "a method of files and no file",
    [...VAULT, "--vault-allowed-keys=a/b", "--vault-auth-method=token-file"],
    ["--vault-auth-method", "--vault-token-file"],
  ],
  [
    "a file and another method",
    [...VAULT, "--vault-allowed-keys=a/b", "--vault-token-file=/t"],
    ["--vault-token-file", "--vault-auth-method"],
  ],
  [
    "KMS keys and no cluster",
    [`--kms-allowed-keys=${KEY}`, "--cluster-id=none"],
    ["--kms-allowed-keys", "--cluster-id"],
  ],
  [
    "Vault keys and no cluster",
    [...VAULT, "--vault-allowed-keys=a/b", "--cluster-id=none"],
    ["--vault-allowed-keys", "--cluster-id"],
  ],
];
for (const [what, args, named] of contradictions) {
  test(`refused at the start, by name: ${what}`, () => {
    assert.throws(
      () => judge(args),
      (error: unknown) => {
        assert.ok(error instanceof UsageError);
        for (const name of named) assert.ok(error.message.includes(name), `${error.message} names ${name}`);
        return true;
      },
    );
  });
}

for (const args of [
  [],
  ["--cluster-id=none"],
  ["--vault-addr=https://vault.example"],
  [`--kms-allowed-keys=${KEY}`],
  [...VAULT, "--vault-allowed-keys=a/b", "--vault-redirect-addrs=https://other.example"],
  [
    "--vault-addr=https://vault.example",
    "--vault-allowed-keys=a/b",
    "--vault-auth-method=token-file",
    "--vault-token-file=/t",
  ],
  // Tenants log in for themselves there.
  ["--vault-addr=https://vault.example", "--vault-kv-mounts=secret"],
]) {
  test(`goes together: ${args.join(" ") || "nothing"}`, () => assert.doesNotThrow(() => judge(args)));
}

test("the controller logs in to Vault for keys, not for what tenants read", () => {
  const uses = (...args: string[]) => usesVaultItself(read(args));
  assert.equal(uses(), false);
  assert.equal(uses("--vault-kv-mounts=secret"), false);
  assert.equal(uses("--vault-allowed-keys=a/b"), true);
  assert.equal(uses("--sealing-key-wrap=vault:a/b"), true);
  assert.equal(uses(`--sealing-key-unwrap=kms:${KEY}`), false);
});

test("the rules of records change with whatever a value can depend on, and with nothing else", () => {
  const rules = (...args: string[]) => JSON.stringify(keyServiceRules(read(args), "c"));
  const base = [...VAULT, "--vault-allowed-keys=a/b,a/c", `--kms-allowed-keys=${KEY}`];
  const usual = rules(...base);
  for (const args of [
    ["--vault-allowed-keys=a/b"],
    ["--vault-allowed-keys=a/b,a/d"],
    ["--kms-allowed-keys="],
    ["--vault-addr=https://other.example"],
    ["--vault-namespace=team"],
    ["--kms-allowed-contexts=team=a"],
  ])
    assert.notEqual(rules(...base, ...args), usual, args[0]);
  assert.notEqual(JSON.stringify(keyServiceRules(read(base), "d")), usual, "the cluster's id");
  for (const args of [
    ["--vault-allowed-keys=a/c,a/b"],
    ["--vault-role=other"],
    ["--vault-ca-file=/ca"],
    ["--vault-jwt-file=/jwt"],
  ])
    assert.equal(rules(...base, ...args), usual, args[0]);
});

test("without allowed keys there are no rules, whatever else is given: an upgrade has nothing judged again", () => {
  assert.equal(keyServiceRules(read(VAULT), "c"), null);
  assert.equal(keyServiceRules(read(["--kms-allowed-contexts=team=a"]), "c"), null);
  const kmsAlone = keyServiceRules(read([...VAULT, `--kms-allowed-keys=${KEY}`]), "c");
  assert.equal(kmsAlone?.vault, null, "where no Vault key is allowed its address counts for nothing");
});
