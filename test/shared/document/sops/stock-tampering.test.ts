import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import { editSopsDocuments } from "../../../../shared/document/sops/edit-document.ts";
import { encryptSopsDocuments } from "../../../../shared/document/sops/encrypt-document.ts";
import type { SopsSelection } from "../../../../shared/document/sops/metadata.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import { SopsError, type SopsProblem } from "../../../../shared/document/sops/sops-error.ts";
import { writeSopsTree } from "../../../../shared/document/sops/write-tree.ts";
import { coverageTable } from "../../../support/coverage-table.ts";
import { AgePeople, StockSops } from "../../../support/stock-sops.ts";

const { signal } = new AbortController();

const rows = {
  "clear value": "a changed value in clear is noticed by both",
  swapped: "encrypted values that change places are noticed by both, of a list or of two keys",
  "another key": "an encrypted value under another key does not open",
  blanked: "an encrypted value that is emptied or taken away is noticed by both",
  "no mac": "a MAC that is missing, empty or of something else is refused by both",
  "another time": "another time of change is noticed by both",
  "mac flag": "a MAC of all values called one of the encrypted, or the other way round, is noticed by both",
  "plain in encrypted region": "a value in clear where the rule says encrypted is refused by both",
  "renamed keys": "1: keys in clear with other names are accepted by both",
  "shifted bytes": "2: letters that move between values in clear are accepted by both",
  "clear type": "3: a value in clear of another type is accepted by both",
  "encrypted type": "4: a type that fits is accepted by both; `comment` on a value is refused by ours alone",
  "empty entries": "5: entries that hold nothing may come and go, in both",
  colons: "6: colons that move between keys are accepted by both",
  "same binding": "7: values of one path in two documents or items are noticed by the MAC alone",
  comments: "8: comments may be changed and taken away, in both",
  "mac of encrypted alone": "9: with a MAC of the encrypted values alone, those in clear are free, in both",
  "no binding": "10: a document opens under any name and at any time, in both",
  "ignored mac": "11: what the stock tool gives out with --ignore-mac, ours never does",
  "public structure": "12: keys, types and lengths can be read without a key",
  "metadata is input": "13: what a document names is asked for only where it is allowed",
  "removed recipient": "14: who is taken out of the keys keeps the data key, until it is rotated",
  merged: "15: a merge of two edits opens in neither",
  "invalid pattern": "16: a pattern that is none encrypts nothing in the stock tool, and is refused by ours",
  forged: "17: who knows the recipient can make a whole document, for both",
  "kept values": "18: an edit shows which values did not change, in both",
  "output withheld": "19: of a document that fails, neither prints anything",
} as const;

const table = coverageTable(rows);

const SECRET = `# a note
kind: Secret
metadata:
    name: c
    namespace: "1"
data:
    # sealed note
    a: one
    b: two
    port: "5432"
    flag: true
    l:
        - x
        - z
`;
const onlyData: SopsSelection = { rule: "encrypted_regex", pattern: "^data$" };

/** The first encrypted value behind a key or dash. */
function valueAt(text: string, key: string, nth = 0): string {
  const found = [...text.matchAll(new RegExp(`^ *${key} (ENC\\[.*\\])$`, "gm"))][nth]?.[1];
  assert.ok(found, `no encrypted value at ${key}`);
  return found;
}

function changed(text: string, find: string | RegExp, by: string): string {
  const result = text.replace(find, () => by);
  assert.notEqual(result, text);
  return result;
}

function swapped(text: string, one: string, other: string): string {
  return text.replace(one, "\0").replace(other, one).replace("\0", other);
}

