import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RULES } from "../../../cli/lint/rules.ts";
import { run } from "../../../cli/run.ts";
import { testSealer } from "../../support/in-process-sealing.ts";
import { assertJunit } from "../../support/junit-schema.ts";
import { memoryIo, runInMemory } from "../../support/memory-io.ts";
import { readXml } from "../../support/strict-xml.ts";
import { readTestKey } from "../../support/vectors.ts";

const main = readTestKey("2048");
const value = await (await testSealer(main.certificatePem)).value("x", { kind: "cluster-wide" });

function manifest(name: string, value_: string, more = ""): string {
  return `apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: ${name}\n  namespace: shop\nspec:\n  encryptedData:\n    password: ${value_}\n${more}`;
}

const files = {
  "sealed/good.yaml": manifest("good", value),
  "sealed/bad.yaml": manifest("bad", "plain!", "  template:\n    data: {password: null}\n"),
  "sealed/warned.yaml": manifest("warned", value, "  template:\n    data: {password: null}\n"),
  "sealed/deployment.yaml": "kind: Deployment\nmetadata: {name: web}\n",
  "sealed/chart.yaml": "a: {{ .b }}: c\n",
};

suite("reports", () => {
  test("one object has its hundred gravest faults told, and how many more there are", async () => {
    const items = Array.from({ length: 150 }, (_, at) => `    item${at}: plain!\n`).join("");
    const unused = Array.from({ length: 3 }, (_, at) => `item${at}: null`).join(", ");
    const text = manifest("bad", value, `${items}  template:\n    data: {${unused}}\n`);
    const { code, stdout } = await runInMemory(["lint", "bad.yaml"], { files: { "bad.yaml": text } });
    const lines = stdout.split("\n").filter((line) => line.startsWith("bad.yaml:"));
    assert.deepEqual(
      [code, lines.length, lines.filter((line) => line.includes("warning:")).length],
      [1, 101, 0],
    );
    assert.match(
      lines[100] ?? "",
      /SealedSecret "shop\/bad": \d+ more faults, of this kind or others, are not told one by one \[not-sealed\]$/,
    );
  });

  test("give no name to a terminal or a log viewer as a command, in any form", async () => {
    const hostile = "\u009b2J\u202e";
    const odd = { [`sealed/a${hostile}\n::error ::b.yaml`]: manifest("bad", "plain!"), ...files };
    for (const format of ["table", "json", "junit", "sarif"]) {
      const { stdout } = await runInMemory(["lint", "-o", format, "sealed"], { files: odd });
      assert.match(stdout, /::error ::b\.yaml/, format);
      assert.doesNotMatch(stdout, /^\s*::/m, format);
      assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}]/u, format);
    }
  });

  test("a table has a line for each finding, with the next step under it", async () => {
    const { code, stdout, stderr } = await runInMemory(["lint", "sealed"], { files });
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^sealed\/bad\.yaml:8: SealedSecret "shop\/bad": password is no base64 from byte 5 on \[not-sealed\]\n {4}restore it/,
    );
    assert.match(
      stdout,
      /^sealed\/warned\.yaml:10: warning: SealedSecret "shop\/warned": .* \[unused-value\]$/m,
    );
    assert.equal(
      stderr,
      "error: 1 error in 1 file\nhint: mend each as its report says; where it is meant, write # signet-lint: allow REASON above it (docs/ci.md)\n",
    );
  });

  test("warnings fail where that is asked for", async () => {
    const one = { files: { "a.yaml": files["sealed/warned.yaml"] } };
    const lenient = await runInMemory(["lint", "a.yaml"], one);
    assert.deepEqual([lenient.code, lenient.stderr], [0, ""]);
    const firm = await runInMemory(["lint", "--fail-on-warnings", "a.yaml"], one);
    assert.equal(firm.code, 1);
    assert.match(firm.stderr, /^error: 1 warning in 1 file\n/);
  });

  test("JUnit has a failure for each error, and what was looked at and is right", async () => {
    const { stdout } = await runInMemory(["lint", "-o", "junit", "sealed"], { files });
    const root = readXml(stdout);
    assertJunit(root);
    const cases = root.children.flatMap(({ children }) => children);
    assert.deepEqual(
      cases.map(({ attributes, children }) => [
        attributes["file"],
        attributes["line"],
        attributes["name"],
        children.map((child) => child.attributes["type"] ?? child.text.slice(0, 8)).join(),
      ]),
      [
        [
          "sealed/bad.yaml",
          "8",
          'SealedSecret "shop/bad": password is no base64 from byte 5 on [not-sealed]',
          "not-sealed",
        ],
        ["sealed/good.yaml", "1", 'SealedSecret "shop/good"', ""],
        ["sealed/warned.yaml", "1", 'SealedSecret "shop/warned"', "warning:"],
      ],
    );
    const strict = await runInMemory(["lint", "-o", "junit", "--fail-on-warnings", "sealed"], { files });
    assert.equal(readXml(strict.stdout).attributes["failures"], "3");
  });

  test("SARIF has a result for each finding, and every rule", async () => {
    const { stdout } = await runInMemory(["lint", "-o", "sarif", "./sealed/bad.yaml"], { files });
    const [sarif] = (JSON.parse(stdout) as { runs: SarifRun[] }).runs;
    assert.deepEqual(
      sarif?.results.map(({ ruleId, level, locations }) => [
        ruleId,
        level,
        locations[0]?.physicalLocation.artifactLocation.uri,
        locations[0]?.physicalLocation.region.startLine,
      ]),
      [
        ["not-sealed", "error", "sealed/bad.yaml", 8],
        ["unused-value", "warning", "sealed/bad.yaml", 10],
      ],
    );
    assert.deepEqual(
      sarif?.tool.driver.rules.map(({ id }) => id),
      Object.keys(RULES),
    );
  });

  test("hold nothing that a terminal would take for a command", async () => {
    const text = manifest('"d\\u001b[2Jb"', value);
    const { stdout } = await runInMemory(["lint", "a.yaml"], { files: { "a.yaml": text } });
    assert.match(stdout, /\[structure\]/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(stdout, /\u001b/);
  });
});

