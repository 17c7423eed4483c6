import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, fromUtf8, utf8 } from "../../../shared/bytes.ts";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import { readSopsTree } from "../../../shared/document/sops/read-tree.ts";
import { SCOPE_ITEM } from "../../../shared/document/sops/scope-item.ts";
import { toYaml } from "../../../shared/document/to-yaml.ts";
import { entriesOf, nodeAt } from "../../../shared/sops-sealed-secret/tree-path.ts";
import { KEYS } from "../../support/key-service-world.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
import { CLUSTER } from "../../support/sops-sealed-secrets.ts";
import { plainSecret, SopsUser } from "../../support/sops-user.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const user = await SopsUser.create();
const other = await SopsUser.create();
const ITEMS = { password: "hunter2", user: "me" };
const sealed = await user.sealed(ITEMS);

type Manifest = {
  metadata: { annotations: Record<string, string> };
  spec: { encryptedData: Record<string, string>; template: unknown };
  sops: { age: { recipient: string; enc: string }[]; lastmodified: string };
};

function manifestIn(text: string): Manifest {
  const [document] = readDocuments(utf8(text), "file");
  return document?.value as Manifest;
}

/** Names of the encrypted values, in the order of the text. */
function itemsIn(text: string): string[] {
  const [tree] = readSopsTree(text, "yaml", "file");
  const items = nodeAt(tree, ["spec", "encryptedData"]);
  return items?.kind === "map" ? entriesOf(items).map(({ key }) => key) : [];
}

function opened({ code, stdout, stderr }: MemoryRun): Record<string, string> {
  assert.equal(code, 0, stderr);
  const { data } = manifestIn(stdout) as unknown as { data: Record<string, string> };
  return Object.fromEntries(
    Object.entries(data).map(([item, value]) => {
      const decoded = fromBase64(value);
      return [item, "bytes" in decoded ? (fromUtf8(decoded.bytes) ?? "") : ""];
    }),
  );
}

const unsealed = (text: string, by = user) => by.run(["unseal"], { stdin: text });
const allWorks = async (text: string) => assert.deepEqual(opened(await unsealed(text)), ITEMS);

