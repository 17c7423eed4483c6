import assert from "node:assert/strict";
import { test } from "node:test";
import { Encrypter, generateHybridIdentity } from "age-encryption";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { IdentitySecret } from "../../../controller/sops/identity-secret.ts";
import { judgeIdentities } from "../../../controller/sops/judge-identities.ts";
import { identitySecret, testIdentity } from "./identity-secrets.ts";

const [one, two] = await Promise.all([testIdentity(), testIdentity()]);
const verdictOf = (secret: SecretObject) => judgeIdentities(new IdentitySecret(secret));
async function problemOf(items: Record<string, string>, serves = "*"): Promise<string> {
  const verdict = await verdictOf(identitySecret(items, { serves }));
  return verdict.ok ? assert.fail("it is taken") : verdict.problem;
}

test("each item is a file of identities, with comments; one that comes twice counts once", async () => {
  const file = `# created: today\n# public key: ${one.recipient}\n${one.text}\n\n`;
  const verdict = await verdictOf(identitySecret({ "a.agekey": file, b: `${two.text} ${one.text}` }));
  assert.ok(verdict.ok, "problem" in verdict ? verdict.problem : "");
  const recipients = await Promise.all(verdict.identities.map((identity) => identity.recipient()));
  assert.deepEqual(recipients.sort(), [one.recipient, two.recipient].sort());
  assert.equal(verdict.served, "all");
});

test("post-quantum identities are taken", async () => {
  const verdict = await verdictOf(identitySecret({ pq: await generateHybridIdentity() }));
  assert.equal(verdict.ok && verdict.identities.length, 1);
});

const broken = one.text.replace(/.$/, (last) => (last === "Q" ? "P" : "Q"));
for (const [what, items, problem] of [
  ["no items", {}, /^it has no items$/],
  ["an empty item", { a: "" }, /^its item a has no age identity/],
  ["comments alone", { a: `# ${one.recipient}\n` }, /^its item a has no age identity/],
  ["a recipient", { a: one.recipient }, /^its item a, line 1: this is no age identity/],
  ["an identity that was mistyped", { a: `# x\n${broken}` }, /^its item a, line 2: this is no age identity/],
  ["an identity of a plugin", { a: "AGE-PLUGIN-YUBIKEY-1QQQ" }, /^its item a, line 1: .*plugin/],
  ["a private key of SSH", { a: "-----BEGIN OPENSSH PRIVATE KEY-----\n" }, /^its item a, line 1: SSH keys/],
  [
    "one bad item among good ones",
    { a: one.text, b: "hunter2" },
    /^its item b, line 1: this is no age identity/,
  ],
] as const) {
  test(`refused whole: ${what}`, async () => {
    const told = await problemOf(items);
    assert.match(told, problem);
    assert.doesNotMatch(told, /hunter2|AGE-SECRET-KEY-1[A-Z0-9]{8}|YUBIKEY/);
  });
}

test("a file under a passphrase is refused, since nobody can be asked for it", async () => {
  const encrypter = new Encrypter();
  encrypter.setPassphrase("hunter2");
  encrypter.setScryptWorkFactor(2);
  const secret = identitySecret({});
  const file = Buffer.from(await encrypter.encrypt(one.text)).toString("base64");
  const verdict = await verdictOf({ ...secret, data: { "keys.age": file } });
  assert.match(verdict.ok ? "" : verdict.problem, /^its item keys\.age is under a passphrase/);
});

test("bytes that are no text are told as such", async () => {
  const verdict = await verdictOf({
    ...identitySecret({}),
    data: { a: Buffer.from([255, 254]).toString("base64") },
  });
  assert.match(verdict.ok ? "" : verdict.problem, /^its item a is no text/);
});

test("identities that serve nobody are refused, however good they are", async () => {
  assert.match(await problemOf({ a: one.text }, ""), /serves no namespace/);
});

test("what a Secret held is wiped once it is asked for", () => {
  const secret = new IdentitySecret(identitySecret({ a: one.text }));
  const bytes = secret.items.get("a") ?? assert.fail();
  assert.equal(Buffer.from(bytes).toString(), one.text);
  secret.wipe();
  assert.deepEqual([secret.items.size, new Set(bytes)], [0, new Set([0])]);
});

test("of its annotations none is kept but that of the namespaces: kubectl's holds all of the Secret", () => {
  const secret = identitySecret({ a: one.text }, { serves: "team" });
  const record = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(secret) };
  Object.assign(secret.metadata.annotations ?? assert.fail(), record);
  const { about } = new IdentitySecret(secret);
  assert.deepEqual(about.metadata.annotations, { "signet.dev/age-namespaces": "team" });
  assert.doesNotMatch(JSON.stringify(about), /AGE-SECRET-KEY/);
});

test("an item without a value is none", async () => {
  const secret = { ...identitySecret({}), data: { a: null, b: Buffer.from(one.text).toString("base64") } };
  assert.equal((await verdictOf(secret as unknown as SecretObject)).ok, true);
});