type SarifRun = {
  tool: { driver: { rules: { id: string }[] } };
  results: {
    ruleId: string;
    level: string;
    locations: {
      physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } };
    }[];
  }[];
};

suite("comments that allow", () => {
  const allowed = async (text: string, command = "lint") => {
    const world = { files: { "a.yaml": text.replaceAll("LINT", `signet-${command}: allow`) } };
    const { code, stdout } = await runInMemory(["lint", "-o", "json", "a.yaml"], world);
    const report = JSON.parse(stdout) as { findings: object[]; allowed: { reason: string }[] };
    assert.equal(code, report.findings.length > 0 ? 1 : 0);
    assert.equal(report.findings.length + report.allowed.length, 1);
    return report.allowed.map(({ reason }) => reason);
  };
  const bad = manifest("bad", "plain!");

  test("stand on the line, above it, above the object, or above its document", async () => {
    assert.deepEqual(await allowed(bad.replace("plain!", "plain! # LINT made up")), ["made up"]);
    assert.deepEqual(await allowed(bad.replace("    password", "    # LINT made up\n    password")), [
      "made up",
    ]);
    assert.deepEqual(await allowed(`# LINT made up\n${bad}`), ["made up"]);
    assert.deepEqual(await allowed(`a: b\n# LINT made up\n---\n${bad}`), ["made up"]);
  });

  test("count with a reason, and for the command that they name", async () => {
    assert.deepEqual(await allowed(`# LINT\n${bad}`), []);
    assert.deepEqual(await allowed(`# LINT made up\n${bad}`, "guard"), []);
  });

  test("are told when asked", async () => {
    const world = { files: { "a.yaml": `# signet-lint: allow made up\n${bad}` } };
    const { stderr } = await runInMemory(["lint", "--verbose", "a.yaml"], world);
    assert.equal(
      stderr,
      "looked at 1 SealedSecret in 1 file\na.yaml:9: allowed (made up): password is no base64 from byte 5 on\n",
    );
  });
});

