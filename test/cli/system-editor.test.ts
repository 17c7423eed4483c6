import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { PRIVATE_FOLDER } from "../../cli/editing/editor-command.ts";
import type { EditRequest } from "../../cli/editing/text-editing.ts";
import { type EditingProcess, systemEditing } from "../../cli/system-editor.ts";

const folder = mkdtempSync(join(tmpdir(), "signet-editor-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A process whose signals go nowhere but to who listens. */
class OwnProcess extends EventEmitter implements EditingProcess {
  readonly platform = "linux";
  readonly pid = process.pid;
  readonly env = { PATH: `${folder}:${process.env["PATH"]}` };
  readonly killed: unknown[] = [];
  getuid = () => process.getuid?.() ?? 0;
  kill(pid: number, signal: NodeJS.Signals | 0) {
    if (signal === 0) process.kill(pid, 0);
    else this.killed.push([pid, signal]);
  }
}

/** A place of its own with an editor that runs this in a shell; `$1` and on are its arguments. */
function world(script: string) {
  const base = mkdtempSync(join(folder, "base-"));
  const [memory, disk] = [join(base, "memory"), join(base, "disk")];
  for (const each of [memory, disk]) mkdirSync(each);
  const editor = join(base, "editor");
  writeFileSync(editor, `#!/bin/sh\n${script}\n`);
  chmodSync(editor, 0o755);
  const own = new OwnProcess();
  const editing = systemEditing(own, { inMemory: [memory], onDisk: disk });
  const request: EditRequest = {
    text: "plain: hunter2\n",
    fileName: "db.yaml",
    command: [editor],
    variables: { MORE: "set" },
    allowDisk: false,
  };
  return { base, memory, disk, own, editing, request, editor };
}

const textOf = (edited: Awaited<ReturnType<ReturnType<typeof systemEditing>["edit"]>>) =>
  edited.kind === "edited" ? Buffer.from(edited.content).toString() : edited;

suite("editing in a private folder", () => {
  test("the editor gets the text in a file that is ours alone, and the folder is gone afterwards", async () => {
    const { base, memory, editing, request } = world(
      'ls -ld "$(dirname "$1")" "$1" > "$0.modes"; cp "$1" "$0.copy"; echo "more: $MORE $2" >> "$1"; basename "$1" > "$0.name"; echo x > "$TMPDIR/t"; echo "$TMPDIR" > "$0.tmp"',
    );
    assert.equal(textOf(await editing.edit(request)), "plain: hunter2\nmore: set \n");
    assert.equal(readFileSync(join(base, "editor.copy"), "utf8"), request.text);
    assert.equal(readFileSync(join(base, "editor.name"), "utf8"), "db.yaml\n");
    assert.match(readFileSync(join(base, "editor.modes"), "utf8"), /^drwx------(.*)\n-rw-------/);
    assert.ok(readFileSync(join(base, "editor.tmp"), "utf8").startsWith(memory));
    assert.deepEqual(readdirSync(memory), []);
  });

  test("a file that the editor put in its place counts, and a folder of its own lies inside", async () => {
    const { editing, request, editor } = world('test -d "$1" && mv "$2" "$2~" && echo new > "$2"');
    const command = [editor, PRIVATE_FOLDER];
    assert.equal(textOf(await editing.edit({ ...request, command })), "new\n");
  });

  test("an editor that fails, or is not there, leaves nothing either", async () => {
    const { memory, editing, request } = world("exit 3");
    assert.deepEqual(await editing.edit(request), { kind: "failed", code: 3 });
    const none = await editing.edit({ ...request, command: ["no-such-editor-here"] });
    assert.deepEqual(none, { kind: "not-started", code: "ENOENT" });
    const gone = world('rm "$1"');
    assert.deepEqual(await gone.editing.edit(gone.request), { kind: "no-file", code: "ENOENT" });
    for (const each of [memory, gone.memory]) assert.deepEqual(readdirSync(each), []);
  });

  test("without a folder in memory a disk is used where that is allowed alone", async () => {
    const { base, disk, own, request } = world('dirname "$1" > "$0.at"');
    const editing = systemEditing(own, { inMemory: [], onDisk: disk });
    assert.deepEqual(await editing.edit(request), { kind: "no-memory" });
    assert.equal(existsSync(join(base, "editor.at")), false);
    assert.equal((await editing.edit({ ...request, allowDisk: true })).kind, "edited");
    assert.ok(readFileSync(join(base, "editor.at"), "utf8").startsWith(disk));
    assert.deepEqual(readdirSync(disk), []);
  });

  for (const signal of ["SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
    test(`${signal} ends the editor and this program, and wipes the folder first`, async () => {
      const { memory, own, editing, request } = world("exec sleep 60");
      const edited = editing.edit(request);
      assert.equal(readdirSync(memory).length, 1);
      own.emit(signal, signal);
      assert.deepEqual(readdirSync(memory), []);
      // That one leaves core files.
      const by = signal === "SIGQUIT" ? "SIGTERM" : signal;
      assert.deepEqual(own.killed, [[process.pid, by]]);
      assert.deepEqual(await edited, { kind: "failed", code: null });
      assert.equal(own.listenerCount(signal) + own.listenerCount("SIGINT"), 0);
    });
  }

  test("Ctrl-C is the editor's; where it ends by it, so do we", async () => {
    const taken = world('sleep 0.1; echo saved > "$1"');
    const edited = taken.editing.edit(taken.request);
    taken.own.emit("SIGINT", "SIGINT");
    assert.equal(textOf(await edited), "saved\n");
    assert.deepEqual(taken.own.killed, []);
    const ended = world("kill -INT $$");
    assert.deepEqual(await ended.editing.edit(ended.request), { kind: "failed", code: null });
    assert.deepEqual(ended.own.killed, [[process.pid, "SIGINT"]]);
    assert.deepEqual(readdirSync(ended.memory), []);
  });

  test("what killed runs left is told of, by those that are ours and whose process is gone", () => {
    const { memory, disk, editing } = world("");
    const gone = join(memory, "signet-edit-4194399-abc");
    for (const path of [gone, join(memory, `signet-edit-${process.pid}-abc`), join(disk, "signet-edit-x")])
      mkdirSync(path);
    writeFileSync(join(disk, "signet-edit-4194399-file"), "");
    assert.deepEqual(editing.leftOvers(), [gone]);
    assert.ok(statSync(gone).isDirectory());
  });

  test("a program's name leads to its file, links followed", () => {
    const { editing, editor } = world("");
    assert.equal(editing.programAt(editor), editor);
    assert.equal(editing.programAt("no-such-editor-here"), "no-such-editor-here");
    assert.match(editing.programAt("sh"), /^\/.*sh$/);
  });
});
