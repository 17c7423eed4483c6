import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
import { connectKms, type KmsConnection } from "../../shared/aws/kms-client.ts";
import { utf8 } from "../../shared/bytes.ts";
import { encryptSopsDocuments } from "../../shared/document/sops/encrypt-document.ts";
import type { SopsUnwrapper } from "../../shared/document/sops/key-services.ts";
import { readAgeIdentities } from "../../shared/document/sops/keys/age-identities.ts";
import { creationRuleFor } from "../../shared/document/sops/keys/creation-rules.ts";
import type { SopsKms } from "../../shared/document/sops/keys/kms-entry.ts";
import {
  readAgeRecipients,
  readKmsRecipients,
  readVaultRecipient,
} from "../../shared/document/sops/keys/recipient-text.ts";
import { sopsUnwrapper } from "../../shared/document/sops/keys/unwrapper.ts";
import type { SopsVault } from "../../shared/document/sops/keys/vault-entry.ts";
import { sopsWrapper } from "../../shared/document/sops/keys/wrapper.ts";
import type { SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { metadataOf } from "../../shared/document/sops/metadata-tree.ts";
import { openSopsDocuments } from "../../shared/document/sops/open-document.ts";
import { readSopsTree } from "../../shared/document/sops/read-tree.ts";
import { identityOf, recipientOf } from "../../shared/document/sops/recipients.ts";
import { writeSopsTree } from "../../shared/document/sops/write-tree.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { connectTransit } from "../../shared/vault/transit.ts";
import { connectVault, type VaultClient } from "../../shared/vault/vault-client.ts";
import { openVaultSession } from "../../shared/vault/vault-session.ts";
import { useAwsEnvironment } from "../shared/aws/aws-environment.ts";
import { type MotoKms, startMotoKms } from "../support/moto-kms.ts";
import { runProgram } from "../support/run-program.ts";
import { createTransitKey, enableTransit } from "../support/vault-engines.ts";
import { writePolicy } from "../support/vault-kubernetes-auth.ts";
import { succeed } from "../support/vault-request.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";
import { ensureRealComponents } from "../tools/real-components.ts";

const { signal } = new AbortController();
const role = "arn:aws:iam::123456789012:role/sops";
const mount = "team/transit";
const secret = "user: admin\npassword: hunter2\n";

suite("entries of SOPS documents, with the stock sops and real key services", () => {
  let moto: MotoKms;
  let vault: VaultServer;
  let client: VaultClient;
  let folder: string;
  let sops: string;
  let kmsKey: string;
  let connections: KmsConnection[] = [];
  let x25519: string;
  let hybrid: string;

  before(async () => {
    [moto, vault] = await Promise.all([startMotoKms(), startVault({ tls: false })]);
    useAwsEnvironment(moto.environment);
    await enableTransit(vault, mount);
    await createTransitKey(vault, { mount, name: "app" });
    client = connectVault({ address: vault.address });
    kmsKey = await moto.createKey();
    folder = await mkdtemp(join(tmpdir(), "signet-sops-"));
    ({ sops } = await ensureRealComponents(["sops"]));
    [x25519, hybrid] = [await generateX25519Identity(), await generateHybridIdentity()];
  });
  after(async () => {
    for (const connection of connections) connection.close();
    await client?.close();
    await Promise.all([moto?.stop(), vault?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs the stock tool with nothing but what it is given. */
  const stock = async (args: readonly string[], env: Record<string, string>, cwd = folder) => {
    // Else it would look for an instance's credentials, and wait for them.
    const nobody = { AWS_EC2_METADATA_DISABLED: "true" };
    const all = { PATH: process.env["PATH"] ?? "", HOME: folder, ...nobody, ...env };
    const { code, stdout, stderr } = await runProgram(sops, args, { cwd, env: all });
    assert.equal(code, 0, `sops ${args.join(" ")}: ${stderr}`);
    return stdout;
  };

  const kms = (): SopsKms => ({
    api(caller) {
      const connection = connectKms({ version: "1.2.3", caller });
      connections = [...connections, connection];
      return connection;
    },
    permits: () => true,
    hintFor: () => "",
  });
  const vaultAs = (token: string): SopsVault => ({
    address: vault.address,
    api: connectTransit(openVaultSession(client, { kind: "token", token })),
    permits: () => true,
    hintFor: () => "",
    addressHint: "",
  });

  /** Each service: how the stock tool names its key and what it finds, and what unwraps with that service alone. */
  const ways = (): {
    title: string;
    flags: string[];
    env: Record<string, string>;
    unwrapper: Promise<SopsUnwrapper>;
    recipients: SopsRecipient[];
  }[] => {
    const nothing = { age: null, kms: null, vault: null };
    const url = `${vault.address}/v1/${mount}/keys/app`;
    const byAge = async (identity: string) => {
      const identities = await readAgeIdentities(utf8(identity), "the identity", null);
      return sopsUnwrapper({ ...nothing, age: { identities, hint: "" } });
    };
    return [
      {
        title: "AWS KMS, with a role and a context",
        flags: ["--kms", `${kmsKey}+${role}`, "--encryption-context", "team:shop,env:prod"],
        env: { ...moto.environment },
        unwrapper: Promise.resolve(sopsUnwrapper({ ...nothing, kms: kms() })),
        recipients: readKmsRecipients(`${kmsKey}+${role}`, "--kms", {
          context: { team: "shop", env: "prod" },
        }),
      },
      {
        title: "Vault",
        flags: ["--hc-vault-transit", url],
        env: { VAULT_TOKEN: vault.rootToken },
        unwrapper: Promise.resolve(sopsUnwrapper({ ...nothing, vault: vaultAs(vault.rootToken) })),
        recipients: [readVaultRecipient(url, "--hc-vault-transit")],
      },
      ...[x25519, hybrid].map((identity) => ({
        title: identity.slice(0, 18),
        flags: [],
        env: { SOPS_AGE_KEY: identity },
        unwrapper: byAge(identity),
        recipients: [],
      })),
    ];
  };

  const opened = async (text: string, unwrapper: SopsUnwrapper): Promise<string> => {
    const { documents, wipe } = await openSopsDocuments(readSopsTree(text, "yaml", "x.yaml"), {
      unwrapper,
      where: "x.yaml",
      signal,
    });
    wipe();
    return writeSopsTree(documents, "yaml");
  };
  const recipientsFor = async () => {
    const ages = await Promise.all([x25519, hybrid].map(identityToRecipient));
    return {
      ages,
      all: [...ways().flatMap(({ recipients }) => recipients), ...readAgeRecipients(ages.join(), "--age")],
    };
  };

  test("what the stock tool encrypts for all of them opens with each alone", async () => {
    const { ages, all } = await recipientsFor();
    await writeFile(join(folder, "plain.yaml"), secret);
    const flags = ways().flatMap((way) => way.flags);
    const env = { ...moto.environment, VAULT_TOKEN: vault.rootToken };
    const text = await stock(["encrypt", "--age", ages.join(), ...flags, "plain.yaml"], env);
    const { metadata } = metadataOf(readSopsTree(text, "yaml", "x.yaml"), "x.yaml");
    const written = metadata.groups.flat().map((entry) => recipientOf(entry) ?? assert.fail());
    assert.deepEqual(written.map(identityOf).toSorted(), all.map(identityOf).toSorted());
    for (const { title, unwrapper } of ways())
      assert.equal(await opened(text, await unwrapper), secret, title);
  });

  test("what we encrypt for all of them opens in the stock tool with each alone", async () => {
    const { all } = await recipientsFor();
    const wrapper = sopsWrapper({ kms: kms(), vault: vaultAs(vault.rootToken), now: () => new Date() });
    const encrypted = await encryptSopsDocuments(readSopsTree(secret, "yaml", "x.yaml"), {
      groups: [all],
      shamirThreshold: 0,
      selection: { rule: "default" },
      macOnlyEncrypted: false,
      wrapper,
      now: new Date(),
      where: "x.yaml",
      signal,
    });
    await writeFile(join(folder, "ours.yaml"), writeSopsTree(encrypted, "yaml"));
    for (const { title, env } of ways())
      assert.equal(await stock(["decrypt", "ours.yaml"], env), secret, title);
  });

  test("creation rules choose as the stock tool does", async () => {
    const [one, two] = (await recipientsFor()).ages;
    const project = join(folder, "project");
    await mkdir(join(project, "prod/app"), { recursive: true });
    const rules = `creation_rules:
  - path_regex: ^prod/.*\\.enc\\.ya?ml$
    age: "${one},${two}"
  - path_regex: (?i)GROUPS
    shamir_threshold: 2
    key_groups:
      - merge: [{age: ["${two}"]}]
        age: ["${one}", "${two}"]
      - kms: [{arn: "${kmsKey}", context: {team: shop, shard: "7"}}]
        hc_vault: ["${vault.address}/v1/${mount}/keys/app"]
  - path_regex: app/[^/]+$
    kms: ${kmsKey}
    encrypted_regex: ^pass
  - age: [${one}]
`;
    await writeFile(join(project, ".sops.yaml"), rules);
    const env = { ...moto.environment, VAULT_TOKEN: vault.rootToken };
    for (const path of ["prod/app/db.enc.yaml", "prod/groups.yaml", "prod/app/db.yaml", "db.enc.yaml"]) {
      await writeFile(join(project, path), secret);
      const text = await stock(["encrypt", path], env, project);
      const { metadata } = metadataOf(readSopsTree(text, "yaml", path), path);
      const rule = await creationRuleFor(rules, path, ".sops.yaml");
      const inOrder = (groups: readonly (readonly (SopsRecipient | null)[])[]) =>
        groups.map((group) => group.map((one) => identityOf(one ?? assert.fail())).toSorted());
      assert.deepEqual(
        inOrder(metadata.groups.map((group) => group.map(recipientOf))),
        inOrder(rule?.groups ?? []),
        path,
      );
      assert.equal(metadata.shamirThreshold, rule?.shamirThreshold, path);
      const written = { rule: "unencrypted_suffix", pattern: "_unencrypted" };
      assert.deepEqual(
        metadata.selection,
        rule?.selection.rule === "default" ? written : rule?.selection,
        path,
      );
    }
  });

  test("a context, key or profile that is another does not open, and a role does its part", async () => {
    const [recipient] = readKmsRecipients(`${kmsKey}+${role}`, "--kms", { context: { team: "shop" } });
    assert.ok(recipient?.type === "kms");
    const wrapper = sopsWrapper({ kms: kms(), vault: null, now: () => new Date() });
    const entry = await wrapper.wrap(recipient, new Uint8Array(32).fill(7), signal);
    assert.ok(entry.type === "kms");
    const unwrapper = sopsUnwrapper({ age: null, kms: kms(), vault: null });
    const told = async (changed: object) => {
      const unwrapped = await unwrapper.unwrap({ ...entry, ...changed }, signal);
      return "problem" in unwrapped ? unwrapped.problem.message : unwrapped.share;
    };
    assert.deepEqual(await told({}), new Uint8Array(32).fill(7));
    assert.match(String(await told({ context: { team: "other" } })), /do not belong together/);
    assert.match(String(await told({ context: {} })), /do not belong together/);
    assert.match(String(await told({ awsProfile: "gone" })), /from the profile gone: it has none/);
  });

  test("a key of Vault takes no rights but those of sops, is not made, and may not be derived", async () => {
    await createTransitKey(vault, { mount, name: "rsa", type: "rsa-2048" });
    await createTransitKey(vault, { mount, name: "derived", derived: true });
    await writePolicy(vault, "sops", {
      [`${mount}/encrypt/app`]: ["update"],
      [`${mount}/decrypt/app`]: ["update"],
    });
    const made = await succeed(vault.request, "POST", "auth/token/create", { policies: ["sops"] });
    const token = (made as { auth: { client_token: string } }).auth.client_token;
    const share = new Uint8Array(33).fill(9);
    const wrapped = (as: string, name: string) => {
      const recipient = readVaultRecipient(`${vault.address}/v1/${mount}/keys/${name}`, "X");
      return sopsWrapper({ kms: null, vault: vaultAs(as), now: () => new Date() }).wrap(
        recipient,
        share,
        signal,
      );
    };
    const unwrapped = async (as: string, name: string) => {
      const entry = await wrapped(as, name);
      const one = await sopsUnwrapper({ age: null, kms: null, vault: vaultAs(as) }).unwrap(entry, signal);
      return "share" in one ? one.share : assert.fail(one.problem.message);
    };
    assert.deepEqual(await unwrapped(token, "app"), share);
    assert.deepEqual(await unwrapped(vault.rootToken, "rsa"), share);
    const refused = (name: string, says: RegExp) =>
      assert.rejects(wrapped(vault.rootToken, name), (error) => {
        assert.ok(error instanceof KeyServiceError);
        assert.equal(error.fault, "unusable");
        assert.match(error.message, says);
        return true;
      });
    await refused("derived", /it is derived/);
    await refused("new", /knows no such thing/);
    assert.equal((await vault.request("GET", `${mount}/keys/new`)).status, 404);
  });
});
