import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { TextEditing } from "../../../cli/editing/text-editing.ts";
import { pairSecret, sealedManifest, sealingPair } from "../../controller/sealing-key.ts";
import { keysWorld } from "../keys/keys-world.ts";

const pair = await sealingPair(new Date(Date.now() - 3_600_000));
const object = await sealedManifest(pair, { namespace: "team", name: "db" }, { password: "hunter2" });
const files = { "s.json": JSON.stringify(object, null, 2), "k.pem": pair.privateKeyPem };

/** Runs `signet edit` beside that cluster; what the editor was shown. */
async function editBeside(context: TestContext, ...args: string[]) {
  const { signet } = await keysWorld(context, [pairSecret(pair, "only")]);
  const shown: string[] = [];
  const editing: TextEditing = {
    async edit({ text }) {
      shown.push(text);
      return { kind: "edited", content: Buffer.from(text.replace(/password: .*/, "password: changed")) };
    },
    programAt: () => "/usr/bin/nano",
    leftOvers: () => [],
  };
  const run = await signet({ files, editing: async () => editing }, "edit", ...args, "s.json");
  const opened = await signet(
    { files: { ...files, "s.json": run.files.get("s.json") ?? "" } },
    "unseal",
    "--key",
    "k.pem",
    "--item",
    "password",
    "s.json",
  );
  return { ...run, shown, opened: opened.stdout };
}

test("--open shows what the cluster's sealing keys open, and the result is sealed with its certificate", async (context) => {
  const { code, stderr, shown, opened } = await editBeside(context, "--open");
  assert.equal(code, 0, stderr);
  assert.match(shown[0] ?? "", /password: hunter2/);
  assert.equal(opened, "changed");
});

test("without it a value stays closed, and is written over", async (context) => {
  const { code, stderr, shown, opened } = await editBeside(context);
  assert.equal(code, 0, stderr);
  assert.match(shown[0] ?? "", /password: \(sealed /);
  assert.equal(opened, "changed");
});

test("a namespace without keys is told of before any editor starts", async (context) => {
  const run = await editBeside(context, "--open", "--controller-namespace", "infra");
  assert.equal(run.code, 1);
  assert.match(run.stderr, /no sealing key in namespace infra/);
  assert.deepEqual([run.shown, run.files.get("s.json")], [[], files["s.json"]]);
});
