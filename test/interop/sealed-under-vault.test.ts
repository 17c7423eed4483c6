import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { utf8 } from "../../shared/bytes.ts";
import type { TransitApi, TransitKeyName } from "../../shared/seal/transit-api.ts";
import { renewVaultValues } from "../../shared/seal/vault-renewal.ts";
import { keyVersionOf, readVaultValue } from "../../shared/seal/vault-value.ts";
import { unwrapSealingKey, WrappedKeyError, wrapSealingKey } from "../../shared/seal/wrapped-key.ts";
import { connectTransit } from "../../shared/vault/transit.ts";
import { connectVault, type VaultClient } from "../../shared/vault/vault-client.ts";
import { openVaultSession } from "../../shared/vault/vault-session.ts";
import { here, sealedText, signal, vaultCodec } from "../support/remote-values.ts";
import {
  configureTransitKey,
  createTransitKey,
  enableTransit,
  rotateTransitKey,
} from "../support/vault-engines.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

const mount = "team/transit";
const items = { a: "1", b: "", c: "long ".repeat(20_000) };
const opened = { a: "opened 1", b: "opened ", c: `opened ${items.c}` };
const kinds: [key: string, options: { derived?: boolean; type?: string }][] = [
  ["derived", { derived: true }],
  ["aes256", { type: "aes256-gcm96" }],
  ["aes128", { type: "aes128-gcm96" }],
  ["chacha", { type: "chacha20-poly1305" }],
];

suite("values sealed under a real Vault", () => {
  let vault: VaultServer;
  let client: VaultClient;
  let transit: TransitApi;

  before(async () => {
    vault = await startVault();
    await enableTransit(vault, mount);
    client = connectVault({ address: vault.address, ca: null });
    transit = connectTransit(openVaultSession(client, { kind: "token", token: vault.rootToken }));
  });
  after(async () => {
    await client?.close();
    await vault?.stop();
  });

  const create = async (
    key: string,
    options: { derived?: boolean; type?: string },
  ): Promise<TransitKeyName> => {
    await createTransitKey(vault, { mount, name: key, ...options });
    return { mount, key };
  };

  for (const [key, options] of kinds) {
    test(`${key}: they open at their place and at no other`, async () => {
      const codec = vaultCodec(transit, await create(`place-${key}`, options));
      const values = await codec.seal(items);
      assert.deepEqual(await codec.open(values), opened);
      const strict = { kind: "strict", namespace: "team-a", name: "db" } as const;
      for (const elsewhere of [
        { ...here, clusterId: "another" },
        { ...here, scope: { ...strict, name: "web" } },
        { ...here, scope: { ...strict, namespace: "team-b" } },
        { ...here, scope: { kind: "namespace-wide", namespace: "team-a" } as const },
        { ...here, scope: { kind: "cluster-wide" } as const },
      ])
        assert.deepEqual(
          new Set(Object.values(await codec.open(values, elsewhere))),
          new Set(["not-authentic"]),
        );
      const swapped = new Map([...values, ["b", sealedText(values, "c")], ["c", sealedText(values, "b")]]);
      assert.deepEqual(await codec.open(swapped), { ...opened, b: "not-authentic", c: "not-authentic" });
    });

    test(`${key}: they are renewed when the key was rotated, and told when they are too old`, async () => {
      const name = await create(`renewed-${key}`, options);
      const codec = vaultCodec(transit, name);
      const values = await codec.seal(items);
      await rotateTransitKey(vault, { mount, name: name.key });
      const renewed = await renewVaultValues(
        transit,
        values,
        here,
        { to: null, allowed: () => true },
        signal,
      );
      const versions = [...renewed].map(([item, text]) =>
        keyVersionOf(readVaultValue(item, text).ciphertext),
      );
      assert.deepEqual(versions, [2, 2, 2]);
      await configureTransitKey(vault, { mount, name: name.key }, { min_decryption_version: 2 });
      assert.deepEqual(await codec.open(renewed), opened);
      assert.equal((await codec.open(values))["a"], "too-old");
    });

    test(`${key}: a sealing key that it wraps belongs to one Secret`, async () => {
      const name = await create(`wraps-${key}`, options);
      const services = { kms: null, transit };
      const bound = { fingerprint: "SHA256:x", certificate: "0123" };
      const place = { clusterId: "c", namespace: "kube-system", name: "key", ...bound };
      const text = await wrapSealingKey(services, { service: "vault", name }, place, utf8("pem"), signal);
      const unwrap = (at: typeof place) => unwrapSealingKey(services, text, at, () => true, signal);
      assert.deepEqual(await unwrap(place), utf8("pem"));
      for (const other of [{ name: "other" }, { certificate: "0124" }])
        await assert.rejects(unwrap({ ...place, ...other }), (error) => error instanceof WrappedKeyError);
    });
  }
});
