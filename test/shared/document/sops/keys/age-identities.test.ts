import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  armor,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from "age-encryption";
import { type Bytes, concat, utf8 } from "../../../../../shared/bytes.ts";
import { parseAgeFile } from "../../../../../shared/document/sops/keys/age-file.ts";
import {
  joinAgeIdentities,
  readAgeIdentities,
} from "../../../../../shared/document/sops/keys/age-identities.ts";

const noAsk = null;
const x25519 = await generateX25519Identity();
const other = await generateX25519Identity();
const hybrid = await generateHybridIdentity();

async function read(text: string) {
  const { identities, problems } = await readAgeIdentities(utf8(text), "KEYS", noAsk);
  const recipients = await Promise.all(identities.map((identity) => identity.recipient()));
  for (const problem of problems) assert.doesNotMatch(`${problem.message} ${problem.hint}`, /canary/i);
  return { recipients, problems: problems.map(({ message }) => message) };
}

/** An identity file under a passphrase; little work, since tests wait for it. */
async function locked(text: string, { work = 2 } = {}): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase("open sesame");
  encrypter.setScryptWorkFactor(work);
  return encrypter.encrypt(text);
}

describe("readAgeIdentities", () => {
  it("reads one a line or several, with comments, blank lines and any line ends", async () => {
    const text = `# created: 2026\r\n\r\n  ${x25519}  ${other}\r\n# public key: x\n${hybrid}\n`;
    assert.deepEqual(await read(text), {
      recipients: await Promise.all([x25519, other, hybrid].map(identityToRecipient)),
      problems: [],
    });
  });

  it("takes an identity once that comes twice", async () => {
    assert.equal((await read(`${x25519}\n${other}\n${x25519}\n`)).recipients.length, 2);
  });

  it("tells by line what is none, and keeps the rest", async () => {
    const text = `${x25519}\nAGE-SECRET-KEY-1CANARY\nAGE-PLUGIN-YUBIKEY-1CANARY\ncanary\n${x25519.toLowerCase()}\n`;
    assert.deepEqual(await read(text), {
      recipients: [await identityToRecipient(x25519)],
      problems: [
        "KEYS, line 2: this is no age identity",
        "KEYS, line 3: identities of age plugins are not supported",
        "KEYS, line 4: this is no age identity",
        "KEYS, line 5: this is no age identity",
      ],
    });
  });

  it("refuses SSH keys by name, once", async () => {
    const text = "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY\nCANARY\n-----END OPENSSH PRIVATE KEY-----\n";
    assert.deepEqual((await read(text)).problems, ["KEYS, line 1: SSH keys are not taken as age identities"]);
  });

  it("tells a source that has none", async () => {
    assert.deepEqual((await read("# only this\n\n")).problems, ["KEYS has no age identity"]);
    const bytes = new Uint8Array([0xff, 0xfe]);
    assert.match((await readAgeIdentities(bytes, "KEYS", noAsk)).problems[0]?.message ?? "", /is no text/);
    const long = utf8("#".repeat(1024 * 1024 + 1));
    assert.match((await readAgeIdentities(long, "KEYS", noAsk)).problems[0]?.message ?? "", /is too long/);
    const many = utf8(`${x25519} `.repeat(1001));
    assert.match((await readAgeIdentities(many, "KEYS", noAsk)).problems[0]?.message ?? "", /more than 1000/);
  });

  it("opens a file under a passphrase, binary and armored", async () => {
    const file = await locked(`# mine\n${x25519}\n`);
    for (const source of [file, utf8(armor.encode(file)), utf8(`\n${armor.encode(file)}\n`)]) {
      const asked: string[] = [];
      const { identities, problems } = await readAgeIdentities(source, "KEYS", async (where) => {
        asked.push(where);
        return "open sesame";
      });
      assert.deepEqual([asked, problems], [["KEYS"], []]);
      assert.equal(await identities[0]?.recipient(), await identityToRecipient(x25519));
    }
  });

  it("tells a wrong passphrase, nobody to ask, and a file that is broken or locked otherwise", async () => {
    const file = await locked(x25519);
    const told = async (source: Uint8Array, passphrase: string | null | undefined) => {
      const ask = passphrase === undefined ? null : async () => passphrase;
      const { identities, problems } = await readAgeIdentities(source, "KEYS", ask);
      assert.equal(identities.length, 0);
      return problems.map(({ message }) => message).join();
    };
    assert.equal(await told(file, "open barley"), "this is not the passphrase of KEYS");
    assert.match(await told(file, undefined), /under a passphrase, and nobody can be asked/);
    assert.match(await told(file, null), /under a passphrase, and nobody can be asked/);
    const damaged = Uint8Array.from(file);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    assert.match(await told(damaged, "open sesame"), /is broken/);
    const hard = Uint8Array.from(
      new TextDecoder("latin1").decode(file).replace(/^(-> scrypt \S+) 2$/m, "$1 30"),
      (one) => one.charCodeAt(0),
    );
    assert.match(await told(hard, "open sesame"), /too much work/);
    assert.match(await told(concat(utf8("age-encryption.org/v1\n"), file.subarray(50)), "x"), /no age file/);
    const toKey = new Encrypter();
    toKey.addRecipient(await identityToRecipient(other));
    assert.match(await told(await toKey.encrypt(x25519), "open sesame"), /not by a passphrase/);
  });
});

describe("an identity", () => {
  for (const [kind, identity] of [
    ["X25519", x25519],
    ["post-quantum", hybrid],
  ] as const)
    it(`of the ${kind} kind opens what is for it, and nothing else`, async () => {
      const [ours] = (await readAgeIdentities(utf8(identity), "KEYS", noAsk)).identities;
      assert.ok(ours !== undefined);
      const sealedFor = async (recipient: string) => {
        const encrypter = new Encrypter();
        encrypter.addRecipient(recipient);
        return Uint8Array.from(await encrypter.encrypt(utf8("a data key")));
      };
      const parsed = (bytes: Bytes) => parseAgeFile(bytes) ?? assert.fail("no age file");
      const file = await sealedFor(await identityToRecipient(identity));
      assert.deepEqual(await ours.open(parsed(file)), utf8("a data key"));
      assert.equal(await ours.open(parsed(await sealedFor(await identityToRecipient(other)))), null);
      const damaged = Uint8Array.from(file);
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
      await assert.rejects(ours.open(parsed(damaged)));
    });
});

describe("joinAgeIdentities", () => {
  it("has each identity of several sources once, and all problems", async () => {
    const sources = await Promise.all(
      [`${x25519}\nnone`, `${other}\n${x25519}`].map((text) => readAgeIdentities(utf8(text), "KEYS", noAsk)),
    );
    const joined = await joinAgeIdentities(sources);
    assert.equal(joined.identities.length, 2);
    assert.equal(joined.problems.length, 1);
  });
});
