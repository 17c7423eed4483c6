import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  KEY_FILES,
  manifest,
  NEW,
  NEW_KEY,
  OLD,
  OLD_KEY,
  openedBy,
  sealed,
} from "../../support/rotated-tree.ts";
import { startStubController } from "../../support/stub-controller.ts";
import { inProject, PINS, secretText } from "../project/project-scene.ts";

const RULES = `rules:
  - {path: "in/prod/**", clusters: [prod]}
  - {path: "in/both/**", clusters: [prod, staging]}
  - {clusters: [staging]}
`;
const pin = (name: string, fingerprint: string) =>
  `  ${name}: {certificate: certs/${name}.pem, fingerprint: "${fingerprint}"}\n`;

/** A repository whose project pins the newest certificate for prod. */
function repository(clusters = pin("prod", NEW_KEY), rules = ""): Record<string, string> {
  const keys = Object.entries(KEY_FILES).map(([name, text]) => [`/${name}`, text] as const);
  return {
    ...Object.fromEntries(keys),
    "/.git/HEAD": "ref: refs/heads/main\n",
    "/.signet.yaml": `version: 1\nclusters:\n${clusters}${rules}`,
    "/certs/prod.pem": NEW.certificatePem,
    "/certs/staging.pem": OLD.certificatePem,
  };
}

/** What the user accepted of a repository, by `signet pin accept`. */
async function accepted(files: Record<string, string>): Promise<Record<string, string>> {
  const run = await inProject(["pin", "accept"], { files });
  assert.equal(run.code, 0, run.stderr);
  return { ...files, [PINS]: run.files.get(PINS) ?? assert.fail("nothing was accepted") };
}

const OPENING = ["rotate", "--private-key", "old.key,new.key"];

