import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import { ALLOW_ALL, BACKENDS, KeyServiceWorld, SCOPES, sealFlags } from "../../support/key-service-world.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
import { SopsUser } from "../../support/sops-user.ts";

function dataIn({ code, stdout, stderr }: MemoryRun): Record<string, string> {
  assert.equal(code, 0, stderr);
  const [document] = readDocuments(utf8(stdout), "product");
  const { data = {} } = (document?.value ?? {}) as { data?: Record<string, string> };
  return Object.fromEntries(
    Object.entries(data).map(([item, value]) => [item, Buffer.from(value, "base64").toString()]),
  );
}

suite("items under key services", () => {
  for (const backend of BACKENDS) {
    /** A file made by `signet set`, with an item more. */
    const made = async (world: KeyServiceWorld, ...scope: string[]) => {
      const place = ["--name", "db", "-n", "shop", ...scope];
      const first = await world.run(["set", ...sealFlags(backend), ...place, "s.yaml", "a"], {
        stdin: "one",
      });
      assert.equal(first.code, 0, first.stderr);
      const file = first.files.get("s.yaml") ?? "";
      const second = await world.run(
        ["set", ...sealFlags(backend), ...(scope.length === 0 ? [] : ALLOW_ALL), "s.yaml", "b"],
        { stdin: "two", files: { "s.yaml": file } },
      );
      assert.equal(second.code, 0, second.stderr);
      return second.files.get("s.yaml") ?? "";
    };
    const open = (world: KeyServiceWorld, text: string | undefined) =>
      world.run(["unseal", ...ALLOW_ALL, "s.yaml"], { files: { "s.yaml": text ?? "" } });

    for (const scope of SCOPES) {
      test(`${backend}: a renamed item is sealed for its new name, ${scope}`, async () => {
        const world = new KeyServiceWorld();
        const file = await made(world, "--scope", scope);
        const run = await world.run(["rename", ...ALLOW_ALL, "--verbose", "s.yaml", "a", "c"], {
          files: { "s.yaml": file },
        });
        assert.match(run.stderr, /renamed a to c in s\.yaml: db, sealed again under its own key/);
        assert.deepEqual(dataIn(await open(world, run.files.get("s.yaml"))), { b: "two", c: "one" });
        const keeps = /\n {4}b: (\S+)/;
        assert.equal(keeps.exec(run.files.get("s.yaml") ?? "")?.[1], keeps.exec(file)?.[1]);
      });
    }

    test(`${backend}: no service is asked to rename what is under a key that is not allowed`, async () => {
      const world = new KeyServiceWorld();
      const file = await made(world);
      const calls = world.calls;
      const run = await world.run(["rename", "s.yaml", "a", "c"], { files: { "s.yaml": file } });
      assert.equal(run.code, 1);
      assert.match(run.stderr, /is not allowed here/);
      assert.deepEqual([run.files.get("s.yaml"), world.calls], [file, calls]);
    });

    test(`${backend}: a value that was moved to another item does not come to open by its renaming`, async () => {
      const world = new KeyServiceWorld();
      const file = (await made(world)).replace("    a:", "    z:");
      const run = await world.run(["rename", ...ALLOW_ALL, "s.yaml", "z", "c"], {
        files: { "s.yaml": file },
      });
      assert.equal(run.code, 1);
      assert.equal(run.files.get("s.yaml"), file);
    });

    test(`${backend}: an item is taken out without asking the service`, async () => {
      const world = new KeyServiceWorld();
      const file = await made(world);
      const calls = world.calls;
      const run = await world.run(["unset", "s.yaml", "a"], { files: { "s.yaml": file } });
      assert.deepEqual([run.code, world.calls], [0, calls]);
      assert.deepEqual(dataIn(await open(world, run.files.get("s.yaml"))), { b: "two" });
    });
  }
});

