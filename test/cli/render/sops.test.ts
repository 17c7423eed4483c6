import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sopsWrapper } from "../../../shared/document/sops/keys/wrapper.ts";
import { SCOPE_ITEM, scopeItem } from "../../../shared/document/sops/scope-item.ts";
import type { SopsFormat } from "../../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../../shared/document/sops/write-tree.ts";
import { type ScopeKind, scopeAt } from "../../../shared/scope.ts";
import { base64 } from "../../support/in-process-sealing.ts";
import { CLUSTER, KEYS, KeyServiceWorld, secretYaml } from "../../support/key-service-world.ts";
import type { MemoryRun, MemoryWorld } from "../../support/memory-io.ts";
import { PlainSopsKeys } from "../../support/plain-sops-keys.ts";
import { objectsIn } from "../../support/sealed-secret-scene.ts";
import { ENCRYPTED_AT, encryptedTree } from "../../support/sops-documents.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";

const identity = await newAgeIdentity();
const ITEMS = "^(data|stringData)$";

type Encrypting = { pattern?: string; macOnlyEncrypted?: boolean; format?: SopsFormat };

/** As sops encrypts YAML for the identity of these tests. */
async function encrypted(text: string, { pattern = ITEMS, ...options }: Encrypting = {}): Promise<string> {
  const documents = await encryptedTree(text, new PlainSopsKeys(), {
    groups: [[{ type: "age", recipient: identity.recipient }]],
    selection: pattern === "" ? { rule: "default" } : { rule: "encrypted_regex", pattern },
    macOnlyEncrypted: options.macOnlyEncrypted ?? false,
    wrapper: sopsWrapper({ kms: null, vault: null, now: () => ENCRYPTED_AT }),
  });
  return writeSopsTree(documents, options.format ?? "yaml");
}

const SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\n";
const PLAIN = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "db", namespace: "shop" },
  data: { password: base64("hunter2"), user: base64("al") },
};
const DB = `${SECRET}data: {user: YWw=}\nstringData: {password: hunter2}\n`;

function render(text: string, args: readonly string[] = ["--allow-unbound"], memory: MemoryWorld = {}) {
  const file = text.trimStart().startsWith("{") ? "in/a.json" : "in/a.yaml";
  const env = { SOPS_AGE_KEY: identity.text, ...memory.env };
  const files = { ...memory.files, [file]: text };
  return new KeyServiceWorld().run(["render", "--strict", ...args, "in"], { ...memory, env, files });
}

async function opened(text: string, args?: readonly string[]): Promise<unknown[]> {
  const { code, stdout, stderr } = await render(text, args);
  assert.deepEqual([code, stderr], [0, ""]);
  return objectsIn(stdout);
}

async function refused(run: Promise<MemoryRun>, message: RegExp): Promise<void> {
  const { code, stdout, stderr } = await run;
  assert.deepEqual([code, stdout], [1, ""], stderr);
  assert.match(stderr, message);
  assert.doesNotMatch(stderr, /hunter2/);
}

