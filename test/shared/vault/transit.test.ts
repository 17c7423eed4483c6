import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { KeyServiceError, type KeyServiceFault } from "../../../shared/seal/key-service-error.ts";
import type { TransitApi } from "../../../shared/seal/transit-api.ts";
import { connectTransit } from "../../../shared/vault/transit.ts";
import type { VaultAnswer } from "../../../shared/vault/vault-answer.ts";
import { openVaultSession } from "../../../shared/vault/vault-session.ts";
import {
  type ScriptedVault,
  scriptedVault,
  type VaultScript,
  vaultAnswer,
  vaultErrors,
} from "../../support/scripted-vault.ts";

const signal = new AbortController().signal;
const name = { mount: "team/transit", key: "app" };
const place = utf8("place");
const base64 = (text: string) => Buffer.from(text).toString("base64");
const plainKey = {
  type: "aes256-gcm96",
  derived: false,
  latest_version: 3,
  min_decryption_version: 2,
};

function connected(script: VaultScript): TransitApi & { vault: ScriptedVault } {
  const vault = scriptedVault(script);
  return Object.assign(connectTransit(openVaultSession(vault, { kind: "token", token: "t" })), { vault });
}

/** Answers every batch with these results, and that the key is there. */
function withResults(status: number, ...results: object[]) {
  return connected(({ what }) =>
    vaultAnswer(status, { data: what.startsWith("GET") ? plainKey : { batch_results: results } }),
  );
}

