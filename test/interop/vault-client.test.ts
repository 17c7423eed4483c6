import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { fromUtf8, utf8 } from "../../shared/bytes.ts";
import { KeyServiceError, type KeyServiceFault } from "../../shared/seal/key-service-error.ts";
import type { TransitApi, TransitBinding } from "../../shared/seal/transit-api.ts";
import { connectKv } from "../../shared/vault/kv.ts";
import type { KvReader } from "../../shared/vault/kv-answer.ts";
import { connectTransit } from "../../shared/vault/transit.ts";
import { connectVault, type VaultClient } from "../../shared/vault/vault-client.ts";
import { openVaultSession } from "../../shared/vault/vault-session.ts";
import { isRecord } from "../support/control-plane/kube-object.ts";
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
import { writePolicy } from "../support/vault-kubernetes-auth.ts";
import { succeed } from "../support/vault-request.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

const { signal } = new AbortController();
const here = utf8("here");
const elsewhere = utf8("elsewhere");

suite("a real Vault", () => {
  let vault: VaultServer;
  let client: VaultClient;
  let transit: TransitApi;
  let kv: KvReader;

  before(async () => {
    vault = await startVault({ tls: true });
    await enableTransit(vault, "team/transit");
    await enableKv(vault, "team/kv");
    client = connectVault({ address: vault.address, ca: vault.ca });
    const session = openVaultSession(client, { kind: "token", token: vault.rootToken });
    transit = connectTransit(session);
    kv = connectKv(session);
  });
  after(async () => {
    await client?.close();
    await vault?.stop();
  });

  test("asked by http where it speaks https is told in those words", async () => {
    const plain = connectVault({ address: vault.address.replace("https:", "http:") });
    const health = { method: "GET", path: ["sys", "health"] } as const;
    await assert.rejects(plain.request(health), (error) => {
      assert.ok(error instanceof KeyServiceError);
      assert.match(error.message, /it speaks TLS, and was asked without$/);
      assert.equal(error.hint, `write ${vault.address}`);
      return true;
    });
    await plain.close();
  });

  const mount = "team/transit";
  const create = async (key: string, options: object = {}) => {
    await createTransitKey(vault, { mount, name: key, ...options });
    return { mount, key };
  };
  const sealed = async (key: { mount: string; key: string }, binding: TransitBinding, text: string) =>
    (await transit.encrypt(key, binding, [{ plaintext: utf8(text), place: here }], signal))[0] ?? "";
  const opened = async (
    key: { mount: string; key: string },
    binding: TransitBinding,
    ciphertext: string,
    place = here,
  ) => {
    const [one] = await transit.decrypt(key, binding, [{ ciphertext, place }], signal);
    assert.ok(one);
    return "refused" in one ? one.refused : fromUtf8(one.plaintext);
  };
  const faultOf = async (asked: Promise<unknown>, says: RegExp): Promise<KeyServiceFault> => {
    const error = await asked.then(
      () => assert.fail("it did not fail"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof KeyServiceError, String(error));
    assert.match(error.message, says);
    return error.fault;
  };
  /** A token that may do that and no more. */
  const tokenFor = async (name: string, paths: Record<string, string[]>, settings: object = {}) => {
    await writePolicy(vault, name, paths);
    const made = await succeed(vault.request, "POST", "auth/token/create", { policies: [name], ...settings });
    const auth = isRecord(made) ? made["auth"] : null;
    assert.ok(isRecord(auth) && typeof auth["client_token"] === "string");
    return auth["client_token"];
  };
  const transitAs = (token: string) => connectTransit(openVaultSession(client, { kind: "token", token }));

  for (const [type, derived, binding] of [
    ["aes128-gcm96", false, "associated-data"],
    ["aes256-gcm96", false, "associated-data"],
    ["chacha20-poly1305", false, "associated-data"],
    ["aes256-gcm96", true, "context"],
    ["chacha20-poly1305", true, "context"],
  ] as const)
    test(`a key of type ${type}${derived ? ", derived," : ""} binds values to their place by its ${binding}`, async () => {
      const key = await create(`${type}-${derived}`, { type, derived });
      assert.deepEqual(await transit.describeKey(key, signal), {
        binding,
        latestVersion: 1,
        minDecryptionVersion: 1,
      });
      for (const text of ["s3cret", "", "ä\n".repeat(10_000)]) {
        const ciphertext = await sealed(key, binding, text);
        assert.match(ciphertext, /^vault:v1:/);
        assert.equal(await opened(key, binding, ciphertext), text);
        assert.equal(await opened(key, binding, ciphertext, elsewhere), "not-authentic");
      }
    });

  test("a batch that fails in part gives what did not fail", async () => {
    const key = await create("batch", { derived: true });
    const plaintexts = ["one", "two"].map((text) => ({ plaintext: utf8(text), place: here }));
    const [one = "", two = ""] = await transit.encrypt(key, "context", plaintexts, signal);
    const values = [one, "vault:v1:AAAA", two, "vault:v9:AAAA", "no ciphertext", one].map(
      (ciphertext, at) => ({
        ciphertext,
        place: at === 5 ? elsewhere : here,
      }),
    );
    assert.deepEqual(await transit.decrypt(key, "context", values, signal), [
      { plaintext: utf8("one") },
      { refused: "malformed" },
      { plaintext: utf8("two") },
      { refused: "malformed" },
      { refused: "malformed" },
      { refused: "not-authentic" },
    ]);
  });

  test("rotation, rewrapping and an end to old versions", async () => {
    const key = await create("rotated", { derived: true });
    const old = await sealed(key, "context", "s3cret");
    await rotateTransitKey(vault, { mount, name: key.key });
    assert.equal((await transit.describeKey(key, signal)).latestVersion, 2);
    const values = [
      { ciphertext: old, place: here },
      { ciphertext: old, place: elsewhere },
    ];
    const [fresh, none] = await transit.rewrap(key, values, signal);
    assert.match(fresh ?? "", /^vault:v2:/);
    assert.equal(none, null);
    await configureTransitKey(vault, { mount, name: key.key }, { min_decryption_version: 2 });
    assert.equal((await transit.describeKey(key, signal)).minDecryptionVersion, 2);
    assert.equal(await opened(key, "context", old), "too-old");
    assert.equal(await opened(key, "context", fresh ?? ""), "s3cret");
  });

  test("keys that bind nothing, or are not there, are refused by name", async () => {
    const rsa = await create("rsa", { type: "rsa-2048" });
    assert.equal(
      await faultOf(transit.describeKey(rsa, signal), /team\/transit\/rsa .* binds no value/),
      "unusable",
    );
    await succeed(vault.request, "POST", `${mount}/keys/convergent`, {
      derived: true,
      convergent_encryption: true,
    });
    const convergent = transit.describeKey({ mount, key: "convergent" }, signal);
    assert.equal(await faultOf(convergent, /convergent/), "unusable");
    const nowhere = { mount, key: "nowhere" };
    const values = [{ plaintext: utf8("x"), place: here }];
    assert.equal(
      await faultOf(transit.encrypt(nowhere, "context", values, signal), /no such thing/),
      "unusable",
    );
    assert.equal((await vault.request("GET", `${mount}/keys/nowhere`)).status, 404, "and none was made");
    const opening = transit.decrypt(
      nowhere,
      "context",
      [{ ciphertext: "vault:v1:AAAA", place: here }],
      signal,
    );
    assert.equal(await faultOf(opening, /there is no such key/), "unusable");
    const unmounted = transit.describeKey({ mount: "other", key: "app" }, signal);
    assert.equal(await faultOf(unmounted, /nothing is mounted/), "unusable");
  });

  test("a key that was replaced by one of another kind is told from damage", async () => {
    const key = await create("replaced", { derived: true });
    const ciphertext = await sealed(key, "context", "s3cret");
    const opening = transit.decrypt(key, "associated-data", [{ ciphertext, place: here }], signal);
    assert.equal(await faultOf(opening, /another kind/), "unusable");
    const values = [{ plaintext: utf8("x"), place: here }];
    assert.equal(
      await faultOf(transit.encrypt(key, "associated-data", values, signal), /another kind/),
      "unusable",
    );
  });

  test("a value of a mebibyte is larger than Vault takes, which does not pass by itself", async () => {
    const key = await create("large");
    const values = [{ plaintext: new Uint8Array(1024 * 1024), place: here }];
    assert.equal(await faultOf(transit.encrypt(key, "associated-data", values, signal), /larger/), "misused");
    const [fits = ""] = await transit.encrypt(
      key,
      "associated-data",
      [{ plaintext: new Uint8Array(750 * 1024), place: here }],
      signal,
    );
    assert.equal((await opened(key, "associated-data", fits))?.length, 750 * 1024);
  });

  test("what a policy does not allow is denied, and the right is named", async () => {
    const key = await create("guarded", { derived: true });
    const ciphertext = await sealed(key, "context", "s3cret");
    const sealer = transitAs(
      await tokenFor("sealer", {
        [`${mount}/keys/guarded`]: ["read"],
        [`${mount}/encrypt/guarded`]: ["update"],
      }),
    );
    await sealer.encrypt(key, "context", [{ plaintext: utf8("x"), place: here }], signal);
    const opening = sealer.decrypt(key, "context", [{ ciphertext, place: here }], signal);
    const error = await opening.catch((reason: unknown) => reason);
    assert.ok(error instanceof KeyServiceError);
    assert.equal(error.fault, "denied");
    assert.match(error.hint, /update on team\/transit\/decrypt\/guarded/);
    const lost = transitAs("hvs.nonsense").describeKey(key, signal);
    assert.equal(await faultOf(lost, /missing, expired or revoked/), "credentials");
  });

  test("KV secrets: fields, versions, deleted, undeleted, destroyed, removed", async () => {
    const at = { mount: "team/kv", path: "shop/prod db" };
    assert.deepEqual(await kv.readSecret(at, {}), { kind: "missing" });
    assert.deepEqual(await kv.readMetadata(at, {}), { kind: "missing" });
    const encoded = { mount: at.mount, path: "shop/prod%20db" };
    await writeKv(vault, encoded, { password: "one", port: 5432, tls: true, hosts: ["a", "b"], none: null });
    const one = await kv.readSecret(at, {});
    assert.ok(one.kind === "found");
    assert.deepEqual(Object.fromEntries([...one.fields].map(([name, { text }]) => [name, text])), {
      password: "one",
      port: "5432",
      tls: "true",
      hosts: '["a","b"]',
      none: null,
    });
    await writeKv(vault, encoded, { password: "two <&>\u2028 ä" });
    const two = await kv.readSecret(at, {});
    assert.ok(two.kind === "found" && two.version === 2);
    assert.equal(two.fields.get("password")?.text, "two <&>\u2028 ä");
    const again = await kv.readSecret(at, { version: 1 });
    assert.ok(again.kind === "found" && again.version === 1);
    assert.deepEqual(await kv.readSecret(at, { version: 3 }), { kind: "missing" });

    await changeKvVersions(vault, "delete", encoded, [2]);
    const deleted = await kv.readSecret(at, {});
    assert.ok(deleted.kind === "deleted" && deleted.version === 2 && deleted.deletedAt !== null);
    const metadata = await kv.readMetadata(at, {});
    assert.ok(metadata.kind === "found" && metadata.currentVersion === 2);
    assert.deepEqual(
      [...metadata.versions.values()].map(({ version, deletedAt }) => [version, deletedAt !== null]),
      [
        [1, false],
        [2, true],
      ],
    );
    await changeKvVersions(vault, "undelete", encoded, [2]);
    assert.equal((await kv.readSecret(at, {})).kind, "found");
    await changeKvVersions(vault, "destroy", encoded, [2]);
    assert.deepEqual(await kv.readSecret(at, {}), { kind: "destroyed", version: 2 });
    assert.equal((await kv.readSecret(at, { version: 1 })).kind, "found");
    await removeKv(vault, encoded);
    assert.deepEqual(await kv.readSecret(at, {}), { kind: "missing" });
  });

  test("numbers come out as Vault's answer has them; it rounds them itself when they are written", async () => {
    const numbers = { port: 5432, ratio: 0.1, big: 2 ** 60, huge: 1e23 };
    await writeKv(vault, { mount: "team/kv", path: "numbers" }, numbers);
    const read = await kv.readSecret({ mount: "team/kv", path: "numbers" }, {});
    assert.ok(read.kind === "found");
    assert.deepEqual(Object.fromEntries([...read.fields].map(([name, { text }]) => [name, text])), {
      port: "5432",
      ratio: "0.1",
      big: "1152921504606847000",
      huge: "1e+23",
    });
  });

  test("mounts that are not of KV version 2 are told apart", async () => {
    await succeed(vault.request, "POST", "sys/mounts/old", { type: "kv", options: { version: "1" } });
    await succeed(vault.request, "POST", "old/data/app", { data: { user: "x" } });
    for (const path of ["app", "none"])
      assert.deepEqual(await kv.readSecret({ mount: "old", path }, {}), { kind: "not-kv-2", found: "kv-1" });
    assert.deepEqual(await kv.readMetadata({ mount: "old", path: "app" }, {}), {
      kind: "not-kv-2",
      found: "kv-1",
    });
    const inTransit = { mount: "team/transit", path: "app" };
    assert.deepEqual(await kv.readSecret(inTransit, {}), { kind: "not-kv-2", found: "other" });
    assert.deepEqual(await kv.readSecret({ mount: "nowhere", path: "app" }, {}), {
      kind: "not-kv-2",
      found: "nothing",
    });
  });

  test("a KV secret that a policy does not allow is denied, whether it is there or not", async () => {
    await writeKv(vault, { mount: "team/kv", path: "bank" }, { a: "b" });
    const token = await tokenFor("shop", { "team/kv/data/shop/*": ["read"] });
    const asShop = connectKv(openVaultSession(client, { kind: "token", token }));
    for (const path of ["bank", "none"])
      assert.equal(await faultOf(asShop.readSecret({ mount: "team/kv", path }, {}), /policies/), "denied");
    assert.deepEqual(await asShop.readSecret({ mount: "team/kv", path: "shop/none" }, {}), {
      kind: "missing",
    });
    const metadata = asShop.readMetadata({ mount: "team/kv", path: "shop/none" }, {});
    assert.equal(await faultOf(metadata, /policies/), "denied");
  });

  test("Vault sealed, unsealed, killed and started anew", async () => {
    const key = await create("lasting", { derived: true });
    const ciphertext = await sealed(key, "context", "s3cret");
    const opening = () => opened(key, "context", ciphertext);
    await vault.seal();
    assert.equal(await faultOf(opening(), /Vault is sealed/), "unavailable");
    assert.equal(
      await faultOf(kv.readSecret({ mount: "team/kv", path: "bank" }, {}), /is sealed/),
      "unavailable",
    );
    await vault.unseal();
    assert.equal(await opening(), "s3cret");
    await vault.kill();
    assert.equal(await faultOf(opening(), /refused|broke/), "unavailable");
    await vault.restart();
    assert.equal(await opening(), "s3cret");
    await vault.restart();
    assert.equal(
      await opening(),
      "s3cret",
      "over connections of which the client does not know yet that they died",
    );
  });
});
