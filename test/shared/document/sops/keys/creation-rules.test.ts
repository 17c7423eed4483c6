import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { creationRuleFor } from "../../../../../shared/document/sops/keys/creation-rules.ts";
import { InputError } from "../../../../../shared/errors.ts";

const age1 = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const age2 = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";
const arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const role = "arn:aws:iam::210987654321:role/sops";
const vault = "https://vault.test:8200/v1/team/transit/keys/app";
const vaultRecipient = {
  type: "hc_vault",
  vaultAddress: "https://vault.test:8200",
  enginePath: "team/transit",
  keyName: "app",
};
const kms = { type: "kms", arn, role: "", context: {}, awsProfile: "" };
const age = (recipient: string) => ({ type: "age", recipient });

const ruleFor = (text: string, path = "app/secret.yaml") => creationRuleFor(text, path, ".sops.yaml");
const rule = (text: string) => ruleFor(`creation_rules:\n  - ${text.replaceAll("\n", "\n    ")}\n`);

async function refused(asked: Promise<unknown>, says: RegExp): Promise<void> {
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, says);
    assert.doesNotMatch(`${error.message} ${error.hint}`, /canary/i);
    return true;
  });
}

describe("the rule for a path", () => {
  const text = `
creation_rules:
  - path_regex: ^prod/.*\\.ya?ml$
    age: ${age1}
  - path_regex: secret
    age: ${age2}
  - age: ${age1}, ${age2}
`;
  const recipients = async (path: string) => (await ruleFor(text, path))?.groups;

  it("is the first that fits, anywhere in the path", async () => {
    assert.deepEqual(await recipients("prod/secret.yml"), [[age(age1)]]);
    assert.deepEqual(await recipients("my/prod/secret.yml"), [[age(age2)]]);
    assert.deepEqual(await recipients("plain.json"), [[age(age1), age(age2)]]);
    assert.equal((await ruleFor(text, "plain.json"))?.where, ".sops.yaml, rule 3");
  });

  it("is none where the file has none", async () => {
    for (const none of [
      "",
      "# nothing",
      "stores:\n  yaml:\n    indent: 2\n",
      "creation_rules: []",
      "creation_rules:",
    ])
      assert.equal(await ruleFor(none), null);
  });

  it("has to fit, and its pattern to be one of Go's", async () => {
    await refused(
      ruleFor(`creation_rules:\n- path_regex: canary$\n  age: ${age1}`),
      /no creation rule of \.sops\.yaml fits the path app\/secret\.yaml$/,
    );
    await refused(ruleFor(`creation_rules:\n- path_regex: canary$\n  age: ${age1}`, ""), /is for a stream/);
    for (const pattern of ["(?!x)canary", "canary(", `"(canary{1000}){1000}"`])
      await refused(
        rule(`path_regex: ${pattern}\nage: ${age1}`),
        /rule 1: path_regex is no regular expression/,
      );
    assert.notEqual(await rule(`path_regex: (?i)\\ASECRET|app\nage: ${age1}`), null);
  });

  it("is looked at only when its turn comes", async () => {
    const later = `creation_rules:\n- age: ${age1}\n- path_regex: (\n  pgp: canary\n  what: 1\n`;
    assert.deepEqual((await ruleFor(later))?.groups, [[age(age1)]]);
  });
});

describe("flat recipients", () => {
  it("of all services make one group, as texts and as lists", async () => {
    const texts = await rule(
      `age: >-\n  ${age1},\n  ${age2}\nkms: ${arn}+${role}\nhc_vault_transit_uri: ${vault}`,
    );
    assert.deepEqual(texts?.groups, [[{ ...kms, role }, vaultRecipient, age(age1), age(age2)]]);
    const lists = await rule(
      `age:\n  - ${age1}\n  - ${age2}\nkms: [${arn}+${role}]\nhc_vault_transit_uri: [${vault}]`,
    );
    assert.deepEqual(lists?.groups, texts.groups);
  });

  it("have one profile for all KMS keys, and come once", async () => {
    const made = await rule(`kms: ${arn},${arn}\naws_profile: prod`);
    assert.deepEqual(made?.groups, [[{ ...kms, awsProfile: "prod" }]]);
  });

  it("do not count beside key_groups", async () => {
    const made = await rule(`pgp: canary\nage: canary\nkey_groups:\n- age: [${age1}]`);
    assert.deepEqual(made?.groups, [[age(age1)]]);
  });

  it("are refused where signet cannot encrypt for them, or there are none", async () => {
    for (const [field, service] of [
      ["pgp: CANARY", "PGP"],
      ["gcp_kms: projects/canary", "GCP KMS"],
      ["azure_keyvault: https://canary", "Azure Key Vault"],
      ["hckms: [eu:canary]", "Huawei Cloud KMS"],
    ])
      await refused(
        rule(`age: ${age1}\n${field}`),
        new RegExp(`rule 1: \\w+ names recipients of ${service},`),
      );
    for (const empty of ["pgp: ''", "hckms: []", "gcp_kms:"]) {
      assert.deepEqual((await rule(`age: ${age1}\n${empty}`))?.groups, [[age(age1)]]);
    }
    for (const none of ["age: ''", "path_regex: .", "key_groups: []", "key_groups: [{age: []}]"])
      await refused(rule(none), /rule 1 names no recipient/);
    await refused(rule("age: AGE-SECRET-KEY-1CANARY"), /rule 1: age, recipient 1 is a private key/);
    await refused(rule("kms: alias/canary"), /rule 1: kms, key 1 is no ARN/);
    await refused(rule("hc_vault_transit_uri: canary"), /rule 1: hc_vault_transit_uri, key 1 is no key/);
  });
});