async function faultOf(asked: Promise<unknown>, says: RegExp = /./): Promise<KeyServiceFault> {
  const error = await asked.then(
    () => assert.fail("it did not fail"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof KeyServiceError, String(error));
  assert.doesNotMatch(`${error.message} ${error.hint}`, /canary/);
  assert.match(error.message, says);
  return error.fault;
}

describe("describeKey", () => {
  const described = (data: object) =>
    connected(() => vaultAnswer(200, { data: { ...data } })).describeKey(name, signal);

  it("reads binding and versions of each type that binds", async () => {
    for (const type of ["aes128-gcm96", "aes256-gcm96", "chacha20-poly1305"]) {
      const key = { latestVersion: 3, minDecryptionVersion: 2 };
      assert.deepEqual(await described({ ...plainKey, type }), { binding: "associated-data", ...key });
      assert.deepEqual(await described({ ...plainKey, type, derived: true }), { binding: "context", ...key });
    }
  });

  it("asks for that very key, below its mount", async () => {
    const transit = connected(() => vaultAnswer(200, { data: plainKey }));
    await transit.describeKey(name, signal);
    assert.deepEqual(
      transit.vault.calls.map(({ what }) => what),
      ["GET team/transit/keys/app"],
    );
  });

  for (const type of [
    "rsa-2048",
    "ed25519",
    "ecdsa-p256",
    "hmac",
    "aes256-cbc",
    "managed_key",
    "aes128-cmac",
  ])
    it(`refuses the type ${type}, which binds nothing`, async () => {
      assert.equal(
        await faultOf(described({ ...plainKey, type, derived: true }), /binds no value/),
        "unusable",
      );
    });

  it("refuses convergent and deleted keys", async () => {
    const convergent = described({ ...plainKey, derived: true, convergent_encryption: true });
    assert.equal(await faultOf(convergent, /convergent/), "unusable");
    assert.equal(await faultOf(described({ ...plainKey, soft_deleted: true }), /was deleted/), "unusable");
  });

  it("refuses what is no description", async () => {
    for (const lacking of ["type", "latest_version", "min_decryption_version"])
      assert.equal(await faultOf(described({ ...plainKey, [lacking]: null })), "unavailable");
  });

  it("tells a key that is not there from one that may not be looked at", async () => {
    const answered = (answer: VaultAnswer) => connected(() => answer).describeKey(name, signal);
    assert.equal(await faultOf(answered(vaultErrors(404))), "unusable");
    const error = await answered(vaultErrors(403, "permission denied")).catch((reason: unknown) => reason);
    assert.ok(error instanceof KeyServiceError);
    assert.match(error.hint, /read on team\/transit\/keys\/app/);
  });
});

describe("encrypt", () => {
  const values = [
    { plaintext: utf8("one"), place },
    { plaintext: utf8(""), place: utf8("elsewhere") },
  ];
  const sealed = [{ ciphertext: "vault:v3:AAAA" }, { ciphertext: "vault:v3:BBBB" }];

  it("sends all values in one request, bound as the key is", async () => {
    for (const [binding, field] of [
      ["context", "context"],
      ["associated-data", "associated_data"],
    ] as const) {
      const transit = withResults(200, ...sealed);
      await transit.describeKey(name, signal);
      assert.deepEqual(await transit.encrypt(name, binding, values, signal), [
        "vault:v3:AAAA",
        "vault:v3:BBBB",
      ]);
      const { what, body } = transit.vault.calls[1] ?? assert.fail("nothing was sent");
      assert.equal(what, "POST team/transit/encrypt/app");
      assert.deepEqual(body, {
        batch_input: [
          { plaintext: base64("one"), [field]: base64("place") },
          { plaintext: "", [field]: base64("elsewhere") },
        ],
      });
    }
  });

  it("looks first whether the key is there, since Vault would make one that is not", async () => {
    const transit = connected(() => vaultErrors(404));
    assert.equal(await faultOf(transit.encrypt(name, "context", values, signal)), "unusable");
    assert.equal(transit.vault.count("POST team/transit/encrypt/app"), 0);
    const there = withResults(200, ...sealed);
    await there.encrypt(name, "context", values, signal);
    await there.encrypt(name, "context", values, signal);
    assert.equal(there.vault.count("GET team/transit/keys/app"), 1);
  });

  it("asks nothing for no values", async () => {
    const transit = withResults(200);
    assert.deepEqual(await transit.encrypt(name, "context", [], signal), []);
    assert.deepEqual(await transit.decrypt(name, "context", [], signal), []);
    assert.deepEqual(await transit.rewrap(name, [], signal), []);
    assert.equal(transit.vault.calls.length, 0);
  });

  it("fails as a whole when one value is refused", async () => {
    const refused = withResults(400, { ciphertext: "vault:v3:AAAA" }, { error: "canary" });
    await faultOf(refused.encrypt(name, "context", values, signal));
  });

  it("takes nothing for a ciphertext that Vault does not write", async () => {
    for (const ciphertext of [
      "",
      "AAAA",
      "vault:v0:AAAA",
      "vault:v1:",
      "vault:v1:A A",
      "vault:v1:AA\n",
      7,
      undefined,
    ]) {
      const transit = withResults(200, { ciphertext }, { ciphertext: "vault:v3:BBBB" });
      assert.equal(await faultOf(transit.encrypt(name, "context", values, signal)), "unavailable");
    }
  });
});

describe("decrypt", () => {
  const values = [
    { ciphertext: "vault:v1:AAAA", place },
    { ciphertext: "vault:v1:BBBB", place },
  ];
  const opened = { plaintext: base64("one") };

  it("sends all values in one request and gives what they hold", async () => {
    const transit = withResults(200, opened, { plaintext: "" });
    assert.deepEqual(await transit.decrypt(name, "associated-data", values, signal), [
      { plaintext: utf8("one") },
      { plaintext: utf8("") },
    ]);
    assert.deepEqual(
      transit.vault.calls.map(({ what }) => what),
      ["POST team/transit/decrypt/app"],
    );
    assert.deepEqual(transit.vault.calls[0]?.body, {
      batch_input: values.map(({ ciphertext }) => ({ ciphertext, associated_data: base64("place") })),
    });
  });

  for (const [error, refused] of [
    ["cipher: message authentication failed", "not-authentic"],
    ["chacha20poly1305: message authentication failed", "not-authentic"],
    ["ciphertext or signature version is disallowed by policy (too old)", "too-old"],
    ["no such key version", "too-old"],
    ["invalid ciphertext: no prefix", "malformed"],
    ["invalid ciphertext: version is too new", "malformed"],
    ["invalid ciphertext length", "malformed"],
    ["canary that nobody knows", "malformed"],
  ] as const)
    for (const status of [400, 200])
      it(`reads the results of a batch answered ${status}, with "${error}" as ${refused}`, async () => {
        const transit = withResults(status, opened, { plaintext: "", error });
        assert.deepEqual(await transit.decrypt(name, "context", values, signal), [
          { plaintext: utf8("one") },
          { refused },
        ]);
      });

  it("sends no batch that a Vault of no special configuration refuses", async () => {
    const answers = Array.from({ length: 10_000 }, () => opened);
    const transit = withResults(200, ...answers);
    const many = (count: number, ciphertext = "vault:v1:AAAA") =>
      Array.from({ length: count }, () => ({ ciphertext, place }));
    const decrypt = (batch: typeof values) => transit.decrypt(name, "context", batch, signal);
    assert.equal(await faultOf(decrypt(many(10_001)), /10000 values/), "misused");
    const half = `vault:v1:${"A".repeat(16 * 1024 * 1024)}`;
    assert.equal(await faultOf(decrypt(many(2, half)), /32 MiB/), "misused");
    assert.deepEqual(transit.vault.calls, []);
    assert.equal((await decrypt(many(10_000))).length, 10_000);
  });

  it("fails when the key turns out to be of another kind, whatever the status", async () => {
    for (const status of [200, 400])
      for (const error of [
        "missing 'context' for key derivation; canary",
        "'[0].associated_data' provided for non-AEAD cipher suite canary",
      ]) {
        const transit = withResults(status, opened, { error });
        assert.equal(
          await faultOf(transit.decrypt(name, "context", values, signal), /another kind/),
          "unusable",
        );
      }
  });

  it("fails when Vault failed on a value", async () => {
    const transit = withResults(500, opened, { error: "canary" });
    assert.equal(await faultOf(transit.decrypt(name, "context", values, signal)), "unavailable");
  });

  it("fails when there are no results, too few, or none that can be read", async () => {
    assert.equal(
      await faultOf(withResults(200, opened).decrypt(name, "context", values, signal)),
      "unavailable",
    );
    const none = connected(() => vaultAnswer(200, { data: {} }));
    assert.equal(await faultOf(none.decrypt(name, "context", values, signal)), "unavailable");
    for (const plaintext of [undefined, 7, "canary!"]) {
      const odd = withResults(200, opened, { plaintext });
      assert.equal(await faultOf(odd.decrypt(name, "context", values, signal)), "unavailable");
    }
  });

  it("fails when the request is refused", async () => {
    const refused = (answer: VaultAnswer) =>
      faultOf(connected(() => answer).decrypt(name, "context", values, signal));
    assert.equal(await refused(vaultErrors(400, "encryption key not found")), "unusable");
    assert.equal(await refused(vaultErrors(403, "permission denied")), "denied");
    assert.equal(await refused(vaultErrors(503, "Vault is sealed")), "unavailable");
  });

  it("hands on the signal", async () => {
    const abort = AbortSignal.abort(new Error("given up"));
    await assert.rejects(
      withResults(200, opened, opened).decrypt(name, "context", values, abort),
      /given up/,
    );
  });
});

describe("rewrap", () => {
  it("sends the place as context, and gives null for what is not authentic there", async () => {
    const transit = withResults(
      400,
      { ciphertext: "vault:v3:AAAA" },
      { error: "cipher: message authentication failed" },
    );
    const values = [
      { ciphertext: "vault:v1:AAAA", place },
      { ciphertext: "vault:v1:BBBB", place },
    ];
    assert.deepEqual(await transit.rewrap(name, values, signal), ["vault:v3:AAAA", null]);
    assert.deepEqual(transit.vault.calls, [
      {
        what: "POST team/transit/rewrap/app",
        token: "t",
        query: null,
        body: { batch_input: values.map(({ ciphertext }) => ({ ciphertext, context: base64("place") })) },
      },
    ]);
  });
});

describe("encryptUnbound", () => {
  const sealed = { ciphertext: "vault:v3:AAAA" };
  const keys = (answer: VaultAnswer) =>
    connected(({ what }) =>
      what.startsWith("GET") ? answer : vaultAnswer(200, { data: { batch_results: [sealed] } }),
    );

  it("looks once whether the key is there, and binds the value to nothing", async () => {
    const transit = keys(vaultAnswer(200, { data: plainKey }));
    assert.equal(await transit.encryptUnbound(name, utf8("one"), signal), "vault:v3:AAAA");
    await transit.encryptUnbound(name, utf8("two"), signal);
    assert.deepEqual(
      transit.vault.calls.map(({ what, body }) => ({ what, body })),
      [
        { what: "GET team/transit/keys/app", body: null },
        ...["one", "two"].map((text) => ({
          what: "POST team/transit/encrypt/app",
          body: { batch_input: [{ plaintext: base64(text) }] },
        })),
      ],
    );
  });

  it("takes keys of other types than values of ours, and those it may not look at", async () => {
    for (const answer of [
      vaultAnswer(200, { data: { ...plainKey, type: "rsa-4096" } }),
      vaultErrors(403, "permission denied"),
    ])
      assert.equal(await keys(answer).encryptUnbound(name, utf8("one"), signal), "vault:v3:AAAA");
  });

  it("makes no key where there is none, and takes no derived or deleted one", async () => {
    const asked = async (answer: VaultAnswer, says: RegExp) => {
      const transit = keys(answer);
      assert.equal(await faultOf(transit.encryptUnbound(name, utf8("one"), signal), says), "unusable");
      assert.equal(transit.vault.calls.length, 1);
    };
    await asked(vaultErrors(404), /no such thing/);
    await asked(vaultAnswer(200, { data: { ...plainKey, derived: true } }), /is derived/);
    await asked(vaultAnswer(200, { data: { ...plainKey, soft_deleted: true } }), /was deleted/);
  });

  it("takes nothing for a ciphertext that is none", async () => {
    for (const result of [{ ciphertext: "canary" }, { error: "cipher: message authentication failed" }])
      assert.equal(
        await faultOf(withResults(200, result).encryptUnbound(name, utf8("one"), signal)),
        "unavailable",
      );
  });
});

describe("decryptUnbound", () => {
  const decrypted = (status: number, result: object) =>
    withResults(status, result).decryptUnbound(name, "vault:v3:AAAA", signal);

  it("sends the ciphertext alone, and reads what it holds", async () => {
    const transit = withResults(200, { plaintext: base64("one") });
    const opened = await transit.decryptUnbound(name, "vault:v3:AAAA", signal);
    assert.deepEqual(opened, { plaintext: utf8("one") });
    assert.deepEqual(
      transit.vault.calls.map(({ what, body }) => ({ what, body })),
      [{ what: "POST team/transit/decrypt/app", body: { batch_input: [{ ciphertext: "vault:v3:AAAA" }] } }],
    );
  });

  it("tells why a value does not open", async () => {
    for (const [error, refused] of [
      ["cipher: message authentication failed", "not-authentic"],
      ["ciphertext or signature version is disallowed by policy (too old)", "too-old"],
      ["invalid ciphertext: no prefix", "malformed"],
    ] as const)
      assert.deepEqual(await decrypted(400, { error }), { refused });
  });
});
