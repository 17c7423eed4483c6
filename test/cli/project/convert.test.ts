import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  clusterText,
  inProject,
  LATER,
  PINS,
  PROD,
  projectFiles,
  sealedUnder,
  secretText,
} from "./project-scene.ts";

const KEY = PROD.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const ARGS = [
  "convert",
  "--backend",
  "cluster",
  "--key",
  "k.pem",
  "--allow-namespace",
  "shop",
  "--in-place",
  "db.json",
];

/** A tree with a file under one key, whose project file pins another one. */
async function tree(): Promise<Record<string, string>> {
  const files = { "/prod.pem": PROD.certificate.pem };
  const { stdout } = await inProject(["--cert", "prod.pem"], { files, stdin: secretText("db") });
  const project = projectFiles("", clusterText("prod", LATER));
  return { ...project, "/certs/prod.pem": LATER.certificate.pem, "/k.pem": KEY, "/db.json": stdout };
}

suite("convert in a project", () => {
  test("seals what it opened for no pin that the user did not accept, used before or not", async () => {
    const files = await tree();
    const first = await inProject([], { files, stdin: secretText("other") });
    assert.equal(first.code, 0, first.stderr);
    for (const world of [files, { ...files, [PINS]: first.files.get(PINS) ?? assert.fail() }]) {
      const run = await inProject(ARGS, { files: world });
      assert.equal(run.code, 1);
      assert.match(run.stderr, /the pin of prod in \/\.signet\.yaml was not accepted here yet/);
      assert.equal(run.files.get("/db.json"), files["/db.json"]);
    }
  });

  test("seals for one that was accepted", async () => {
    const files = await tree();
    const { files: left } = await inProject(["pin", "accept"], { files });
    const run = await inProject(ARGS, { files: Object.fromEntries(left) });
    assert.equal(run.code, 0, run.stderr);
    assert.equal(sealedUnder(run.files.get("/db.json")), LATER.certificate.fingerprint);
  });
});
