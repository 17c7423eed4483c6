import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { sealItems } from "../../controller/sealing-key.ts";
import { GitRepository } from "../../support/git-repository.ts";
import { newer, older, sealedUnder, stream } from "../inventory/inventory-world.ts";
import { audit } from "./audit-world.ts";

const BOTH = ["--private-key", "older.json,newer.json"];
const STOLEN = ["--compromised", older.fingerprint, "--history", "--no-cluster"];
const db = await sealedUnder(older, { name: "db", items: { a: "one" } });
// Clears the screen, turns letters around, begins a line of its own.
const EVIL = "\u001b[2J\u202efake\nteam/x  ok";

function repository(context: TestContext): GitRepository {
  const repo = new GitRepository();
  context.after(() => repo.remove());
  return repo;
}

/** No character that a terminal obeys, but for line breaks. */
function requireHarmless(text: string): void {
  assert.doesNotMatch(text, /[^\P{Cc}\n]|\p{Bidi_Control}/u);
}

test("names of items, and of paths, tell a terminal nothing", async (context) => {
  const object = { ...db, spec: { encryptedData: { ...db.spec.encryptedData, [EVIL]: "AgB!" } } };
  const here = await audit([...BOTH, "--fail-on", "does-not-open", "db.yaml"], { "db.yaml": stream(object) });
  requireHarmless(`${here.stdout}${here.stderr}`);
  assert.equal(here.stdout.match(/^team\/x/m), null);
  const repo = repository(context);
  repo.commit({
    [`${EVIL.replace("/", "")}.yaml`]: stream(object),
    "\u001b]0;x.yaml": "kind: SealedSecret\nspec: [",
  });
  const past = await audit([...STOLEN, ...BOTH, "db.yaml"], { "db.yaml": stream(object) }, repo);
  assert.match(past.stdout, /^not changed/m);
  assert.match(past.stderr, /^warning: .*0;x\.yaml in commit /m);
  requireHarmless(`${past.stdout}${past.stderr}`);
});

test("a document that unfolds without end is told of, and all others are looked at", async (context) => {
  const bomb = Array.from({ length: 40 }, (_, depth) =>
    depth === 0 ? "a0: &a0 SealedSecret" : `a${depth}: &a${depth} [${`*a${depth - 1},`.repeat(10)}]`,
  ).join("\n");
  const repo = repository(context);
  repo.commit({ "bomb.yaml": `kind: SealedSecret\n${bomb}\n`, "db.yaml": stream(db) });
  const { stdout } = await audit(
    [...STOLEN, ...BOTH, "-o", "json", "now.yaml"],
    { "now.yaml": stream(db) },
    repo,
  );
  const { items, problems } = JSON.parse(stdout) as {
    items: { name: string }[];
    problems: { where: string }[];
  };
  assert.deepEqual(
    items.map(({ name }) => name),
    ["db"],
  );
  assert.match(problems[0]?.where ?? "", /^bomb\.yaml in commit/);
});

test("many keys that an object claims, and prototypes of maps, are names like others", async () => {
  const claim = JSON.stringify({ __proto__: null, constructor: older.fingerprint, a: "SHA256:x", b: 7 });
  const object = await sealedUnder(newer, {
    name: "db",
    items: { a: "x", constructor: "y", toString: "z" },
    claim,
  });
  const { stdout, code } = await audit([...BOTH, "-o", "json", "db.yaml"], { "db.yaml": stream(object) });
  assert.equal(code, 0);
  const { values } = JSON.parse(stdout) as { values: { item: string; key: string; proof: string }[] };
  assert.deepEqual(
    values.map(({ item, key, proof }) => [item, key, proof]).sort(),
    ["a", "constructor", "toString"].map((item) => [item, newer.fingerprint, "opened"]),
  );
});

test("whoever edits the note of a key hides nothing from an audit that opens", async (context) => {
  const repo = repository(context);
  const denying = {
    ...db,
    metadata: { ...db.metadata, annotations: { "signet.dev/sealing-key": newer.fingerprint } },
  };
  repo.commit({ "db.yaml": stream(denying) });
  const now = { "db.yaml": stream(await sealedUnder(newer, { name: "db", items: { a: "one" } })) };
  const { stdout, code } = await audit([...STOLEN, ...BOTH, "db.yaml"], now, repo);
  assert.equal(code, 1);
  assert.match(stdout, /^not changed +team\/db +a /m);
});

test("nothing that keeps an object from being applied keeps its values from being found", async (context) => {
  const { spec, metadata } = db;
  const bytes = Buffer.from(spec.encryptedData["a"] ?? "", "base64");
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  const own = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]";
  const named = (name: string) => ({ ...metadata, name });
  const strict = { kind: "strict", namespace: "team" } as const;
  const under = async (name: string) => (await sealItems(older, { ...strict, name }, { a: name }))["a"] ?? "";
  const versions = {
    "name.yaml": {
      ...db,
      metadata: named("name"),
      spec: { encryptedData: { "no name": await under("name") } },
    },
    "sops.yaml": { ...db, metadata: named("sops"), spec: { encryptedData: { a: await under("sops"), own } } },
    "both.yaml": {
      ...db,
      metadata: named("both"),
      spec: { encryptedData: { data: await under("both") }, data: await under("both") },
    },
    "cut.yaml": { ...db, spec: { encryptedData: { a: bytes.toString("base64") } } },
  };
  const repo = repository(context);
  repo.commit(Object.fromEntries(Object.entries(versions).map(([path, object]) => [path, stream(object)])));
  const args = [...STOLEN, ...BOTH, "-o", "json", "now.yaml"];
  const { stdout } = await audit(
    args,
    { "now.yaml": stream(await sealedUnder(newer, { name: "x", items: {} })) },
    repo,
  );
  const { items } = JSON.parse(stdout) as {
    items: { name: string; item: string; state: string; sealed: object[] }[];
  };
  assert.deepEqual(items.map(({ name, item, state, sealed }) => [name, item, state, sealed.length]).sort(), [
    ["both", "data", "removed", 2],
    ["db", "a", "not known", 1],
    ["name", "no name", "removed", 1],
    ["sops", "a", "removed", 1],
  ]);
});
