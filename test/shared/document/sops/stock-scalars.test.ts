import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { utf8 } from "../../../../shared/bytes.ts";
import { encryptSopsDocuments } from "../../../../shared/document/sops/encrypt-document.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import type { SopsFormat, SopsMap, SopsNode, SopsScalar } from "../../../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../../../shared/document/sops/write-tree.ts";
import { AgePeople, StockSops } from "../../../support/stock-sops.ts";

const { signal } = new AbortController();

const yes: SopsScalar = { kind: "bool", value: true };
const no: SopsScalar = { kind: "bool", value: false };
const none: SopsScalar = { kind: "null" };
const str = (text: string): SopsScalar => ({ kind: "str", bytes: utf8(text) });
const int = (value: bigint | number): SopsScalar => ({ kind: "int", value: BigInt(value) });
const float = (value: number): SopsScalar => ({ kind: "float", value });
const time = (text: string): SopsScalar => ({ kind: "time", text });
/** Each spelling is the string that it is. */
const strings = (...spellings: string[]): Rows => spellings.map((spelling) => [spelling, str(spelling)]);
const all = (value: SopsScalar, ...spellings: string[]): Rows =>
  spellings.map((spelling) => [spelling, value]);

/** How a value is spelt, and what it is. */
type Rows = readonly (readonly [spelling: string, value: SopsScalar])[];

const yaml: Record<string, Rows> = {
  "truth values": [...all(yes, "true", "True", "TRUE"), ...all(no, "false", "False", "FALSE")],
  "truth values of old": strings("yes", "no", "on", "off", "y", "n", "Yes", "NO", "On", "OFF", "Y", "N"),
  nothing: all(none, "", "~", "null", "Null", "NULL"),
  "words that are nearly something": strings("nULL", "tRUE", "nil", "none", "~~", "."),
  "whole numbers": [
    ...all(int(1000), "1000", "+1000", "1_000", "1__0_0_0", "1000_"),
    ...all(int(-1), "-1", "-1_"),
    ...all(int(0), "0", "-0", "+0", "00", "0_0"),
    ["9223372036854775807", int(2n ** 63n - 1n)],
    ["-9223372036854775808", int(-(2n ** 63n))],
  ],
  "an underline in front": [...strings("_1"), ["-_1", int(-1)], ["+_1", int(1)]],
  "other bases": [
    ...all(int(31), "0x1F", "0X1F", "0x1f", "0x_1F", "0o37", "0b11111", "037"),
    ...all(int(-31), "-0x1F", "-0b11111", "-037"),
    ["0o17", int(15)],
    ["-0o7", int(-7)],
  ],
  "a leading zero": [
    ["0777", int(511)],
    ["08", float(8)],
    ["09.5", float(9.5)],
    ...strings("0o8", "0b2", "0xg"),
  ],
  floats: [
    ...all(float(1000), "1e3", "1E3", "1e+3", "1.0e3", "1_0.0_0e2"),
    ...all(float(5), "5.", "5.0", "+5.0"),
    [".5e3", float(500)],
    ["1_0.5", float(10.5)],
    ["12e03", float(12_000)],
    ["100.50", float(100.5)],
    ["1e21", float(1e21)],
    ["1e-7", float(1e-7)],
    ["3.14159265358979312", float(Math.PI)],
    ["4.9e-324", float(5e-324)],
    ["1.7976931348623157e308", float(Number.MAX_VALUE)],
  ],
  "no numbers": [
    ...all(float(Infinity), ".inf", "+.inf", ".Inf", ".INF"),
    ...all(float(-Infinity), "-.inf", "-.INF"),
    ...all(float(Number.NaN), ".nan", ".NaN", ".NAN"),
    ...strings("inf", "nan", "-.nan", ".iNF", "Infinity"),
  ],
  "beyond the doubles": strings("1e400", "-1e400"),
  "whole numbers beyond 64 bits": [
    ["18446744073709551616", float(2 ** 64)],
    ["-9223372036854775809", float(-(2 ** 63))],
  ],
  times: [
    ["2020-01-01", time("2020-01-01T00:00:00Z")],
    ["2020-1-1", time("2020-01-01T00:00:00Z")],
    ["2020-01-01T00:00:00Z", time("2020-01-01T00:00:00Z")],
    ["2001-12-14t21:59:43.10-05:00", time("2001-12-14T21:59:43.1-05:00")],
    ["2001-12-14 21:59:43", time("2001-12-14T21:59:43Z")],
    ["2001-12-14 21:59:43.25", time("2001-12-14T21:59:43.25Z")],
  ],
  "no times": strings(
    "2020-01-01T10:00:00",
    "2020-01-01 10:00",
    "2020-13-01",
    "2020-02-30",
    "1:30",
    "12:30:45",
  ),
  "other texts": strings("=", "<", "a b", "a#b", "a:b", "0x", "1.2.3", "1,000", "ENC[x]"),
  quoted: [
    ['"true"', str("true")],
    ["'1'", str("1")],
    ['"2020-01-01"', str("2020-01-01")],
    ["''", str("")],
    ['"\\u00e9\\t"', str("é\t")],
  ],
  tagged: [
    ["!!binary aGk=", str("hi")],
    ["!!binary /wA=", { kind: "str", bytes: Uint8Array.of(0xff, 0) }],
    ["!!str 1", str("1")],
    ["!!int 7", int(7)],
    ["!!float 1.5", float(1.5)],
  ],
};

