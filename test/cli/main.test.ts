import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { runSignet } from "../support/signet-cli.ts";
import { testCertificate } from "../support/test-certificates.ts";

const program = join(import.meta.dirname, "../../cli/main.ts");
const { certificatePem, privateKeyPem } = testCertificate();
const secret = (name: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: team-a}\nstringData: {password: hunter2}\n`;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signet-main-"));
  put("cert.pem", certificatePem);
  mkdirSync(join(folder, "in"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content: string): void {
  writeFileSync(join(folder, path), content);
}
const textOf = (path: string) => readFileSync(join(folder, path), "utf8");

suite("the program among others", () => {
  test("whoever stops reading what it says keeps no file from being sealed", async () => {
    for (const name of ["a", "b", "c"]) put(`in/${name}.yaml`, secret(name));
    const args = [program, "--cert", "cert.pem", "--in-place", "in"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.destroy();
    const [code] = await once(child, "close");
    assert.equal(code, 0);
    for (const name of ["a", "b", "c"]) assert.match(textOf(`in/${name}.yaml`), /^kind: SealedSecret$/m);
  });

  test("nor does a full disk under its messages", { skip: !existsSync("/dev/full") }, async () => {
    put("in/a.yaml", secret("a"));
    put("in/b.yaml", secret("b"));
    const args = [program, "--cert", "cert.pem", "--in-place", "in"];
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", full] });
    const [code] = await once(child, "close");
    assert.equal(code, 0);
    assert.match(textOf("in/b.yaml"), /^kind: SealedSecret$/m);
  });

  test("an interruption ends it at once, by that signal, between two files and with nothing left behind", async () => {
    const names = Array.from({ length: 400 }, (_, index) => `in/${1000 + index}.yaml`);
    for (const name of names) put(name, secret("a"));
    const args = [program, "--cert", "cert.pem", "--in-place", "in"];
    let lines = 0;
    for (let round = 0; round < 12; round++) {
      const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
      const started = lines;
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        lines += text.split("\n").filter((line) => line.startsWith("sealed")).length;
      });
      // While a file is being written, which is when something could be left behind.
      const watcher = watch(join(folder, "in"), (_event, name) => {
        if (lines > started + 3 && name?.startsWith(".signet-") === true) child.kill("SIGINT");
      });
      const [, signal] = await once(child, "close");
      watcher.close();
      assert.equal(signal, "SIGINT");
      assert.deepEqual(
        readdirSync(join(folder, "in")).filter((name) => !name.endsWith(".yaml")),
        [],
      );
    }
    assert.ok(lines < names.length, "it goes on after the interruption");
  });

  test("somebody who does not want to type after all can leave, also after a file was written", async () => {
    const args = [program, "--cert", "cert.pem", "-w", "out.json"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["pipe", "ignore", "ignore"] });
    const ended = once(child, "close");
    setTimeout(() => child.kill("SIGINT"), 1500);
    const [, signal] = await ended;
    assert.equal(signal, "SIGINT");
    assert.ok(!existsSync(join(folder, "out.json")));
  });
});

suite("links in an output folder", () => {
  beforeEach(() => {
    put("in/a.yaml", secret("a"));
    mkdirSync(join(folder, "in/sub"));
    put("in/sub/b.yaml", secret("b"));
    mkdirSync(join(folder, "out"));
    put("victim", "precious");
    put("key.pem", privateKeyPem);
  });
  const toOut = (...args: string[]) =>
    runSignet(["--cert", "cert.pem", "--output-dir", "out", ...args], { cwd: folder });
  const refused = (path: string) =>
    `error: cannot write ${path}: a link in out leads from there to another place\nhint: remove the link, or give another --output-dir\n`;

  test("lead no result out of it: nothing is written", async () => {
    symlinkSync("../victim", join(folder, "out/a.yaml"));
    const { code, stderr } = await toOut("in");
    assert.deepEqual({ code, stderr }, { code: 1, stderr: refused("out/a.yaml") });
    assert.equal(textOf("victim"), "precious");
    assert.deepEqual(readdirSync(join(folder, "out")), ["a.yaml"]);
  });

  test("nor to where nothing is yet, nor through a folder", async () => {
    symlinkSync("../new", join(folder, "out/a.yaml"));
    assert.equal((await toOut("in")).stderr, refused("out/a.yaml"));
    rmSync(join(folder, "out/a.yaml"));
    mkdirSync(join(folder, "elsewhere"));
    symlinkSync("../elsewhere", join(folder, "out/sub"));
    assert.equal((await toOut("in")).stderr, refused("out/sub/b.yaml"));
    assert.deepEqual(readdirSync(join(folder, "elsewhere")), []);
    assert.ok(!existsSync(join(folder, "new")));
  });

  test("nor one over another", async () => {
    put("in/c.yaml", secret("c"));
    symlinkSync("c.yaml", join(folder, "out/a.yaml"));
    assert.equal((await toOut("in")).stderr, refused("out/a.yaml"));
    assert.deepEqual(readdirSync(join(folder, "out")), ["a.yaml"]);
  });

  test("lead no plain Secret, no bare value and no merged file out either", async () => {
    assert.equal((await toOut("in")).code, 0);
    mkdirSync(join(folder, "plain"));
    symlinkSync("../victim", join(folder, "plain/a.yaml"));
    symlinkSync("../victim", join(folder, "plain/value"));
    const within = { cwd: folder };
    const runs = [
      ["unseal", "--key", "key.pem", "--output-dir", "plain", "out"],
      [
        "--raw",
        "--cert",
        "cert.pem",
        "-n",
        "n",
        "--name",
        "a",
        "--output-dir",
        "plain",
        "--from-file",
        "key.pem",
      ],
      ["--cert", "cert.pem", "--merge-into", "out/a.yaml", "--output-dir", "plain", "in/a.yaml"],
    ];
    for (const args of runs) {
      const { code, stderr } = await runSignet(args, within);
      assert.equal(code, 1, args.join(" "));
      assert.match(stderr, /^error: cannot write plain\/\w+(\.yaml)?: a link in plain leads /);
    }
    assert.equal(textOf("victim"), "precious");
    assert.deepEqual(readdirSync(join(folder, "plain")), ["a.yaml", "value"]);
  });

  test("do not matter where the folder that was named is one itself, or lies below one", async () => {
    symlinkSync("out", join(folder, "short"));
    const { code } = await runSignet(["--cert", "cert.pem", "--output-dir", "short/deep/er", "in"], {
      cwd: folder,
    });
    assert.equal(code, 0);
    assert.equal(readlinkSync(join(folder, "short")), "out");
    assert.match(textOf("out/deep/er/sub/b.yaml"), /^kind: SealedSecret$/m);
  });
});

suite("files with the names of flags", () => {
  test("bring no certificate of their own", async () => {
    put("a.yaml", secret("a"));
    put("--cert=mine.yaml", certificatePem);
    put("mine.yaml", certificatePem);
    const args = ["--cert", "cert.pem", "--in-place", "--cert=mine.yaml", "a.yaml"];
    const { code, stderr } = await runSignet(args, { cwd: folder });
    assert.equal(code, 2);
    assert.equal(
      stderr,
      'error: "--cert=mine.yaml" is a flag, and a file of that name lies here\n' +
        "hint: write -- before the files if it is meant as one, or put ./ before their pattern\n",
    );
    assert.equal(textOf("a.yaml"), secret("a"));
    const unsealing = await runSignet(["unseal", "--key=mine.yaml", "a.yaml"], { cwd: folder });
    assert.equal(unsealing.code, 1, "no file has the name of this flag");
    put("--key=mine.yaml", "");
    const hidden = await runSignet(["unseal", "--key=mine.yaml", "a.yaml"], { cwd: folder });
    assert.equal(hidden.code, 2);
  });

  test("are files after --, and below a folder", async () => {
    put("--cert=mine.yaml", secret("a"));
    const flags = ["--cert", "cert.pem", "--in-place"];
    assert.equal((await runSignet([...flags, "--", "--cert=mine.yaml"], { cwd: folder })).code, 0);
    assert.match(textOf("--cert=mine.yaml"), /^kind: SealedSecret$/m);
    put("--cert=mine.yaml", secret("a"));
    assert.equal((await runSignet([...flags, "./--cert=mine.yaml"], { cwd: folder })).code, 0);
  });
});