suite("items of a SOPS document", async () => {
  const user = await SopsUser.create();
  const stranger = await SopsUser.create();
  const sealed = await user.sealed({ password: "hunter2", user: "me" });
  const files = { "s.yaml": sealed };
  const opened = async (text: string | undefined, by = user) =>
    dataIn(await by.run(["unseal"], { stdin: text ?? "" }));
  const encrypted = (text: string, item: string) => new RegExp(`\n +${item}: (ENC\\S+)`).exec(text)?.[1];

  test("set, unset and rename keep the values of the others as they are encrypted", async () => {
    const set = await user.run(["set", "s.yaml", "token"], { files, stdin: "new" });
    assert.equal(set.stderr, "");
    const withToken = set.files.get("s.yaml") ?? "";
    assert.deepEqual(await opened(withToken), { password: "hunter2", user: "me", token: "new" });
    const unset = await user.run(["unset", "s.yaml", "user"], { files: { "s.yaml": withToken } });
    const withoutUser = unset.files.get("s.yaml") ?? "";
    assert.deepEqual(await opened(withoutUser), { password: "hunter2", token: "new" });
    const renamed = await user.run(["rename", "s.yaml", "token", "key"], {
      files: { "s.yaml": withoutUser },
    });
    const text = renamed.files.get("s.yaml") ?? "";
    assert.deepEqual(await opened(text), { password: "hunter2", key: "new" });
    for (const each of [withToken, withoutUser, text])
      assert.equal(encrypted(each, "password"), encrypted(sealed, "password"));
    assert.notEqual(encrypted(text, "key"), encrypted(withToken, "token"));
  });

  /** An editor that saves this in the place of that. */
  const editing = (find: string, put: string) => async () => ({
    edit: async ({ text }: { text: string }) => ({
      kind: "edited" as const,
      content: Buffer.from(text.replace(find, put)),
    }),
    programAt: () => "/usr/bin/nano",
    leftOvers: () => [],
  });

  test("edit shows all of it, and keeps what was not changed as it is encrypted", async () => {
    const change = editing("  user: me\n", "  login: me\n");
    const run = await user.run(["edit", "s.yaml"], { files, editing: change });
    assert.equal(run.stderr, "");
    const text = run.files.get("s.yaml") ?? "";
    assert.deepEqual(await opened(text), { password: "hunter2", login: "me" });
    assert.equal(encrypted(text, "password"), encrypted(sealed, "password"));
    const closed = await stranger.run(["edit", "s.yaml"], { files, editing: change });
    assert.deepEqual([closed.code, closed.files.get("s.yaml")], [1, sealed]);
    const empty = editing("  user: me\n", '  user: ""\n');
    const refused = await user.run(["edit", "s.yaml"], { files, editing: empty });
    assert.match(refused.stderr, /SOPS neither encrypts nor authenticates: user/);
    assert.equal(refused.files.get("s.yaml"), sealed);
  });

  test("who cannot open the document changes nothing of it", async () => {
    for (const args of [
      ["set", "s.yaml", "token"],
      ["unset", "s.yaml", "user"],
      ["rename", "s.yaml", "user", "login"],
    ]) {
      const run = await stranger.run(args, { files, stdin: "new" });
      assert.equal(run.code, 1);
      assert.equal(run.files.get("s.yaml"), sealed);
    }
  });

  test("the item that says its place is none to set, take out or rename", async () => {
    for (const args of [
      ["set", "s.yaml", "signet.dev/scope"],
      ["unset", "s.yaml", "signet.dev/scope"],
      ["rename", "s.yaml", "signet.dev/scope", "x"],
    ]) {
      const run = await user.run(args, { files, stdin: "x" });
      assert.equal(run.code, 2);
      assert.equal(run.files.get("s.yaml"), sealed);
    }
  });

  test("the last item stays, unless an empty Secret is meant", async () => {
    const both = ["unset", "s.yaml", "user", "password"];
    assert.match((await user.run(both, { files })).stderr, /would have no items left/);
    const meant = await user.run([...both, "--allow-empty-data"], { files });
    assert.equal(meant.code, 0, meant.stderr);
  });

  test("a new file is sealed for recipients, and no value of another kind goes into it", async () => {
    const place = ["--name", "db", "-n", "shop"];
    const made = await user.run(["set", "--age", user.recipient, ...place, "n.yaml", "a"], { stdin: "x" });
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual(await opened(made.files.get("n.yaml")), { a: "x" });
    const other = await user.run(["set", "--kms-key", "alias/x", "s.yaml", "a"], { files, stdin: "x" });
    assert.match(other.stderr, /--kms-key does not fit/);
  });
});
