import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { armor, Encrypter, generateHybridIdentity, identityToRecipient } from "age-encryption";
import { utf8 } from "../../../../../shared/bytes.ts";
import {
  joinAgeIdentities,
  readAgeIdentities,
} from "../../../../../shared/document/sops/keys/age-identities.ts";
import { MissingIdentityError } from "../../../../../shared/document/sops/keys/missing-identity-error.ts";
import { type SopsUnwrapping, sopsUnwrapper } from "../../../../../shared/document/sops/keys/unwrapper.ts";
import { sopsWrapper } from "../../../../../shared/document/sops/keys/wrapper.ts";
import type { SopsKeyEntry, SopsRecipient } from "../../../../../shared/document/sops/metadata.ts";
import { KeyServiceError } from "../../../../../shared/seal/key-service-error.ts";
import { keyArn, MemoryKms, serviceFault } from "../../../../support/memory-kms.ts";
import { MemoryTransit } from "../../../../support/memory-transit.ts";
import { newAgeIdentity, sopsKms, sopsVault } from "../../../../support/sops-keys.ts";

const { signal } = new AbortController();
const dataKey = Uint8Array.from({ length: 32 }, (_, at) => at);
const now = () => new Date("2026-01-02T03:04:05.678Z");
const role = "arn:aws:iam::123456789012:role/app";
const nothing: SopsUnwrapping = { age: null, kms: null, vault: null };

function kmsRecipient(
  more: Partial<Extract<SopsRecipient, { type: "kms" }>> = {},
): SopsRecipient & { type: "kms" } {
  return { type: "kms", arn: keyArn("k"), role: "", context: {}, awsProfile: "", ...more };
}

function vaultRecipient(more: Partial<Extract<SopsRecipient, { type: "hc_vault" }>> = {}) {
  const key = { vaultAddress: "https://vault.test:8200", enginePath: "team/transit", keyName: "app" };
  return { type: "hc_vault" as const, ...key, ...more };
}

/** Unwraps with nothing but what is given. */
function unwrap(entry: SopsKeyEntry, unwrapping: Partial<SopsUnwrapping>) {
  return sopsUnwrapper({ ...nothing, ...unwrapping }).unwrap(entry, signal);
}

async function shareOf(entry: SopsKeyEntry, unwrapping: Partial<SopsUnwrapping>): Promise<Uint8Array> {
  const unwrapped = await unwrap(entry, unwrapping);
  return "share" in unwrapped ? unwrapped.share : assert.fail(unwrapped.problem.message);
}

async function problemOf(entry: SopsKeyEntry, unwrapping: Partial<SopsUnwrapping>) {
  const unwrapped = await unwrap(entry, unwrapping);
  if (!("problem" in unwrapped)) return assert.fail("it opened");
  assert.doesNotMatch(`${unwrapped.problem.message} ${unwrapped.problem.hint}`, /canary/i);
  return unwrapped.problem;
}