suite("Secrets that SOPS encrypted", () => {
  test("come out in plain, all their items in data, in YAML and JSON", async () => {
    for (const format of ["yaml", "json"] as const)
      assert.deepEqual(await opened(await encrypted(DB, { format })), [PLAIN]);
  });

  test("keep what else they say", async () => {
    const metadata = "metadata: {name: db, namespace: shop, labels: {app: x}, annotations: {note: hi}}\n";
    const text = `apiVersion: v1\nkind: Secret\n${metadata}type: example.com/own\nimmutable: true\nstringData: {a: b}\n`;
    const expected = {
      ...PLAIN,
      metadata: { name: "db", namespace: "shop", labels: { app: "x" }, annotations: { note: "hi" } },
      type: "example.com/own",
      immutable: true,
      data: { a: base64("b") },
    };
    assert.deepEqual(await opened(await encrypted(text)), [expected]);
  });

  test("of which everything is encrypted, kind and name included, open too", async () => {
    assert.deepEqual(await opened(await encrypted(DB, { pattern: "" })), [PLAIN]);
    const flags = ["--allow-unbound", "--allow-namespace", "other"];
    await refused(render(await encrypted(DB, { pattern: "" }), flags), /shop\/db is for a namespace/);
  });

  test("several in a file open together, each of several files joined by itself", async () => {
    const two = `${DB}---\n${DB.replaceAll("db", "web")}`;
    const web = { ...PLAIN, metadata: { name: "web", namespace: "shop" } };
    assert.deepEqual(await opened(await encrypted(two)), [PLAIN, web]);
    const joined = `${await encrypted(DB)}---\n# plain\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\n${await encrypted(DB.replaceAll("db", "web"))}`;
    const [first, , last] = await opened(joined);
    assert.deepEqual([first, last], [PLAIN, web]);
    const [, ...rest] = (await encrypted(two)).split(/^---\n/m);
    await refused(render(rest.join("---\n")), /mac/);
  });

  test("in a List that SOPS encrypted as a whole come item by item", async () => {
    const items = ["db", "web"].map((name) => ({ ...PLAIN, metadata: { name, namespace: "shop" } }));
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    assert.deepEqual(await opened(await encrypted(list)), items);
    const typed = items.map(({ metadata, data }) => ({ metadata, data }));
    const secrets = JSON.stringify({ apiVersion: "v1", kind: "SecretList", items: typed });
    assert.deepEqual(await opened(await encrypted(secrets)), items);
    await refused(
      render(await encrypted(list), ["--allow-unbound", "--allow-namespace", "a"]),
      /item 1: shop\/db is for/,
    );
    const mixed = JSON.stringify({
      apiVersion: "v1",
      kind: "List",
      items: [{ ...PLAIN, kind: "ConfigMap" }],
    });
    await refused(render(await encrypted(mixed)), /item 1 is no Secret/);
  });

  test("an item of a List that is a SOPS document itself is refused", async () => {
    const document = JSON.parse(await encrypted(DB, { format: "json" }));
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: [document] });
    await refused(render(list), /item 1 is a SOPS document, and no list can hold one/);
  });
});

suite("SOPS documents that do not open", () => {
  test("are an error, strict or not: no controller takes them", async () => {
    const env = { SOPS_AGE_KEY: (await newAgeIdentity()).text };
    const text = await encrypted(DB);
    await refused(render(text, ["--allow-unbound"], { env }), /its data key does not open/);
    const lax = new KeyServiceWorld().run(["render", "--allow-unbound", "a.yaml"], {
      env,
      files: { "a.yaml": text },
    });
    await refused(lax, /its data key does not open/);
  });

  const tampered: readonly [what: string, from: string | RegExp, to: string, message: RegExp][] = [
    ["the namespace", "namespace: shop", "namespace: attic", /mac/],
    ["the name", "name: db", "name: web", /mac/],
    ["a type", "kind: Secret\n", "kind: Secret\ntype: example.com/other\n", /mac/],
    ["a clear value for an encrypted one", /password: ENC.*/, "password: mine", /stringData/],
    ["no MAC", / +mac: .*\n/, "", /mac/],
  ];
  for (const [what, from, to, message] of tampered) {
    test(`that were changed do not open: ${what}`, async () => {
      const text = await encrypted(DB);
      assert.notEqual(text.replace(from, to), text);
      await refused(render(text.replace(from, to)), message);
    });
  }

  test("an item whose type was changed is no text; an empty one that was added is told of", async () => {
    const text = await encrypted(DB.replace("hunter2", '"5432"'));
    await refused(
      render(text.replace(/(password: ENC.*)type:str/, "$1type:int")),
      /stringData\.password is no text \(int\)/,
    );
    const added = await render(text.replace("stringData:\n", 'stringData:\n    admin: ""\n'));
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stderr, /^warning: in\/a\.yaml: SOPS does not authenticate what is empty: admin\n$/);
  });

  test("that hold no Secret are none of ours: sealed they go out, and in plain never", async () => {
    const other =
      "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nmetadata: {name: a}\nstringData: {a: b}\n";
    const text = await encrypted(other);
    await refused(render(text), /is a SOPS document of kind SopsSecret/);
    const run = await new KeyServiceWorld().run(["render", "a.yaml"], { files: { "a.yaml": text } });
    assert.deepEqual([run.code, run.stdout], [0, `---\n${text}`], run.stderr);
    const both = await encrypted(
      `${DB}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n`,
    );
    await refused(render(both), /document 2 is no Secret/);
    // The kind is no part of the MAC here, so that somebody could have its values shown.
    const mine = (await encrypted(DB, { macOnlyEncrypted: true })).replace("kind: Secret", "kind: ConfigMap");
    await refused(render(mine), /is a SOPS document of kind ConfigMap/);
  });
});

