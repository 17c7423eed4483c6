import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { kmsKeyName, regionOfKeys } from "../../../shared/aws/kms-key-name.ts";

const account = "123456789012";

for (const [text, region] of [
  ["1234abcd-12ab-34cd-56ef-1234567890ab", null],
  ["mrk-1234abcd12ab34cd56ef1234567890ab", null],
  ["alias/app/main_1", null],
  [`arn:aws:kms:eu-central-1:${account}:key/1234abcd-12ab`, "eu-central-1"],
  [`arn:aws:kms:us-east-1:${account}:alias/app/main`, "us-east-1"],
  [`arn:aws-cn:kms:cn-north-1:${account}:key/a`, "cn-north-1"],
  [`arn:aws-us-gov:kms:us-gov-west-1:${account}:key/a`, "us-gov-west-1"],
  [`arn:aws-eusc:kms:eusc-de-east-1:${account}:key/a`, "eusc-de-east-1"],
] as const)
  test(`${text} is a key of ${region ?? "the default region"}`, () =>
    assert.deepEqual(kmsKeyName(text), { text, region }));

for (const text of [
  "",
  "alias/",
  "alias/a b",
  "key/a",
  "a".repeat(129),
  `arn:aws:kms:eu-central-1:${account}:key/`,
  `arn:aws:kms:eu-central-1:${account}:key/a:b`,
  `arn:aws:kms:eu-central-1:${account}:key/a\n`,
  ` arn:aws:kms:eu-central-1:${account}:key/a`,
  "arn:aws:kms:eu-central-1:12345:key/a",
  `arn:aws:kms:evil.example/-1:${account}:key/a`,
  `arn:aws:kms:eu-central-1@evil:${account}:key/a`,
  `arn:aws:kms:*:${account}:key/a`,
  `arn:azure:kms:eu-central-1:${account}:key/a`,
  `arn:aws:kms:eu-central-1:${account}:key/${"a".repeat(257)}`,
])
  test(`${JSON.stringify(text.slice(0, 70))} is no key`, () => assert.equal(kmsKeyName(text), null));

test("whatever stands for the region, only what can be one label of a host name gets through", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-ascii" }), (region) => {
      const name = kmsKeyName(`arn:aws:kms:${region}:${account}:key/a`);
      if (name !== null) assert.match(name.region ?? "", /^[a-z0-9-]+$/);
    }),
  );
});

test("two keys agree on a region, or one of them says it", () => {
  const key = `arn:aws:kms:eu-central-1:${account}:key/a`;
  assert.equal(regionOfKeys(key, key), "eu-central-1");
  assert.equal(regionOfKeys("alias/a", key), "eu-central-1");
  assert.equal(regionOfKeys(key), "eu-central-1");
  assert.equal(regionOfKeys("alias/a", "alias/b"), null);
  assert.throws(() => regionOfKeys(key, key.replace("eu", "us")), /two regions/);
});
