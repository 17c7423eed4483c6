import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GitRepository } from "../../support/git-repository.ts";
import { runInMemory } from "../../support/memory-io.ts";

const plain = "kind: Secret\nmetadata:\n  name: db\nstringData:\n  password: hunter2\n  user: hunter2\n";
const world = { files: { "a dir/[x]#é?.yaml": plain, "empty.yaml": "kind: Secret\n" } };

type Sarif = {
  $schema: string;
  version: string;
  runs: [
    {
      tool: { driver: { name: string; semanticVersion: string; rules: Record<string, unknown>[] } };
      automationDetails: { id: string };
      results: {
        ruleId: string;
        ruleIndex: number;
        level: string;
        message: { text: string };
        locations: [
          { physicalLocation: { artifactLocation: { uri: string }; region: Record<string, number> } },
        ];
        partialFingerprints: { primaryLocationLineHash: string };
      }[];
    },
  ];
};

async function sarifOf(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<Sarif["runs"][0]> {
  const run = await runInMemory(["guard", "--format", "sarif", ...args], { files });
  const report = JSON.parse(run.stdout) as Sarif;
  assert.equal(report.version, "2.1.0");
  assert.match(report.$schema, /sarif-2\.1\.0/);
  assert.equal(report.runs.length, 1);
  assert.doesNotMatch(run.stdout, /hunter2/);
  return report.runs[0];
}

suite("SARIF", () => {
  test("has what GitHub asks of a result", async () => {
    const { tool, results, automationDetails } = await sarifOf(["."], world.files);
    assert.equal(results.length, 2);
    assert.equal(automationDetails.id, "signet-guard/");
    for (const { ruleId, ruleIndex, level, message, locations } of results) {
      const [{ physicalLocation }] = locations;
      assert.equal(physicalLocation.artifactLocation.uri, "a%20dir/%5Bx%5D%23%C3%A9%3F.yaml");
      assert.deepEqual(Object.keys(physicalLocation.region), ["startLine"]);
      assert.equal(tool.driver.rules[ruleIndex]?.["id"], ruleId);
      assert.equal(level, "error");
      assert.match(message.text, /^Secret "db": stringData\.(?:password|user) stands in plain text\. Next: /);
    }
    assert.deepEqual(
      results.map(({ locations: [{ physicalLocation }] }) => physicalLocation.region["startLine"]),
      [5, 6],
    );
  });

  test("describes every rule, with a severity that code scanning ranks by", async () => {
    const { tool } = await sarifOf(["empty.yaml"], world.files);
    assert.equal(tool.driver.name, "signet guard");
    assert.ok(tool.driver.rules.length > 12);
    for (const rule of tool.driver.rules as Record<string, { text?: string; level?: string }>[]) {
      assert.ok((rule["shortDescription"]?.text ?? "").length > 5);
      assert.ok((rule["help"]?.text ?? "").length > 20);
      const { "security-severity": severity, tags } = rule["properties"] as Record<string, unknown>;
      assert.deepEqual(tags, ["security", "kubernetes"]);
      if (rule["defaultConfiguration"]?.level === "note") assert.equal(severity, undefined);
      else assert.match(String(severity), /^(?:10|\d)\.\d$/);
    }
  });

  test("is written without findings, too, so that old ones are closed", async () => {
    assert.deepEqual((await sarifOf(["empty.yaml"], world.files)).results, []);
  });

  test("knows a finding that moved, and tells two alike apart", async () => {
    const prints = async (text: string) =>
      (await sarifOf(["a.yaml"], { "a.yaml": text })).results.map(
        ({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash,
      );
    const before = await prints(plain);
    assert.deepEqual(await prints(`# moved\n\n${plain.replaceAll("hunter2", "hunter2x")}`), before);
    const twice = await prints(`${plain}---\n${plain}`);
    assert.equal(new Set(twice).size, 4);
    for (const print of twice) assert.match(print, /^[0-9a-f]{16}:[12]$/);
  });
});

suite("reports", () => {
  test("go to a file, and what is wrong to the log", async () => {
    const run = await runInMemory(["guard", "--format=sarif", "-o", "out.sarif", "."], world);
    assert.equal(run.code, 1);
    assert.equal(run.stdout, "");
    assert.equal((JSON.parse(run.files.get("out.sarif") ?? "") as Sarif).runs[0].results.length, 2);
    assert.match(run.stderr, /^a dir\/\[x\]#é\?\.yaml:5: Secret "db"/);
  });

  test("say what was looked at, and what is allowed and why, when asked", async () => {
    const files = { "a.yaml": plain.replace("hunter2", "x # signet-guard: allow made up"), "b.txt": "" };
    const run = await runInMemory(["guard", "--verbose", "a.yaml", "b.txt"], { files });
    assert.match(
      run.stderr,
      /^looked at 2 files\na\.yaml:5: allowed \(made up\): Secret "db": stringData\.password/,
    );
  });

  test("hold nothing that a terminal would take for a command", async () => {
    const files = { "a\u001b[2J.yaml": 'kind: Secret\nstringData: {"x\\u202ey": hunter2}\n' };
    const run = await runInMemory(["guard", "."], { files });
    assert.equal(run.code, 1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(run.stdout, /[\u001b\u202e]/);
  });

  test("notes alone are no reason to fail", async () => {
    const repository = new GitRepository();
    try {
      repository.commit({ ".sops.yaml": "creation_rules:\n  - age: age1a\n" });
      repository.stage({ ".sops.yaml": "creation_rules:\n  - age: age1b\n" });
      for (const args of [["--staged"], ["--staged", "--format", "sarif"]]) {
        const run = await repository.guard(args);
        assert.equal(run.code, 0);
        assert.match(run.stdout, /who can decrypt has changed: \+ age age1b, - age age1a/i);
      }
      repository.git("commit", "--quiet", "--message=m");
      const range = await repository.guard(["--range", "HEAD~1..HEAD"]);
      assert.match(range.stdout, /^\.sops\.yaml:1: note: who can decrypt/);
    } finally {
      repository.remove();
    }
  });
});