describe("key groups", () => {
  it("have recipients of all services, each once, with roles, profiles and contexts", async () => {
    const made = await rule(`shamir_threshold: 2
key_groups:
- age: [${age1}, ${age1}]
  hc_vault: [${vault}]
- kms:
  - arn: ${arn}
    role: ${role}
    aws_profile: prod
    context: {team: shop, shard: 7, live: true, rate: 1.50}
  - arn: ${arn}`);
    const context = { team: "shop", shard: "7", live: "true", rate: "1.50" };
    assert.deepEqual(made?.groups, [
      [vaultRecipient, age(age1)],
      [{ ...kms, role, awsProfile: "prod", context }, kms],
    ]);
    assert.equal(made.shamirThreshold, 2);
  });

  it("take in what they merge, before their own", async () => {
    const made = await rule(`key_groups:
- merge:
  - age: [${age1}]
  - merge: [{kms: [{arn: "${arn}"}]}]
  age: [${age2}, ${age1}]`);
    assert.deepEqual(made?.groups, [[age(age1), kms, age(age2)]]);
    const deep = (depth: number): string =>
      depth === 0 ? `{age: [${age1}]}` : `{merge: [${deep(depth - 1)}]}`;
    await refused(rule(`key_groups: [${deep(20)}]`), /merged too deeply/);
  });

  it("have a threshold that fits, and no empty one among them", async () => {
    const groups = `key_groups: [{age: [${age1}]}, {age: [${age2}]}]`;
    for (const threshold of [1, 3])
      await refused(
        rule(`${groups}\nshamir_threshold: ${threshold}`),
        /shamir_threshold fits not the 2 groups/,
      );
    for (const threshold of ["-1", "256", "1.5", "two", "0x2"])
      await refused(rule(`${groups}\nshamir_threshold: ${threshold}`), /is no whole number/);
    assert.equal((await rule(`age: ${age1}\nshamir_threshold: 5`))?.shamirThreshold, 5);
    await refused(rule(`key_groups: [{age: [${age1}]}, {}]`), /no recipient in one of its groups/);
    await refused(rule(`key_groups: [{age: [${age1}]}, {pgp: [canary]}]`), /key_groups\[1\]: pgp names/);
    await refused(rule(`key_groups: [{kms: [{arn: canary}]}]`), /key_groups\[0\]\.kms\[0\] is no ARN/);
    await refused(rule(`key_groups: [{hc_vault: [canary]}]`), /key_groups\[0\]\.hc_vault\[0\] is no key/);
  });
});

describe("what is encrypted", () => {
  it("goes by the one rule that is there", async () => {
    for (const name of ["unencrypted_suffix", "encrypted_regex", "encrypted_comment_regex"])
      assert.deepEqual((await rule(`age: ${age1}\n${name}: x\nmac_only_encrypted: true`))?.selection, {
        rule: name,
        pattern: "x",
      });
    const plain = await rule(`age: ${age1}`);
    assert.deepEqual([plain?.selection, plain?.macOnlyEncrypted], [{ rule: "default" }, false]);
    assert.equal((await rule(`age: ${age1}\nmac_only_encrypted: true`))?.macOnlyEncrypted, true);
    await refused(
      rule(`age: ${age1}\nencrypted_regex: canary\nunencrypted_suffix: canary`),
      /both unencrypted_suffix and encrypted_regex/,
    );
  });
});

describe("a file that is none", () => {
  it("is refused by place, and never quoted", async () => {
    const cases: [string, RegExp][] = [
      ["creation_rules: canary", /creation_rules is no list/],
      ["- canary", /\.sops\.yaml is no mapping/],
      ["creation_rules: [canary]", /rule 1 is no mapping/],
      ["creation_rules: [{path_regex: [canary]}]", /path_regex is no text/],
      [`creation_rules: [{age: {canary: 1}}]`, /rule 1: age is no text/],
      [`creation_rules: [{age: [[canary]]}]`, /rule 1: age\[0\] is no text/],
      [`creation_rules: [{age: ${age1}, mac_only_encrypted: "yes"}]`, /neither true nor false/],
      [
        `creation_rules: [{age: ${age1}, recipients: canary}]`,
        /has the field recipients that signet does not know/,
      ],
      [`creation_rules: [{age: ${age1}, "canary canary": 1}]`, /has a field that signet does not know/],
      [`creation_rules: [{key_groups: [{ages: [${age1}]}]}]`, /key_groups\[0\] has the field ages/],
      [`creation_rules: [{key_groups: [{kms: [{key: canary}]}]}]`, /kms\[0\] has the field key/],
      [`creation_rules: [{key_groups: [{kms: [{arn: "${arn}", context: [1]}]}]}]`, /context is no mapping/],
      ["creation_rules:\n- age: x\n  age: canary\n", /line 3/],
      ["creation_rules: []\n---\ncanary: 1\n", /more than one document/],
    ];
    for (const [text, says] of cases) await refused(ruleFor(text), says);
  });
});
