import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { generateHybridIdentity, identityToRecipient } from "age-encryption";
import { sopsWrapper } from "../../shared/document/sops/keys/wrapper.ts";
import { makeScratchFolder, type ScratchFolder } from "../support/control-plane/scratch-folder.ts";
import { runProgram } from "../support/run-program.ts";
import { encryptedYaml } from "../support/sops-documents.ts";
import { newAgeIdentity } from "../support/sops-keys.ts";
import { repository as root } from "./repository-copy.ts";

/** Says what the program loaded from dist/. */
const WATCH = `
const { writeSync } = require("node:fs");
const { registerHooks } = require("node:module");
const loaded = new Set();
registerHooks({ load(url, context, next) { if (url.includes("/dist/")) loaded.add(url.split("/dist/")[1]); return next(url, context); } });
process.on("exit", () => writeSync(2, "LOADED " + [...loaded].join(" ") + "\\n"));
`;
const alone = /^LOADED signet\.cjs cli\/render\.cjs$/m;
const whole = /^LOADED signet\.cjs cli\/render\.cjs cli\/commands\/any-command\.mjs /m;
const secret =
  "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: shop\nstringData:\n  user: admin\n";

suite("render in dist/", () => {
  let scratch: ScratchFolder;
  let dist: string;
  let age: Awaited<ReturnType<typeof newAgeIdentity>>;
  let hybrid: string;

  before(async () => {
    scratch = await makeScratchFolder("render-dist");
    dist = join(scratch.path, "dist");
    const { code, stderr } = await runProgram(process.execPath, ["scripts/build.ts", dist], {
      cwd: root,
      boundMs: 180_000,
    });
    assert.equal(code, 0, stderr);
    await writeFile(join(scratch.path, "watch.cjs"), WATCH);
    age = await newAgeIdentity();
    hybrid = await generateHybridIdentity();
    await write("age.yaml", await sealed(age.recipient));
    await write("hybrid.yaml", await sealed(await identityToRecipient(hybrid)));
  });
  after(() => scratch?.remove());

  async function write(name: string, text: string): Promise<void> {
    await mkdir(join(scratch.path, "tree"), { recursive: true });
    await writeFile(join(scratch.path, "tree", name), text);
  }
  const sealed = (recipient: string) =>
    encryptedYaml(secret, {
      groups: [[{ type: "age", recipient }]],
      selection: { rule: "encrypted_regex", pattern: "^stringData$" },
      wrapper: sopsWrapper({ kms: null, vault: null, now: () => new Date() }),
    });
  const render = (args: readonly string[], { stdin = "", keys = age.text } = {}) =>
    runProgram(
      process.execPath,
      ["--require", join(scratch.path, "watch.cjs"), join(dist, "signet.cjs"), "render", ...args],
      {
        cwd: join(scratch.path, "tree"),
        env: { PATH: process.env["PATH"], HOME: scratch.path, SOPS_AGE_KEY: keys },
        stdin,
      },
    );

  test("a file whose keys are at hand opens with one bundle, as it does with all of them", async () => {
    const one = await render(["--strict", "--allow-unbound", "age.yaml"]);
    assert.equal(one.code, 0, one.stderr);
    assert.match(one.stderr, alone);
    assert.match(one.stdout, /user: YWRtaW4=/);
    const streamed = await render(["--strict", "--allow-unbound"], {
      stdin: await sealed(age.recipient),
    });
    assert.match(streamed.stderr, whole);
    assert.equal(streamed.stdout, one.stdout);
  });

  test("errors and a file to write to are the same", async () => {
    const refused = await render(["age.yaml"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, alone);
    assert.match(refused.stderr, /^error: .*does not say where it may be opened\nhint: .*--allow-unbound/);
    assert.equal(refused.stdout, "");
    const written = await render(["--allow-unbound", "-o", join(scratch.path, "out.yaml"), "age.yaml"]);
    assert.equal(written.code, 0, written.stderr);
    assert.match(await readFile(join(scratch.path, "out.yaml"), "utf8"), /user: YWRtaW4=/);
  });

  test("what takes a library that the bundle lacks is done by the whole program, once", async () => {
    const keys = `${age.text}\n${hybrid}`;
    const { code, stdout, stderr } = await render(["--strict", "--allow-unbound", "hybrid.yaml"], { keys });
    assert.equal(code, 0, stderr);
    assert.match(stderr, whole);
    assert.equal(stdout.match(/user: YWRtaW4=/g)?.length, 1);
    const output = join(scratch.path, "hybrid-out.yaml");
    assert.equal((await render(["--allow-unbound", "-o", output, "hybrid.yaml"], { keys })).code, 0);
    assert.equal((await readFile(output, "utf8")).match(/user: YWRtaW4=/g)?.length, 1);
  });

  test("keys from standard input are there for the whole program, too", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const stdin = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const args = ["--strict", "--allow-unbound", "--key", "-", "hybrid.yaml"];
    const { code, stderr } = await render(args, { stdin, keys: hybrid });
    assert.equal(code, 0, stderr);
    assert.match(stderr, whole);
  });

  test("folders, help and what is wrong with a command line are the whole program's", async () => {
    const help = await render(["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^signet render: /);
    assert.equal((await render(["--stricd", "age.yaml"])).code, 2);
    await write("--strict", "");
    assert.match((await render(["--strict", "age.yaml"])).stderr, /a file of that name lies here/);
    assert.match((await render(["--allow-unbound", "."])).stderr, whole);
  });
});
