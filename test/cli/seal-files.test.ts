import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { run } from "../../cli/run.ts";
import { type MemoryWorld, memoryIo, runInMemory } from "../support/memory-io.ts";
import { openedObjects } from "../support/opened-values.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();

function secret(name: string, value: string, metadata = ""): string {
  return `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: team-a${metadata}}\nstringData: {password: ${value}}\n`;
}
const DEPLOYMENT = "apiVersion: apps/v1\nkind:   Deployment # odd\nmetadata: {name: web}\n";
const BAD = 'apiVersion: v1\nkind: Secret\nmetadata: {name: bad}\ndata: {password: "hunter3 is no base64"}\n';

function seal(args: readonly string[], files: Readonly<Record<string, string>>, world: MemoryWorld = {}) {
  return runInMemory(["--cert", "cert.pem", ...args], {
    ...world,
    files: { "cert.pem": certificatePem, ...files },
  });
}

const opened = (text: string | undefined) => openedObjects(text ?? "", privateKeyPem);

suite("files and folders", () => {
  test("in place: every Secret is sealed, all else stays byte for byte", async () => {
    const input = {
      "in/a.yaml": `# kept\n${secret("a", "one")}---\n${DEPLOYMENT}---\n${secret("b", "two")}`,
      "in/web.yaml": DEPLOYMENT,
      "in/notes.txt": "kind: Secret",
    };
    const { code, stdout, files, stderr } = await seal(["--in-place", "in"], input);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
    const text = files.get("in/a.yaml") ?? "";
    assert.deepEqual(await opened(text), {
      "team-a/a": { password: "one" },
      "team-a/b": { password: "two" },
    });
    assert.ok(text.startsWith("# kept\n") && text.includes(`---\n${DEPLOYMENT}---\n`));
    assert.ok(!text.includes("one") && !text.includes("kind: Secret\n"));
    assert.equal(files.get("in/web.yaml"), DEPLOYMENT);
    assert.equal(files.get("in/notes.txt"), "kind: Secret");
    assert.equal(
      stderr,
      "sealed in/a.yaml: a, strict (team-a/a), 1 item; b, strict (team-a/b), 1 item\n" +
        "left in/web.yaml: no Secret in it\n2 files: sealed 2 in 1, left 1 as they are\n",
    );
  });

  test("a file that is nothing to seal is not even written again in place", async () => {
    const { io, left } = memoryIo(["--cert", "cert.pem", "--in-place", "in"], {
      files: { "cert.pem": certificatePem, "in/a.yaml": secret("a", "one"), "in/web.yaml": DEPLOYMENT },
    });
    const written: string[] = [];
    const replace: typeof io.files.replace = (path, content) => {
      written.push(path);
      io.files.replace(path, content);
    };
    left(await run({ ...io, files: { ...io.files, replace } }));
    assert.deepEqual(written, ["in/a.yaml"]);
  });

  test("a folder of results has every file that was read, those without a Secret as they are", async () => {
    const input = { "in/a.yaml": secret("a", "one"), "in/deep/web.yaml": DEPLOYMENT };
    const { code, files } = await seal(["--output-dir", "out/", "in"], input);
    assert.equal(code, 0);
    assert.deepEqual(await opened(files.get("out/a.yaml")), { "team-a/a": { password: "one" } });
    assert.equal(files.get("out/deep/web.yaml"), DEPLOYMENT);
    assert.equal(files.get("in/a.yaml"), input["in/a.yaml"]);
  });

  test("results below --output-dir never take the place of what was read", async () => {
    const input = { "a.yaml": secret("a", "one") };
    const { code, files, stderr } = await seal(["--output-dir", "./", "a.yaml"], input);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^error: \.\/a\.yaml is the input itself: --output-dir leads back to it\nhint: give --in-place /,
    );
    assert.equal(files.get("a.yaml"), input["a.yaml"]);
  });

  test("a Secret that is another tool's template is said to be one", async () => {
    const template = `${secret("a", "one")}  token: {{ .Values.token }}\n`;
    const { code, stderr } = await seal(["--in-place", "in"], { "in/a.yaml": template });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^failed in\/a\.yaml, document 1: line .*; it has \{\{ \}\} in it: where that is another tool's/m,
    );
    const other = await seal(["--in-place", "in"], { "in/a.yaml": `${secret("a", "one")}  b: [\n` });
    assert.ok(other.stderr.includes("correct the document there") && !other.stderr.includes("{{"));
  });

  test("a Secret in UTF-16, or a list of them, that cannot be read is no other tool's template", async () => {
    const broken = `${secret("a", "one")}  bad: [\n`;
    const utf16 = Buffer.from(broken, "utf16le");
    const marked = Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]);
    const list = Buffer.from("kind: SecretList\nitems: [\n");
    for (const content of [marked, utf16, utf16.swap16(), list]) {
      const { code, files, stderr } = await runInMemory(["--cert", "cert.pem", "--output-dir", "out", "in"], {
        files: {
          "cert.pem": certificatePem,
          "in/a.yaml": secret("a", "two"),
          "in/broken.yaml": Buffer.from(content),
        },
      });
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^failed in\/broken\.yaml/m);
      assert.ok(!files.has("out/broken.yaml"));
    }
  });

  test("one bad file: the others are written, it is left as it is, the exit code is 1 (W3)", async () => {
    const input = { "in/a.yaml": secret("a", "one"), "in/bad.yaml": `${secret("c", "three")}---\n${BAD}` };
    const { code, files, stderr } = await seal(["--in-place", "in"], input);
    assert.equal(code, 1);
    assert.deepEqual(await opened(files.get("in/a.yaml")), { "team-a/a": { password: "one" } });
    assert.equal(files.get("in/bad.yaml"), input["in/bad.yaml"]);
    assert.match(
      stderr,
      /^failed in\/bad\.yaml, document 2 \(Secret "bad"\): data\.password is not base64: /m,
    );
    assert.match(stderr, /^2 files: sealed 1 in 1, 1 failed\nerror: 1 of 2 files failed\n/m);
    assert.ok(!stderr.includes("hunter3"));
  });

  test("to standard output it is all or nothing: no partial stream is written (W3)", async () => {
    const good = {
      "in/a.yaml": secret("a", "one"),
      "in/b.json": '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"b"},"data":{}}',
    };
    const bad = await seal(["in"], { ...good, "in/c.yaml": BAD });
    assert.deepEqual({ code: bad.code, stdout: bad.stdout }, { code: 1, stdout: "" });
    const { code, stdout } = await seal(["in", "-n", "team-a", "--allow-empty-data", "-o", "yaml"], good);
    assert.equal(code, 0);
    assert.deepEqual(await opened(stdout), { "team-a/a": { password: "one" }, "team-a/b": {} });
  });

  test("a write that fails is a failed file, not a sealed one", async () => {
    const { io, left } = memoryIo(["--cert", "cert.pem", "--in-place", "in"], {
      files: { "cert.pem": certificatePem, "in/a.yaml": secret("a", "one"), "in/b.yaml": secret("b", "two") },
    });
    const replace: typeof io.files.replace = (path, content) => {
      if (path === "in/a.yaml") throw Object.assign(new Error("hunter2"), { code: "ENOSPC" });
      io.files.replace(path, content);
    };
    const { code, stderr, files } = left(await run({ ...io, files: { ...io.files, replace } }));
    assert.equal(code, 1);
    assert.match(stderr, /^failed in\/a\.yaml: cannot write in\/a\.yaml: no space left on the device; /m);
    assert.match(stderr, /^2 files: sealed 1 in 1, 1 failed$/m);
    assert.deepEqual(await opened(files.get("in/b.yaml")), { "team-a/b": { password: "two" } });
  });

  test("SealedSecrets among the input are not sealed once more", async () => {
    const first = await seal(["--in-place", "in"], { "in/a.yaml": secret("a", "one") });
    const sealed = first.files.get("in/a.yaml") ?? "";
    const { code, files, stderr } = await seal(["--in-place", "in"], {
      "in/a.yaml": sealed,
      "in/b.yaml": secret("b", "two"),
    });
    assert.equal(code, 0);
    assert.equal(files.get("in/a.yaml"), sealed);
    assert.match(stderr, /^left in\/a\.yaml: already sealed$/m);
  });

  test("templates of other tools in a folder are passed over; named, or with a Secret, they must be read", async () => {
    const template = "{{ if .Values.on }}\nkind: ConfigMap\n{{ end }}\n";
    const secretTemplate = "{{ if .Values.on }}\nkind: Secret\n{{ end }}\n";
    const good = { "in/a.yaml": secret("a", "one") };
    assert.equal((await seal(["--in-place", "in"], { ...good, "in/t.yaml": template })).code, 0);
    assert.equal((await seal(["--in-place", "in/t.yaml"], { ...good, "in/t.yaml": template })).code, 1);
    const { code, stderr } = await seal(["--in-place", "in"], { ...good, "in/t.yaml": secretTemplate });
    assert.equal(code, 1);
    assert.match(stderr, /^failed in\/t\.yaml/m);
  });

  test("the scope of the flag and the namespace count for every file; a contradiction fails its file (W18)", async () => {
    const annotated = ', annotations: {"sealedsecrets.bitnami.com/cluster-wide": "true"}';
    const input = { "in/a.yaml": secret("a", "one"), "in/b.yaml": secret("b", "two", annotated) };
    const { code, files, stderr } = await seal(["--in-place", "--scope", "strict", "in"], input);
    assert.equal(code, 1);
    assert.match(stderr, /^failed in\/b\.yaml/m);
    assert.equal(files.get("in/b.yaml"), input["in/b.yaml"]);
    const wide = await seal(["--in-place", "in"], input);
    assert.match(wide.stderr, /b, cluster-wide, 1 item/);
    const mismatch = await seal(["--in-place", "-n", "team-b", "in"], input);
    assert.match(
      mismatch.stderr,
      /failed in\/a\.yaml.* input secret is in namespace "team-a" but "team-b" was specified/,
    );
  });

  test("the results of one file may go to -w, and -f is a file like others with --in-place", async () => {
    const one = await seal(["-w", "out.yaml", "in"], { "in/a.yaml": secret("a", "one") });
    assert.deepEqual(await opened(one.files.get("out.yaml")), { "team-a/a": { password: "one" } });
    const own = await seal(["--in-place", "-f", "a.yaml"], { "a.yaml": secret("a", "one") });
    assert.deepEqual(await opened(own.files.get("a.yaml")), { "team-a/a": { password: "one" } });
  });

  test("sealing a folder again changes nothing and is no failure; to standard output it is one", async () => {
    const once = await seal(["--in-place", "in"], {
      "in/a.yaml": secret("a", "one"),
      "in/web.yaml": DEPLOYMENT,
    });
    const sealed = once.files.get("in/a.yaml") ?? "";
    const files = { "in/a.yaml": sealed, "in/web.yaml": DEPLOYMENT };
    const twice = await seal(["--in-place", "in"], files);
    assert.equal(twice.code, 0, twice.stderr);
    assert.equal(twice.files.get("in/a.yaml"), sealed);
    assert.match(twice.stderr, /^left in\/a\.yaml: already sealed$/m);
    assert.match(twice.stderr, /^left in\/web\.yaml: no Secret in it$/m);
    const streamed = await seal(["in"], files);
    assert.equal(streamed.code, 1);
    assert.equal(streamed.stdout, "");
  });

  test("a folder without any Secret is an error, so that nobody takes it for sealed (W3)", async () => {
    const { code, stderr } = await seal(["--in-place", "in"], { "in/web.yaml": DEPLOYMENT });
    assert.equal(code, 1);
    assert.match(stderr, /^error: no Secret in the files given$/m);
  });
});
