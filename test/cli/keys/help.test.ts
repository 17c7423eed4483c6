import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { keys } from "../../../cli/commands/keys.ts";
import { backupKeys } from "../../../cli/keys/backup-keys.ts";
import type { KeyAction } from "../../../cli/keys/key-action.ts";
import { actionFlags } from "../../../cli/keys/keys-options.ts";
import { listKeys } from "../../../cli/keys/list-keys.ts";
import { unwrapKeys, wrapKeys } from "../../../cli/keys/move-keys.ts";
import { newKey } from "../../../cli/keys/new-key.ts";
import { promoteKey } from "../../../cli/keys/promote-key.ts";
import { restoreKeys } from "../../../cli/keys/restore-keys.ts";
import { retireKeys } from "../../../cli/keys/retire-key.ts";
import { showKey } from "../../../cli/keys/show-key.ts";
import { runInMemory } from "../../support/memory-io.ts";

const ACTIONS: Readonly<Record<string, KeyAction>> = {
  list: listKeys,
  show: showKey,
  new: newKey,
  promote: promoteKey,
  retire: retireKeys,
  backup: backupKeys,
  restore: restoreKeys,
  wrap: wrapKeys,
  unwrap: unwrapKeys,
};

async function page(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runInMemory(args);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

/** Names of the flags of a page, in its order. */
const flagsOf = (text: string) =>
  [...text.matchAll(/^ {2}(?: {4}|-., )--([a-z-]+)/gm)].map(([, flag]) => flag);

suite("signet keys --help", () => {
  test("has a line for each action, and leads to its page", async () => {
    const text = await page("keys", "--help");
    assert.equal(await page("help", "keys"), text);
    const [, actions = ""] = /\n\nActions:\n([\s\S]*?)\n\n/.exec(text) ?? [];
    assert.deepEqual(
      actions.split("\n").map((line) => line.trim().split(" ")[0]),
      Object.keys(ACTIONS),
    );
    assert.deepEqual(keys.words, Object.keys(ACTIONS));
    assert.match(text, /signet keys ACTION --help for one action/);
    const own = flagsOf(text).filter((flag) => actionFlags.some((one) => one === flag));
    assert.deepEqual(own, [], "only what goes with all of them");
  });

  test("an action that is not known is told, with the one that was meant", async () => {
    for (const args of [
      ["keys", "retier", "--help"],
      ["help", "keys", "retier"],
    ]) {
      const { code, stdout, stderr } = await runInMemory(args);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.equal(stderr, 'error: no help on "keys retier"\nhint: did you mean signet help keys retire?\n');
    }
  });

  test("a flag of another action leads to the page of this one", async () => {
    const { code, stderr } = await runInMemory(["keys", "promote", "--compromised", "a"]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: --compromised does not go with keys promote\n/);
    assert.match(stderr, /signet keys promote --help$/m);
  });
});

for (const [word, { flags }] of Object.entries(ACTIONS)) {
  suite(`signet keys ${word} --help`, () => {
    test("is the page of help keys ACTION, whatever stands beside it", async () => {
      const text = await page("keys", word, "--help");
      assert.equal(await page("help", "keys", word), text);
      assert.equal(await page("keys", word, "-h", "a-name"), text);
      assert.equal(await page("keys", "--context", "prod", word, "-h"), text);
      assert.ok(text.startsWith(`signet keys ${word}: `));
    });

    test("has usage, description, flags, examples and exit codes of its own, in 80 columns", async () => {
      const text = await page("keys", word, "--help");
      for (const title of ["Usage", "Flags", "Examples", "Exit codes"])
        assert.match(text, new RegExp(`\\n\\n${title}:\\n {2}(?:\\S| {4}--)`), title);
      const [, usage = "", examples = ""] =
        /\nUsage:\n([\s\S]*?)\n\n[\s\S]*\nExamples:\n([\s\S]*?)\n\n(?=\S)/.exec(text) ?? [];
      for (const line of usage.split("\n")) assert.ok(line.startsWith(`  signet keys ${word} `), line);
      for (const line of examples.split("\n").filter((one) => /^ {2}[^#]/.test(one)))
        assert.match(line, new RegExp(`^ {2}signet keys ${word}\\b`));
      const long = text.split("\n").filter((line) => line.length > 80 && !/^ {2}signet /.test(line));
      assert.deepEqual(long, []);
    });

    test("says the same formats in its usage and of its flag", async () => {
      const text = await page("keys", word, "--help");
      const [, inUsage] = /\[-o (\S+)\]/.exec(text) ?? [];
      const [, ofFlag] = /^ {2}-o, --format (\S+)/m.exec(text) ?? [];
      assert.equal(ofFlag, inUsage);
    });

    test("lists exactly the flags that go with it, in words about it alone", async () => {
      const text = await page("keys", word, "--help");
      const listed = flagsOf(text);
      assert.equal(new Set(listed).size, listed.length);
      const own = actionFlags.filter((flag) => listed.includes(flag));
      assert.deepEqual(
        own,
        actionFlags.filter((flag) => flags.includes(flag)),
      );
      const section = text.slice(text.indexOf("\nFlags:"), text.indexOf("\nExamples:"));
      assert.doesNotMatch(section, /with (?:list|show|new|retire|backup|wrap|restore|--recovery)/);
    });
  });
}
