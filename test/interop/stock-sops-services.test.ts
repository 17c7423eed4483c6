import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { connectKms, type KmsConnection } from "../../shared/aws/kms-client.ts";
import { editSopsDocuments } from "../../shared/document/sops/edit-document.ts";
import { encryptSopsDocuments } from "../../shared/document/sops/encrypt-document.ts";
import type { SopsUnwrapper, SopsWrapper } from "../../shared/document/sops/key-services.ts";
import type { AgeIdentities } from "../../shared/document/sops/keys/age-identities.ts";
import type { SopsKms } from "../../shared/document/sops/keys/kms-entry.ts";
import { readKmsRecipients, readVaultRecipient } from "../../shared/document/sops/keys/recipient-text.ts";
import { sopsUnwrapper } from "../../shared/document/sops/keys/unwrapper.ts";
import type { SopsVault } from "../../shared/document/sops/keys/vault-entry.ts";
import { sopsWrapper } from "../../shared/document/sops/keys/wrapper.ts";
import type { SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { openSopsDocuments } from "../../shared/document/sops/open-document.ts";
import { readSopsTree } from "../../shared/document/sops/read-tree.ts";
import { identityOf, recipientOf } from "../../shared/document/sops/recipients.ts";
import { rotateSopsDocuments } from "../../shared/document/sops/rotate-document.ts";
import { updateSopsKeys } from "../../shared/document/sops/update-keys.ts";
import { writeSopsTree } from "../../shared/document/sops/write-tree.ts";
import { connectTransit } from "../../shared/vault/transit.ts";
import { connectVault, type VaultClient } from "../../shared/vault/vault-client.ts";
import { openVaultSession } from "../../shared/vault/vault-session.ts";
import { useAwsEnvironment } from "../shared/aws/aws-environment.ts";
import { type MotoKms, startMotoKms } from "../support/moto-kms.ts";
import { newAgeIdentity } from "../support/sops-keys.ts";
import { StockSops } from "../support/stock-sops.ts";
import { createTransitKey, enableTransit } from "../support/vault-engines.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

const { signal } = new AbortController();
const PLAIN = "# note\na: secret\nb_unencrypted: 0x10\nl:\n    - 1\n    - true\n";
const OPENED = "# note\na: secret\nb_unencrypted: 16\nl:\n    - 1\n    - true\n";
const role = "arn:aws:iam::123456789012:role/sops";
const context = { team: "shop", env: "prod" };

/** A service: what the stock tool finds in its environment, and what ours opens with it. */
type Service = { env: Record<string, string>; unwrapper: SopsUnwrapper; recipient: SopsRecipient };

suite("groups of keys of age, AWS KMS and Vault, by the stock sops and by ours in turn", () => {
  let moto: MotoKms;
  let vault: VaultServer;
  let client: VaultClient;
  let stock: StockSops;
  let age: { text: string; recipient: string; identities: AgeIdentities };
  let kmsKey: string;
  let vaultUrl: string;
  let services: Record<"age" | "kms" | "vault", Service>;
  let everything: { unwrapper: SopsUnwrapper; wrapper: SopsWrapper; env: Record<string, string> };
  const connections: KmsConnection[] = [];
  let file = 0;

  before(async () => {
    [moto, vault] = await Promise.all([startMotoKms(), startVault({ tls: false })]);
    useAwsEnvironment(moto.environment);
    await enableTransit(vault, "transit");
    await createTransitKey(vault, { mount: "transit", name: "app" });
    client = connectVault({ address: vault.address });
    kmsKey = await moto.createKey();
    vaultUrl = `${vault.address}/v1/transit/keys/app`;
    age = await newAgeIdentity();
    stock = await StockSops.start();
    const kms: SopsKms = {
      api(caller) {
        const connection = connectKms({ version: "1.2.3", caller });
        connections.push(connection);
        return connection;
      },
      permits: () => true,
      hintFor: () => "",
    };
    const transit: SopsVault = {
      address: vault.address,
      api: connectTransit(openVaultSession(client, { kind: "token", token: vault.rootToken })),
      permits: () => true,
      hintFor: () => "",
      addressHint: "",
    };
    const { identities } = age;
    const nothing = { age: null, kms: null, vault: null };
    const [kmsRecipient] = readKmsRecipients(`${kmsKey}+${role}`, "--kms", { context });
    assert.ok(kmsRecipient !== undefined);
    services = {
      age: {
        env: { SOPS_AGE_KEY: age.text },
        unwrapper: sopsUnwrapper({ ...nothing, age: { identities, hint: "" } }),
        recipient: { type: "age", recipient: age.recipient },
      },
      kms: {
        env: { ...moto.environment },
        unwrapper: sopsUnwrapper({ ...nothing, kms }),
        recipient: kmsRecipient,
      },
      vault: {
        env: { VAULT_TOKEN: vault.rootToken },
        unwrapper: sopsUnwrapper({ ...nothing, vault: transit }),
        recipient: readVaultRecipient(vaultUrl, "--hc-vault-transit"),
      },
    };
    everything = {
      unwrapper: sopsUnwrapper({ age: { identities, hint: "" }, kms, vault: transit }),
      wrapper: sopsWrapper({ kms, vault: transit, now: () => new Date() }),
      env: Object.assign({}, ...Object.values(services).map(({ env }) => env)),
    };
  });
  after(async () => {
    for (const connection of connections) connection.close();
    await client?.close();
    await Promise.all([moto?.stop(), vault?.stop(), stock?.stop()]);
  });

  async function written(text: string): Promise<string> {
    const name = `services-${file++}.yaml`;
    await stock.write(name, text);
    return name;
  }
  const open = (text: string, unwrapper = everything.unwrapper) =>
    openSopsDocuments(readSopsTree(text, "yaml", "x"), { unwrapper, where: "x", signal });
  const groups = (): SopsRecipient[][] => Object.values(services).map(({ recipient }) => [recipient]);
  async function encryptOurs(of: SopsRecipient[][], shamirThreshold: number): Promise<string> {
    const encrypted = await encryptSopsDocuments(readSopsTree(PLAIN, "yaml", "plain"), {
      groups: of,
      shamirThreshold,
      selection: { rule: "default" },
      macOnlyEncrypted: false,
      wrapper: everything.wrapper,
      now: new Date(),
      signal,
    });
    return writeSopsTree(encrypted, "yaml");
  }
  /** Rules that say the same as `groups`. */
  const rules = (shamirThreshold: number): string =>
    JSON.stringify({
      creation_rules: [
        {
          shamir_threshold: shamirThreshold,
          key_groups: [
            { age: [age.recipient] },
            { kms: [{ arn: kmsKey, role, context }] },
            { hc_vault: [vaultUrl] },
          ],
        },
      ],
    });
  /** Each pair of services opens it, in the stock tool and in ours, and no service alone does. */
  async function takesTwoOfThree(text: string, plain: string): Promise<void> {
    const name = await written(text);
    const all = Object.entries(services);
    for (const [missing] of all) {
      const pair = all.filter(([service]) => service !== missing).map(([, service]) => service);
      const env = Object.assign({}, ...pair.map((service) => service.env));
      assert.equal(await stock.succeed(["decrypt", name], env), plain, `without ${missing}`);
      assert.equal(writeSopsTree((await open(text, firstOf(pair))).documents, "yaml"), plain, missing);
    }
    for (const [service, { env, unwrapper }] of all) {
      assert.equal((await stock.run(["decrypt", name], env)).code, 128, `with ${service} alone`);
      await assert.rejects(open(text, unwrapper), { code: "sops-key" }, service);
    }
  }
  const firstOf = (several: readonly Service[]): SopsUnwrapper => ({
    async unwrap(entry, until) {
      for (const { unwrapper } of several) {
        const unwrapped = await unwrapper.unwrap(entry, until);
        if ("share" in unwrapped) return unwrapped;
      }
      return services.age.unwrapper.unwrap(entry, until);
    },
  });

  test("two of three groups open what either side encrypted", async () => {
    await stock.write("rules.json", rules(2));
    const theirs = await stock.succeed(
      ["--config", "rules.json", "encrypt", await written(PLAIN)],
      everything.env,
    );
    const ours = await encryptOurs(groups(), 2);
    await takesTwoOfThree(theirs, OPENED);
    await takesTwoOfThree(ours, OPENED);
    const { metadata } = await open(theirs);
    const names = metadata.groups.map((group) =>
      group.map((entry) => identityOf(recipientOf(entry) ?? assert.fail())),
    );
    assert.deepEqual(
      names,
      groups().map((group) => group.map(identityOf)),
    );
  });

  test("set, then our edit; rotate, then ours: two of three still open it", async () => {
    const name = await written(await encryptOurs(groups(), 2));
    await stock.succeed(["set", name, '["a"]', '"by set"'], everything.env);
    const set = readSopsTree(await stock.read(name), "yaml", "x");
    const opened = await open(await stock.read(name));
    const wanted = readSopsTree(OPENED.replace("secret", "by edit"), "yaml", "wanted");
    const edited = writeSopsTree(await editSopsDocuments(set, opened, wanted, { now: new Date() }), "yaml");
    await takesTwoOfThree(edited, OPENED.replace("secret", "by edit"));

    await stock.write(name, edited);
    await stock.succeed(["rotate", "-i", name], everything.env);
    const rotated = await open(await stock.read(name));
    assert.notDeepEqual(rotated.dataKey, opened.dataKey);
    const { wrapper } = everything;
    const ours = await rotateSopsDocuments(rotated, rotated.documents, { wrapper, now: new Date(), signal });
    await takesTwoOfThree(writeSopsTree(ours, "yaml"), OPENED.replace("secret", "by edit"));
  });

  test("updatekeys and groups of the stock tool are read by ours, and ours are nothing new to it", async () => {
    const name = await written(await encryptOurs([[services.age.recipient]], 0));
    await stock.succeed(
      [
        "groups",
        "add",
        "-f",
        name,
        "-i",
        "--kms",
        `${kmsKey}+${role}`,
        "--encryption-context",
        "team:shop,env:prod",
      ],
      everything.env,
    );
    await stock.succeed(["groups", "add", "-f", name, "-i", "--hc-vault-transit", vaultUrl], everything.env);
    const added = await open(await stock.read(name));
    assert.deepEqual(
      added.metadata.groups.map((group) => group.map(({ type }) => type)),
      [["age"], ["kms"], ["hc_vault"]],
    );
    await stock.write("rules.json", rules(2));
    await stock.succeed(["--config", "rules.json", "updatekeys", "-y", name], everything.env);
    await takesTwoOfThree(await stock.read(name), OPENED);

    const one = await encryptOurs([[services.kms.recipient]], 0);
    const options = { groups: groups(), shamirThreshold: 2, wrapper: everything.wrapper, signal };
    const updated = await updateSopsKeys(readSopsTree(one, "yaml", "x"), await open(one), options);
    const ours = await written(writeSopsTree(updated, "yaml"));
    const { code, stderr } = await stock.run(
      ["--config", "rules.json", "updatekeys", "-y", ours],
      everything.env,
    );
    assert.equal(code, 0);
    assert.match(stderr, /already up to date/);
    await takesTwoOfThree(await stock.read(ours), OPENED);
  });

  test("a context or key that is another opens in neither", async () => {
    const text = await encryptOurs([[services.kms.recipient]], 0);
    const other = await moto.createKey();
    for (const tampered of [text.replace("team: shop", "team: other"), text.replaceAll(kmsKey, other)]) {
      assert.notEqual(tampered, text);
      const name = await written(tampered);
      assert.equal((await stock.run(["decrypt", name], services.kms.env)).code, 128);
      await assert.rejects(open(tampered), { code: "sops-key" });
    }
  });
});
