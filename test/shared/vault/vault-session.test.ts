import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { openVaultSession } from "../../../shared/vault/vault-session.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { scriptedVault, vaultAnswer, vaultErrors } from "../../support/scripted-vault.ts";

const read = { method: "GET", path: ["secret", "data", "shop"] } as const;

function isOfCredentials(error: unknown): true {
  assert.ok(error instanceof KeyServiceError);
  assert.equal(error.fault, "credentials");
  assert.doesNotMatch(`${error.message} ${error.hint}`, /canary/);
  return true;
}

describe("a session with a given token", () => {
  it("sends it, and leaves it alone at the end", async () => {
    const vault = scriptedVault(() => vaultAnswer(200));
    const session = openVaultSession(vault, { kind: "token", token: "one" });
    await session.request(read);
    await session.close();
    assert.deepEqual(
      vault.calls.map(({ what, token }) => [what, token]),
      [["GET secret/data/shop", "one"]],
    );
  });

  it("hands on a refusal", async () => {
    const vault = scriptedVault(() => vaultErrors(403));
    const session = openVaultSession(vault, { kind: "token", token: "one" });
    assert.equal((await session.request(read)).status, 403);
    assert.equal(vault.calls.length, 1);
  });

  it("takes nothing that cannot be one", () => {
    for (const token of ["", "canary token", "canary\n", "canaryé", "c".repeat(20_000)])
      assert.throws(
        () =>
          openVaultSession(
            scriptedVault(() => vaultAnswer(200)),
            { kind: "token", token },
          ),
        isOfCredentials,
      );
  });
});

describe("a session with a token file", () => {
  let folder: string;
  let path: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "signet-token-"));
    path = join(folder, "token");
  });
  after(() => rm(folder, { recursive: true }));

  it("reads it anew when a second has passed, without what stands around the token", async () => {
    const clock = new FakeClock();
    const vault = scriptedVault(() => vaultAnswer(200));
    const session = openVaultSession(vault, { kind: "token-file", path }, { clock });
    await writeFile(path, " one\n");
    await session.request(read);
    await writeFile(path, "two\n");
    await clock.advance(999);
    await session.request(read);
    await clock.advance(1);
    await session.request(read);
    assert.deepEqual(
      vault.calls.map(({ token }) => token),
      ["one", "one", "two"],
    );
  });

  it("reads it anew when the token is refused, and tries once more only with another one", async () => {
    const vault = scriptedVault(({ token }) => (token === "two" ? vaultAnswer(200) : vaultErrors(403)));
    const session = openVaultSession(vault, { kind: "token-file", path }, { clock: new FakeClock() });
    await writeFile(path, "one");
    assert.equal((await session.request(read)).status, 403);
    assert.equal(vault.calls.length, 1);
    await writeFile(path, "two");
    assert.equal((await session.request(read)).status, 200);
    assert.deepEqual(
      vault.calls.map(({ token }) => token),
      ["one", "one", "two"],
    );
  });

  it("fails without a file, and with one that holds something else", async () => {
    const session = (file: string) =>
      openVaultSession(
        scriptedVault(() => vaultAnswer(200)),
        { kind: "token-file", path: file },
      );
    await assert.rejects(session(join(folder, "none")).request(read), /cannot be read \(ENOENT\)/);
    for (const text of ["", "canary canary", "canary\ncanary"]) {
      await writeFile(path, text);
      await assert.rejects(session(path).request(read), isOfCredentials);
    }
  });

  it("is not the other's where two sessions share a client", async () => {
    const vault = scriptedVault(() => vaultAnswer(200));
    const sessions = ["one", "two"].map((token) => openVaultSession(vault, { kind: "token", token }));
    await Promise.all([...sessions, ...sessions].map((session) => session.request(read)));
    assert.deepEqual(
      vault.calls.map(({ token }) => token),
      ["one", "two", "one", "two"],
    );
  });
});
