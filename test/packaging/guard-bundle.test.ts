import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { GitRepository } from "../support/git-repository.ts";
import { runProgram } from "../support/run-program.ts";
import { repository as root } from "./repository-copy.ts";

/** Ends the program as soon as it reaches for a network, and says what it loaded. */
const WATCH = `
const { Socket } = require("node:net");
const { writeSync } = require("node:fs");
const dns = require("node:dns");
const stop = () => { writeSync(2, "NETWORK"); process.exit(99); };
Socket.prototype.connect = stop;
for (const name of ["lookup", "resolve"]) dns[name] = stop;
require("node:dgram").Socket.prototype.send = stop;
globalThis.fetch = stop;
process.on("exit", () => {
  const loaded = Object.keys(require.cache).filter((path) => path.endsWith("js"));
  writeSync(2, "LOADED " + loaded.map((path) => path.split("/").slice(-2).join("/")).join(" ") + "\\n");
});
`;

suite("guard in dist/", () => {
  let folder = "";
  let dist = "";
  let repository: GitRepository;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "signet-guard-dist-"));
    dist = join(folder, "dist");
    const { code, stderr } = await runProgram(process.execPath, ["scripts/build.ts", dist], {
      cwd: root,
      boundMs: 180_000,
    });
    assert.equal(code, 0, stderr);
    await writeFile(join(folder, "watch.cjs"), WATCH);
    repository = new GitRepository();
  });
  after(async () => {
    repository.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (args: readonly string[]) =>
    runProgram(
      process.execPath,
      ["--require", join(folder, "watch.cjs"), join(dist, "signet.cjs"), ...args],
      {
        cwd: repository.folder,
        env: { ...repository.env, PATH: `${dirname(process.execPath)}:${repository.env["PATH"]}` },
      },
    );

  test("starts from one file, without the code that seals, and reaches for no network", async () => {
    repository.stage({
      "db.yaml": "kind: Secret\nstringData: {password: hunter2}\n",
      ".sops.yaml":
        "creation_rules:\n  - path_regex: (?i)secret\n    kms: arn:aws:kms:eu-central-1:123456789012:key/a\n",
      "secret.yaml":
        "password: hunter2\nsops: {hc_vault: [{vault_address: https://vault.example.com}], mac: x}\n",
    });
    for (const args of [["--staged"], ["."], ["--staged", "--format", "sarif"]]) {
      const { code, stdout, stderr } = await run(["guard", ...args]);
      assert.equal(code, 1, stderr);
      assert.doesNotMatch(stderr, /NETWORK/);
      assert.match(stderr, /^LOADED \S+watch\.cjs \S+signet\.cjs cli\/guard\.cjs$/m);
      assert.match(stdout, /db\.yaml/);
    }
    const bundle = await readFile(join(dist, "cli", "guard.cjs"), "utf8");
    const required = new Set([...bundle.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name));
    for (const name of ["http", "https", "http2", "net", "tls", "dns", "dgram", "undici"])
      assert.ok(!required.has(name) && !required.has(`node:${name}`), name);
    assert.doesNotMatch(bundle, /RSA-OAEP|publicEncrypt|createCipheriv/);
  });

  test("fetches nothing that a partial clone lacks", async () => {
    repository.commit({ "old.yaml": "kind: Secret\nstringData: {other: hunter2}\n" });
    repository.commit({ "old.yaml": "" });
    repository.git("config", "uploadpack.allowFilter", "true");
    const partial = join(folder, "partial");
    repository.git("clone", "--quiet", "--filter=blob:none", `file://${repository.folder}`, partial);
    const args = [join(dist, "signet.cjs"), "guard", "--range", "HEAD~1..HEAD", "--base", "HEAD"];
    const env = { ...repository.env, PATH: `${dirname(process.execPath)}:${repository.env["PATH"]}` };
    const start = [
      join(dist, "signet.cjs"),
      "guard",
      "--range",
      `${"0".repeat(40)}..HEAD~1`,
      "--base",
      "HEAD",
    ];
    // What the clone checked out is there; of the commit before nothing is.
    const latest = await runProgram(process.execPath, args, { cwd: partial, env });
    assert.equal(latest.code, 0, latest.stderr);
    assert.match(latest.stderr, /^note: what changed .* is not known/);
    repository.git("-C", partial, "update-ref", "-d", "refs/remotes/origin/main");
    repository.git("-C", partial, "update-ref", "-d", "refs/remotes/origin/HEAD");
    const lacking = await runProgram(process.execPath, start, { cwd: partial, env });
    assert.equal(lacking.code, 2, lacking.stdout);
    assert.match(
      lacking.stderr,
      /^error: (?:the content of old\.yaml of commit \w{12} is not there|Git could not read)/,
    );
  });

  test("help, and what is odd about a command line, are told by the rest of the program", async () => {
    const help = await run(["guard", "--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^signet guard: find Secrets and keys in plain text among changes\n/);
    assert.equal((await run(["guard", "--stagged"])).code, 2);
    repository.write({ "--range=a": "" });
    const odd = await run(["guard", "--range=a", "db.yaml"]);
    assert.match(odd.stderr, /a file of that name lies here/);
  });
});
