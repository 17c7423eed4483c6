import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { armor, Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import fc from "fast-check";
import { type Bytes, concat, utf8 } from "../../../../../shared/bytes.ts";
import { parseAgeFile, readArmor } from "../../../../../shared/document/sops/keys/age-file.ts";
import { x25519Identity } from "../../../../../shared/document/sops/keys/x25519-identity.ts";

const text = await generateX25519Identity();
const recipient = await identityToRecipient(text);
const other = await identityToRecipient(await generateX25519Identity());
const ours = x25519Identity(text) ?? assert.fail("no identity");

async function encrypted(plaintext: Uint8Array, ...recipients: string[]): Promise<Bytes> {
  const encrypter = new Encrypter();
  for (const one of recipients) encrypter.addRecipient(one);
  return Uint8Array.from(await encrypter.encrypt(plaintext));
}

/** What comes of a file: its content, that it is for others, or that it is refused. */
async function ourAnswer(bytes: Bytes): Promise<Uint8Array | "for others" | "refused"> {
  const file = parseAgeFile(bytes);
  if (file === null) return "refused";
  return ours.open(file).then(
    (plaintext) => plaintext ?? "for others",
    () => "refused" as const,
  );
}

/** The same of the library, which is by the author of age. */
async function theirAnswer(bytes: Bytes): Promise<Uint8Array | "for others" | "refused"> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(text);
  try {
    return Uint8Array.from(await decrypter.decrypt(bytes));
  } catch (error) {
    const isOthers =
      error instanceof Error && error.message === "no identity matched any of the file's recipients";
    return isOthers ? "for others" : "refused";
  }
}

suite("an X25519 identity", () => {
  test("has the recipient that the library gives it", async () => {
    assert.equal(await ours.recipient(), recipient);
    for (const none of [
      "",
      text.toLowerCase(),
      text.slice(0, -1),
      `${text}Q`,
      text.replace("KEY-1", "KEY-PQ-1"),
      recipient,
    ])
      assert.equal(x25519Identity(none), null);
  });

  test("refuses a share of low order, whose secret anybody knows", async () => {
    const file = await encrypted(new Uint8Array(32), recipient);
    const zeros = Buffer.from(file)
      .toString("latin1")
      .replace(/(?<=-> X25519 )\S+/, "A".repeat(43));
    const bytes = Uint8Array.from(zeros, (one) => one.charCodeAt(0));
    assert.deepEqual([await ourAnswer(bytes), await theirAnswer(bytes)], ["refused", "refused"]);
  });

  test("opens what the library encrypts, of any length that one chunk has, for one and for many", async () => {
    for (const length of [0, 1, 32, 33, 64 * 1024]) {
      const plaintext = new Uint8Array(length).fill(length);
      assert.deepEqual(await ourAnswer(await encrypted(plaintext, recipient)), plaintext);
      assert.deepEqual(await ourAnswer(await encrypted(plaintext, other, recipient)), plaintext);
    }
    assert.equal(await ourAnswer(await encrypted(new Uint8Array(32), other)), "for others");
    assert.equal(await ourAnswer(await encrypted(new Uint8Array(64 * 1024 + 1), recipient)), "refused");
  });

  test("refuses a header that is not authentic, though its stanza opens", async () => {
    const written = Buffer.from(await encrypted(new Uint8Array(32), recipient)).toString("latin1");
    for (const changed of [
      written.replace(/(?<=\n--- )\S+/, "A".repeat(43)),
      written.replace("\n---", "\n-> other x\nAQ\n---"),
    ]) {
      const bytes = Uint8Array.from(changed, (one) => one.charCodeAt(0));
      assert.deepEqual([await ourAnswer(bytes), await theirAnswer(bytes)], ["refused", "refused"]);
    }
  });

  test("judges a damaged file as the library does, byte by byte", async () => {
    const plaintext = new Uint8Array(33).fill(7);
    const file = await encrypted(plaintext, recipient);
    const stanza = "-> X25519 ".length + "age-encryption.org/v1\n".length;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: file.length - 1 }),
        fc.constantFrom("flip", "cut", "double", "drop", "line") as fc.Arbitrary<string>,
        fc.integer({ min: 1, max: 255 }),
        async (at, how, by) => {
          const changed =
            how === "flip"
              ? file.map((byte, place) => (place === at ? byte ^ by : byte))
              : how === "cut"
                ? file.slice(0, at)
                : how === "line"
                  ? concat(file.subarray(0, at), utf8("\n"), file.subarray(at))
                  : concat(file.subarray(0, at), file.subarray(how === "double" ? at - 1 : at + 1));
          assert.deepEqual(
            await ourAnswer(Uint8Array.from(changed)),
            await theirAnswer(Uint8Array.from(changed)),
          );
        },
      ),
      {
        numRuns: 150,
        examples: [
          [stanza, "flip", 1],
          [file.length - 1, "flip", 1],
          [file.length - 1, "cut", 1],
        ],
      },
    );
  });
});

