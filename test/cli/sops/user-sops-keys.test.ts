import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Io } from "../../../cli/io.ts";
import { type UserKeyServiceOptions, UserKeyServices } from "../../../cli/key-services/user-key-services.ts";
import { noticesOf } from "../../../cli/notices.ts";
import type { SopsOpeningOptions } from "../../../cli/options.ts";
import { type NamedRecipients, UserSopsKeys } from "../../../cli/sops/user-sops-keys.ts";
import { sopsWrapper } from "../../../shared/document/sops/keys/wrapper.ts";
import type { SopsKeyEntry, SopsRecipient } from "../../../shared/document/sops/metadata.ts";
import type { KmsCaller } from "../../../shared/seal/kms-api.ts";
import { memoryIo, runInMemory } from "../../support/memory-io.ts";
import { keyArn, MemoryKms } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";
import { newAgeIdentity, sopsKms, sopsVault } from "../../support/sops-keys.ts";

const { signal } = new AbortController();
const dataKey = Uint8Array.from({ length: 32 }, (_, at) => at);
const role = "arn:aws:iam::123456789012:role/app";
const HOME = "/home/me";
const VAULT = "https://vault.test:8200";
const now = () => new Date(0);

type Given = {
  env?: Record<string, string>;
  files?: Record<string, string>;
  options?: Partial<SopsOpeningOptions & UserKeyServiceOptions>;
};

/** A user with both services in memory: who was called as whom, and their keys. */
function user({ env = {}, files = {}, options = {} }: Given = {}, more: Partial<Io> = {}) {
  const kms = new MemoryKms("k", "other");
  const transit = new MemoryTransit();
  transit.createKey("transit/app", "associated-data");
  const callers: (KmsCaller | undefined)[] = [];
  let closed = 0;
  const world = { files, env: { HOME, VAULT_ADDR: VAULT, VAULT_TOKEN: "t", ...env } };
  const io: Io = {
    ...memoryIo([], world).io,
    keyServices: {
      kms: async (caller) => {
        callers.push(caller);
        return { api: kms, close: () => void closed++ };
      },
      transit: async () => ({ api: transit, close: () => void closed++ }),
    },
    ...more,
  };
  const none = { "kms-allowed-keys": [], "vault-allowed-keys": [], "kms-allowed-roles": [] };
  const rest = { "kms-allowed-profiles": [], "kms-allowed-contexts": [] };
  const places = {
    "vault-addr": null,
    "vault-namespace": null,
    "vault-ca-cert": null,
    "vault-token-file": null,
  };
  const all = { ...none, ...rest, ...places, ...options } as SopsOpeningOptions & UserKeyServiceOptions;
  const services = new UserKeyServices(all, io, noticesOf(io, { verbose: false, v: 0 }));
  return { kms, transit, callers, services, keys: new UserSopsKeys(services, all, io), closed: () => closed };
}

function kmsRecipient(more: Partial<SopsRecipient & { type: "kms" }> = {}): SopsRecipient & { type: "kms" } {
  return { type: "kms", arn: keyArn("k"), role: "", context: {}, awsProfile: "", ...more };
}

const vaultRecipient = {
  type: "hc_vault",
  vaultAddress: VAULT,
  enginePath: "transit",
  keyName: "app",
} as const;

/** An entry as somebody else wrote it, who is allowed everything. */
async function entryFor(recipient: SopsRecipient, { kms, transit }: ReturnType<typeof user>) {
  const wrapper = sopsWrapper({ kms: sopsKms(kms), vault: sopsVault(transit), now });
  const entry = await wrapper.wrap(recipient, dataKey, signal);
  kms.calls.length = 0;
  transit.calls.length = 0;
  return entry;
}

async function unwrap(
  someone: ReturnType<typeof user>,
  entry: SopsKeyEntry,
  pairs: "compared" | "not-compared" = "not-compared",
) {
  const unwrapped = await someone.keys.unwrapper("shop", pairs).unwrap(entry, signal);
  if ("share" in unwrapped) return { share: unwrapped.share, message: "", hint: "" };
  return { share: null, message: unwrapped.problem.message, hint: unwrapped.problem.hint };
}