suite("input", () => {
  test("standard input where no file is given", async () => {
    const { code, stdout } = await runInMemory(["lint"], { stdin: files["sealed/bad.yaml"] });
    assert.equal(code, 1);
    assert.match(stdout, /^standard input:8: /);
  });

  test("Lists, JSON and several documents have the lines of their fields", async () => {
    const object = {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      metadata: { name: "a", namespace: "b" },
      spec: { encryptedData: { password: "plain!" } },
    };
    const list = { apiVersion: "v1", kind: "List", items: [{ kind: "Other" }, object] };
    const json = `${JSON.stringify(list, null, 2)}\n`;
    const text = `kind: Other\n---\n# one\n${manifest("c", "plain!")}---\n${manifest("d", "plain!")}`;
    const { stdout } = await runInMemory(["lint", "-o", "json", "a.json", "b.yaml"], {
      files: { "a.json": json, "b.yaml": text.replaceAll("\n", "\r\n") },
    });
    const { findings } = JSON.parse(stdout) as { findings: { path: string; line: number; object: string }[] };
    const lineOf = (lines: string, what: string, from = 0) =>
      lines.slice(0, lines.indexOf(what, from)).split("\n").length;
    assert.deepEqual(
      findings.map(({ path, line, object: name }) => [path, line, name]),
      [
        ["a.json", lineOf(json, '"password"'), 'SealedSecret "b/a"'],
        ["b.yaml", lineOf(text, "password"), 'SealedSecret "shop/c"'],
        ["b.yaml", lineOf(text, "password", text.indexOf("name: d")), 'SealedSecret "shop/d"'],
      ],
    );
  });

  test("what holds no SealedSecret is no fault, and is told", async () => {
    const { code, stdout, stderr } = await runInMemory(["lint", "sealed/deployment.yaml"], { files });
    assert.deepEqual([code, stdout, stderr], [0, "", "note: no SealedSecret in what was given\n"]);
  });

  test("nothing is asked of a network, nor of a program", async () => {
    const { io, left } = memoryIo(["lint", "--cert", "main.pem", "sealed"], {
      files: { ...files, "main.pem": main.certificatePem },
    });
    const forbidden = () => assert.fail("lint must not");
    io.fetch = forbidden;
    io.runProgram = forbidden;
    io.git = forbidden;
    assert.equal(left(await run(io)).code, 1);
  });

  for (const [what, args, code, says] of [
    [
      "an address",
      ["--cert", "https://x/cert.pem", "sealed"],
      2,
      /asks no network.*\nhint: fetch the certificate first/,
    ],
    [
      "no certificate",
      ["--cert", "sealed/good.yaml", "sealed"],
      1,
      /^error: sealed\/good\.yaml does not contain any/,
    ],
    [
      "no such certificate",
      ["--cert", "no.pem", "sealed"],
      1,
      /^error: cannot read the certificate file no\.pem/,
    ],
    [
      "another form",
      ["-o", "xml", "sealed"],
      2,
      /^error: unsupported report format: xml\nhint: write -o table/,
    ],
    ["no such file", ["no.yaml"], 1, /^error: cannot read no\.yaml/],
    ["an unknown flag", ["--nope"], 2, /^error: /],
  ] as const) {
    test(`refuses ${what}`, async () => {
      const result = await runInMemory(["lint", ...args], { files });
      assert.equal(result.code, code);
      assert.equal(result.stdout, "");
      assert.match(result.stderr, says);
    });
  }
});