suite("a file's header", () => {
  const header = (lines: string) => parseAgeFile(utf8(`age-encryption.org/v1\n${lines}`));
  const code = `--- ${"A".repeat(43)}\n`;

  test("is read by its parts", async () => {
    const body = new Uint8Array(48).fill(1);
    const file = header(
      `-> a/b c d\n${Buffer.from(body).toString("base64")}\n\n-> X25519 x\nAQ\n${code}payload`,
    );
    assert.deepEqual(
      file?.stanzas.map((one) => ({ ...one, body: one.body.length })),
      [
        { type: "a/b", args: ["c", "d"], body: 48 },
        { type: "X25519", args: ["x"], body: 1 },
      ],
    );
    assert.match(
      Buffer.from(file.header).toString(),
      /^age-encryption\.org\/v1\n-> a\/b [^-]*-> X25519 x\nAQ\n---$/,
    );
    assert.deepEqual([file.code, Buffer.from(file.payload).toString()], [new Uint8Array(32), "payload"]);
  });

  test("is none where a line is not as it must be", () => {
    for (const lines of [
      "",
      code,
      `-> a\nAQ\n${code.trimEnd()}`,
      `-> a\nAQ\n--- AQ\n`,
      `-> a\nAQ\n---\n`,
      `-> a\nAQ\n--- ${"A".repeat(42)}B\n`,
      `-> a\nAQ==\n${code}`,
      `-> a\nAR\n${code}`,
      `-> a\nA\n${code}`,
      `-> a\n${"A".repeat(65)}\n\n${code}`,
      `-> a\n${"A".repeat(64)}\n${code}`,
      `-> a  b\nAQ\n${code}`,
      `-> a \nAQ\n${code}`,
      `->  a\nAQ\n${code}`,
      `-> \nAQ\n${code}`,
      `-> a\u0007\nAQ\n${code}`,
      `-> ä\nAQ\n${code}`,
      `-> a\r\nAQ\n${code}`,
    ])
      assert.equal(header(lines), null, JSON.stringify(lines));
    assert.equal(parseAgeFile(utf8(`age-encryption.org/v2\n-> a\nAQ\n${code}`)), null);
    assert.notEqual(header(`-> a\nAQ\n${code}`), null);
  });
});

suite("armor", () => {
  test("is read as the library writes it, with blanks around it and line ends of both kinds", () => {
    for (const length of [1, 47, 48, 49, 96, 200]) {
      const bytes = new Uint8Array(length).fill(length);
      const written = armor.encode(bytes);
      for (const one of [written, written.trimEnd(), `\n  ${written}\n`, written.replaceAll("\n", "\r\n")])
        assert.deepEqual(readArmor(one), bytes);
    }
  });

  test("is nothing else", () => {
    const [begin, end] = ["-----BEGIN AGE ENCRYPTED FILE-----", "-----END AGE ENCRYPTED FILE-----"];
    const line = "A".repeat(64);
    for (const lines of [
      [begin, end],
      [begin, "", end],
      [begin, line, "", end],
      [begin, `${line}AAAA`, end],
      [begin, "AAAA", line, end],
      [begin, "AAA", end],
      [begin, "AAA!", end],
      [begin, "AB==", end],
      [begin, "AA==", "AAAA", end],
      [begin, "AAAA", end, "x"],
      ["x", begin, "AAAA", end],
      [begin, "AAAA"],
      [begin, " AAAA", end],
    ])
      assert.equal(readArmor(lines.join("\n")), null, lines.join("|"));
  });
});
