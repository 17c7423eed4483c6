import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { armor, Encrypter, generateHybridIdentity, identityToRecipient } from "age-encryption";
import { utf8 } from "../../../../shared/bytes.ts";
import { encryptSopsDocuments } from "../../../../shared/document/sops/encrypt-document.ts";
import { readAgeIdentities } from "../../../../shared/document/sops/keys/age-identities.ts";
import { sopsUnwrapper } from "../../../../shared/document/sops/keys/unwrapper.ts";
import type { SopsRecipient } from "../../../../shared/document/sops/metadata.ts";
import { type OpenedSops, openSopsDocuments } from "../../../../shared/document/sops/open-document.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import { updateSopsKeys } from "../../../../shared/document/sops/update-keys.ts";
import { writeSopsTree } from "../../../../shared/document/sops/write-tree.ts";
import { runProgram } from "../../../support/run-program.ts";
import { AgePeople, StockSops } from "../../../support/stock-sops.ts";
import { ensureRealComponents } from "../../../tools/real-components.ts";

const { signal } = new AbortController();
const PLAIN = "a: secret\nl:\n    - 1\n    - true\n";

type Age = SopsRecipient & { type: "age" };

suite("keys of documents that stock sops and ours change in turn", () => {
  let people: AgePeople;
  let stock: StockSops;
  let one: Age;
  let two: Age;
  let three: Age;
  let postQuantum: { identity: string; recipient: Age };
  let file = 0;

  before(async () => {
    people = await AgePeople.create();
    const [first, second, third] = people.recipients;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    [one, two, three] = [first, second, third];
    const identity = await generateHybridIdentity();
    postQuantum = { identity, recipient: { type: "age", recipient: await identityToRecipient(identity) } };
    stock = await StockSops.start({ SOPS_AGE_KEY: people.keyText });
  });
  after(() => stock?.stop());

  const identityOf = (recipient: Age) =>
    people.keyText.split("\n")[people.recipients.indexOf(recipient)] ?? assert.fail();

  async function written(text: string): Promise<string> {
    const name = `keys-${file++}.yaml`;
    await stock.write(name, text);
    return name;
  }
  async function encryptOurs(groups: Age[][], shamirThreshold = 0): Promise<string> {
    const encrypted = await encryptSopsDocuments(readSopsTree(PLAIN, "yaml", "plain"), {
      groups,
      shamirThreshold,
      selection: { rule: "default" },
      macOnlyEncrypted: false,
      wrapper: people.wrapper,
      now: new Date(),
      signal,
    });
    return writeSopsTree(encrypted, "yaml");
  }
  /** What ours opens with these identities alone. */
  async function openWith(text: string, identityText: string): Promise<OpenedSops> {
    const identities = await readAgeIdentities(utf8(identityText), "the identities", null);
    const unwrapper = sopsUnwrapper({ age: { identities, hint: "" }, kms: null, vault: null });
    return openSopsDocuments(readSopsTree(text, "yaml", "x"), { unwrapper, where: "x", signal });
  }
  async function updatedByOurs(text: string, groups: Age[][], shamirThreshold?: number): Promise<string> {
    const opened = await people.open(text);
    const options = { groups, wrapper: people.wrapper, signal };
    const updated = await updateSopsKeys(
      readSopsTree(text, "yaml", "x"),
      opened,
      shamirThreshold === undefined ? options : { ...options, shamirThreshold },
    );
    return writeSopsTree(updated, "yaml");
  }
  const rulesOf = (groups: readonly (readonly Age[])[], shamirThreshold: number) =>
    JSON.stringify({
      creation_rules: [
        {
          key_groups: groups.map((group) => ({ age: group.map(({ recipient }) => recipient) })),
          ...(shamirThreshold === 0 ? {} : { shamir_threshold: shamirThreshold }),
        },
      ],
    });
  async function updatedByStock(text: string, groups: Age[][], shamirThreshold = 0) {
    const name = await written(text);
    await stock.write(`${name}.rules`, rulesOf(groups, shamirThreshold));
    const { code, stderr } = await stock.run(["--config", `${name}.rules`, "updatekeys", "-y", name]);
    assert.equal(code, 0, stderr);
    return { text: await stock.read(name), said: stderr };
  }
  /** Both sides open it with these identities, of which the stock tool and ours take the same. */
  async function opensWith(text: string, ...identities: string[]): Promise<void> {
    const keys = identities.join("\n");
    const name = await written(text);
    assert.equal(await stock.succeed(["decrypt", name], { SOPS_AGE_KEY: keys }), PLAIN);
    assert.equal(writeSopsTree((await openWith(text, keys)).documents, "yaml"), PLAIN);
  }
  async function staysShut(text: string, ...identities: string[]): Promise<void> {
    const keys = identities.join("\n");
    const name = await written(text);
    assert.equal((await stock.run(["decrypt", name], { SOPS_AGE_KEY: keys })).code, 128);
    await assert.rejects(openWith(text, keys), { code: "sops-key" });
  }
  const recipientsIn = ({ metadata }: OpenedSops) =>
    metadata.groups.map((group) => group.map((entry) => (entry.type === "age" ? entry.recipient : "")));

  test("each of several recipients opens alone, a post-quantum one too", async () => {
    const all = [one, postQuantum.recipient, two];
    const name = await written(PLAIN);
    const theirs = await stock.succeed([
      "encrypt",
      "--age",
      all.map(({ recipient }) => recipient).join(),
      name,
    ]);
    for (const text of [theirs, await encryptOurs([all])]) {
      for (const identity of [identityOf(one), identityOf(two), postQuantum.identity])
        await opensWith(text, identity);
      await staysShut(text, identityOf(three));
    }
  });

  test("updatekeys of each side is nothing new to the other", async () => {
    const text = await encryptOurs([[one, two]]);
    const theirs = await updatedByStock(text, [[two, three, postQuantum.recipient]]);
    const ours = await updatedByOurs(text, [[two, three, postQuantum.recipient]]);
    for (const updated of [theirs.text, ours]) {
      for (const identity of [identityOf(two), identityOf(three), postQuantum.identity])
        await opensWith(updated, identity);
      await staysShut(updated, identityOf(one));
      const values = (from: string) => from.slice(0, from.indexOf("\nsops:"));
      assert.equal(values(updated), values(text));
    }
    assert.equal(await updatedByOurs(theirs.text, [[postQuantum.recipient, two, three]]), theirs.text);
    const again = await updatedByStock(ours, [[two, three, postQuantum.recipient]]);
    assert.equal(again.text, ours);
    assert.match(again.said, /already up to date/);
  });

  test("groups of keys: two of three, with each pair of identities", async () => {
    const groups = [[one, postQuantum.recipient], [two], [three]];
    const text = await encryptOurs(groups, 2);
    await opensWith(text, identityOf(one), identityOf(two));
    await opensWith(text, postQuantum.identity, identityOf(three));
    await opensWith(text, identityOf(two), identityOf(three), identityOf(one));
    await staysShut(text, identityOf(one), postQuantum.identity);
    const { text: same, said } = await updatedByStock(text, groups, 2);
    assert.equal(same, text);
    assert.match(said, /already up to date/);
    const { text: fewer } = await updatedByStock(text, [[one], [two]], 2);
    await opensWith(fewer, identityOf(one), identityOf(two));
    await staysShut(fewer, identityOf(one), identityOf(three));
    const wider = await updatedByOurs(fewer, [[one], [two], [three]], 3);
    await opensWith(wider, identityOf(one), identityOf(two), identityOf(three));
    await staysShut(wider, identityOf(one), identityOf(two));
    const whole = await updatedByOurs(wider, [[three]]);
    await opensWith(whole, identityOf(three));
  });

  test("groups that the stock tool adds and deletes", async () => {
    const name = await written(await encryptOurs([[one]]));
    await stock.succeed(["groups", "add", "-f", name, "--age", two.recipient, "-i"]);
    const added = await stock.read(name);
    assert.deepEqual(recipientsIn(await people.open(added)), [[one.recipient], [two.recipient]]);
    await opensWith(added, identityOf(one), identityOf(two));
    await staysShut(added, identityOf(one));
    await stock.succeed([
      "groups",
      "add",
      "-f",
      name,
      "--age",
      three.recipient,
      "-i",
      "--shamir-secret-sharing-threshold",
      "2",
    ]);
    await opensWith(await stock.read(name), identityOf(one), identityOf(three));
    await stock.succeed(["groups", "delete", "-f", name, "-i", "0"]);
    const left = await stock.read(name);
    assert.deepEqual(recipientsIn(await people.open(left)), [[two.recipient], [three.recipient]]);
    await opensWith(left, identityOf(two), identityOf(three));
  });

  test("recipients that the stock tool adds and removes as it rotates", async () => {
    const name = await written(await encryptOurs([[one, two]]));
    const before = await people.open(await stock.read(name));
    await stock.succeed(["rotate", "-i", "--add-age", three.recipient, "--rm-age", one.recipient, name]);
    const text = await stock.read(name);
    const after = await people.open(text);
    assert.deepEqual(recipientsIn(after), [[two.recipient, three.recipient]]);
    assert.notDeepEqual(after.dataKey, before.dataKey);
    await opensWith(text, identityOf(three));
    await staysShut(text, identityOf(one));
  });

  test("an identity file under a passphrase", async () => {
    const locked = new Encrypter();
    locked.setPassphrase("correct horse");
    locked.setScryptWorkFactor(10);
    const identityFile = armor.encode(await locked.encrypt(`# mine\n${identityOf(one)}\n`));
    await stock.write("keys.age", identityFile);
    const name = await written(await encryptOurs([[one]]));
    const { sops } = await ensureRealComponents(["sops"]);
    // It asks on a terminal alone.
    const typed = ["-qec", `${sops} decrypt ${name}`, "/dev/null"];
    const env = {
      PATH: process.env["PATH"],
      HOME: stock.folder,
      SOPS_AGE_KEY_FILE: `${stock.folder}/keys.age`,
    };
    const asked = { cwd: stock.folder, env, stdin: "correct horse\n" };
    const { code, stdout } = await runProgram("script", typed, asked);
    assert.equal(code, 0, stdout);
    assert.ok(stdout.replaceAll("\r", "").endsWith(PLAIN), stdout);

    const answered = await readAgeIdentities(utf8(identityFile), "keys.age", async () => "correct horse");
    const unwrapper = sopsUnwrapper({ age: { identities: answered, hint: "" }, kms: null, vault: null });
    const tree = readSopsTree(await stock.read(name), "yaml", "x");
    const opened = await openSopsDocuments(tree, { unwrapper, where: "x", signal });
    assert.equal(writeSopsTree(opened.documents, "yaml"), PLAIN);
  });
});
