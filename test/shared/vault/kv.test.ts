import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { connectKv } from "../../../shared/vault/kv.ts";
import { mapping, parseExact, type VaultAnswer } from "../../../shared/vault/vault-answer.ts";
import { openVaultSession } from "../../../shared/vault/vault-session.ts";
import { scriptedVault, vaultAnswer, vaultErrors } from "../../support/scripted-vault.ts";

const at = { mount: "team/kv", path: "shop/prod" };
const mounts = "GET sys/internal/ui/mounts/team/kv";
const none = vaultErrors(404);

/** A reader, to which a path is answered so, and what is mounted there so. */
function reader(answer: VaultAnswer, mount: VaultAnswer = kind("kv", "2")) {
  const vault = scriptedVault(({ what }) => (what === mounts ? mount : answer));
  const kv = connectKv(openVaultSession(vault, { kind: "token", token: "t" }));
  return {
    vault,
    secret: (version?: number) => kv.readSecret(at, { version }),
    fields: (...names: string[]) => kv.readSecret(at, { fields: new Set(names) }),
    metadata: () => kv.readMetadata(at, {}),
  };
}

function kind(type: string, version: string | null): VaultAnswer {
  return vaultAnswer(200, { data: { type, options: version === null ? null : { version } } });
}

/** A version's answer, from JSON as Vault sends it. */
function version(status: number, data: string, metadata: object = {}): VaultAnswer {
  const about = {
    version: 4,
    created_time: "2030-01-01T00:00:00.1Z",
    deletion_time: "",
    destroyed: false,
    ...metadata,
  };
  const text = `{"data":{"data":${data},"metadata":${JSON.stringify(about)}}}`;
  return vaultAnswer(status, mapping(parseExact(text)));
}

describe("readSecret", () => {
  it("asks for the path below data/, and for a version where one is wanted", async () => {
    const { vault, secret } = reader(version(200, "{}"));
    await secret();
    await secret(3);
    assert.deepEqual(
      vault.calls.map(({ what, query }) => [what, query]),
      [
        ["GET team/kv/data/shop/prod", null],
        ["GET team/kv/data/shop/prod", { version: "3" }],
      ],
    );
  });

  it("gives version, time and fields", async () => {
    assert.deepEqual(await reader(version(200, '{"user":"shop","password":"s3cret"}')).secret(), {
      kind: "found",
      version: 4,
      createdAt: "2030-01-01T00:00:00.1Z",
      fields: new Map([
        ["user", { text: "shop" }],
        ["password", { text: "s3cret" }],
      ]),
    });
  });

  for (const [what, json, text] of [
    ["a string as it is", String.raw`" a\n\u00e4\u003c "`, " a\nä< "],
    ["an empty string", '""', ""],
    ["an integer of any length", "12345678901234567890123", "12345678901234567890123"],
    ["a number as it was written", "1.50", "1.50"],
    ["a number with an exponent", "1e400", "1e400"],
    ["a negative zero", "-0", "-0"],
    ["true", "true", "true"],
    ["false", "false", "false"],
    ["a list", '[1, "a", 2.0, null]', '[1,"a",2.0,null]'],
    ["an object", '{"b": {"n": 12345678901234567890}, "a": ""}', '{"b":{"n":12345678901234567890},"a":""}'],
    ["null as nothing", "null", null],
  ] as const)
    it(`gives ${what}`, async () => {
      const read = await reader(version(200, `{"field":${json}}`)).secret();
      assert.ok(read.kind === "found");
      assert.deepEqual(read.fields.get("field"), { text });
    });

  it("keeps no field that is not wanted", async () => {
    const { fields } = reader(version(200, '{"a":"1","b":2,"c":null}'));
    const read = await fields("c", "b", "none", "constructor");
    assert.ok(read.kind === "found");
    assert.deepEqual(
      [...read.fields],
      [
        ["b", { text: "2" }],
        ["c", { text: null }],
      ],
    );
  });

  it("takes names of fields for no more than names", async () => {
    const read = await reader(version(200, '{"__proto__":"x","constructor":"y"}')).secret();
    assert.ok(read.kind === "found");
    assert.deepEqual([...read.fields.keys()], ["__proto__", "constructor"]);
  });

  it("tells a deleted version from a destroyed one", async () => {
    const deletion_time = "2030-01-02T00:00:00Z";
    assert.deepEqual(await reader(version(404, "null", { deletion_time })).secret(), {
      kind: "deleted",
      version: 4,
      deletedAt: deletion_time,
    });
    assert.deepEqual(await reader(version(404, "null", { deletion_time, destroyed: true })).secret(), {
      kind: "destroyed",
      version: 4,
    });
  });

  it("finds a version that will be deleted some day", async () => {
    const read = await reader(version(200, '{"a":"b"}', { deletion_time: "2099-01-01T00:00:00Z" })).secret();
    assert.equal(read.kind, "found");
  });

  it("tells what never was from a mount that is of another kind", async () => {
    assert.deepEqual(await reader(none).secret(), { kind: "missing" });
    assert.deepEqual(await reader(none, kind("kv", "1")).secret(), { kind: "not-kv-2", found: "kv-1" });
    assert.deepEqual(await reader(none, kind("kv", null)).secret(), { kind: "not-kv-2", found: "kv-1" });
    assert.deepEqual(await reader(none, kind("transit", null)).secret(), {
      kind: "not-kv-2",
      found: "other",
    });
    const unmounted = vaultErrors(
      404,
      'no handler for route "team/kv/data/shop/prod". route entry not found.',
    );
    assert.deepEqual(await reader(unmounted, vaultErrors(403)).secret(), {
      kind: "not-kv-2",
      found: "nothing",
    });
    assert.deepEqual(await reader(none, vaultErrors(403)).secret(), { kind: "missing" });
  });

  it("is not taken in by a mount of version 1 with a path that begins with data/", async () => {
    const old = vaultAnswer(200, { data: { data: { user: "shop" } } });
    assert.deepEqual(await reader(old, kind("kv", "1")).secret(), { kind: "not-kv-2", found: "kv-1" });
    await assert.rejects(reader(old).secret(), KeyServiceError);
    await assert.rejects(reader(old, vaultErrors(403)).secret(), KeyServiceError);
  });

  it("asks what is mounted only where there is nothing", async () => {
    const { vault, secret } = reader(version(200, "{}"));
    await secret();
    assert.equal(vault.count(mounts), 0);
  });

  it("tells what may not be read from what Vault cannot answer, without Vault's words", async () => {
    for (const [answer, fault, says] of [
      [vaultErrors(403, "permission denied canary"), "denied", /the secret team\/kv\/shop\/prod .* policies/],
      [vaultErrors(503, "Vault is sealed"), "unavailable", /Vault is sealed/],
      [vaultErrors(500, "canary"), "unavailable", /Vault failed/],
      [vaultErrors(429), "throttled", /too often/],
    ] as const) {
      const error = await reader(answer)
        .secret()
        .catch((one: unknown) => one);
      assert.ok(error instanceof KeyServiceError);
      assert.equal(error.fault, fault);
      assert.match(error.message, says);
      assert.doesNotMatch(error.message, /canary/);
      if (fault === "denied") assert.match(error.hint, /read on team\/kv\/data\/shop\/prod/);
    }
  });
});

