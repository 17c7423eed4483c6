import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KeyServiceFault } from "../../../shared/seal/key-service-error.ts";
import {
  saysInvalidToken,
  saysUnmounted,
  unexpectedAnswer,
  vaultFault,
} from "../../../shared/vault/vault-fault.ts";
import { vaultAnswer, vaultErrors } from "../../support/scripted-vault.ts";

const asked = {
  address: "https://vault.example:8200",
  subject: "the Transit key transit/app",
  right: "update on transit/decrypt/app",
};

type Case = { status: number; errors?: string[]; fault: KeyServiceFault; says: RegExp; hint?: RegExp };

// The texts are those of a Vault 1.21.4 where it gave any, with a canary in what it quotes.
const cases: readonly Case[] = [
  { status: 400, errors: ["encryption key not found"], fault: "unusable", says: /there is no such key/ },
  {
    status: 400,
    errors: ["missing 'context' for key derivation; the key was created using a derived key, canary"],
    fault: "unusable",
    says: /of another kind/,
  },
  {
    status: 400,
    errors: ["missing batch input canary"],
    fault: "misused",
    says: /takes the request as wrong/,
  },
  { status: 400, fault: "misused", says: /takes the request as wrong/ },
  {
    status: 403,
    errors: ["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"],
    fault: "credentials",
    says: /missing, expired or revoked/,
  },
  {
    status: 403,
    errors: ["missing client token"],
    fault: "credentials",
    says: /missing, expired or revoked/,
  },
  {
    status: 403,
    errors: ["1 error occurred:\n\t* permission denied\n\n"],
    fault: "denied",
    says: /policies do not allow/,
    hint: /allow update on transit\/decrypt\/app in a policy/,
  },
  { status: 403, fault: "denied", says: /policies do not allow/ },
  {
    status: 403,
    errors: ["namespace canary is sealed"],
    fault: "unavailable",
    says: /namespace .* is sealed/,
  },
  {
    status: 404,
    errors: ['no handler for route "canary/keys/none". route entry not found.'],
    fault: "unusable",
    says: /nothing is mounted/,
    hint: /enable the engine/,
  },
  { status: 404, fault: "unusable", says: /knows no such thing/ },
  { status: 405, errors: ["unsupported operation canary"], fault: "unusable", says: /another engine/ },
  { status: 409, fault: "misused", says: /refuses the request/ },
  { status: 412, fault: "unavailable", says: /not seen the latest changes/ },
  {
    status: 413,
    errors: ["http: request body too large"],
    fault: "misused",
    says: /larger than Vault takes/,
  },
  {
    status: 429,
    errors: ["request path canary: rate limit quota exceeded"],
    fault: "throttled",
    says: /too often/,
  },
  { status: 472, fault: "unavailable", says: /disaster recovery/ },
  { status: 473, fault: "unavailable", says: /stands by/ },
  {
    status: 500,
    errors: ["JSON string value exceeds allowed length"],
    fault: "misused",
    says: /larger than Vault takes/,
    hint: /max_json_string_value_length/,
  },
  { status: 500, errors: ["1 error occurred:\n\t* canary\n\n"], fault: "unavailable", says: /Vault failed/ },
  { status: 501, fault: "unavailable", says: /not initialised/ },
  { status: 502, fault: "unavailable", says: /Vault failed/ },
  { status: 503, errors: ["Vault is sealed"], fault: "unavailable", says: /Vault is sealed/, hint: /unseal/ },
  { status: 503, errors: ["canary overload"], fault: "unavailable", says: /overloaded or under maintenance/ },
  { status: 504, fault: "unavailable", says: /Vault failed/ },
];
const passing: ReadonlySet<KeyServiceFault> = new Set(["unavailable", "throttled", "credentials"]);

describe("vaultFault", () => {
  for (const { status, errors = [], fault, says, hint = /./ } of cases)
    it(`takes ${status} ${JSON.stringify(errors[0] ?? "without a reason").slice(0, 50)} as ${fault}`, () => {
      const error = vaultFault(vaultErrors(status, ...errors), asked);
      assert.equal(error.fault, fault);
      assert.equal(error.retryable, passing.has(fault));
      assert.match(error.message, says);
      assert.match(error.hint, hint);
      assert.ok(
        error.message.startsWith("the Transit key transit/app in Vault at https://vault.example:8200"),
      );
      assert.ok(error.message.includes(`status ${status}`));
      assert.doesNotMatch(`${error.message} ${error.hint}`, /canary|\n/);
    });

  it("hands on how long Vault asks to wait", () => {
    const answer = { ...vaultErrors(429), retryAfterMs: 7000 };
    assert.equal(vaultFault(answer, asked).retryAfterMs, 7000);
    assert.equal(vaultFault(vaultErrors(429), asked).retryAfterMs, null);
  });

  it("reads no reasons out of bodies that have none", () => {
    for (const body of [null, {}, { errors: "invalid token" }, { errors: [{}, 7] }])
      assert.equal(vaultFault(vaultAnswer(403, body), asked).fault, "denied");
  });

  it("always names a next step", () => {
    const error = vaultFault(vaultErrors(403), { ...asked, right: null });
    assert.match(error.hint, /policy/);
  });
});

describe("what a refusal says", () => {
  it("of the token is told from what it says of a policy", () => {
    assert.equal(saysInvalidToken(vaultErrors(403, "permission denied\n\t* invalid token")), true);
    assert.equal(saysInvalidToken(vaultErrors(403, "permission denied")), false);
    assert.equal(saysInvalidToken(vaultErrors(400, "invalid token")), false);
  });

  it("of a mount that is not there is told from what it says of an entry", () => {
    assert.equal(saysUnmounted(vaultErrors(404, 'no handler for route "x"')), true);
    assert.equal(saysUnmounted(vaultErrors(404)), false);
    assert.equal(saysUnmounted(vaultErrors(403, "no handler for route")), false);
  });
});

describe("unexpectedAnswer", () => {
  it("is one that may pass, and names what was asked", () => {
    const error = unexpectedAnswer(asked);
    assert.equal(error.fault, "unavailable");
    assert.match(error.message, /https:\/\/vault\.example:8200 .* the Transit key transit\/app/);
  });
});
