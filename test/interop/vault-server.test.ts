import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import { isRecord } from "../support/control-plane/kube-object.ts";
import { makeScratchFolder, type ScratchFolder } from "../support/control-plane/scratch-folder.ts";
import { servingCertificate } from "../support/serving-certificate.ts";
import { keepVaultAuditLog } from "../support/vault-audit-log.ts";
import {
  changeKvVersions,
  configureTransitKey,
  createTransitKey,
  enableKv,
  enableTransit,
  removeKv,
  rotateTransitKey,
  writeKv,
} from "../support/vault-engines.ts";
import { makeVaultRequest, type VaultAnswer } from "../support/vault-request.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

suite("a real Vault of a test's own", () => {
  let scratch: ScratchFolder;
  let vault: VaultServer;

  before(async () => {
    scratch = await makeScratchFolder("vault-server-test");
    vault = await startVault({ tls: true });
  });
  after(async () => {
    await vault?.stop();
    await scratch?.remove();
  });

  test("it is the version pinned, over TLS that only its own authority vouches for", async () => {
    const { body } = await vault.request("GET", "sys/health");
    assert.equal(at(body, "version"), "1.21.4");
    assert.match(vault.address, /^https:\/\/127\.0\.0\.1:\d+$/);
    const stranger = makeVaultRequest({
      address: vault.address,
      ca: servingCertificate().certificatePem,
      token: () => null,
    });
    await assert.rejects(stranger.request("GET", "sys/health"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    stranger.close();
  });

  test("sealed it answers 503; unsealed, killed and started again it has its data", async () => {
    await enableKv(vault, "kept");
    await writeKv(vault, { mount: "kept", path: "a" }, { word: "first" });
    await vault.seal();
    const refused = await vault.request("GET", "kept/data/a");
    assert.equal(refused.status, 503);
    assert.deepEqual(at(refused.body, "errors"), ["Vault is sealed"]);
    await vault.unseal();
    assert.equal((await vault.request("GET", "kept/data/a")).status, 200);

    const { address } = vault;
    await vault.kill();
    assert.ok(vault.process.hasEnded());
    await assert.rejects(vault.request("GET", "sys/health"), /ECONNREFUSED|socket hang up|ECONNRESET/);
    await vault.restart();
    assert.equal(vault.address, address);
    assert.deepEqual(at((await vault.request("GET", "kept/data/a")).body, "data", "data"), { word: "first" });
  });

  test("transit binds what it encrypts to a context or to data, and counts its keys' versions", async () => {
    await enableTransit(vault);
    await createTransitKey(vault, { name: "derived", derived: true });
    await createTransitKey(vault, { name: "plain" });
    const call = (verb: string, key: string, body: object): Promise<VaultAnswer> =>
      vault.request("POST", `transit/${verb}/${key}`, body);
    const plaintext = base64("a value");
    for (const [key, binding] of [
      ["derived", "context"],
      ["plain", "associated_data"],
    ] as const) {
      const encrypted = await call("encrypt", key, { plaintext, [binding]: base64("here") });
      const ciphertext = at(encrypted.body, "data", "ciphertext");
      assert.match(String(ciphertext), /^vault:v1:/);
      const opened = await call("decrypt", key, { ciphertext, [binding]: base64("here") });
      assert.equal(at(opened.body, "data", "plaintext"), plaintext);
      const elsewhere = await call("decrypt", key, { ciphertext, [binding]: base64("there") });
      assert.equal(elsewhere.status, 400);
    }
    const { body } = await call("encrypt", "derived", { plaintext, context: base64("here") });
    const old = { ciphertext: at(body, "data", "ciphertext"), context: base64("here") };
    await rotateTransitKey(vault, { name: "derived" });
    const rewrapped = await call("rewrap", "derived", old);
    assert.match(String(at(rewrapped.body, "data", "ciphertext")), /^vault:v2:/);
    assert.equal((await call("decrypt", "derived", old)).status, 200);
    await configureTransitKey(vault, { name: "derived" }, { min_decryption_version: 2 });
    assert.equal((await call("decrypt", "derived", old)).status, 400);
  });

  test("versions of an entry are written, deleted, brought back, destroyed; what is gone is told apart", async () => {
    await enableKv(vault);
    const entry = { path: "shop/db" };
    assert.equal(await writeKv(vault, entry, { password: "one" }), 1);
    assert.equal(await writeKv(vault, entry, { password: "two" }), 2);
    const read = (version: number): Promise<VaultAnswer> =>
      vault.request("GET", `secret/data/shop/db?version=${version}`);
    assert.deepEqual(at((await read(1)).body, "data", "data"), { password: "one" });
    await changeKvVersions(vault, "delete", entry, [2]);
    const deleted = await read(2);
    assert.equal(deleted.status, 404);
    assert.notEqual(at(deleted.body, "data", "metadata", "deletion_time"), "");
    await changeKvVersions(vault, "undelete", entry, [2]);
    assert.equal((await read(2)).status, 200);
    await changeKvVersions(vault, "destroy", entry, [2]);
    const destroyed = await read(2);
    assert.equal(destroyed.status, 404);
    assert.equal(at(destroyed.body, "data", "metadata", "destroyed"), true);
    await removeKv(vault, entry);
    const removed = await read(1);
    assert.equal(removed.status, 404);
    assert.deepEqual(at(removed.body, "errors"), []);
  });

  test("its audit log tells who asked what, and no values", async () => {
    const entries = await keepVaultAuditLog(vault, scratch.path);
    await enableKv(vault, "audited");
    await writeKv(vault, { mount: "audited", path: "b" }, { word: "nobody-reads-this" });
    assert.equal((await vault.request("GET", "audited/data/b", undefined, "no-token")).status, 403);
    const about = (await entries()).filter(({ path }) => path === "audited/data/b");
    assert.deepEqual(
      about.map(({ operation, displayName, error }) => [operation, displayName, error !== null]),
      [
        ["create", "root", false],
        ["read", "", true],
      ],
    );
    assert.ok(about.every(({ line }) => !line.includes("nobody-reads-this")));
  });

  test("stopped, it leaves neither a process nor its folder", async () => {
    const other = await startVault();
    assert.match(other.address, /^http:/);
    assert.equal(other.caFile, null);
    const { pid } = other.process;
    const [folder] =
      /(?<=-config=).*(?=\/vault\.json)/.exec(await readFile(`/proc/${pid}/cmdline`, "utf8")) ?? [];
    assert.ok(folder !== undefined && existsSync(folder));
    await other.stop();
    await other.stop();
    assert.ok(!existsSync(`/proc/${pid}`));
    assert.ok(!existsSync(folder));
  });
});

/** @returns what is at a path of fields; undefined where the path ends before. */
function at(body: unknown, ...fields: readonly string[]): unknown {
  return fields.reduce((value, field) => (isRecord(value) ? value[field] : undefined), body);
}