/** Follows the hint of a refusal, as a user does. @returns the files afterwards. */
async function follow(
  hint: string,
  files: Record<string, string> = {},
  env = {},
): Promise<Record<string, string>> {
  const command = /: signet (allow .*)$/.exec(hint)?.[1] ?? assert.fail(hint);
  const run = await runInMemory(command.replaceAll("'", "").split(" "), { files, env: { HOME, ...env } });
  assert.deepEqual([run.code, run.stderr], [0, ""]);
  return Object.fromEntries(run.files);
}

suite("entries of age", () => {
  test("open with the user's identities, which are read once", async () => {
    const { text, recipient } = await newAgeIdentity();
    let reads = 0;
    const someone = user({ env: { SOPS_AGE_KEY_FILE: "/keys" } });
    const base = memoryIo([], { files: { "/keys": text } }).io;
    const read = (path: string) => {
      reads++;
      return base.files.read(path);
    };
    const files = { ...base.files, read };
    const owner = user({ env: { SOPS_AGE_KEY_FILE: "/keys" } }, { files });
    const entry = await entryFor({ type: "age", recipient }, someone);
    for (let count = 0; count < 3; count++) assert.deepEqual((await unwrap(owner, entry)).share, dataKey);
    assert.equal(reads, 1);
    const { message, hint } = await unwrap(someone, entry);
    assert.match(message, /^there is no age identity .* \(and cannot read \/keys \(SOPS_AGE_KEY_FILE\)/);
    assert.match(hint, /name an existing, readable file/);
    assert.match((await unwrap(user(), entry)).hint, /SOPS_AGE_KEY_FILE/);
  });

  test("that those do not open are tried with the command's, once for a recipient", async () => {
    const { text, recipient } = await newAgeIdentity();
    const other = await newAgeIdentity();
    const ran: string[] = [];
    const env = { SOPS_AGE_KEY_CMD: "pass show", SOPS_AGE_KEY: other.text };
    const someone = user(
      { env },
      {
        runProgram: async (_, { SOPS_AGE_RECIPIENT = "" }) => {
          ran.push(SOPS_AGE_RECIPIENT);
          return new Uint8Array(Buffer.from(text));
        },
      },
    );
    const entry = await entryFor({ type: "age", recipient }, someone);
    for (let count = 0; count < 2; count++) assert.deepEqual((await unwrap(someone, entry)).share, dataKey);
    assert.deepEqual(ran, [recipient]);
    const own = await entryFor({ type: "age", recipient: other.recipient }, someone);
    assert.deepEqual((await unwrap(someone, own)).share, dataKey);
    assert.equal(ran.length, 1);
  });

  test("are asked of a command again that failed, and not of one that gave others", async () => {
    const { text, recipient } = await newAgeIdentity();
    const other = await newAgeIdentity();
    for (const [outputs, opened] of [
      [
        [null, text],
        [false, true, true],
      ],
      [
        [other.text, text],
        [false, false, false],
      ],
    ] as const) {
      const left = [...outputs];
      const runProgram = async () => {
        const output = left.shift() ?? null;
        return output === null ? null : new Uint8Array(Buffer.from(output));
      };
      const someone = user({ env: { SOPS_AGE_KEY_CMD: "pass show" } }, { runProgram });
      const entry = await entryFor({ type: "age", recipient }, someone);
      const shares = [];
      for (const _ of opened) shares.push((await unwrap(someone, entry)).share !== null);
      assert.deepEqual(shares, opened);
    }
  });
});

suite("entries of AWS KMS", () => {
  test("open once all that they name is allowed, each by the command of its refusal", async () => {
    const recipient = kmsRecipient({ role, awsProfile: "prod", context: { team: "shop", env: "prod" } });
    const someone = user();
    const entry = await entryFor(recipient, someone);
    const refusals: string[] = [];
    let files: Record<string, string> = {};
    for (;;) {
      const owner = user({ files });
      const tried = await unwrap({ ...owner, kms: someone.kms }, entry);
      if (refusals.length === 5) break;
      assert.deepEqual([tried.share, owner.callers], [null, []]);
      refusals.push(tried.message);
      files = await follow(tried.hint, files);
    }
    assert.deepEqual(refusals, [
      `the KMS key ${keyArn("k")} is not allowed here`,
      `the role ${role} of ${keyArn("k")} is not allowed here`,
      `the profile prod of ${keyArn("k")} is not allowed here`,
      `the encryption context pair team of ${keyArn("k")} is not allowed here`,
      `the encryption context pair env of ${keyArn("k")} is not allowed here`,
    ]);
    const owner = user({ files });
    const { share } = await unwrap(owner, await entryFor(recipient, owner));
    assert.deepEqual(share, dataKey);
    assert.deepEqual(owner.callers, [{ profile: "prod", role }]);
    const listed = await runInMemory(["allow"], { files, env: { HOME } });
    assert.equal(
      listed.stdout,
      [
        `kms ${keyArn("k")}`,
        "kms-context env=prod",
        "kms-context team=shop",
        "kms-profile prod",
        `kms-role ${role}`,
        "",
      ].join("\n"),
    );
    const removed = await runInMemory(["allow", "--remove", "kms-role", role], { files, env: { HOME } });
    const after = user({ files: Object.fromEntries(removed.files) });
    assert.match((await unwrap(after, await entryFor(recipient, after))).message, /^the role/);
  });

  test("go by the flags where those are given, and by them alone", async () => {
    const recipient = kmsRecipient({ role, awsProfile: "prod", context: { team: "shop" } });
    const options = {
      "kms-allowed-keys": [keyArn("*")],
      "kms-allowed-roles": [role],
      "kms-allowed-profiles": [" prod "],
      "kms-allowed-contexts": ["team=*"],
    };
    const someone = user({ options });
    assert.deepEqual((await unwrap(someone, await entryFor(recipient, someone))).share, dataKey);
    for (const [flag, value] of [
      ["kms-allowed-roles", "arn:aws:iam::123456789012:role/other"],
      ["kms-allowed-profiles", "other"],
      ["kms-allowed-contexts", "teams=*"],
      ["kms-allowed-contexts", "team=other"],
    ]) {
      const other = user({ options: { ...options, [flag ?? ""]: [value] } });
      const { message, hint } = await unwrap(other, await entryFor(recipient, other));
      assert.match(message, /is not allowed here/);
      assert.match(hint, new RegExp(`name it with --${flag} `));
      assert.deepEqual([other.kms.calls, other.callers], [[], []]);
      const unfit = user({ options: { ...options, [flag ?? ""]: ["\u0007"] } });
      assert.match(
        (await unwrap(unfit, await entryFor(recipient, unfit))).message,
        /^invalid value .* for --kms-/,
      );
    }
  });

  test("have pairs that say the place let through only where somebody compares them", async () => {
    const context = { "signet-namespace": "shop", "signet-name": "db" };
    const someone = user({ options: { "kms-allowed-keys": [keyArn("k")] } });
    const entry = await entryFor(kmsRecipient({ context }), someone);
    assert.deepEqual((await unwrap(someone, entry, "compared")).share, dataKey);
    assert.match((await unwrap(someone, entry)).message, /^the encryption context pair signet-namespace/);
    const more = await entryFor(kmsRecipient({ context: { ...context, team: "shop" } }), someone);
    assert.match((await unwrap(someone, more, "compared")).message, /pair team/);
  });

  test("are asked for over one connection by caller, which all end", async () => {
    const someone = user({ options: { "kms-allowed-keys": [keyArn("k")], "kms-allowed-roles": [role] } });
    const plain = await entryFor(kmsRecipient(), someone);
    const asRole = await entryFor(kmsRecipient({ role }), someone);
    for (const entry of [plain, asRole, plain, asRole])
      assert.deepEqual((await unwrap(someone, entry)).share, dataKey);
    assert.deepEqual(someone.callers, [undefined, { profile: "", role }]);
    await someone.services.close();
    assert.equal(someone.closed(), 2);
  });
});

suite("entries of Vault", () => {
  test("open where address and key are those of the user, by the command of the refusal", async () => {
    const someone = user();
    const entry = await entryFor(vaultRecipient, someone);
    const refused = await unwrap(someone, entry);
    assert.equal(refused.message, "the Vault key transit/app is not allowed here");
    const files = await follow(refused.hint, {}, { VAULT_ADDR: VAULT });
    const allowed = user({ files });
    assert.deepEqual((await unwrap(allowed, await entryFor(vaultRecipient, allowed))).share, dataKey);
    const elsewhere = user({ files, env: { VAULT_ADDR: "https://other.test" } });
    const { message, hint } = await unwrap(elsewhere, entry);
    assert.match(message, /is at https:\/\/vault\.test:8200, and Vault is https:\/\/other\.test here/);
    assert.match(hint, /--vault-addr, or VAULT_ADDR/);
    const unnamed = user({ files, env: { VAULT_ADDR: "" } });
    assert.match((await unwrap(unnamed, entry)).message, /the address of Vault is not given/);
    const tokenless = user({ files, env: { VAULT_TOKEN: "" } });
    assert.match((await unwrap(tokenless, entry)).message, /there is no token for Vault/);
    assert.deepEqual([elsewhere.transit.calls, unnamed.transit.calls, tokenless.transit.calls], [[], [], []]);
  });
});

suite("what is wrapped", () => {
  const wrap = (someone: ReturnType<typeof user>, recipient: SopsRecipient, named: NamedRecipients) =>
    someone.keys.wrapper("shop", named).wrap(recipient, dataKey, signal);
  const own = kmsRecipient({ role, awsProfile: "prod", context: { team: "shop" } });

  test("for recipients of the command line needs no permission", async () => {
    const someone = user();
    const recipients = [own, vaultRecipient];
    for (const recipient of recipients) {
      const entry = await wrap(someone, recipient, { recipients, by: "user" });
      assert.equal(entry.type, recipient.type);
    }
    assert.deepEqual(someone.callers, [{ profile: "prod", role }]);
    const placed = kmsRecipient({ ...own, context: { ...own.context, "signet-name": "db" } });
    assert.equal((await wrap(someone, placed, { recipients, by: "user" })).type, "kms");
    const age = await newAgeIdentity();
    const made = await wrap(
      someone,
      { type: "age", recipient: age.recipient },
      { recipients: [], by: "user" },
    );
    assert.ok(made.type === "age");
  });

  test("for those of a project's file does for their roles and profiles", async () => {
    const named = { recipients: [own], by: "project-file" } as const;
    await assert.rejects(wrap(user(), own, named), /^KeyServiceError: the role .* is not allowed here/);
    const roles = { "kms-allowed-roles": [role] };
    await assert.rejects(wrap(user({ options: roles }), own, named), /the profile prod/);
    const both = user({ options: { ...roles, "kms-allowed-profiles": ["prod"] } });
    assert.equal((await wrap(both, own, named)).type, "kms");
    const plain = kmsRecipient();
    assert.equal((await wrap(user(), plain, { recipients: [plain], by: "project-file" })).type, "kms");
  });

  test("for those that a document alone names does for all of them", async () => {
    const named = { recipients: [kmsRecipient({ arn: keyArn("other") })], by: "user" } as const;
    const someone = user();
    await assert.rejects(wrap(someone, kmsRecipient(), named), { fault: "not-allowed" });
    await assert.rejects(wrap(someone, vaultRecipient, named), { fault: "not-allowed" });
    assert.deepEqual([someone.kms.calls, someone.transit.calls], [[], []]);
    const allowed = user({
      options: { "kms-allowed-keys": [keyArn("k")], "vault-allowed-keys": ["transit/app"] },
    });
    assert.equal((await wrap(allowed, kmsRecipient(), named)).type, "kms");
    assert.equal((await wrap(allowed, vaultRecipient, named)).type, "hc_vault");
  });
});

suite("signet allow for what entries name beside a key", () => {
  test("takes one of each form, and says how it is written", async () => {
    const cases: [string[], RegExp][] = [
      [["kms-role"], /which role\?\nhint: write signet allow kms-role and it; write the ARN of a role/],
      [["kms-role", "prod"], /"prod" is no role\nhint: write the ARN of a role/],
      [["kms-profile", ""], /"" is no profile/],
      [["kms-profile", "a", "b"], /one is allowed at a time/],
      [["kms-context", "team"], /"team" is no context\nhint: write NAME=VALUE/],
      [["kms-contxt", "team=x"], /did you mean kms-context\?/],
    ];
    for (const [args, says] of cases) {
      const run = await runInMemory(["allow", ...args], { env: { HOME } });
      assert.equal(run.code, 2);
      assert.match(run.stderr, says);
    }
  });
});