suite("where SOPS documents may be opened", () => {
  const place = { namespace: "shop", name: "db" };

  function bound(kind: ScopeKind = "strict", at = place, cluster = CLUSTER): Promise<string> {
    const annotation = kind === "strict" ? "" : `, annotations: {sealedsecrets.bitnami.com/${kind}: "true"}`;
    const head = SECRET.replace("shop}", `shop${annotation}}`);
    const text = JSON.stringify(scopeItem(cluster, scopeAt(kind, at)));
    const options = { macOnlyEncrypted: true };
    return encrypted(`${head}stringData: {password: hunter2, user: al, ${SCOPE_ITEM}: ${text}}\n`, options);
  }

  test("without a flag only those that say where; the item that does so is none of the Secret", async () => {
    await refused(
      render(await encrypted(DB), []),
      /does not say where it may be opened\nhint: .*--allow-unbound/,
    );
    assert.deepEqual(await opened(await bound(), []), [PLAIN]);
  });

  test("what an item in the clear says proves nothing", async () => {
    const pattern = "^password$";
    const scope = JSON.stringify(scopeItem(CLUSTER, scopeAt("strict", place)));
    const clear = `${SECRET}stringData: {password: hunter2, ${SCOPE_ITEM}: ${scope}}\n`;
    await refused(
      render(await encrypted(clear, { pattern, macOnlyEncrypted: true }), []),
      /does not say where/,
    );
  });

  test("nor does one that stands beside the encrypted one", async () => {
    const elsewhere = base64(scopeItem(CLUSTER, scopeAt("strict", { ...place, name: "web" })));
    const options = { pattern: "^data$", macOnlyEncrypted: true };
    const text = await encrypted(`${SECRET}data: {user: YWw=, ${SCOPE_ITEM}: ${elsewhere}}\n`, options);
    const mine = JSON.stringify(scopeItem(CLUSTER, scopeAt("strict", place)));
    await refused(render(text, []), /differs in name/);
    await refused(
      render(text.replace("\ndata:\n", `\nstringData: {${SCOPE_ITEM}: ${mine}}\ndata:\n`), []),
      /has two items/,
    );
  });

  for (const [what, text, message] of [
    ["name", () => bound("strict", { ...place, name: "web" }), /differs in name/],
    ["namespace", () => bound("strict", { ...place, namespace: "attic" }), /differs in namespace/],
    ["cluster", () => bound("strict", place, "another"), /differs in cluster/],
    [
      "scope",
      async () => (await bound("namespace-wide")).replace(/namespace-wide: "true"/, 'other: "true"'),
      /differs in scope/,
    ],
  ] as const) {
    test(`those for another ${what} are refused, with a flag or without`, async () => {
      for (const args of [[], ["--allow-unbound"]]) await refused(render(await text(), args), message);
    });
  }

  test("cluster-wide ones by their flag", async () => {
    await refused(render(await bound("cluster-wide"), []), /sealed cluster-wide/);
    const [secret] = await opened(await bound("cluster-wide"), ["--allow-cluster-wide"]);
    assert.deepEqual((secret as typeof PLAIN).data, PLAIN.data);
  });

  test("no namespace that is not rendered is opened, and no key asked for it", async () => {
    const flags = ["--allow-unbound", "--allow-namespace", "other"];
    const env = { SOPS_AGE_KEY: "no identity" };
    await refused(render(await encrypted(DB), flags, { env }), /shop\/db is for a namespace/);
    await refused(
      render(await bound(), ["--allow-namespace", "other"], { env }),
      /shop\/db is for a namespace/,
    );
    assert.deepEqual(await opened(await bound(), ["--allow-namespace", "shop"]), [PLAIN]);
  });

  test("one that names no namespace stands in the one given, and its Secret says so", async () => {
    const text = await encrypted(DB.replace(", namespace: shop", ""));
    const { namespace: _, ...metadata } = PLAIN.metadata;
    assert.deepEqual(await opened(text), [{ ...PLAIN, metadata }]);
    assert.deepEqual(await opened(text, ["--allow-unbound", "-n", "shop"]), [PLAIN]);
    await refused(render(text, ["--allow-unbound", "--allow-namespace", "shop"]), /names no namespace/);
  });

  test("what the controller refuses to write is refused, too", async () => {
    const label = "labels: {signet.dev/age-identities: active}";
    const text = await encrypted(DB.replace("namespace: shop", `namespace: shop, ${label}`));
    await refused(render(text), /by which controllers find their own keys/);
  });
});

