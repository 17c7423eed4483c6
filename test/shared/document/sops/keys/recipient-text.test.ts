import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { generateHybridIdentity, identityToRecipient } from "age-encryption";
import {
  readAgeRecipients,
  readContext,
  readKmsRecipients,
  readVaultRecipient,
  readVaultRecipients,
  recipientLine,
  shownRecipient,
  vaultAddressOf,
} from "../../../../../shared/document/sops/keys/recipient-text.ts";
import { InputError } from "../../../../../shared/errors.ts";

const age1 = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const age2 = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";
const pq = await identityToRecipient(await generateHybridIdentity());
const arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const alias = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/team/sops";
const role = "arn:aws:iam::210987654321:role/sops-role";

function refused(read: () => unknown, says: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, says);
    assert.doesNotMatch(`${error.message} ${error.hint}`, /canary/i);
    return true;
  });
}

describe("recipients of age", () => {
  it("stand with commas between them", () => {
    assert.deepEqual(readAgeRecipients(` ${age1}, ${age2},${pq},`, "--age"), [
      { type: "age", recipient: age1 },
      { type: "age", recipient: age2 },
      { type: "age", recipient: pq },
    ]);
  });

  it("are refused with their place, and never quoted", () => {
    const cases: [string, RegExp][] = [
      [`${age1},AGE-SECRET-KEY-1CANARY`, /^--age, recipient 2 is a private key$/],
      ["age-secret-key-1canary", /is a private key/],
      ["ssh-ed25519 CANARY me@canary", /is an SSH key/],
      ["age1yubikey1canary0", /belongs to an age plugin/],
      ["age1canary", /is no age recipient/],
      [age1.toUpperCase(), /is no age recipient/],
      ["pgp-canary", /is no age recipient/],
    ];
    for (const [text, says] of cases) refused(() => readAgeRecipients(text, "--age"), says);
  });

  it("are shown so that nothing else of a document is", () => {
    assert.equal(shownRecipient(age1), age1);
    assert.equal(shownRecipient(pq), `${pq.slice(0, 20)}…`);
    assert.equal(shownRecipient("ssh-ed25519 AAAA canary"), "for a recipient ssh-ed25519…");
    assert.equal(shownRecipient("age1yubikey1q0canary"), "for a recipient age1yubikey…");
    for (const text of ["", "canary", "AGE-SECRET-KEY-1CANARY", `${age1}\ncanary`])
      assert.equal(shownRecipient(text), "for a recipient of no known form");
  });
});

describe("keys of AWS KMS", () => {
  const plain = { context: {}, awsProfile: "" };

  it("stand with commas between them, each perhaps with a role", () => {
    assert.deepEqual(readKmsRecipients(`${arn}+${role}, ${alias}`, "--kms"), [
      { type: "kms", arn, role, ...plain },
      { type: "kms", arn: alias, role: "", ...plain },
    ]);
  });

  it("have one profile and one context for all", () => {
    const more = { context: { team: "shop" }, awsProfile: "prod" };
    assert.deepEqual(readKmsRecipients(`${arn},${alias}`, "--kms", more), [
      { type: "kms", arn, role: "", ...more },
      { type: "kms", arn: alias, role: "", ...more },
    ]);
  });

  it("are refused where a part has not its form", () => {
    const cases: [string, RegExp][] = [
      ["alias/canary", /^--kms, key 1 is no ARN/],
      [`${arn},arn:aws:kms:x:1:key/canary`, /^--kms, key 2 is no ARN/],
      [`${arn}/../canary`, /is no ARN/],
      [`${arn}+canary`, /its role is no ARN/],
      [`${arn}+arn:aws:iam::123456789012:user/canary`, /its role is no ARN/],
    ];
    for (const [text, says] of cases) refused(() => readKmsRecipients(text, "--kms"), says);
    refused(() => readKmsRecipients(arn, "--kms", { awsProfile: "\ncanary" }), /its profile/);
    refused(() => readKmsRecipients(arn, "--kms", { context: { canary: "" } }), /its encryption context/);
    refused(() => readKmsRecipients(arn, "--kms", { context: { a: "canary".repeat(1500) } }), /context/);
    refused(() => readKmsRecipients(arn, "--kms", { context: { "team=canary": "x" } }), /has a =$/);
  });
});

