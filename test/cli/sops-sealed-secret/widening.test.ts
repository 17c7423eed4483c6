import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { plainSecret, SopsUser } from "../../support/sops-user.ts";

const user = await SopsUser.create();
const ITEMS = { password: "hunter2" };
const STRICT = await user.sealed(ITEMS);
const WIDE = await user.sealed(ITEMS, "--scope", "cluster-wide");
const NAMESPACE = await user.sealed(ITEMS, "--scope", "namespace-wide");
const REACH = {
  cluster: [WIDE, "cluster-wide", "any name in any namespace"],
  namespace: [NAMESPACE, "namespace-wide", "any name in its namespace"],
} as const;

const merging = (text: string, more: readonly string[] = [], metadata = "") => ({
  args: ["--merge-into", "s.yaml", ...more],
  world: { files: { "s.yaml": text }, stdin: plainSecret({ a: "1", b: "2" }, metadata) },
});
const setting = (text: string, more: readonly string[] = []) => ({
  args: ["set", "s.yaml", "a", ...more],
  world: { files: { "s.yaml": text }, stdin: "1" },
});
const editing = (text: string, more: readonly string[] = []) => ({
  args: ["edit", "s.yaml", ...more],
  world: {
    files: { "s.yaml": text },
    editing: async () => ({
      edit: async ({ text: shown }: { text: string }) => {
        const changed = shown.replace(/^( *)password: .*$/m, "$&\n$1a: x");
        assert.notEqual(changed, shown);
        assert.doesNotMatch(shown, /a: x/, "the editor came once more than it should");
        return { kind: "edited" as const, content: Buffer.from(changed) };
      },
      programAt: () => "/usr/bin/vi",
      leftOvers: () => [],
    }),
  },
});

/** What was said of a scope, and whether the item was taken. */
async function said(
  { args, world }: ReturnType<typeof merging | typeof setting | typeof editing>,
  more = {},
) {
  const run = await user.run(args, { ...world, ...more });
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.files.get("s.yaml") ?? "", /^ +a: ENC\[/m);
  return run.stderr.match(/^warning: .* by its annotation: .*$/gm) ?? [];
}

suite("a SOPS document whose scope is wider than strict by its own word", () => {
  for (const [text, kind, reach] of Object.values(REACH)) {
    test(`${kind}: set and edit tell, always, how wide the item will open`, async () => {
      for (const command of [setting(text), editing(text)]) {
        const [told, ...more] = await said(command);
        assert.ok(
          told?.startsWith(`warning: s.yaml is ${kind} by its annotation: a will open under ${reach};`),
          told,
        );
        assert.ok(told?.endsWith(` Give --scope ${kind} if that is meant`), told);
        assert.deepEqual(more, []);
      }
    });

    test(`${kind}: --merge-into tells people of all items, and no script`, async () => {
      assert.deepEqual(await said(merging(text)), []);
      const [told] = await said(merging(text), { terminals: ["stderr"] });
      assert.ok(
        told?.startsWith(`warning: s.yaml is ${kind} by its annotation: a, b will open under ${reach};`),
      );
    });

    test(`${kind}: who says the scope is told nothing`, async () => {
      for (const command of [setting, editing, merging])
        assert.deepEqual(await said(command(text, ["--scope", kind]), { terminals: ["stderr"] }), []);
      const annotated = `  annotations: {sealedsecrets.bitnami.com/${kind}: "true"}\n`;
      assert.deepEqual(await said(merging(text, [], annotated), { terminals: ["stderr"] }), []);
    });
  }

  test("nothing is told of a strict one, nor before the document has opened", async () => {
    for (const command of [setting, editing, merging])
      assert.deepEqual(await said(command(STRICT), { terminals: ["stderr"] }), []);
    const forged = STRICT.replace(
      "annotations:\n",
      'annotations:\n        sealedsecrets.bitnami.com/cluster-wide: "true"\n',
    );
    const { args, world } = setting(forged);
    const run = await user.run(args, world);
    assert.match(run.stderr, /^error: .*differs in scope/);
    assert.deepEqual([run.code, run.files.get("s.yaml")], [1, forged]);
  });
});