function refused(run: MemoryRun, what: RegExp): void {
  assert.notEqual(run.code, 0);
  assert.match(run.stderr, what);
  assert.match(run.stderr, /\nhint: ./);
  assert.doesNotMatch(run.stderr, /hunter2|ENC\[/);
  assert.equal(run.stdout, "");
}

test("a stream is sealed for --age, with the mark that keeps Flux off and no hint of a key", async () => {
  const { metadata, spec, sops } = manifestIn(sealed);
  assert.deepEqual(metadata.annotations, { "kustomize.toolkit.fluxcd.io/decrypt": "Disabled" });
  assert.deepEqual(Object.keys(spec.encryptedData), ["password", SCOPE_ITEM, "user"]);
  assert.deepEqual(
    sops.age.map(({ recipient }) => recipient),
    [user.recipient],
  );
  await allWorks(sealed);
});

test("a stream is sealed as JSON, laid out as sops does", async () => {
  const run = await user.run(["--age", user.recipient], { stdin: plainSecret(ITEMS) });
  assert.match(run.stdout, /^\{\n\t"apiVersion"/);
  await allWorks(run.stdout);
});

test("what it is sealed for is shown", async () => {
  const run = await user.run(["--age", user.recipient, "--verbose"], { stdin: plainSecret(ITEMS) });
  assert.match(run.stderr, new RegExp(`encrypted for age ${user.recipient}`));
  assert.match(
    run.stderr,
    new RegExp(`sealed shop/db: scope strict \\(shop/db\\), a SOPS document, for cluster ${CLUSTER}`),
  );
});

test("several in one stream open, and it is told that sops takes a file for one document", async () => {
  const stdin = `${plainSecret(ITEMS)}---\n${plainSecret(ITEMS)}`;
  const run = await user.run(["--age", user.recipient, "--verbose", "-o", "yaml"], { stdin });
  assert.match(run.stderr, /warning: the stream holds several SOPS documents/);
  const [, first, second] = run.stdout.split(/^---\n/m);
  for (const document of [first, second]) await allWorks(document ?? "");
  assert.notEqual(manifestIn(first ?? "").sops.age[0]?.enc, manifestIn(second ?? "").sops.age[0]?.enc);
});

test("keys of AWS KMS and Vault are asked to wrap, and open again where they are allowed", async () => {
  const [arn] = KEYS.kms;
  const flags = ["--kms", arn, "-o", "yaml", "--encryption-context", "team:a"];
  const run = await user.run(flags, { stdin: plainSecret(ITEMS) });
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(user.services.kms.calls.at(-1)?.context, {
    team: "a",
    "signet-format": "sops/1",
    "signet-cluster": CLUSTER,
    "signet-scope": "strict",
    "signet-namespace": "shop",
    "signet-name": "db",
  });
  const calls = user.services.kms.calls.length;
  refused(await user.run(["unseal"], { stdin: run.stdout }), /is not allowed here/);
  assert.equal(user.services.kms.calls.length, calls);
  const allowed = ["--kms-allowed-keys", arn, "--kms-allowed-contexts", "team=a"];
  assert.deepEqual(opened(await user.run(["unseal", ...allowed], { stdin: run.stdout })), ITEMS);
  refused(
    await user.run(["unseal", ...allowed], {
      stdin: run.stdout.replaceAll(/^( {4}name): db/gm, "$1: other"),
    }),
    /encryption context of its KMS entry does not name this place: name/,
  );
});

test("files are sealed in place, each for whom the project's file says", async () => {
  const files = {
    "/.git/HEAD": "ref: x",
    "/.sops.yaml": `creation_rules:\n  - path_regex: ^prod/\n    age: ${other.recipient}\n  - path_regex: ^dev/\n    age: ${user.recipient}\n`,
    "prod/a.yaml": plainSecret(ITEMS),
    "dev/b.yaml": plainSecret(ITEMS),
  };
  const run = await user.run(["--backend", "sops", "--in-place", "prod", "dev"], { files });
  assert.equal(run.code, 0, run.stderr);
  const [prod, dev] = [run.files.get("prod/a.yaml") ?? "", run.files.get("dev/b.yaml") ?? ""];
  assert.deepEqual(manifestIn(prod).sops.age[0]?.recipient, other.recipient);
  assert.deepEqual(manifestIn(dev).sops.age[0]?.recipient, user.recipient);
  assert.deepEqual(itemsIn(dev), ["password", SCOPE_ITEM, "user"]);
  await allWorks(dev);
  refused(await unsealed(prod), /its data key does not open/);
  assert.deepEqual(opened(await unsealed(prod, other)), ITEMS);
});

test("files that go to standard output are sealed for whom the rule of their own path says, as by sops", async () => {
  const files = {
    "/.git/HEAD": "ref: x",
    "/.sops.yaml": `creation_rules:\n  - path_regex: ^prod/\n    age: ${other.recipient}\n`,
    "prod/a.yaml": plainSecret(ITEMS),
  };
  for (const args of [["prod/a.yaml"], ["-f", "prod/a.yaml"]]) {
    const run = await user.run(["--backend", "sops", "-o", "yaml", ...args], { files });
    assert.equal(run.code, 0, run.stderr);
    assert.equal(manifestIn(run.stdout).sops.age[0]?.recipient, other.recipient);
  }
  const elsewhere = ["--backend", "sops", "-f", "prod/a.yaml", "-w", "dev/a.yaml"];
  refused(await user.run(elsewhere, { files }), /fits the path dev\/a\.yaml/);
  const stream = await user.run(["--backend", "sops"], { files, stdin: plainSecret(ITEMS) });
  refused(stream, /is for a stream, which has no path/);
});

test("sealing without anybody to seal for, an empty item and a bare value are refused", async () => {
  refused(await user.run(["--backend", "sops"], { stdin: plainSecret(ITEMS) }), /whom to encrypt for\?/);
  const empty = await user.run(["--age", user.recipient], { stdin: plainSecret({ ...ITEMS, none: "" }) });
  refused(empty, /empty, which SOPS neither encrypts nor authenticates: none/);
  const raw = ["--raw", "--age", user.recipient, "-n", "shop", "--name", "db", "--item", "a"];
  refused(await user.run(raw, { stdin: "hunter2" }), /--raw seals bare values/);
  const certificate = { "cert.pem": testCertificate().certificatePem };
  const both = ["--age", user.recipient, "--cert", "cert.pem"];
  refused(await user.run(both, { stdin: plainSecret(ITEMS), files: certificate }), /exclude each other/);
  refused(
    await user.run(["--age", user.recipient, "--kms-key", KEYS.kms[0]], { stdin: plainSecret(ITEMS) }),
    /--kms-key and --age exclude each other/,
  );
});

test("an item is merged into its place, and what else stands in the file stays as it was", async () => {
  const file = `# ours\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\n# sealed\n${sealed}# the end\n`;
  const stdin = plainSecret({ token: "new", password: "other" }, "  labels:\n    tier: back\n");
  const run = await user.run(["--merge-into", "s.yaml"], { files: { "s.yaml": file }, stdin });
  assert.equal(run.code, 0, run.stderr);
  const text = run.files.get("s.yaml") ?? "";
  assert.ok(
    text.startsWith(
      "# ours\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\n# sealed\n---\napiVersion",
    ),
  );
  assert.ok(text.endsWith("# the end\n"));
  const document = text.slice(text.indexOf("# sealed"));
  assert.deepEqual(itemsIn(document), ["password", SCOPE_ITEM, "token", "user"]);
  assert.deepEqual(opened(await unsealed(document)), { ...ITEMS, password: "other", token: "new" });
  const [before, after] = [manifestIn(sealed), manifestIn(document)];
  assert.equal(after.spec.encryptedData["user"], before.spec.encryptedData["user"]);
  assert.deepEqual(after.sops.age, before.sops.age);
  assert.match(document, / {16}tier: back\n/);
});

test("what does not open is not merged into, and other backends are not mixed in", async () => {
  const merge = async (flags: readonly string[], text: string, by = user) => {
    const files = { "s.yaml": text, "cert.pem": testCertificate().certificatePem };
    const run = await by.run(["--merge-into", "s.yaml", ...flags], { files, stdin: plainSecret({ a: "1" }) });
    assert.equal(run.files.get("s.yaml"), text);
    return run;
  };
  refused(await merge([], sealed, other), /its data key does not open/);
  refused(
    await merge([], sealed.replaceAll("name: db", "name: other")),
    /made for another place.*differs in name/,
  );
  refused(await merge(["--cluster-id", "another"], sealed), /differs in cluster/);
  refused(await merge(["--cert", "cert.pem"], sealed), /no values of another kind may stand: --cert/);
  refused(await merge(["--kms-key", KEYS.kms[0]], sealed), /no values of another kind may stand: --kms-key/);
  refused(await merge(["--age", other.recipient], sealed), /--age names whom a new document is for/);
  refused(await merge(["--scope", "cluster-wide"], sealed), /--scope says cluster-wide/);
  const classic = sealed
    .replace(/sops:\n[\s\S]*/, "")
    .replace(/encryptedData:\n[\s\S]*/, "encryptedData:\n        a: AgBy\n");
  refused(
    await merge(["--age", user.recipient], classic),
    /is no SOPS document, and --age seals into such alone/,
  );
});

test("a wider scope is the document's own word, since it opens", async () => {
  const wide = await user.sealed(ITEMS, "--scope", "namespace-wide");
  const run = await user.run(["--merge-into", "s.yaml"], {
    files: { "s.yaml": wide },
    stdin: plainSecret({ a: "1" }),
  });
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(opened(await unsealed(run.files.get("s.yaml") ?? "")), { ...ITEMS, a: "1" });
  const widened = sealed.replace(
    "annotations:\n",
    'annotations:\n        sealedsecrets.bitnami.com/cluster-wide: "true"\n',
  );
  const forged = await user.run(["--merge-into", "s.yaml"], {
    files: { "s.yaml": widened },
    stdin: plainSecret({ a: "1" }),
  });
  refused(forged, /made for another place.*differs in scope/);
});

test("files are written anew under another data key, in byte order, and nobody else's", async () => {
  const disordered = sealed.replace(/( +password: .*\n)( +signet.*\n)( +user: .*\n)/, "$2$3$1");
  assert.deepEqual(itemsIn(disordered), [SCOPE_ITEM, "user", "password"]);
  const run = await user.run(["--re-encrypt", "--in-place", "s.yaml"], { files: { "s.yaml": disordered } });
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stderr, new RegExp(`re-encrypted s.yaml: db, 2 items, for age ${user.recipient}`));
  const text = run.files.get("s.yaml") ?? "";
  assert.deepEqual(itemsIn(text), ["password", SCOPE_ITEM, "user"]);
  await allWorks(text);
  assert.notEqual(manifestIn(text).sops.age[0]?.enc, manifestIn(sealed).sops.age[0]?.enc);
  assert.notEqual(manifestIn(text).spec.encryptedData["user"], manifestIn(sealed).spec.encryptedData["user"]);
  refused(await other.run(["--re-encrypt"], { stdin: sealed }), /its data key does not open/);
  refused(await user.run(["--re-encrypt", "--age", other.recipient], { stdin: sealed }), /--age names whom/);
});

test("a stream is written anew in either format, without what a server wrote", async () => {
  const served = sealed.replace("metadata:\n", 'metadata:\n    uid: abc\n    resourceVersion: "7"\n');
  for (const format of ["json", "yaml"]) {
    const run = await user.run(["--re-encrypt", "-o", format], { stdin: served });
    assert.equal(run.code, 0, run.stderr);
    assert.doesNotMatch(run.stdout, /uid|resourceVersion/);
    assert.equal(run.stdout.startsWith("{"), format === "json");
    await allWorks(run.stdout);
  }
});

test("a value of KMS is written anew only under keys that are allowed", async () => {
  const [arn] = KEYS.kms;
  const both = await user.sealed(ITEMS, "--kms", arn);
  refused(await user.run(["--re-encrypt"], { stdin: both }), /is not allowed here/);
  const run = await user.run(["--re-encrypt", "--kms-allowed-keys", arn, "-o", "yaml"], { stdin: both });
  assert.equal(run.code, 0, run.stderr);
  await allWorks(run.stdout);
});

test("validate opens with one's own keys, and no controller is asked", async () => {
  const good = await user.run(["--validate"], { stdin: sealed });
  assert.deepEqual([good.code, good.stdout, good.stderr], [0, "", ""]);
  refused(await other.run(["--validate"], { stdin: sealed }), /its data key does not open/);
  refused(
    await user.run(["--validate"], { stdin: sealed.replaceAll("namespace: shop", "namespace: attic") }),
    /differs in namespace/,
  );
  refused(
    await user.run(["--validate"], { stdin: sealed.replace(/ +user: ENC.*\n/, "") }),
    /its MAC does not fit/,
  );
});

test("one item is opened with the rest of its document, and no bare value", async () => {
  const item = await user.run(["unseal", "--item", "password", "s.yaml"], { files: { "s.yaml": sealed } });
  assert.equal(item.stdout, "hunter2");
  const none = await user.run(["unseal", "--item", SCOPE_ITEM, "s.yaml"], { files: { "s.yaml": sealed } });
  refused(none, /has no item/);
  const value = manifestIn(sealed).spec.encryptedData["password"] ?? "";
  const raw = ["unseal", "--raw", "-n", "shop", "--name", "db", "--item", "password"];
  refused(await user.run(raw, { stdin: value }), /opens with the whole of its document alone/);
});

test("private keys alone open no document, and what does is told", async () => {
  const files = { "key.pem": testCertificate().privateKeyPem, "s.yaml": sealed };
  const args = ["--recovery-unseal", "--recovery-private-key", "key.pem", "s.yaml"];
  refused(await user.run(args, { files }), /signet unseal opens SOPS documents/);
});

test("templates work on the opened items", async () => {
  const withTemplate = sealed.replace(
    "    template:\n",
    "    template:\n        data:\n            url: db://{{ .user }}\n",
  );
  assert.deepEqual(opened(await unsealed(withTemplate)), { ...ITEMS, url: "db://me" });
});

test("explain tells whom it is for and what keeps it from opening, without asking anybody", async () => {
  const explain = async (text: string) => {
    const run = await user.run(["explain", "--key", "k.pem", "-o", "json", "s.yaml"], {
      files: { "s.yaml": text, "k.pem": testCertificate().privateKeyPem },
    });
    return (JSON.parse(run.stdout) as { sealedSecrets: Explained[] }).sealedSecrets[0] as Explained;
  };
  type Explained = {
    opens: boolean | null;
    items: { item: string; state: string; key: { fingerprint: string } | null; fix: string | null }[];
    problems: { why: string }[];
    warnings: string[];
  };
  const good = await explain(sealed);
  assert.equal(good.opens, null);
  assert.deepEqual(
    good.items.map(({ item, state, key }) => [item, state, key?.fingerprint]),
    ["password", "user"].map((item) => [item, "not known", `sops: age ${user.recipient}`]),
  );
  assert.match(good.items[0]?.fix ?? "", /signet --validate s\.yaml/);
  assert.deepEqual([good.problems, good.warnings], [[], []]);
  const unbound = await explain(sealed.replace(/ +signet\.dev\/scope: .*\n/, ""));
  assert.match(unbound.problems[0]?.why ?? "", /has no item signet\.dev\/scope/);
  assert.equal(unbound.opens, false);
  const unmarked = await explain(sealed.replace(/ +annotations:\n.*Disabled\n/, ""));
  assert.match(unmarked.warnings[0] ?? "", /a Flux that decrypts opens it/);
  const kms = await user.sealed(ITEMS, "--kms", KEYS.kms[0]);
  const moved = await explain(kms.replaceAll(/^( {4}namespace): shop/gm, "$1: attic"));
  assert.match(moved.warnings[0] ?? "", /for another place, and not used: namespace/);
});

test("explain asks for no private key and no cluster to tell of a document", async () => {
  const files = { "s.yaml": sealed, "open.yaml": sealed.replace(/password: ENC.*/, "password: hunter2") };
  const unknown = await user.run(["explain", "s.yaml"], { files });
  assert.match(unknown.stderr, /^error: it is not known of 1 of 1 .*\nhint: signet --validate s\.yaml/);
  const exposed = await user.run(["explain", "open.yaml"], { files });
  assert.match(
    exposed.stderr,
    /^error: 1 of 1 SealedSecret does not open as a whole\nhint: seal the Secret again/,
  );
});

test("in a List, too, items stand in byte order", async () => {
  const { stdout } = await user.run(["--age", user.recipient, "-o", "json"], {
    stdin: plainSecret({ a9: "1", a10: "2", "10": "3", "9": "4" }),
  });
  const text = `---\n${toYaml(JSON.parse(stdout) as object)}`;
  assert.deepEqual(itemsIn(text), ["10", "9", "a10", "a9", SCOPE_ITEM]);
  assert.deepEqual(opened(await unsealed(text)), { a9: "1", a10: "2", "10": "3", "9": "4" });
  const list = `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: db, namespace: shop}\n  stringData: {a9: "1", a10: "2"}\n`;
  const flags = ["--age", user.recipient, "--in-place", "list.yaml"];
  const run = await user.run(flags, { files: { "list.yaml": list } });
  assert.equal(run.code, 0, run.stderr);
  const written = run.files.get("list.yaml") ?? "";
  assert.match(written, /a10: ENC[^\n]*\n +a9: ENC[^\n]*\n +signet/);
  assert.deepEqual(opened(await unsealed(written)), { a9: "1", a10: "2" });
  refused(
    await user.run(["--re-encrypt", "--in-place", "l.yaml"], { files: { "l.yaml": written } }),
    /a SOPS document in a List/,
  );
});

test("a reader whom the project's rule does not name gets no new data key", async () => {
  const both = await user.sealed(ITEMS, "--age", other.recipient, "--kms", KEYS.kms[0]);
  const rule = (readers: string, kms = "") =>
    `creation_rules:\n  - path_regex: ^prod/\n    age: ${readers}\n${kms}`;
  const again = (rules: string, path: string) =>
    user.run(["--re-encrypt", "--in-place", "--kms-allowed-keys", KEYS.kms[0], path], {
      files: { "/.git/HEAD": "ref: x", "/.sops.yaml": rules, [path]: both },
    });
  const strange = await again(rule(user.recipient), "prod/s.yaml");
  assert.match(
    strange.stderr,
    /is also for kms arn:[^;]*; age age1[^;]*, whom \/\.sops\.yaml, rule 1 does not name/,
  );
  assert.equal(strange.files.get("prod/s.yaml"), both);
  for (const input of [["prod/s.yaml"], ["-f", "prod/s.yaml"]]) {
    const files = { "/.git/HEAD": "ref: x", "/.sops.yaml": rule(user.recipient), "prod/s.yaml": both };
    const args = ["--re-encrypt", "--kms-allowed-keys", KEYS.kms[0], ...input];
    refused(await user.run(args, { files }), /whom \/\.sops\.yaml, rule 1 does not name/);
  }
  const kms = `    kms: ${KEYS.kms[0]}\n`;
  const named = await again(rule(`${user.recipient},${other.recipient}`, kms), "prod/s.yaml");
  assert.equal(named.code, 0, named.stderr);
  assert.deepEqual(opened(await unsealed(named.files.get("prod/s.yaml") ?? "", other)), ITEMS);
  // A file that no rule is about is nobody's to judge.
  assert.equal((await again(rule(user.recipient), "dev/s.yaml")).code, 0);
});

test("a reader gets no new data key by a rule that is gone, or does not fit any more", async () => {
  const path = "prod/s.yaml";
  const both = await user.sealed(ITEMS, "--age", other.recipient);
  const rule = `creation_rules:\n  - path_regex: ^prod/\n    age: ${user.recipient}\n`;
  const git = { "/.git/HEAD": "ref: x" };
  const first = { ...git, "/.sops.yaml": rule, [path]: plainSecret(ITEMS) };
  const accepted = await user.run(["--backend", "sops", "--in-place", path], { files: first });
  assert.equal(accepted.code, 0, accepted.stderr);
  const gone: Record<string, string> = { ...Object.fromEntries(accepted.files), [path]: both };
  delete gone["/.sops.yaml"];
  const again = (files: Record<string, string>) => user.run(["--re-encrypt", "--in-place", path], { files });
  for (const [files, says] of [
    [gone, /\/\.sops\.yaml, whose recipients you accepted, is gone/],
    [{ ...gone, "/.sops.yaml": rule.replace("prod", "dev") }, /had a rule for this file .* \^?.*none now/],
    [{ ...gone, "/.sops.yaml": `${rule}    pgp: X\n` }, /had a rule for this file/],
  ] as const) {
    const run = await again(files);
    assert.match(run.stderr, says);
    assert.equal(run.files.get(path), both);
  }
});

test("a stream that is written anew shows whom it is for", async () => {
  const run = await user.run(["--re-encrypt", "--verbose"], { stdin: sealed });
  assert.match(run.stderr, new RegExp(`re-encrypted for age ${user.recipient}`));
});
