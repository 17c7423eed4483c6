import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inProject, PROD, projectFiles, STAGING, sealedUnder } from "../project/project-scene.ts";

const RULES = `rules:
  - {path: "apps/prod/**", clusters: [prod]}
  - {path: "apps/wide/**", clusters: [prod], scope: namespace-wide}
  - {path: "apps/staging/**", clusters: [staging]}
`;
const of = ({ certificate }: typeof PROD) => certificate.fingerprint;
const PLACE = ["--name", "db", "-n", "shop"];

suite("single items in a project", () => {
  test("are sealed for the cluster of their file, new or not", async () => {
    const files = projectFiles(RULES);
    for (const [path, cluster] of [
      ["apps/prod/db.yaml", PROD],
      ["apps/staging/db.yaml", STAGING],
    ] as const) {
      const made = await inProject(["set", ...PLACE, path, "a"], { files, stdin: "x" });
      assert.equal(made.code, 0, made.stderr);
      const text = made.files.get(`/${path}`) ?? "";
      assert.equal(sealedUnder(text), of(cluster));
      const more = await inProject(["generate", path, "b"], { files: { ...files, [`/${path}`]: text } });
      assert.equal(more.code, 0, more.stderr);
      assert.equal(sealedUnder(more.files.get(`/${path}`)), of(cluster));
    }
  });

  test("ask which cluster is meant where no rule says it, and take --for-cluster", async () => {
    const files = projectFiles(RULES);
    const args = ["set", ...PLACE, "other.yaml", "a"];
    const asked = await inProject(args, { files, stdin: "x" });
    assert.match(
      asked.stderr,
      /has several clusters, and which one .* is for is not said: prod, staging|prod and staging/,
    );
    assert.equal(asked.files.has("/other.yaml"), false);
    const said = await inProject([...args, "--for-cluster", "staging"], { files, stdin: "x" });
    assert.equal(sealedUnder(said.files.get("/other.yaml")), of(STAGING));
  });

  test("have no wider scope from the project's file alone", async () => {
    const files = projectFiles(RULES);
    const args = ["set", ...PLACE, "apps/wide/db.yaml", "a"];
    const refused = await inProject(args, { files, stdin: "x" });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is sealed namespace-wide, and nothing else says so/);
    const said = await inProject([...args, "--scope", "namespace-wide"], { files, stdin: "x" });
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.files.get("/apps/wide/db.yaml") ?? "", /namespace-wide: "true"/);
  });
});