suite("SealedSecrets that are SOPS documents", () => {
  const world = new KeyServiceWorld();

  async function seal(...flags: string[]): Promise<string> {
    const items = { user: "al", password: "hunter2" };
    const run = await world.run(["--backend", "sops", "-o", "yaml", ...flags], { stdin: secretYaml(items) });
    assert.equal(run.code, 0, run.stderr);
    return run.stdout;
  }

  const EXPECTED = { ...PLAIN, type: "Opaque" };

  test("open with the user's identities, where they were made for, without a flag", async () => {
    const text = await seal("--age", identity.recipient);
    assert.deepEqual(await opened(text, []), [EXPECTED]);
    await refused(render(text.replaceAll("name: db", "name: web"), []), /differs in name/);
    await refused(render(text, ["--allow-namespace", "other"]), /shop\/db is for a namespace/);
    await refused(render(text, ["--cluster-id", "another"]), /differs in cluster/);
  });

  test("open with the user's rights at AWS KMS", async () => {
    const text = await seal("--kms", KEYS.kms[0]);
    const args = ["render", "--strict", "--kms-allowed-keys", KEYS.kms[0], "a.yaml"];
    const run = await world.run(args, { files: { "a.yaml": text } });
    assert.deepEqual([run.code, objectsIn(run.stdout)], [0, [EXPECTED]], run.stderr);
  });

  for (const [what, flags] of [
    ["an identity", () => ["--age", identity.recipient]],
    ["leave to use their key", () => ["--kms", KEYS.kms[0]]],
  ] as const) {
    test(`go out sealed for want of ${what}; --strict refuses`, async () => {
      const text = await seal(...flags());
      const calls = world.calls;
      const run = await world.run(["render", "a.yaml"], { files: { "a.yaml": text } });
      assert.deepEqual([run.code, run.stdout], [0, text], run.stderr);
      assert.match(run.stderr, /^note: a\.yaml: .*; left sealed, for a controller\n$/);
      await refused(
        world.run(["render", "--strict", "a.yaml"], { files: { "a.yaml": text } }),
        /nothing goes out sealed/,
      );
      assert.equal(world.calls, calls);
    });
  }
});