describe("entries of age", () => {
  const wrapper = sopsWrapper({ kms: null, vault: null, now });

  it("open for their recipient, whatever recipient they name", async () => {
    const { recipient, identities } = await newAgeIdentity();
    const other = await newAgeIdentity();
    const age = { identities, hint: "" };
    const entry = await wrapper.wrap({ type: "age", recipient }, dataKey, signal);
    assert.ok(entry.type === "age");
    assert.match(
      entry.enc,
      /^-----BEGIN AGE ENCRYPTED FILE-----\n[^-]*\n-----END AGE ENCRYPTED FILE-----\n$/,
    );
    assert.deepEqual(await shareOf(entry, { age }), dataKey);
    assert.deepEqual(await shareOf({ ...entry, recipient: other.recipient }, { age }), dataKey);
    assert.deepEqual(await shareOf({ ...entry, recipient: "", enc: entry.enc.trimEnd() }, { age }), dataKey);
    const all = await joinAgeIdentities([other.identities, identities]);
    for (const named of [recipient, other.recipient, ""]) {
      const share = await shareOf({ ...entry, recipient: named }, { age: { identities: all, hint: "" } });
      assert.deepEqual(share, dataKey);
    }
  });

  it("open for post-quantum recipients, shares of 33 bytes too", async () => {
    const identity = await generateHybridIdentity();
    const identities = await readAgeIdentities(utf8(identity), "KEYS", null);
    const share = Uint8Array.of(...dataKey, 3);
    const recipient = await identityToRecipient(identity);
    const entry = await wrapper.wrap({ type: "age", recipient }, share, signal);
    assert.deepEqual(await shareOf(entry, { age: { identities, hint: "" } }), share);
  });

  it("try the identity first that they name", async () => {
    const tried: string[] = [];
    const named = (recipient: string) => ({
      recipient: async () => recipient,
      open: async () => {
        tried.push(recipient);
        return recipient === "age1two" ? dataKey : null;
      },
    });
    const identities = { identities: ["age1one", "age1two", "age1three"].map(named), problems: [] };
    const { recipient } = await newAgeIdentity();
    const entry = await wrapper.wrap({ type: "age", recipient }, dataKey, signal);
    assert.ok(entry.type === "age");
    await shareOf({ ...entry, recipient: "age1two" }, { age: { identities, hint: "" } });
    assert.deepEqual(tried, ["age1two"]);
    await shareOf({ ...entry, recipient: "age1three" }, { age: { identities, hint: "" } });
    assert.deepEqual(tried, ["age1two", "age1three", "age1one", "age1two"]);
  });

  it("tell an identity that is missing, what gives one, and what was no identity", async () => {
    const { recipient, identities } = await newAgeIdentity();
    const entry = await wrapper.wrap({ type: "age", recipient }, dataKey, signal);
    const other = await newAgeIdentity();
    const told = async (age: SopsUnwrapping["age"]) => {
      const problem = await problemOf(entry, { age });
      assert.ok(problem instanceof MissingIdentityError);
      return `${problem.message}; ${problem.hint}`;
    };
    const hint = "set SOPS_AGE_KEY";
    assert.equal(
      await told({ identities: { identities: [], problems: [] }, hint }),
      `there is no age identity to open the age entry ${recipient} with; ${hint}`,
    );
    assert.equal(
      await told({ identities: other.identities, hint }),
      `no age identity at hand opens the age entry ${recipient}; ${hint}`,
    );
    const unread = await readAgeIdentities(utf8("AGE-PLUGIN-X-1CANARY"), "KEYS", null);
    assert.match(await told({ identities: unread, hint }), /\(and KEYS, line 1: identities of age plugins/);
    assert.match((await problemOf(entry, {})).message, /^age is not set up here/);
    assert.deepEqual(await shareOf(entry, { age: { identities, hint } }), dataKey);
  });

  it("are told when broken, or for keys of another kind", async () => {
    const { recipient, identities } = await newAgeIdentity();
    const entry = await wrapper.wrap({ type: "age", recipient }, dataKey, signal);
    assert.ok(entry.type === "age");
    const told = async (enc: string) =>
      (await problemOf({ ...entry, enc }, { age: { identities, hint: "" } })).message;
    const file = armor.decode(entry.enc);
    const rewritten = (edit: (header: string) => string) => {
      const text = new TextDecoder("latin1").decode(file);
      const at = text.indexOf("\n---");
      const bytes = Uint8Array.from(edit(text.slice(0, at)) + text.slice(at), (one) => one.charCodeAt(0));
      return armor.encode(bytes);
    };
    assert.match(await told("canary"), /no age file as sops writes it/);
    assert.match(await told(entry.enc.replace("\n", "\ncanary")), /no age file as sops writes it/);
    assert.match(await told(armor.encode(utf8("canary-file\n--- x"))), /no age file as sops writes it/);
    assert.match(await told(`${entry.enc}${" ".repeat(17_000)}`), /no age file as sops writes it/);
    const ssh = rewritten((header) => header.replace("-> X25519", "-> ssh-ed25519 abcd"));
    assert.match(await told(ssh), /is for a key of the kind ssh-ed25519, which signet does not open/);
    const plugin = rewritten((header) => header.replace("-> X25519", "-> piv-p256"));
    assert.match(await told(plugin), /of the kind piv-p256/);
    const scrypt = new Encrypter();
    scrypt.setPassphrase("x");
    scrypt.setScryptWorkFactor(1);
    assert.match(await told(armor.encode(await scrypt.encrypt(dataKey))), /of the kind scrypt/);
    const many = rewritten((header) => header + "\n-> X25519 a\nAA".repeat(8));
    assert.match(await told(many), /no age file as sops writes it/);
    const added = rewritten((header) => `${header}\n-> x 1\n`);
    assert.match(await told(added), /is broken/);
    const tail = Uint8Array.from(file);
    tail[tail.length - 1] = (tail.at(-1) ?? 0) ^ 1;
    assert.match(await told(armor.encode(tail)), /is broken/);
    const hidden = rewritten((header) => header.replace("-> X25519", "-> canary\u0007"));
    assert.match(await told(hidden), /no age file as sops writes it/);
  });

  it("are not made for what is no recipient", async () => {
    for (const recipient of ["canary", "ssh-ed25519 CANARY", "AGE-SECRET-KEY-1CANARY", "age1tag1canary"])
      await assert.rejects(wrapper.wrap({ type: "age", recipient }, dataKey, signal), (error: Error) => {
        assert.match(error.message, /none that signet can encrypt for/);
        assert.doesNotMatch(error.message, /canary/i);
        return true;
      });
    const damaged = (await newAgeIdentity()).recipient.replace(/.$/, (last) => (last === "q" ? "p" : "q"));
    await assert.rejects(wrapper.wrap({ type: "age", recipient: damaged }, dataKey, signal), /none that/);
  });
});

describe("entries of AWS KMS", () => {
  it("are what KMS encrypts for key and context, and open as who they name", async () => {
    const api = new MemoryKms("k");
    const kms = sopsKms(api);
    const context = { team: "shop" };
    const recipient = kmsRecipient({ context, role, awsProfile: "prod" });
    const entry = await sopsWrapper({ kms, vault: null, now }).wrap(recipient, dataKey, signal);
    assert.deepEqual({ ...entry, enc: "" }, { ...recipient, createdAt: "2026-01-02T03:04:05Z", enc: "" });
    assert.deepEqual(await shareOf(entry, { kms }), dataKey);
    assert.deepEqual(api.calls, [
      { operation: "Encrypt", key: keyArn("k"), context },
      { operation: "Decrypt", key: keyArn("k"), context },
    ]);
    assert.deepEqual(kms.callers, [
      { profile: "prod", role },
      { profile: "prod", role },
    ]);
  });

  it("make no call unless key, role, profile and each pair are allowed", async () => {
    const api = new MemoryKms("k");
    const recipient = kmsRecipient({ context: { team: "canary" }, role, awsProfile: "prod" });
    const entry = await sopsWrapper({ kms: sopsKms(api), vault: null, now }).wrap(recipient, dataKey, signal);
    api.calls.length = 0;
    const all = [`key ${keyArn("k")}`, `role ${role}`, "profile prod", "context team=canary"];
    for (const refused of all) {
      const kms = sopsKms(
        api,
        all.filter((one) => one !== refused),
      );
      const hides = sopsUnwrapper({ ...nothing, kms }).unwrap(entry, signal);
      const unwrapped = await hides;
      assert.ok("problem" in unwrapped && unwrapped.problem instanceof KeyServiceError);
      assert.equal(unwrapped.problem.fault, "not-allowed");
      assert.doesNotMatch(unwrapped.problem.message, /canary/);
      assert.equal(unwrapped.problem.hint, `allow ${refused}`);
      const wrapper = sopsWrapper({ kms, vault: null, now });
      await assert.rejects(wrapper.wrap(recipient, dataKey, signal), { fault: "not-allowed" });
      assert.deepEqual([api.calls, kms.callers], [[], []]);
    }
    assert.deepEqual(await shareOf(entry, { kms: sopsKms(api, all) }), dataKey);
  });

  it("do not open under another context or key, nor when they are none", async () => {
    const api = new MemoryKms("k", "other");
    const kms = sopsKms(api);
    const entry = await sopsWrapper({ kms, vault: null, now }).wrap(kmsRecipient(), dataKey, signal);
    assert.ok(entry.type === "kms");
    const told = async (changed: object) => (await problemOf({ ...entry, ...changed }, { kms })).message;
    assert.match(await told({ context: { a: "canary" } }), /do not belong together/);
    assert.match(await told({ arn: keyArn("other") }), /do not belong together/);
    const asked = api.calls.length;
    assert.match(await told({ enc: "canary!" }), /no ciphertext in base64/);
    assert.match(await told({ enc: "" }), /no ciphertext in base64/);
    assert.match(await told({ arn: "arn:canary" }), /no ARN/);
    assert.match(await told({ role: "canary" }), /role/);
    assert.equal(api.calls.length, asked);
    assert.match((await problemOf(entry, {})).message, /^AWS KMS is not set up here/);
    const foreign = sopsWrapper({ kms: null, vault: null, now }).wrap(kmsRecipient(), dataKey, signal);
    await assert.rejects(foreign, /AWS KMS is not set up/);
  });

  it("pass on what fails in the service, and what is no data key is none", async () => {
    const api = new MemoryKms("k");
    const kms = sopsKms(api);
    const wrapper = sopsWrapper({ kms, vault: null, now });
    const entry = await wrapper.wrap(kmsRecipient(), dataKey, signal);
    const away = serviceFault("unavailable");
    api.before = () => Promise.reject(away);
    assert.equal(await problemOf(entry, { kms }), away);
    await assert.rejects(wrapper.wrap(kmsRecipient(), dataKey, signal), away);
    api.before = () => undefined;
    const short = await wrapper.wrap(kmsRecipient(), dataKey.subarray(1), signal);
    assert.match((await problemOf(short, { kms })).message, /something else than a data key/);
  });
});

describe("entries of Vault", () => {
  function scene(allowed: readonly string[] | null = null) {
    const transit = new MemoryTransit();
    transit.createKey("team/transit/app", "associated-data");
    transit.createKey("team/transit/other", "associated-data");
    transit.createKey("team/transit/derived", "context");
    const vault = sopsVault(transit, allowed);
    return { transit, vault, wrapper: sopsWrapper({ kms: null, vault, now }) };
  }

  it("are what Vault encrypts, bound to nothing", async () => {
    const { transit, vault, wrapper } = scene();
    const entry = await wrapper.wrap(vaultRecipient(), dataKey, signal);
    assert.ok(entry.type === "hc_vault");
    assert.match(entry.enc, /^vault:v1:/);
    assert.deepEqual(
      { ...entry, enc: "" },
      { ...vaultRecipient(), createdAt: "2026-01-02T03:04:05Z", enc: "" },
    );
    assert.deepEqual(await shareOf(entry, { vault }), dataKey);
    assert.deepEqual(
      await shareOf({ ...entry, vaultAddress: "HTTPS://VAULT.test:8200/" }, { vault }),
      dataKey,
    );
    assert.deepEqual(
      transit.calls.map(({ operation, key }) => `${operation} ${key}`),
      ["encryptUnbound", "decryptUnbound", "decryptUnbound"].map(
        (operation) => `${operation} team/transit/app`,
      ),
    );
  });

  it("make no call for another address, nor for a key that is not allowed", async () => {
    const { transit, vault, wrapper } = scene(["team/transit/other"]);
    const entry = { ...vaultRecipient(), createdAt: "", enc: "vault:v1:AAAA" };
    const problem = await problemOf(entry, { vault });
    assert.equal(problem.message, "the Vault key team/transit/app is not allowed here");
    assert.equal(problem.hint, "allow team/transit/app");
    await assert.rejects(wrapper.wrap(vaultRecipient(), dataKey, signal), { fault: "not-allowed" });
    const open = scene();
    for (const vaultAddress of [
      "https://vault.test",
      "http://vault.test:8200",
      "https://vault.test:8200@evil.test",
      "https://vault.test:8200.evil.test",
      "https://vault.test:8200/x",
      "",
    ]) {
      const elsewhere = await problemOf({ ...entry, vaultAddress }, { vault: open.vault });
      assert.match(elsewhere.message, /, and Vault is https:\/\/vault\.test:8200 here$/);
      assert.equal(elsewhere.hint, "say which Vault");
      const wrapped = open.wrapper.wrap(vaultRecipient({ vaultAddress }), dataKey, signal);
      await assert.rejects(wrapped, { fault: "not-allowed" });
    }
    for (const more of [{ enginePath: "team/../sys" }, { keyName: "a/../b" }, { keyName: "a?canary" }])
      assert.match(
        (await problemOf({ ...entry, ...more }, { vault: open.vault })).message,
        /names no key of/,
      );
    assert.deepEqual([transit.calls, open.transit.calls], [[], []]);
  });

  it("do not open under another key, too old a version, or when they are none", async () => {
    const { transit, vault, wrapper } = scene();
    const entry = await wrapper.wrap(vaultRecipient(), dataKey, signal);
    assert.ok(entry.type === "hc_vault");
    const told = async (changed: object) => (await problemOf({ ...entry, ...changed }, { vault })).message;
    assert.match(await told({ keyName: "other" }), /was not encrypted under it/);
    assert.match(await told({ enc: "vault:v1:AAAA" }), /was not encrypted under it/);
    const asked = transit.calls.length;
    for (const enc of ["canary", "", "vault:v1:", `vault:v1:${"A".repeat(17_000)}`])
      assert.match(await told({ enc }), /no ciphertext of Vault/);
    assert.equal(transit.calls.length, asked);
    transit.rotate("team/transit/app");
    transit.setMinDecryptionVersion("team/transit/app", 2);
    assert.match(await told({}), /a version that Vault no longer decrypts/);
    assert.match(await told({ keyName: "derived" }), /unusable/);
    assert.match((await problemOf(entry, {})).message, /^Vault is not set up here/);
    const foreign = sopsWrapper({ kms: null, vault: null, now }).wrap(vaultRecipient(), dataKey, signal);
    await assert.rejects(foreign, /Vault is not set up/);
  });
});

describe("all entries", () => {
  it("of services that we do not have are refused by name", async () => {
    const entry = (list: string): SopsKeyEntry => ({
      type: "other",
      list,
      entry: { kind: "map", entries: [] },
    });
    const told = async (list: string) => (await problemOf(entry(list), {})).message;
    assert.equal(await told("pgp"), "signet does not open entries of PGP");
    assert.equal(await told("gcp_kms"), "signet does not open entries of GCP KMS");
    assert.equal(await told("azure_kv"), "signet does not open entries of Azure Key Vault");
    assert.equal(await told("hckms"), "signet does not open entries of Huawei Cloud KMS");
    assert.equal(await told("canary"), "signet does not open entries of a service that signet does not know");
  });

  it("are given up when nobody waits any more", async () => {
    const api = new MemoryKms("k");
    const kms = sopsKms(api);
    const gone = new Error("gone");
    const aborted = AbortSignal.abort(gone);
    const wrapper = sopsWrapper({ kms, vault: null, now });
    const entry = await wrapper.wrap(kmsRecipient(), dataKey, signal);
    await assert.rejects(sopsUnwrapper({ ...nothing, kms }).unwrap(entry, aborted), gone);
    await assert.rejects(wrapper.wrap(kmsRecipient(), dataKey, aborted), gone);
    const ending = new AbortController();
    api.before = () => {
      ending.abort(gone);
      throw serviceFault("unavailable");
    };
    await assert.rejects(sopsUnwrapper({ ...nothing, kms }).unwrap(entry, ending.signal), gone);
  });
});
