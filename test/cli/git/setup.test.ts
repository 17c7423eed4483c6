import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp } from "../../../cli/git/setup.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { memoryIo } from "../../support/memory-io.ts";

const LINES = "*.yaml diff=signet merge=signet\n";

/** A world whose Git knows one repository; its `.gitattributes` lie where `leadsTo` says. */
function world(leadsTo: string) {
  const { io, left } = memoryIo([], { files: { "/repo/.git/HEAD": "", "/home/me/.profile": "mine\n" } });
  async function* output(args: readonly string[]) {
    if (args[0] === "rev-parse") yield utf8("/repo\n");
  }
  const git = async (args: readonly string[]) => ({
    output: output(args),
    write: () => {},
    end: () => {},
    ended: Promise.resolve(0),
  });
  const files = { ...io.files, destination: () => leadsTo };
  return { io: { ...io, git, files }, left };
}

test("setup writes through no link that a repository has in the place of its attributes", async () => {
  const linked = world("/home/me/.profile");
  await assert.rejects(setUp(["*.yaml"], linked.io), /\/repo\/\.gitattributes is a link/);
  assert.equal(linked.left(0).files.get("/home/me/.profile"), "mine\n");
  assert.equal(linked.left(0).files.get("/repo/.gitattributes"), undefined);
  const own = world("/repo/.gitattributes");
  await setUp(["*.yaml"], own.io);
  assert.equal(own.left(0).files.get("/repo/.gitattributes"), LINES);
});
