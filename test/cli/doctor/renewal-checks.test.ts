import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { publishedOptions } from "../../../cli/doctor/published-options.ts";
import { checkRenewal } from "../../../cli/doctor/renewal-checks.ts";
import type { KeySecretObject } from "../../../cli/keys/key-secrets.ts";
import { readSealingKey, type SealingKey } from "../../../cli/keys/sealing-key.ts";
import { testCertificate } from "../../support/test-certificates.ts";
import { installation, keySecret } from "./installation.ts";

const DAY_MS = 86_400_000;
const { certificatePem } = testCertificate(-1);
const base = readSealingKey(keySecret("one", certificatePem) as KeySecretObject, { toWrite: false });
const begin = base.certificate.notBefore.getTime();
/** So many days after the certificate of `base` began. */
const after = (days: number) => new Date(begin + days * DAY_MS);

const saying = async (annotations: Record<string, string>) => {
  const configMap = { metadata: { annotations }, data: { "cert.pem": certificatePem } };
  return publishedOptions(installation({ certificatePem, answers: { configMap } }).looking);
};

async function found(
  annotations: Record<string, string>,
  days: number,
  keys: readonly SealingKey[] = [base],
): Promise<string[]> {
  const checks = checkRenewal(keys, await saying(annotations), after(days));
  for (const { level, next } of checks) assert.equal(next === null, level === "ok");
  return checks.map(({ level, found: what }) => `${level} ${what}`);
}

const PERIOD = "signet.dev/key-renew-period";
const CUTOFF = "signet.dev/key-cutoff-time";

suite("renewal", () => {
  test("is not judged where the controller says nothing of it, or nothing that can be read", async () => {
    assert.deepEqual(await found({}, 4000), []);
    assert.deepEqual(await found({ [PERIOD]: "soon", [CUTOFF]: "then" }, 4000), []);
  });

  for (const [what, period, days, expected] of [
    ["in time", "2592000s", 29, /^ok the newest key is 29 days old, and is succeeded at 30 days$/],
    ["due a moment ago", "2592000s", 30.01, /^ok/],
    ["overdue", "2592000s", 31, /^warn the newest key is 31 days old, and was to be succeeded at 30 days$/],
    ["by the hour", "5400s", 1, /^warn .* succeeded at 1\.5 hours$/],
    ["switched off, with a young key", "0s", 29, /^ok keys are not renewed \(--key-renew-period=0\)/],
    [
      "switched off, with an old key",
      "0s",
      400,
      /^warn the newest key is 400 days old, and keys are not renewed/,
    ],
  ] as const) {
    test(what, async () => {
      const [check, ...others] = await found({ [PERIOD]: period }, days);
      assert.match(check ?? "", expected);
      assert.deepEqual(others, []);
    });
  }

  test("counts from the newest key, from its promotion, and from its Secret where that is the order", async () => {
    const period = { [PERIOD]: "864000s" };
    const level = async (key: SealingKey, more = {}) =>
      (await found({ ...period, ...more }, 25, [base, key])).map((line) => line.split(" ")[0]);
    assert.deepEqual(await level(base), ["warn"]);
    const newer = { ...base, certificate: { ...base.certificate, notBefore: after(20) } };
    assert.deepEqual(await level(newer), ["ok"]);
    assert.deepEqual(await level({ ...newer, isMadeToWait: true }), ["warn"], "it does not seal by itself");
    assert.deepEqual(await level({ ...base, promoted: after(20).toISOString() }), ["ok"]);
    const restored = { ...newer, isMadeToWait: true, promoted: after(20).toISOString() };
    assert.deepEqual(await level(restored), ["ok"], "once it is promoted, it counts");
    const { metadata, ...secret } = base.secret;
    const dated = { ...secret, metadata: { ...metadata, creationTimestamp: after(20).toISOString() } };
    assert.deepEqual(await level({ ...base, secret: dated }), ["warn"]);
    const bySecret = { "signet.dev/key-order-priority": "SecretCreationTimestamp" };
    assert.deepEqual(await level({ ...base, secret: dated }, bySecret), ["ok"]);
  });

  test("passes over a key that begins some day, and one that nobody promoted where another is", async () => {
    const period = { [PERIOD]: "2592000s" };
    const [overdue] = await found(period, 40);
    const promoted = { ...base, promoted: after(1).toISOString() };
    const planted = (days: number) => ({
      ...base,
      certificate: { ...base.certificate, notBefore: after(days) },
    });
    assert.deepEqual(await found(period, 40, [base, planted(4000)]), [overdue]);
    const promotedOverdue = await found(period, 40, [promoted]);
    assert.match(promotedOverdue[0] ?? "", /^warn the newest key is 39 days old/);
    assert.deepEqual(await found(period, 40, [promoted, planted(39)]), promotedOverdue);
    const early = { ...promoted, promoted: after(4000).toISOString() };
    assert.deepEqual(
      await found(period, 40, [early]),
      [overdue],
      "a promotion for a time to come is none yet",
    );
  });

  for (const [what, day, expected] of [
    ["ahead", 12, /^warn --key-cutoff-time is \S+, which lies ahead: each start .* makes a new key/],
    ["behind, with an older key", 5, /^warn .* the newest key is older: none was made/],
    ["behind, with a newer key", -5, /^ok .* has done its work$/],
  ] as const) {
    test(`a cut-off time that lies ${what}`, async () => {
      const [check, ...others] = await found({ [CUTOFF]: after(day).toISOString() }, 10);
      assert.match(check ?? "", expected);
      assert.deepEqual(others, []);
    });
  }
});