suite("documents that somebody tampered with, in stock sops and in ours", () => {
  let people: AgePeople;
  let stock: StockSops;
  /** Encrypted by the stock tool: with a MAC of all values, and of the encrypted alone. */
  let whole: string;
  let onlyMac: string;
  let file = 0;

  before(async () => {
    people = await AgePeople.create();
    stock = await StockSops.start({ SOPS_AGE_KEY: people.keyText });
    whole = await encryptStock(SECRET, "--encrypted-regex", "^data$");
    onlyMac = await encryptStock(SECRET, "--encrypted-regex", "^data$", "--mac-only-encrypted");
  });
  after(() => stock?.stop());

  const recipient = () => people.recipients[0]?.recipient ?? assert.fail();
  async function encryptStock(text: string, ...flags: string[]): Promise<string> {
    await stock.write("plain.yaml", text);
    // As a sub-command it does not know all of the flags.
    return stock.succeed(["--encrypt", "--age", recipient(), ...flags, "plain.yaml"]);
  }
  async function decryptStock(text: string, ...flags: string[]): Promise<{ code: number; stdout: string }> {
    const name = `tampered-${file++}.yaml`;
    await stock.write(name, text);
    return stock.run(["decrypt", ...flags, name]);
  }
  async function problemOfOurs(text: string): Promise<SopsProblem> {
    try {
      await people.open(text);
    } catch (error) {
      assert.ok(error instanceof SopsError, String(error));
      assert.doesNotMatch(error.message, /one|two|5432/);
      return error.problem;
    }
    return assert.fail("ours opened it");
  }
  /** Both refuse: the stock tool with a code, ours with a problem. */
  async function refused(text: string, code: number, problem: SopsProblem): Promise<void> {
    const theirs = await decryptStock(text);
    assert.equal(theirs.code, code);
    assert.equal(theirs.stdout, "");
    assert.equal(await problemOfOurs(text), problem);
  }
  /** Both open it, and find the same there. */
  async function accepted(text: string, plain: string): Promise<void> {
    const theirs = await decryptStock(text);
    assert.equal(theirs.code, 0);
    assert.equal(theirs.stdout, plain);
    assert.equal(writeSopsTree((await people.open(text)).documents, "yaml"), plain);
  }

  table.proves("clear value", "name, kind, namespace", async () => {
    await refused(changed(whole, "name: c", "name: d"), 51, "mac-mismatch");
    await refused(changed(whole, "kind: Secret", "kind: ConfigMap"), 51, "mac-mismatch");
  });

  table.proves("swapped", "of two keys; two entries; two items", async () => {
    const [a, b] = [valueAt(whole, "a:"), valueAt(whole, "b:")];
    await refused(swapped(whole, a, b), 25, "not-authentic");
    await refused(swapped(whole, `a: ${a}`, `b: ${b}`), 51, "mac-mismatch");
    await refused(swapped(whole, valueAt(whole, "-", 0), valueAt(whole, "-", 1)), 51, "mac-mismatch");
  });

  table.proves("another key", "a renamed key, a value of another document", async () => {
    await refused(changed(whole, "    b:", "    c:"), 25, "not-authentic");
    await refused(changed(whole, valueAt(whole, "a:"), valueAt(onlyMac, "a:")), 25, "not-authentic");
  });

  table.proves("blanked", "empty, null, gone", async () => {
    const value = valueAt(whole, "a:");
    await refused(changed(whole, value, '""'), 51, "mac-mismatch");
    await refused(changed(whole, value, "null"), 51, "mac-mismatch");
    await refused(changed(whole, `    a: ${value}\n`, ""), 51, "mac-mismatch");
    await refused(changed(whole, valueAt(whole, "-"), '""'), 51, "mac-mismatch");
  });

  table.proves("no mac", "missing, empty, a value of the document", async () => {
    await refused(changed(whole, / {4}mac: .*\n/, ""), 51, "no-mac");
    await refused(changed(whole, /mac: .*/, 'mac: ""'), 51, "no-mac");
    await refused(changed(whole, valueAt(whole, "mac:"), valueAt(whole, "a:")), 51, "mac-mismatch");
    await refused(changed(whole, valueAt(whole, "mac:"), valueAt(onlyMac, "mac:")), 51, "mac-mismatch");
  });

  table.proves("another time", "a second later", async () => {
    await refused(changed(whole, /lastmodified: "20/, 'lastmodified: "19'), 51, "mac-mismatch");
  });

  table.proves("mac flag", "there and back", async () => {
    await refused(
      changed(whole, /^ {4}mac: /m, "    mac_only_encrypted: true\n    mac: "),
      51,
      "mac-mismatch",
    );
    await refused(changed(onlyMac, "    mac_only_encrypted: true\n", ""), 51, "mac-mismatch");
  });

  table.proves("plain in encrypted region", "a text, a number, a rule that selects more", async () => {
    const value = valueAt(whole, "a:");
    await refused(changed(whole, value, "mine"), 25, "not-encrypted");
    await refused(changed(whole, value, "1"), 25, "not-encrypted");
    await refused(changed(whole, "^data$", "^(data|kind)$"), 25, "not-encrypted");
    await refused(changed(whole, "^data$", "^dat$"), 51, "mac-mismatch");
  });

  table.proves("renamed keys", "kind, namespace", async () => {
    const rename = (text: string) => changed(changed(text, "kind:", "Kind:"), "namespace:", "name_space:");
    await accepted(rename(whole), rename(SECRET));
  });

  table.proves("shifted bytes", "a name and a namespace", async () => {
    const shift = (text: string) =>
      changed(text, /name: c\n {4}namespace: "1"/, 'name: ""\n    namespace: c1');
    await accepted(shift(whole), shift(SECRET));
  });

  table.proves("clear type", "a text that becomes a number", async () => {
    const retype = (text: string) => changed(text, 'namespace: "1"', "namespace: 1");
    await accepted(retype(whole), retype(SECRET));
  });

  table.proves("encrypted type", "int, float; bool to str; comment; what does not fit; bytes", async () => {
    const retyped = (key: string, type: string) =>
      changed(whole, new RegExp(`(?<=${key}: ENC.*type:)\\w+`), type);
    await accepted(retyped("port", "int"), changed(SECRET, '"5432"', "5432"));
    await accepted(retyped("port", "float"), changed(SECRET, '"5432"', "5432"));
    await accepted(retyped("flag", "str"), changed(SECRET, "true", '"True"'));
    await refused(retyped("a", "int"), 25, "wrong-type");
    await refused(retyped("a", "time"), 25, "wrong-type");
    await refused(retyped("a", "secret"), 25, "malformed-value");
    // It crashes there, and ours reads no such type.
    await refused(retyped("a", "bytes"), 2, "malformed-value");
    // The stock tool reads any spelling of a truth value, ours the one that it writes.
    const one = await encryptStock('data:\n    a: "1"\n', "--encrypted-regex", "^data$");
    const truth = changed(one, "type:str", "type:bool");
    assert.deepEqual(await decryptStock(truth).then(({ code, stdout }) => [code, stdout]), [51, ""]);
    assert.equal(await problemOfOurs(truth), "wrong-type");
    // The stock tool makes a mapping of it, and ours takes no comment for a value.
    const comment = retyped("port", "comment");
    assert.equal(await problemOfOurs(comment), "malformed-value");
    assert.notEqual((await decryptStock(comment)).stdout, SECRET);
  });

  table.proves("empty entries", "new ones and such as were there", async () => {
    const more = '\n    m: ""\n    o: null\n    p: {}\n    q: []\n';
    await accepted(
      changed(whole, "\n    port", `${more}    port`),
      changed(SECRET, "\n    port", `${more}    port`),
    );
    const plain = 'data:\n    a: one\n    b: ""\n';
    const text = await encryptStock(plain);
    await accepted(changed(text, '    b: ""\n', ""), changed(plain, '    b: ""\n', ""));
  });

  table.proves("colons", "between a mapping and its entry", async () => {
    const text = await encryptStock("a:b:\n    c: x\n");
    await accepted(changed(text, "a:b:\n    c:", "a:\n    b:c:"), "a:\n    b:c: x\n");
  });

  table.proves("same binding", "two documents; two items whose texts are equal", async () => {
    const text = await encryptStock("a: x\n---\na: y\n");
    await refused(swapped(text, valueAt(text, "a:", 0), valueAt(text, "a:", 1)), 51, "mac-mismatch");
    const equal = await encryptStock("l:\n    - x\n    - x\n");
    await accepted(swapped(equal, valueAt(equal, "-", 0), valueAt(equal, "-", 1)), "l:\n    - x\n    - x\n");
    await refused(text.split(/^---\n/m)[0] ?? "", 51, "mac-mismatch");
  });

  table.proves("comments", "in clear, encrypted, gone", async () => {
    await accepted(changed(whole, "# a note", "# mine"), changed(SECRET, "# a note", "# mine"));
    await accepted(changed(whole, /# a note\n/, ""), changed(SECRET, /# a note\n/, ""));
    await accepted(changed(whole, / {4}#ENC.*\n/, ""), changed(SECRET, / {4}# sealed note\n/, ""));
    await accepted(changed(whole, /#ENC.*/, "# mine"), changed(SECRET, "# sealed note", "# mine"));
  });

  table.proves("mac of encrypted alone", "namespace, name and kind", async () => {
    const move = (text: string) =>
      changed(changed(text, 'namespace: "1"', "namespace: prod"), "kind: Secret", "kind: X");
    await accepted(move(onlyMac), move(SECRET));
    await refused(changed(onlyMac, valueAt(onlyMac, "a:"), '""'), 51, "mac-mismatch");
  });

  table.proves("no binding", "under another name, and again after an edit", async () => {
    await accepted(whole, SECRET);
    await stock.write("older.yaml", whole);
    await stock.succeed(["set", "older.yaml", '["data"]["a"]', '"newer"']);
    await accepted(await stock.read("older.yaml"), changed(SECRET, "one", "newer"));
    await accepted(whole, SECRET);
  });

  table.proves("ignored mac", "swapped items", async () => {
    const text = swapped(whole, valueAt(whole, "-", 0), valueAt(whole, "-", 1));
    const { code, stdout } = await decryptStock(text, "--ignore-mac");
    assert.equal(code, 0);
    assert.equal(stdout, swapped(SECRET, "- x", "- z"));
    assert.equal(await problemOfOurs(text), "mac-mismatch");
  });

  table.proves("public structure", "a length in clear is one encrypted", async () => {
    for (const text of [whole, await encryptedByOurs(SECRET)]) {
      const [, data = "", type = ""] = /data:(.*?),.*type:(\w+)/.exec(valueAt(text, "a:")) ?? [];
      assert.equal(Buffer.from(data, "base64").length, "one".length);
      assert.equal(type, "str");
    }
  });

  async function encryptedByOurs(text: string, selection = onlyData): Promise<string> {
    const encrypted = await encryptSopsDocuments(readSopsTree(text, "yaml", "plain"), {
      groups: [people.recipients],
      shamirThreshold: 0,
      selection,
      macOnlyEncrypted: false,
      wrapper: people.wrapper,
      now: new Date(),
      signal,
    });
    return writeSopsTree(encrypted, "yaml");
  }

  table.proves(
    "metadata is input",
    "a Vault that nobody configured is asked by the stock tool alone",
    async () => {
      const vault = `    hc_vault:
        - created_at: "2026-01-01T00:00:00Z"
          enc: vault:v1:x
          engine_path: transit
          key_name: k
          vault_address: http://127.0.0.1:1
`;
      const text = changed(whole, /^ {4}age:\n(?: {8}.*\n)+/m, vault);
      const { code, stderr } = await stock
        .write("vault.yaml", text)
        .then(() => stock.run(["decrypt", "vault.yaml"], { VAULT_TOKEN: "t", VAULT_MAX_RETRIES: "0" }));
      assert.equal(code, 128);
      assert.match(stderr, /127\.0\.0\.1:1/);
      await assert.rejects(people.open(text), { code: "sops-key", message: /hc_vault|[Vv]ault/ });
    },
  );

  table.proves("removed recipient", "after updatekeys, and after rotate", async () => {
    const [one, two] = people.recipients;
    assert.ok(one !== undefined && two !== undefined);
    const rules = (age: string) => JSON.stringify({ creation_rules: [{ age }] });
    await stock.write("removed/.sops.yaml", rules(`${one.recipient},${two.recipient}`));
    await stock.write("removed/x.yaml", SECRET);
    await stock.succeed(["--config", "removed/.sops.yaml", "encrypt", "--in-place", "removed/x.yaml"]);
    const before = await people.open(await stock.read("removed/x.yaml"));
    await stock.write("removed/.sops.yaml", rules(one.recipient));
    await stock.succeed(["--config", "removed/.sops.yaml", "updatekeys", "-y", "removed/x.yaml"]);
    const updated = await people.open(await stock.read("removed/x.yaml"));
    assert.equal(updated.metadata.groups.flat().length, 1);
    assert.deepEqual(updated.dataKey, before.dataKey);
    await stock.succeed(["rotate", "--in-place", "removed/x.yaml"]);
    assert.notDeepEqual((await people.open(await stock.read("removed/x.yaml"))).dataKey, before.dataKey);
  });

  table.proves("merged", "two values of two edits, with the MAC of one", async () => {
    await stock.write("left.yaml", whole);
    await stock.write("right.yaml", whole);
    await stock.succeed(["set", "left.yaml", '["data"]["a"]', '"left"']);
    await stock.succeed(["set", "right.yaml", '["data"]["b"]', '"right"']);
    const [left, right] = [await stock.read("left.yaml"), await stock.read("right.yaml")];
    await refused(changed(left, valueAt(left, "b:"), valueAt(right, "b:")), 51, "mac-mismatch");
  });

  table.proves("invalid pattern", "look-around", async () => {
    const pattern = "(?!x)data";
    const theirs = await encryptStock(SECRET, "--encrypted-regex", pattern);
    assert.match(theirs, /a: one\n/);
    await assert.rejects(encryptedByOurs(SECRET, { rule: "encrypted_regex", pattern }), { problem: "rule" });
    assert.equal(await problemOfOurs(theirs), "rule");
  });

  table.proves("forged", "by ours for the stock tool", async () =>
    accepted(await encryptedByOurs(SECRET), SECRET),
  );

  table.proves("kept values", "by set, and by our edit", async () => {
    await stock.write("kept.yaml", whole);
    await stock.succeed(["set", "kept.yaml", '["data"]["a"]', '"changed"']);
    const theirs = await stock.read("kept.yaml");
    const opened = await people.open(whole);
    const wanted = readSopsTree(changed(SECRET, "one", "changed"), "yaml", "plain");
    const encrypted = readSopsTree(whole, "yaml", "whole");
    const ours = writeSopsTree(
      await editSopsDocuments(encrypted, opened, wanted, { now: new Date() }),
      "yaml",
    );
    for (const text of [theirs, ours]) {
      for (const key of ["b:", "port:", "flag:", "-"]) assert.equal(valueAt(text, key), valueAt(whole, key));
      assert.notEqual(valueAt(text, "a:"), valueAt(whole, "a:"));
      await accepted(text, changed(SECRET, "one", "changed"));
    }
  });

  table.proves("output withheld", "the last value of a document", async () => {
    const text = changed(whole, /(?<=- ENC.*,tag:)\w{4}/, "AAAA");
    await refused(text, 25, "not-authentic");
  });

  table.everyRowHasATest();
});
