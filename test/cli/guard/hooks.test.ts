import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { readYaml } from "../../../shared/document/yaml.ts";
import { compileCache } from "../../runner/compile-cache.ts";
import { cliProgram } from "../../support/built-programs.ts";
import { GitRepository } from "../../support/git-repository.ts";

const root = join(import.meta.dirname, "../../..");
const page = readFileSync(join(root, "docs/guard.md"), "utf8");
const plain = "kind: Secret\nstringData:\n  password: hunter2\n";
const allowed = plain.replace("hunter2", "hunter2 # signet-guard: allow made up");

/** A script as the page shows it, behind a heading. */
function script(heading: string): string {
  const [, text = ""] = page.slice(page.indexOf(`\n## ${heading}\n`)).match(/```sh\n([\s\S]*?)```/) ?? [];
  assert.ok(text.startsWith("#!/bin/sh\n"), heading);
  return text;
}

suite("hooks as the page shows them", () => {
  let bin = "";
  let repository: GitRepository;
  let server = "";
  before(() => {
    bin = mkdtempSync(join(tmpdir(), "signet-hooks-"));
    writeFileSync(join(bin, "signet"), `#!/bin/sh\nexec "${process.execPath}" "${cliProgram}" "$@"\n`);
    chmodSync(join(bin, "signet"), 0o755);
    repository = new GitRepository();
    server = join(bin, "server.git");
    execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", server], {
      env: repository.env,
    });
    repository.git("remote", "add", "origin", server);
    repository.commit({ "README.md": "" });
  });
  after(() => {
    repository.remove();
    rmSync(bin, { recursive: true, force: true });
  });

  function install(folder: string, name: string, text: string): void {
    mkdirSync(join(folder, "hooks"), { recursive: true });
    writeFileSync(join(folder, "hooks", name), text, { mode: 0o755 });
  }

  /** Runs Git with `signet` on PATH; @returns what it said, and its exit code. */
  function git(...args: readonly string[]) {
    const { status, stderr, stdout } = spawnSync("git", args, {
      cwd: repository.folder,
      env: { ...repository.env, ...compileCache, PATH: `${bin}:${repository.env["PATH"]}` },
      encoding: "utf8",
    });
    return { code: status, said: stderr + stdout };
  }

  test("before a commit, also of one file alone", () => {
    install(join(repository.folder, ".git"), "pre-commit", script("Before a commit"));
    repository.stage({ "db.yaml": plain, "other.txt": "" });
    const refused = git("commit", "--message=m");
    assert.equal(refused.code, 1);
    assert.match(refused.said, /db\.yaml:3: Secret: stringData\.password/);
    // Git hands the hook an index of its own.
    assert.equal(git("commit", "--quiet", "--message=m", "other.txt").code, 0);
    repository.git("rm", "--quiet", "--cached", "db.yaml");
    rmSync(join(repository.folder, "db.yaml"));
    rmSync(join(repository.folder, ".git/hooks/pre-commit"));
  });

  test("before a push, of a branch that the server does not know and of one it does", () => {
    install(join(repository.folder, ".git"), "pre-push", script("Before a push"));
    assert.equal(git("push", "--quiet", "origin", "main").code, 0);
    repository.commit({ "db.yaml": plain });
    repository.commit({ "db.yaml": "" });
    assert.notEqual(git("push", "--quiet", "origin", "main").code, 0);
    assert.notEqual(git("push", "--quiet", "origin", "main:new").code, 0);
    repository.git("reset", "--quiet", "--hard", "origin/main");
    repository.commit({ "db.yaml": allowed });
    assert.equal(git("push", "--quiet", "origin", "main:allowed").code, 0);
    rmSync(join(repository.folder, ".git/hooks/pre-push"));
  });

  test("on a server, whose main branch alone may allow", () => {
    install(server, "pre-receive", script("On a server"));
    repository.git("reset", "--quiet", "--hard", "origin/main");
    repository.commit({ "new.yaml": allowed });
    const refused = git("push", "--quiet", "origin", "main:topic");
    assert.notEqual(refused.code, 0);
    assert.match(refused.said, /new\.yaml:3: .* stands in plain text \(commit /);
    assert.match(refused.said, /1 would be allowed by a comment of the file itself/);
    assert.doesNotMatch(refused.said, /hunter2/);
    repository.git("reset", "--quiet", "--hard", "origin/main");
    repository.commit({ "fine.yaml": "kind: ConfigMap\n" });
    assert.equal(git("push", "--quiet", "origin", "main:fine", "main").code, 0);
    assert.equal(git("push", "--quiet", "origin", ":fine").code, 0);
  });

  test("the first push to an empty server", () => {
    const empty = join(bin, "empty.git");
    execFileSync("git", ["init", "--quiet", "--bare", empty], { env: repository.env });
    install(empty, "pre-receive", script("On a server"));
    repository.git("checkout", "--quiet", "--detach", "main");
    const good = repository.git("rev-parse", "HEAD");
    const bad = repository.commit({ "db.yaml": plain });
    assert.notEqual(git("push", "--quiet", empty, `${bad}:refs/heads/main`).code, 0);
    assert.equal(git("push", "--quiet", empty, `${good}:refs/heads/main`).code, 0);
  });
});

suite(".pre-commit-hooks.yaml", () => {
  const [hooks] = readYaml(readFileSync(join(root, ".pre-commit-hooks.yaml"), "utf8")) as [
    Record<string, unknown>[],
  ];

  test("has what pre-commit needs of each hook, and names flags that there are", async () => {
    assert.deepEqual(
      hooks.map(({ id }) => id),
      ["signet-guard", "signet-guard-system"],
    );
    for (const { name, entry, language, types, require_serial: serial } of hooks) {
      assert.equal(typeof name, "string");
      assert.ok(language === "node" || language === "system");
      assert.deepEqual(types, ["file"]);
      assert.equal(serial, true);
      const repository = new GitRepository();
      try {
        repository.commit({ "a.yaml": plain, "b c.yaml": "" });
        const [program, , ...flags] = String(entry).split(" ");
        assert.equal(program, "signet");
        const found = await repository.guard([...flags, "b c.yaml", "a.yaml"]);
        assert.match(found.stdout, /^a\.yaml:3: /);
        assert.equal((await repository.guard([...flags, "b c.yaml"])).code, 0);
      } finally {
        repository.remove();
      }
    }
  });
});
