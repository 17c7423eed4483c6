import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, fromUtf8, utf8 } from "../../../shared/bytes.ts";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import type { ScopeKind } from "../../../shared/scope.ts";
import type { RemoteBackend } from "../../../shared/seal/codec.ts";
import { coverageTable } from "../../support/coverage-table.ts";
import {
  ALLOW_ALL,
  BACKENDS,
  CLUSTER,
  KEYS,
  KeyServiceWorld,
  SCOPES,
  sealFlags,
  secretYaml,
  VAULT,
} from "../../support/key-service-world.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const MODES = {
  stream: "a stream is sealed, and opens again as it was",
  files: "files are sealed in place, other documents left",
  raw: "a bare value is sealed for an item, and opens for that item alone",
  "merge-into": "items are sealed into an existing SealedSecret",
  "re-encrypt": "values are sealed anew under the newest version of their key, or another key",
  validate: "values are opened and thrown away",
  unseal: "opens for its place and cluster, and no other",
  item: "one item is opened",
  explain: "is told of without asking anybody",
} as const;

type Row = `${keyof typeof MODES}: ${RemoteBackend}, ${ScopeKind}`;

const rows = Object.fromEntries(
  Object.entries(MODES).flatMap(([mode, what]) =>
    BACKENDS.flatMap((backend) => SCOPES.map((scope) => [`${mode}: ${backend}, ${scope}`, what] as const)),
  ),
) as Record<Row, string>;

const { proves, everyRowHasATest } = coverageTable<Row>(rows);

const { privateKeyPem: PRIVATE_KEY } = testCertificate();
const ITEMS = { password: "hunter2", user: "me" };

/** The items of a Secret in the product. */
function opened({ stdout }: Pick<MemoryRun, "stdout">): Record<string, string> {
  const { data } = documentIn(stdout) as { data: Record<string, string> };
  return Object.fromEntries(
    Object.entries(data).map(([item, value]) => {
      const decoded = fromBase64(value);
      return [item, "bytes" in decoded ? fromUtf8(decoded.bytes) : null];
    }),
  ) as Record<string, string>;
}

function documentIn(text: string): unknown {
  const [document] = readDocuments(utf8(text), "file");
  assert.ok(document !== undefined, "there is a document");
  return document.value;
}

function valuesOf(text: string): Record<string, string> {
  return (documentIn(text) as { spec: { encryptedData: Record<string, string> } }).spec.encryptedData;
}

function fine(run: MemoryRun): MemoryRun {
  assert.deepEqual(
    { code: run.code, stderr: run.stderr.replace(/^(?!error|hint).*\n/gm, "") },
    { code: 0, stderr: "" },
  );
  return run;
}

function inOtherNamespace(text: string): string {
  return text.replaceAll("namespace: shop", "namespace: attic");
}

function underOtherName(text: string): string {
  return text.replaceAll("name: db", "name: other");
}