suite("rotate in a project", () => {
  test("seals with the certificate that is pinned for the one cluster, and asks nobody", async () => {
    const files = await accepted({
      ...repository(),
      "/in/a.yaml": manifest({ user: await sealed("old", "me") }),
    });
    const run = await inProject([...OPENING, "in"], { files });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /^newest key: SHA256:\S+, .* from \/certs\/prod\.pem$/m);
    assert.deepEqual(await openedBy("new", run.files.get("/in/a.yaml")), { user: "me" });
  });

  test("asks which cluster is meant where several are, and leaves files of the others", async () => {
    const clusters = pin("prod", NEW_KEY) + pin("staging", OLD_KEY);
    const text = manifest({ user: await sealed("old", "me") });
    const files = await accepted({
      ...repository(clusters, RULES),
      "/in/prod/a.yaml": text,
      "/in/both/b.yaml": text,
      "/in/c.yaml": text,
    });
    const unsaid = await inProject([...OPENING, "in"], { files });
    assert.deepEqual([unsaid.code, unsaid.files.get("/in/prod/a.yaml")], [2, text]);
    assert.match(unsaid.stderr, /several clusters, and which one is meant is not said: prod, staging/);
    const prod = await inProject([...OPENING, "--for-cluster", "prod", "in"], { files });
    assert.equal(prod.code, 0, prod.stderr);
    assert.match(prod.stderr, /^left in\/c\.yaml: for staging, by the rules of \/\.signet\.yaml$/m);
    assert.equal(prod.files.get("/in/c.yaml"), text);
    for (const path of ["/in/prod/a.yaml", "/in/both/b.yaml"])
      assert.deepEqual(await openedBy("new", prod.files.get(path)), { user: "me" });
    const both = await inProject([...OPENING, "--for-cluster", "prod,staging", "in"], { files });
    assert.deepEqual([both.code, both.files.get("/in/prod/a.yaml")], [2, text]);
    const byFile = await inProject([...OPENING, "--cert", "new.pem", "in"], { files });
    assert.equal(byFile.code, 0, byFile.stderr);
    assert.deepEqual(await openedBy("new", byFile.files.get("/in/c.yaml")), { user: "me" });
  });

  test("tells, always, of files that rules other than the accepted ones have sealed for the cluster", async () => {
    const clusters = pin("prod", NEW_KEY) + pin("staging", OLD_KEY);
    const { files: known } = await inProject(["pin", "accept"], {
      files: repository(clusters, RULES.replace("in/prod", "in/other")),
    });
    const text = manifest({ user: await sealed("old", "me") });
    const files = { ...Object.fromEntries(known), ...repository(clusters, RULES) };
    const tree = { ...files, "/in/prod/a.yaml": text, "/in/both/b.yaml": text };
    const run = await inProject([...OPENING, "--for-cluster", "prod", "in"], { files: tree });
    assert.equal(run.code, 0, run.stderr);
    const alerts = run.stderr.match(/^warning: the rules of .*$/gm) ?? [];
    assert.match(
      alerts.join("\n"),
      /^[^\n]* in\/prod\/a\.yaml was for staging, and is sealed for prod now\.[^\n]*$/,
    );
  });

  test("a pin that is not what the user accepted ends the run", async () => {
    const text = manifest({ user: await sealed("old", "me") });
    const before = await accepted({ ...repository(), "/in/a.yaml": text });
    const changed = { ...repository(pin("prod", OLD_KEY)), "/certs/prod.pem": OLD.certificatePem };
    const run = await inProject([...OPENING, "in"], {
      files: { ...changed, "/in/a.yaml": text, [PINS]: before[PINS] ?? "" },
    });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^error: prod in \/\.signet\.yaml .*nothing is sealed with it/m);
    assert.doesNotMatch(run.stderr, /^failed/m);
    assert.equal(run.files.get("/in/a.yaml"), text);
  });

  test("a project file that nobody accepted gets nothing sealed, not with its first use either", async () => {
    const text = manifest({ user: await sealed("old", "me") });
    const files = { ...repository(), "/in/a.yaml": text };
    for (const more of [[], ["--controller-name", "sealed-secrets-controller"]]) {
      const run = await inProject([...OPENING, ...more, "in"], { files });
      assert.equal(run.code, 1);
      assert.match(run.stderr, /^error: the pin of prod in \/\.signet\.yaml was not accepted here yet/m);
      assert.match(run.stderr, /signet pin accept prod; or give --cert FILE$/m);
      assert.deepEqual([run.files.get("/in/a.yaml"), run.files.get(PINS)], [text, undefined]);
    }
  });

  test("sealing one Secret in it is no acceptance, nor is what follows from its pin", async () => {
    const text = manifest({ user: await sealed("old", "me") });
    const files = { ...repository(), "/in/a.yaml": text };
    const first = await inProject([], { files, stdin: secretText("db") });
    assert.equal(first.code, 0, first.stderr);
    const used = { ...files, [PINS]: first.files.get(PINS) ?? assert.fail("nothing was recorded") };
    const run = await inProject([...OPENING, "in"], { files: used });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /was not accepted here yet/);
    assert.equal(run.files.get("/in/a.yaml"), text);
    const after = await inProject([...OPENING, "in"], { files: await accepted(used) });
    assert.equal(after.code, 0, after.stderr);
    assert.deepEqual(await openedBy("new", after.files.get("/in/a.yaml")), { user: "me" });
  });

  test("a controller's certificate has to be the pinned one, or to follow from it", async () => {
    const text = manifest({ user: await sealed("old", "me") });
    const files = await accepted({ ...repository(), "/in/a.yaml": text });
    for (const [certificate, code] of [
      [OLD.certificatePem, 1],
      [NEW.certificatePem, 0],
    ] as const) {
      const controller = await startStubController({ certificate: { status: 200, body: certificate } });
      try {
        const named = ["--controller-name", "sealed-secrets-controller"];
        const run = await inProject([...OPENING, ...named, "in"], { files, env: controller.env });
        assert.equal(run.code, code, run.stderr);
        assert.equal(run.files.get("/in/a.yaml") === text, code === 1);
        if (code === 1)
          assert.match(run.stderr, /^error: the certificate from .* nothing is sealed with it/m);
      } finally {
        await controller.close();
      }
    }
  });

  test("--for-cluster needs a project", async () => {
    const run = await inProject([...OPENING, "--for-cluster", "prod", "in"], {
      files: { "/in/a.yaml": "a: 1\n" },
    });
    assert.equal(run.code, 2);
    assert.match(run.stderr, /--for-cluster names a cluster of \.signet\.yaml, and there is none/);
  });
});