describe("an encryption context", () => {
  it("is pairs with commas between them", () => {
    assert.deepEqual(readContext("team:shop, env:prod", "--encryption-context"), {
      team: "shop",
      env: "prod",
    });
    assert.deepEqual(readContext("", "--encryption-context"), {});
  });

  it("has each key once, and no colon in a value", () => {
    for (const text of ["canary", "a:b:canary", ":canary", "a:", "a:\u0007canary"])
      refused(() => readContext(text, "--encryption-context"), /encryption context/);
    refused(() => readContext("a:canary,a:2", "--encryption-context"), /one key twice/);
  });
});

describe("keys of Vault", () => {
  it("are the URLs that sops takes", () => {
    const team = {
      type: "hc_vault",
      vaultAddress: "https://vault.example.com:8200",
      enginePath: "team/transit",
    };
    const url = "https://vault.example.com:8200/v1/team/transit/keys/app";
    assert.deepEqual(readVaultRecipient(url, "X"), { ...team, keyName: "app" });
    assert.deepEqual(readVaultRecipient("HTTPS://Vault.Example.com:8200/v1/team/transit/keys/app", "X"), {
      ...team,
      keyName: "app",
    });
    assert.equal(readVaultRecipients(`${url}, ${url}2`, "X").length, 2);
  });

  it("are nothing else", () => {
    for (const url of [
      "https://vault.example.com/prefix/v1/transit/keys/canary",
      "https://vault.example.com/v1/transit/keys/canary?version=2",
      "https://vault.example.com/v1/transit/keys/canary#x",
      "https://vault.example.com/v1/transit/canary",
      "https://vault.example.com/v1/keys/canary",
      "https://user:canary@vault.example.com/v1/transit/keys/app",
      "https://vault.example.com/v1/transit/../sys/keys/canary",
      "https://vault.example.com/v1/transit/keys/%63anary",
      "vault.example.com/v1/transit/keys/canary",
      "file:///v1/transit/keys/canary",
    ])
      refused(() => readVaultRecipient(url, "--hc-vault-transit"), /^--hc-vault-transit is no key of Vault/);
    refused(() => readVaultRecipients("https://v/v1/t/keys/a,canary", "X"), /^X, key 2 is no key/);
  });

  it("are compared by scheme, host and port", () => {
    assert.equal(vaultAddressOf("HTTPS://VAULT.example.com:443/"), "https://vault.example.com");
    assert.equal(vaultAddressOf("http://127.0.0.1:8200"), "http://127.0.0.1:8200");
    for (const text of ["", "vault", "https://a/b", "https://a?b", "https://u@a", "https://a\\b", "ftp://a"])
      assert.equal(vaultAddressOf(text), null);
  });
});

describe("a recipient's line", () => {
  it("names all that it is, pairs in their order", () => {
    const [kms] = readKmsRecipients(`${arn}+${role}`, "X", {
      context: { b: "2", a: "1" },
      awsProfile: "prod",
    });
    const [turned] = readKmsRecipients(`${arn}+${role}`, "X", {
      context: { a: "1", b: "2" },
      awsProfile: "prod",
    });
    assert.ok(kms !== undefined && turned !== undefined);
    assert.equal(recipientLine(kms), `kms ${arn}, role ${role}, profile prod, context a=1, context b=2`);
    assert.equal(recipientLine(kms), recipientLine(turned));
    assert.equal(recipientLine({ type: "age", recipient: age1 }), `age ${age1}`);
    const vault = readVaultRecipient("https://v.test/v1/team/transit/keys/app", "X");
    assert.equal(recipientLine(vault), "vault https://v.test/v1/team/transit/keys/app");
  });
});
