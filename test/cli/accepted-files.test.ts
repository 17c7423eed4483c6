import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptedRecord } from "../../cli/accepted-files.ts";
import { type MemoryWorld, memoryIo } from "../support/memory-io.ts";

const RECORD = "/home/me/.config/signet/things.json";
const things = acceptedRecord("things", (entry): entry is string => typeof entry === "string");
const ioOf = (files: MemoryWorld["files"] = {}) => memoryIo([], { files, env: { HOME: "/home/me" } }).io;

test("what is accepted of a file stands beside what was accepted of others, and is forgotten alone", () => {
  const io = ioOf();
  things.require(io).accept("/b", () => "one");
  things.require(io).accept("/a", () => "two");
  things.require(io).accept("/b", () => "three");
  const files = things.require(io);
  assert.deepEqual(files.paths(), ["/a", "/b"]);
  assert.deepEqual([files.of("/a"), files.of("/b"), files.of("/c")], ["two", "three", undefined]);
  assert.deepEqual([files.forget("/c"), files.forget("/a")], [false, true]);
  assert.deepEqual(things.require(io).paths(), ["/b"]);
});

test("what is changed through one opened record is added to what others changed since", () => {
  const io = ioOf();
  const files = things.require(io);
  files.accept("/a", () => "one");
  things.require(io).accept("/b", () => "two");
  files.accept("/c", () => "three");
  assert.deepEqual(files.paths(), ["/a", "/b", "/c"]);
  things.require(io).accept("/a", () => "four");
  files.accept("/a", (known) => `${known}, five`);
  files.forget("/b");
  assert.deepEqual([files.of("/a"), files.paths()], ["four, five", ["/a", "/c"]]);
  assert.deepEqual(things.require(io).paths(), ["/a", "/c"]);
});

test("a record that was damaged since it was opened is not written over", () => {
  const io = ioOf();
  const files = things.require(io);
  io.files.replace(RECORD, "{");
  assert.throws(() => files.accept("/a", () => "one"), /^InputError: \S+things\.json is not a list/);
  assert.equal(String(io.files.read(RECORD)), String(new TextEncoder().encode("{")));
});

test("a record whose lock cannot be made is one that cannot be written", () => {
  const io = ioOf();
  io.files.create = () => {
    throw Object.assign(new Error("x"), { code: "EROFS" });
  };
  assert.throws(
    () => things.require(io).accept("/a", () => "one"),
    /^FileError: cannot write \S+things\.json: the file system is read-only$/,
  );
});

test("of a file whose name every object knows nothing is accepted unasked, nor forgotten", () => {
  const files = things.require(ioOf());
  assert.deepEqual([files.of("constructor"), files.forget("constructor")], [undefined, false]);
});

test("a record with one entry that is unfit is passed over in no part", () => {
  const io = ioOf({ [RECORD]: '{"things":{"/a":"one","/b":2}}' });
  assert.throws(
    () => things.open(io),
    /^InputError: \S+things\.json is not a list of things as signet writes it$/,
  );
});

test("without a home there is no record, which is an error where there has to be one", () => {
  const { io } = memoryIo([], { env: { HOME: "" } });
  assert.equal(things.open(io), null);
  assert.throws(() => things.require(io), /^FileError: there is no folder for what you accept$/);
});
