import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { systemFiles } from "../../cli/system-files.ts";

let folder = "";
const at = (name: string) => join(folder, name);
const modeOf = (name: string) => statSync(at(name)).mode & 0o777;

suite("replacing a file", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "signet-files-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("makes a new one that only its owner reads", () => {
    systemFiles.replace(at("new"), "content");
    assert.equal(readFileSync(at("new"), "utf8"), "content");
    assert.equal(modeOf("new"), 0o600);
    assert.deepEqual(readdirSync(folder), ["new"]);
  });

  test("keeps the owner of the old one, where this user may give files away, and its group", () => {
    const mine = { uid: process.getuid?.() ?? 0, gid: process.getgroups?.().at(-1) ?? 0 };
    const { uid, gid } = mine.uid === 0 ? { uid: 1234, gid: 1235 } : mine;
    writeFileSync(at("owned"), "old");
    chownSync(at("owned"), uid, gid);
    chmodSync(at("owned"), 0o640);
    systemFiles.replace(at("owned"), "new");
    const after = statSync(at("owned"));
    assert.deepEqual(
      [after.uid, after.gid, modeOf("owned"), readFileSync(at("owned"), "utf8")],
      [uid, gid, 0o640, "new"],
    );
  });

  test("keeps the mode of the old one and puts a new file in its place (W22)", () => {
    writeFileSync(at("old"), "a longer content than the new one");
    chmodSync(at("old"), 0o644);
    const before = statSync(at("old")).ino;
    systemFiles.replace(at("old"), new Uint8Array([104, 105]));
    assert.equal(readFileSync(at("old"), "utf8"), "hi");
    assert.equal(modeOf("old"), 0o644);
    // In place would mean that a reader can see half of it.
    assert.notEqual(statSync(at("old")).ino, before);
    assert.deepEqual(readdirSync(folder), ["old"]);
  });

  test("takes the old one from all others where plain secrets are written", () => {
    writeFileSync(at("old"), "a");
    chmodSync(at("old"), 0o664);
    systemFiles.replace(at("old"), "b", "owner-only");
    assert.equal(readFileSync(at("old"), "utf8"), "b");
    assert.equal(modeOf("old"), 0o600);
  });

  test("keeps links and replaces what they lead to, over several and relative ones (W22)", () => {
    mkdirSync(at("real"));
    writeFileSync(at("real/target"), "old");
    symlinkSync("real/target", at("second"));
    symlinkSync("second", at("first"));
    systemFiles.replace(at("first"), "new");
    assert.equal(readlinkSync(at("first")), "second");
    assert.equal(readlinkSync(at("second")), "real/target");
    assert.equal(readFileSync(at("real/target"), "utf8"), "new");
    assert.ok(!lstatSync(at("real/target")).isSymbolicLink());
  });

  test("follows a link out of a linked folder", () => {
    mkdirSync(at("a/b"), { recursive: true });
    writeFileSync(at("a/target"), "old");
    symlinkSync("../target", at("a/b/link"));
    symlinkSync("a/b", at("short"));
    systemFiles.replace(at("short/link"), "new");
    assert.equal(readFileSync(at("a/target"), "utf8"), "new");
    assert.deepEqual(readdirSync(folder).sort(), ["a", "short"]);
  });

  test("makes the file that a link only promises", () => {
    symlinkSync("later", at("link"));
    systemFiles.replace(at("link"), "new");
    assert.equal(readFileSync(at("later"), "utf8"), "new");
    assert.equal(readlinkSync(at("link")), "later");
  });

  test("leaves nothing behind when it fails (W22)", () => {
    mkdirSync(at("folder"));
    assert.throws(() => systemFiles.replace(at("folder"), "x"), { code: "EISDIR" });
    assert.throws(() => systemFiles.replace(at("missing/x"), "x"), { code: "ENOENT" });
    // What cannot be written fails after the temporary file was opened.
    const broken = { length: 1 } as unknown as Uint8Array;
    assert.throws(() => systemFiles.replace(at("x"), broken));
    assert.deepEqual(readdirSync(folder), ["folder"]);
  });

  test("writes to what is no regular file as it is", () => {
    // No device: whatever replaced that by a file would have done so for the whole machine.
    assert.equal(spawnSync("mkfifo", [at("pipe")]).status, 0);
    const reading = openSync(at("pipe"), constants.O_RDONLY | constants.O_NONBLOCK);
    systemFiles.replace(at("pipe"), "x");
    assert.ok(statSync(at("pipe")).isFIFO());
    assert.equal(readFileSync(reading, "utf8"), "x");
    closeSync(reading);
  });
});

suite("making a file", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "signet-files-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("gives one that only its owner reads, and leaves what is there as it is", () => {
    systemFiles.create(at("new"), "one");
    assert.throws(() => systemFiles.create(at("new"), "two"), { code: "EEXIST" });
    assert.deepEqual([readFileSync(at("new"), "utf8"), modeOf("new")], ["one", 0o600]);
    symlinkSync("nowhere", at("link"));
    assert.throws(() => systemFiles.create(at("link"), "two"), { code: "EEXIST" });
  });

  test("leaves nothing behind when it fails", () => {
    // What cannot be written fails after the file was made.
    assert.throws(() => systemFiles.create(at("new"), { length: 1 } as unknown as string));
    assert.deepEqual(readdirSync(folder), []);
  });

  test("is taken back by removing it, if it is there", () => {
    systemFiles.create(at("new"), "one");
    systemFiles.remove(at("new"));
    systemFiles.remove(at("new"));
    assert.deepEqual(readdirSync(folder), []);
  });
});