for (const backend of BACKENDS) {
  for (const scope of SCOPES) {
    const row = (mode: keyof typeof MODES): Row => `${mode}: ${backend}, ${scope}`;
    const flags = ["-o", "yaml", "--scope", scope, ...sealFlags(backend)];
    const seal = async (world: KeyServiceWorld, items: Record<string, string> = ITEMS) =>
      fine(await world.run(flags, { stdin: secretYaml(items) })).stdout;

    proves(row("stream"), `seals a stream under ${backend}, ${scope}`, async () => {
      const world = new KeyServiceWorld();
      const run = fine(await world.run([...flags, "--verbose"], { stdin: secretYaml(ITEMS) }));
      const start = backend === "kms" ? `kms:1:${KEYS.kms[0]}:` : "vault:1:transit/first:vault:v1:";
      for (const value of Object.values(valuesOf(run.stdout))) assert.ok(value.startsWith(start));
      assert.doesNotMatch(run.stdout, /signet\.dev\/sealing-key|annotations: \{\}/);
      assert.match(
        run.stderr,
        new RegExp(`^sealed .*${scope}.*key ${KEYS[backend][0]}, for cluster ${CLUSTER}$`, "m"),
      );
      assert.doesNotMatch(run.stderr, /certificate/);
      const services =
        backend === "kms" ? world.kms.count("GenerateDataKey") : world.transit.count("encrypt");
      assert.equal(services, 1, "all items at once");
      assert.deepEqual(world.connected, [backend === "kms" ? "kms" : `${VAULT}  s.token`]);
      assert.equal(world.closed, 1);
      assert.deepEqual(opened(fine(await world.run(["unseal", ...ALLOW_ALL], { stdin: run.stdout }))), ITEMS);
    });

    proves(row("files"), `seals files in place under ${backend}, ${scope}`, async () => {
      const world = new KeyServiceWorld();
      const files = {
        "a.yaml": `# kept\nkind: ConfigMap\n---\n${secretYaml(ITEMS)}`,
        "b.yaml": secretYaml({ x: "y" }),
      };
      const run = fine(await world.run([...flags.slice(2), "--in-place", "a.yaml", "b.yaml"], { files }));
      const written = run.files.get("a.yaml") ?? "";
      assert.ok(written.startsWith("# kept\nkind: ConfigMap\n---\n"));
      const open = await world.run(["unseal", ...ALLOW_ALL, "a.yaml"], { files: { "a.yaml": written } });
      assert.deepEqual(opened(fine(open)), ITEMS);
    });

    proves(row("raw"), `seals a bare value under ${backend}, ${scope}`, async () => {
      const world = new KeyServiceWorld();
      const place = ["--scope", scope, "-n", "shop", "--name", "db"];
      const run = fine(
        await world.run(["--raw", ...place, ...sealFlags(backend), "--item", "password"], { stdin: "pw" }),
      );
      const open = (item: string) =>
        world.run(["unseal", ...ALLOW_ALL, "--raw", ...place, "--item", item], { stdin: run.stdout });
      assert.equal(fine(await open("password")).stdout, "pw");
      const elsewhere = await open("user");
      assert.deepEqual([elsewhere.code, elsewhere.stdout], [1, ""]);
      assert.match(
        elsewhere.stderr,
        /damaged, or sealed for another cluster, scope, namespace, name or item/,
      );
    });

    proves(row("merge-into"), `merges under ${backend}, ${scope}`, async () => {
      const world = new KeyServiceWorld();
      const files = { "s.yaml": await seal(world) };
      const args = ["--merge-into", "s.yaml", ...sealFlags(backend), ...ALLOW_ALL];
      const run = fine(
        await world.run(args, { stdin: secretYaml({ password: "new", extra: "more" }), files }),
      );
      const written = run.files.get("s.yaml") ?? "";
      assert.equal(valuesOf(written)["user"], valuesOf(files["s.yaml"])["user"], "others stay");
      const open = fine(await world.run(["unseal", ...ALLOW_ALL], { stdin: written }));
      assert.deepEqual(opened(open), { password: "new", extra: "more", user: "me" });
    });

    proves(row("re-encrypt"), `re-encrypts under ${backend}, ${scope}`, async () => {
      const world = new KeyServiceWorld();
      const before = await seal(world);
      if (backend === "kms") world.kms.rotate("first");
      else world.transit.rotate("transit/first");
      for (const to of [null, KEYS[backend][1]]) {
        const onto = to === null ? [] : sealFlags(backend, to);
        const run = fine(
          await world.run(["--re-encrypt", "-o", "yaml", ...onto, ...ALLOW_ALL], { stdin: before }),
        );
        const values = Object.values(valuesOf(run.stdout));
        for (const value of values) assert.ok(value.includes(`:${to ?? KEYS[backend][0]}:`), value);
        if (backend === "vault" && to === null) for (const value of values) assert.match(value, /:vault:v2:/);
        for (const value of values) assert.ok(!Object.values(valuesOf(before)).includes(value));
        assert.deepEqual(
          opened(fine(await world.run(["unseal", ...ALLOW_ALL], { stdin: run.stdout }))),
          ITEMS,
        );
      }
      if (backend === "kms") assert.equal(world.kms.count("ReEncrypt"), 2, "one data key, two runs");
    });

    proves(row("validate"), `validates under ${backend}, ${scope}`, async () => {
      const world = new KeyServiceWorld();
      const sealed = await seal(world);
      const run = fine(await world.run(["--validate", ...ALLOW_ALL], { stdin: sealed }));
      assert.deepEqual([run.stdout, run.stderr], ["", ""]);
      const moved = await world.run(["--validate", ...ALLOW_ALL, "--cluster-id", "other"], { stdin: sealed });
      assert.equal(moved.code, 1);
      assert.match(
        moved.stderr,
        /^error: standard input: spec\.encryptedData\.password: does not open under /,
      );
    });

    proves(row("unseal"), `opens for its place alone under ${backend}, ${scope}`, async () => {
      const world = new KeyServiceWorld();
      const sealed = await seal(world);
      const opens = async (text: string, ...more: string[]) =>
        (await world.run(["unseal", ...ALLOW_ALL, ...more], { stdin: text })).code === 0;
      assert.ok(await opens(sealed));
      assert.equal(await opens(inOtherNamespace(sealed)), scope === "cluster-wide");
      assert.equal(await opens(underOtherName(sealed)), scope !== "strict");
      assert.equal(await opens(sealed, "--cluster-id", "another cluster"), false);
      const swapped = sealed.replace("    password:", "    other:");
      assert.equal(await opens(swapped), false, "an item under another name");
      const widened = sealed.replace(
        "metadata:\n",
        'metadata:\n  annotations:\n    sealedsecrets.bitnami.com/cluster-wide: "true"\n',
      );
      if (scope === "strict") assert.equal(await opens(widened), false, "a scope that was widened");
    });

    proves(row("item"), `opens one item under ${backend}, ${scope}`, async () => {
      const world = new KeyServiceWorld();
      const sealed = (await seal(world)).replace(/( +)user: .*/, "$1user: kms:1:broken");
      const run = await world.run(["unseal", ...ALLOW_ALL, "--item", "password"], { stdin: sealed });
      assert.equal(fine(run).stdout, "hunter2");
    });

    proves(row("explain"), `explains ${backend}, ${scope} without a question`, async () => {
      const world = new KeyServiceWorld();
      const sealed = await seal(world);
      const files = { "s.yaml": sealed, "k.pem": PRIVATE_KEY };
      const before = world.calls;
      const explain = async (...more: string[]) =>
        world.run(["explain", "--key", "k.pem", ...more, "s.yaml"], { files });
      const { stdout, code } = await explain(...ALLOW_ALL);
      assert.equal(code, 1, "it is not known");
      const words = scope === "cluster-wide" ? "cluster-wide" : `${scope} \\(shop`;
      assert.match(
        stdout,
        new RegExp(
          `password +not known +${backend} +under .*opens only in its cluster, ${words}.*as item password`,
        ),
      );
      assert.match(stdout, new RegExp(`^  key ${backend}:${KEYS[backend][0]}$`, "m"));
      assert.match(stdout, /next: .*signet unseal opens it with your own credentials/);
      const refused = await explain();
      assert.match(refused.stdout, /whose key you have not allowed/);
      assert.match(
        refused.stdout,
        new RegExp(`next: .*signet allow ${backend} (--vault-addr \\S+ )?${KEYS[backend][0]}`),
      );
      assert.equal(world.calls, before, "nobody was asked");
      assert.equal(world.connected.length, 1, "but for the sealing");
    });
  }
}

everyRowHasATest();
test("rows are many", () => assert.equal(Object.keys(rows).length, 54));