const json: Record<string, Rows> = {
  "whole numbers": [
    ["5432", int(5432)],
    ["-0", int(0)],
    ["9007199254740993", int(9_007_199_254_740_993n)],
    ["9223372036854775807", int(2n ** 63n - 1n)],
    ["-9223372036854775808", int(-(2n ** 63n))],
  ],
  "floats, which a number becomes by its spelling or length": [
    ["1.0", float(1)],
    ["1e3", float(1000)],
    ["1E-7", float(1e-7)],
    ["9223372036854775808", float(2 ** 63)],
    ["123456789012345678901234567890", float(1.2345678901234568e29)],
  ],
  "what else there is": [
    ["true", yes],
    ["false", no],
    ["null", none],
    ['""', str("")],
    ['"a\\u003cb\\u2028\\ud834\\udd1e/\\/"', str("a<b\u2028𝄞//")],
    ['"2020-01-01"', str("2020-01-01")],
    ['"true"', str("true")],
  ],
};

/** The spellings as values of a document, in clear and to be encrypted. */
function documentOf(rows: Rows, format: SopsFormat): string {
  const lines = rows.map(([spelling], at) => [`"v${at}": ${spelling}`]);
  if (format === "json") return `{"c_unencrypted":{${lines.join()}},"e":{${lines.join()}}}`;
  const indented = lines.map((line) => `  ${line}\n`).join("");
  return `c_unencrypted:\n${indented}e:\n${indented}`;
}

/** Both write values in clear anew, and a whole number has lost its point when it is read again. */
function rewritten(documents: readonly SopsMap[], format: SopsFormat): SopsMap[] {
  return readSopsTree(writeSopsTree(documents, format), format, "rewritten");
}

function valuesOf(documents: readonly SopsMap[]): SopsNode[][] {
  return (documents[0]?.entries ?? []).map((entry) => {
    assert.ok(entry.kind === "entry" && entry.value.kind === "map");
    return entry.value.entries.map((inner) => (inner.kind === "entry" ? inner.value : assert.fail()));
  });
}

suite("scalars are to us what they are to stock sops, in clear and encrypted", () => {
  let people: AgePeople;
  let stock: StockSops;
  let file = 0;

  before(async () => {
    people = await AgePeople.create();
    stock = await StockSops.start({ SOPS_AGE_KEY: people.keyText });
  });
  after(() => stock?.stop());

  const recipient = () => people.recipients[0]?.recipient ?? assert.fail();
  const encryptOurs = async (text: string, format: SopsFormat) => {
    const encrypted = await encryptSopsDocuments(readSopsTree(text, format, "plain"), {
      groups: [people.recipients.slice(0, 1)],
      shamirThreshold: 0,
      selection: { rule: "default" },
      macOnlyEncrypted: false,
      wrapper: people.wrapper,
      now: new Date(),
      signal,
    });
    return writeSopsTree(encrypted, format);
  };

  for (const [format, tables] of [
    ["yaml", yaml],
    ["json", json],
  ] as const) {
    for (const [title, rows] of Object.entries(tables)) {
      test(`${format}: ${title}`, async () => {
        const text = documentOf(rows, format);
        const values = rows.map(([, value]) => value);
        const read = readSopsTree(text, format, "plain");
        assert.deepEqual(valuesOf(read), [values, values]);
        const [inClear] = valuesOf(rewritten(read, format));
        const name = `${file++}.${format}`;
        await stock.write(name, text);
        const theirs = await people.open(
          await stock.succeed(["encrypt", "--age", recipient(), name]),
          format,
        );
        assert.deepEqual(valuesOf(theirs.documents), [inClear, values]);

        const ours = await encryptOurs(text, format);
        assert.deepEqual(valuesOf((await people.open(ours, format)).documents), [inClear, values]);
        const decrypted = await stock.decrypt(name, ours);
        assert.deepEqual(readSopsTree(decrypted, format, "stock"), rewritten(theirs.documents, format));
      });
    }
  }

  for (const spelling of ["9223372036854775808", "18446744073709551615"]) {
    for (const key of ["a", "a_unencrypted"]) {
      test(`a whole number that has no form is refused by both: ${key}, ${spelling}`, async () => {
        await stock.write("huge.yaml", `${key}: ${spelling}\n`);
        const { code } = await stock.run(["encrypt", "--age", recipient(), "huge.yaml"]);
        assert.equal(code, 23);
        await assert.rejects(encryptOurs(`${key}: ${spelling}\n`, "yaml"), {
          message: /takes more than 64 bits/,
        });
      });
    }
  }

  test("a number of JSON beyond the doubles is refused by both", async () => {
    await stock.write("huge.json", '{"a": 1e400}');
    const { code } = await stock.run(["encrypt", "--age", recipient(), "huge.json"]);
    assert.equal(code, 2);
    assert.throws(() => readSopsTree('{"a": 1e400}', "json", "huge"), { code: "input" });
  });
});
