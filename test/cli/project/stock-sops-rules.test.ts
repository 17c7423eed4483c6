import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { CLUSTER } from "../../support/key-service-world.ts";
import { AgePeople, StockSops } from "../../support/stock-sops.ts";
import { clusterText, inProject, PROD, projectFiles, secretText } from "./project-scene.ts";

suite("stock sops opens what rules of a project had sealed", () => {
  let people: AgePeople;
  let stock: StockSops;

  before(async () => {
    people = await AgePeople.create();
    stock = await StockSops.start();
  });
  after(() => stock?.stop());

  test("for recipients that they list, and for those of .sops.yaml", async () => {
    const [listed, named] = people.recipients.map(({ recipient }) => recipient);
    const rules = `rules: [{path: "listed/*", backend: sops, age: [${listed}]}, {backend: sops}]\n`;
    const files = {
      ...projectFiles(rules, clusterText("prod", PROD, `    clusterId: ${CLUSTER}\n`)),
      "/.sops.yaml": `creation_rules: [{age: ${named}}]\n`,
      "/listed/db.yaml": secretText("db"),
      "/other/db.yaml": secretText("db"),
    };
    const run = await inProject(["--in-place", "listed", "other"], { files });
    assert.equal(run.code, 0, run.stderr);
    const keys = people.keyText.split("\n").filter((line) => line.startsWith("AGE-SECRET-KEY-"));
    const paths = ["listed/db.yaml", "other/db.yaml"];
    for (const path of paths) await stock.write(path, run.files.get(`/${path}`) ?? "");
    for (const [at, path] of paths.entries()) {
      for (const [owner, key] of keys.entries()) {
        const { code, stdout } = await stock.run(["-d", path], { SOPS_AGE_KEY: key });
        assert.equal(code === 0, owner === at, `key ${owner} and ${path}`);
        assert.equal(/^\s*password: hunter2$/m.test(stdout), owner === at);
      }
    }
  });
});