describe("readMetadata", () => {
  const found = vaultAnswer(200, {
    data: {
      current_version: 3,
      versions: {
        1: { created_time: "2030-01-01T00:00:00.1Z", deletion_time: "2030-01-02T00:00:00Z", destroyed: true },
        2: { deletion_time: "2030-01-02T00:00:00Z", destroyed: false },
        3: { deletion_time: "", destroyed: false },
        odd: { deletion_time: "", destroyed: false },
      },
    },
  });

  it("asks for the path below metadata/ and gives every version", async () => {
    const { vault, metadata } = reader(found);
    assert.deepEqual(await metadata(), {
      kind: "found",
      currentVersion: 3,
      versions: new Map([
        [
          1,
          {
            ...{ version: 1, createdAt: "2030-01-01T00:00:00.1Z" },
            ...{ deletedAt: "2030-01-02T00:00:00Z", destroyed: true },
          },
        ],
        [2, { version: 2, createdAt: "", deletedAt: "2030-01-02T00:00:00Z", destroyed: false }],
        [3, { version: 3, createdAt: "", deletedAt: null, destroyed: false }],
      ]),
    });
    assert.deepEqual(
      vault.calls.map(({ what }) => what),
      ["GET team/kv/metadata/shop/prod"],
    );
  });

  it("tells what never was from a mount of another kind", async () => {
    assert.deepEqual(await reader(none).metadata(), { kind: "missing" });
    assert.deepEqual(await reader(none, kind("kv", "1")).metadata(), { kind: "not-kv-2", found: "kv-1" });
    const old = vaultAnswer(200, { data: { user: "shop" } });
    assert.deepEqual(await reader(old, kind("kv", "1")).metadata(), { kind: "not-kv-2", found: "kv-1" });
  });

  it("names the right that it takes", async () => {
    const error = await reader(vaultErrors(403))
      .metadata()
      .catch((one: unknown) => one);
    assert.ok(error instanceof KeyServiceError);
    assert.match(error.hint, /read on team\/kv\/metadata\/shop\/prod/);
  });
});
