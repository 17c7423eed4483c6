import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { editorCommand } from "../../../cli/editing/editor-command.ts";
import type { Edited, EditRequest } from "../../../cli/editing/text-editing.ts";
import { run } from "../../../cli/run.ts";
import { scopeAt } from "../../../shared/scope.ts";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { testSealer } from "../../support/in-process-sealing.ts";
import { ALLOW_ALL, BACKENDS, KeyServiceWorld, sealFlags } from "../../support/key-service-world.ts";
import { type MemoryWorld, memoryIo } from "../../support/memory-io.ts";
import { openedObjects } from "../../support/opened-values.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const scope = scopeAt("strict", { namespace: "shop", name: "db" });
const sealer = await testSealer(certificatePem);
const [USER, CONFIG, BLOB] = await Promise.all([
  sealer.value("me", scope),
  sealer.value("a: 1\nb: 2\n", scope),
  sealer.value(Uint8Array.of(0, 1, 255), scope),
]);
const FOREIGN = `AQ${"A".repeat(400)}`;
const FILE = `# kept
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db
  namespace: shop
  annotations:
    signet.dev/sealing-key: ${readCertificate(certificatePem).fingerprint}
spec:
  encryptedData:
    blob: ${BLOB}
    config: ${CONFIG} # text
    foreign: ${FOREIGN}
    user: ${USER}
`;
const FILES = { "cert.pem": certificatePem, "k.pem": privateKeyPem, "s.yaml": FILE };
const WITH_KEY = ["--cert", "cert.pem", "--private-key", "k.pem"];

/** One visit of the editor: what it was given, and what it saves or how it ends. */
type Visit = (text: string, request: EditRequest) => string | Edited;

async function edit(args: readonly string[], visits: Visit[], world: MemoryWorld = {}, left: string[] = []) {
  const memory = memoryIo(["edit", ...args], { ...world, files: { ...FILES, ...world.files } });
  const seen: string[] = [];
  memory.io.editing = async () => ({
    async edit(request) {
      seen.push(request.text);
      const saved = visits.shift()?.(request.text, request);
      assert.ok(saved !== undefined, "the editor came once more than it should");
      return typeof saved === "string" ? { kind: "edited", content: Buffer.from(saved) } : saved;
    },
    programAt: (name) => `/usr/bin/${name === "vi" ? "vim.basic" : name}`,
    leftOvers: () => left,
  });
  const code = await run(memory.io);
  assert.deepEqual(visits, []);
  return { ...memory.left(code), seen };
}

async function itemsOf(text: string | undefined): Promise<Record<string, string>> {
  return (await openedObjects(text ?? "", privateKeyPem))["shop/db"] ?? {};
}

suite("signet edit", () => {
  test("shows what opens, as text or in base64, and a mark for the rest", async () => {
    const { code, stdout, stderr, files, seen } = await edit([...WITH_KEY, "s.yaml"], [(text) => text]);
    assert.deepEqual([code, stdout, stderr, files.get("s.yaml")], [0, "", "", FILE]);
    const text = seen[0] ?? "";
    assert.match(
      text,
      /\nstringData:\n {2}config: \|\n {4}a: 1\n {4}b: 2\n {2}foreign: \(sealed [0-9a-f]{8}\)\n {2}user: me\n/,
    );
    assert.match(text, /\ndata:\n {2}blob: AAH\/\n/);
  });

  test("seals what was changed and added, takes out what is gone, and leaves the rest byte for byte", async () => {
    const { code, stderr, files } = await edit(
      [...WITH_KEY, "s.yaml"],
      [(text) => text.replace("user: me", "user: you\n  token: new").replace(/ {2}config: \|\n.*\n.*\n/, "")],
    );
    assert.deepEqual([code, stderr], [0, ""]);
    const text = files.get("s.yaml") ?? "";
    const user = / {4}user: (\S+)\n/.exec(text)?.[1] ?? "";
    const token = / {4}token: (\S+)\n/.exec(text)?.[1] ?? "";
    const expected = FILE.replace(`    config: ${CONFIG} # text\n`, "").replace(USER, user);
    assert.equal(text, `${expected}    token: ${token}\n`);
    assert.notEqual(user, USER);
    const items = await itemsOf(text);
    assert.deepEqual([items["user"], items["token"], items["config"]], ["you", "new", undefined]);
  });

  test("without a key every value is a mark, and may be written over", async () => {
    const { code, stderr, files, seen } = await edit(
      ["--cert", "cert.pem", "s.yaml"],
      [(text) => text.replace(/user: .*/, "user: you")],
    );
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(seen[0]?.match(/: \(sealed /g)?.length, 4);
    const now = files.get("s.yaml") ?? "";
    assert.equal(now.replace(/ {4}user: .*/, ""), FILE.replace(/ {4}user: .*/, ""));
    assert.equal((await itemsOf(now))["user"], "you");
  });

  test("an empty text, comments alone and an unchanged one change nothing", async () => {
    for (const saved of ["", "# nothing\n"]) {
      const { code, stderr, files } = await edit([...WITH_KEY, "--verbose", "s.yaml"], [() => saved]);
      assert.equal(code, 0);
      assert.match(stderr, /s\.yaml: nothing was changed/);
      assert.equal(files.get("s.yaml"), FILE);
    }
  });

  test("what cannot be read is shown again with what is wrong, until it is right or saved as it was", async () => {
    const right = await edit(
      [...WITH_KEY, "s.yaml"],
      [
        (text) => text.replace("user: me", "user: [canary"),
        (text) => text.replace("user: [canary", "user: {a: b}"),
        (text) => text.replace("user: {a: b}", "user: you"),
      ],
    );
    assert.equal(right.code, 0);
    assert.match(right.seen[1] ?? "", /^# error: the edited text.*\n# Items of s\.yaml/);
    assert.doesNotMatch(right.seen[1]?.split("\n")[0] ?? "", /canary/);
    assert.equal(right.seen[2]?.match(/^# error:/gm)?.length, 1);
    assert.equal((await itemsOf(right.files.get("s.yaml")))["user"], "you");
    const given = await edit(
      [...WITH_KEY, "s.yaml"],
      [(text) => text.replace("user: me", "user: [canary"), (text) => text],
    );
    assert.equal(given.code, 1);
    assert.doesNotMatch(given.stderr, /canary/);
    assert.equal(given.files.get("s.yaml"), FILE);
  });

  test("a program that spoils the text at each save is not asked for ever", async () => {
    const spoilt = Array.from({ length: 100 }, () => (text: string) => `${text}[\n`);
    const { code, stderr, seen, files } = await edit([...WITH_KEY, "s.yaml"], spoilt);
    assert.equal(code, 1);
    assert.match(stderr, /nothing was changed: edit it again/);
    assert.equal(seen.length, 100);
    assert.equal(files.get("s.yaml"), FILE);
  });

  test("the mark cannot come to stand for another item, nor name and place be changed", async () => {
    for (const [change, message] of [
      [
        (text: string) => text.replace("  foreign:", "  other:"),
        /signet rename gives such an item another name/,
      ],
      [
        (text: string) => text.replace("name: db", "name: x"),
        /name and namespace are those of the SealedSecret/,
      ],
      [(text: string) => text.replace("namespace: shop", "namespace: x"), /name and namespace/],
      [(text: string) => `${text}type: Opaque\n`, /items under stringData or data alone can be changed here/],
      [(text: string) => `${text}---\n${text}`, /several documents/],
      [(text: string) => text.replace("user:", "us/er:"), /line 18, column 3: this is not a name/],
    ] as const) {
      const { code, stderr, files } = await edit([...WITH_KEY, "s.yaml"], [change, (text) => text]);
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.equal(files.get("s.yaml"), FILE);
    }
  });

  test("of a text that cannot be read nothing but the place goes anywhere: a value may have lost its indent", async () => {
    for (const [change, message, place] of [
      [
        "stringData:\n>stringData:\n  note: |\n    a\n  canary word: 1\n",
        "this is not a name",
        "canary word",
      ],
      ["stringData:\n>stringData:\n  canary: [1]\n", "this is not a string", "canary: [1]"],
      ["stringData:\n>stringData:\n  canary: 0777\n", "this is a number or truth value", "canary: 0777"],
      ["stringData:\n>stringData:\n  canary: 1\n  canary: 2\n", "this key appears twice", "canary: 2"],
      ["stringData:\n>stringData:\n  x: !canary y\n", "it has a tag", "!canary"],
      ["stringData:\n>stringData:\n  x: *canary\n", "an alias names no anchor", "canary"],
      ["data:\n  blob: AAH/\n>data: canary\n", "this must be a map of items", "data: canary"],
      ["stringData:\n>canary: 1\nstringData:\n", "items under stringData or data alone", "canary: 1"],
      ["stringData:\n>DATA: {canary: 1}\nstringData:\n", "this is not a field of a Secret", "DATA"],
      ["blob:>canary: canary\n  blob:", "this is not base64", "canary: canary"],
      ["kind: Secret>kind: canary", "the kind has to be Secret", "kind"],
      ["apiVersion: v1>apiVersion: canary", "the apiVersion has to be v1", "apiVersion"],
      ["metadata:>metadata:\n  canary: 1", "items under stringData", "canary: 1"],
      ["metadata:>metadata:\n  labels: {canary: [1]}", "this is not a string", "canary: [1]"],
      ["metadata:>metadata:\n  labels: {canary: a}", "items under stringData", "labels"],
      ["metadata:>metadata:\n  annotations:\n    a: [canary]", "this is not a string", "a: [canary]"],
      ["metadata:>type: [canary]\nmetadata:", "this is not a string", "type"],
      ["name: db>name: canary", "name and namespace are those", "metadata"],
      ["name: db>name: [canary]", "this is not a string", "name: ["],
      ["# Items>canary\n# Items", "line ", "apiVersion"],
    ] as const) {
      const [from = "", to = ""] = change.split(">");
      let changed = "";
      const { code, stdout, stderr, files, seen } = await edit(
        [...WITH_KEY, "--verbose", "s.yaml"],
        [
          (text) => {
            changed = text.replace(from, to);
            assert.notEqual(changed, text);
            return changed;
          },
          (text) => text,
        ],
      );
      assert.deepEqual([code, stdout, files.get("s.yaml")], [1, "", FILE], change);
      assert.ok(stderr.includes(message), `${change}: ${stderr}`);
      for (const text of [stderr, seen[1]?.split("\n")[0] ?? ""]) assert.doesNotMatch(text, /canary/i);
      // The line that is named is the one that the editor shows.
      assert.equal(seen[1]?.replace(/^.*\n/, ""), changed);
      const [, line, column] = /line (\d+), column (\d+)/.exec(stderr) ?? [];
      const there = seen[1]?.split("\n")[Number(line) - 1]?.slice(Number(column) - 1) ?? "";
      assert.ok(there.startsWith(place), `${change}: ${there}`);
    }
  });

  test("bytes that are no text are refused, and not sealed as something else", async () => {
    const { code, stderr, files } = await edit(
      [...WITH_KEY, "s.yaml"],
      [
        (text) => ({
          kind: "edited",
          content: Buffer.from(text.replace("user: me", "user: m\xe9"), "latin1"),
        }),
      ],
    );
    assert.deepEqual([code, files.get("s.yaml")], [1, FILE]);
    assert.match(stderr, /s\.yaml: the edited text is not valid UTF-8 text\nhint: save it as UTF-8/);
  });

  test("says what keeps an editor from being had, and changes nothing", async () => {
    for (const [ended, message] of [
      [{ kind: "no-memory" }, /no folder in memory here.*\nhint: give --allow-disk/],
      [{ kind: "no-file", code: "ENOSPC" }, /could not be kept: ENOSPC/],
      [{ kind: "not-started", code: "ENOENT" }, /the editor vi could not be started: ENOENT/],
      [{ kind: "failed", code: 3 }, /the editor vi ended with code 3/],
      [{ kind: "failed", code: null }, /ended with a signal/],
    ] as const) {
      const { code, stderr, files } = await edit([...WITH_KEY, "s.yaml"], [() => ended]);
      assert.equal(code, 1);
      assert.match(stderr, message);
      assert.equal(files.get("s.yaml"), FILE);
    }
  });

  test("a disk is used with --allow-disk alone, and the file is called as the edited one", async () => {
    const asked: EditRequest[] = [];
    const look: Visit = (text, request) => {
      asked.push(request);
      return text;
    };
    await edit([...WITH_KEY, "s.yaml"], [look]);
    await edit([...WITH_KEY, "--allow-disk", "s.yaml"], [look]);
    assert.deepEqual(
      asked.map(({ allowDisk, fileName }) => [allowDisk, fileName]),
      [
        [false, "s.yaml"],
        [true, "s.yaml"],
      ],
    );
  });

  test("a file that somebody else changed meanwhile is not written", async () => {
    const memory = memoryIo(["edit", ...WITH_KEY, "s.yaml"], { files: FILES });
    memory.io.editing = async () => ({
      async edit({ text }) {
        memory.io.files.replace("s.yaml", `${FILE}# theirs\n`);
        return { kind: "edited", content: Buffer.from(text.replace("user: me", "user: you")) };
      },
      programAt: (name) => name,
      leftOvers: () => [],
    });
    const { code, stderr, files } = memory.left(await run(memory.io));
    assert.equal(code, 1);
    assert.match(stderr, /was changed by somebody else meanwhile/);
    assert.equal(files.get("s.yaml"), `${FILE}# theirs\n`);
  });

  test("tells of folders that killed runs left, and of editors that nobody knows", async () => {
    const env = { EDITOR: "/opt/own-editor --wait" };
    const { stderr } = await edit([...WITH_KEY, "s.yaml"], [(text) => text], { env }, [
      "/dev/shm/signet-edit-7-x",
    ]);
    assert.match(stderr, /warning: plain values may lie in \/dev\/shm\/signet-edit-7-x/);
    assert.match(stderr, /warning: it is not known what copies own-editor keeps/);
  });

  test("a wider scope of the file needs --scope, or that all values open under it", async () => {
    const wide = async (items: Record<string, string>) =>
      JSON.stringify(await sealer.object({ name: "db", namespace: "shop", scope: "cluster-wide", items }));
    const visit: Visit = (text) => text.replace("a: x", "a: y");
    const files = { "s.yaml": await wide({ a: "x" }) };
    const widened = await edit([...WITH_KEY, "s.yaml"], [visit], { files });
    assert.equal(widened.code, 0);
    assert.match(
      widened.stderr,
      /^warning: s\.yaml is cluster-wide by its annotation: a will open under any name/m,
    );
    const meant = await edit([...WITH_KEY, "--scope", "cluster-wide", "s.yaml"], [visit], { files });
    assert.deepEqual([meant.code, meant.stderr.includes("warning")], [0, false]);
    const object = JSON.parse(files["s.yaml"]) as { spec: { encryptedData: Record<string, string> } };
    object.spec.encryptedData["b"] = FOREIGN;
    const partly = { "s.yaml": JSON.stringify(object) };
    const refused = await edit([...WITH_KEY, "s.yaml"], [visit], { files: partly });
    assert.match(refused.stderr, /nothing proves that this is meant/);
    assert.equal(refused.files.get("s.yaml"), partly["s.yaml"]);
  });

  for (const backend of BACKENDS) {
    test(`${backend}: values open with the user's rights where the key is allowed, and are marks where it is not`, async () => {
      const world = new KeyServiceWorld();
      const place = ["--name", "db", "-n", "shop"];
      const made = await world.run(["set", ...sealFlags(backend), ...place, "k.yaml", "a"], { stdin: "one" });
      const memory = {
        files: { "k.yaml": made.files.get("k.yaml") ?? "" },
        keyServices: world.connector,
        env: {
          VAULT_ADDR: "https://vault.example.com:8200",
          VAULT_TOKEN: "s.token",
          SEALED_SECRETS_CLUSTER_ID: "11111111-2222-3333-4444-555555555555",
        },
      };
      const key = sealFlags(backend);
      const allowed = await edit(
        [...key, ...ALLOW_ALL, "k.yaml"],
        [(text) => text.replace("a: one", "a: two")],
        memory,
      );
      assert.deepEqual([allowed.code, allowed.stderr], [0, ""]);
      const opened = await world.run(["unseal", ...ALLOW_ALL, "k.yaml", "--item", "a"], {
        files: { "k.yaml": allowed.files.get("k.yaml") ?? "" },
      });
      assert.equal(opened.stdout, "two");
      const other = await edit(["--cert", "cert.pem", "k.yaml"], [(text) => text], memory);
      assert.match(other.stderr, /warning: .*is not allowed here/);
      assert.match(other.seen[0] ?? "", /a: \(sealed /);
    });
  }
});

suite("how editors are started", () => {
  const command = (env: Record<string, string>, at = (name: string) => name) => editorCommand(env, at);

  test("by the first variable that is set, with its arguments, and vi for none", () => {
    assert.deepEqual(command({ EDITOR: "hx", VISUAL: "ed", SIGNET_EDITOR: " " }).words, ["ed"]);
    assert.deepEqual(command({ EDITOR: `"/opt/my ed/hx" -c 'a b' x"y z"` }).words, [
      "/opt/my ed/hx",
      "-c",
      "a b",
      "xy z",
    ]);
    assert.equal(command({}).words[0], "vi");
    assert.throws(() => command({ EDITOR: 'vim "' }), /a quote is misplaced in EDITOR/);
  });

  test("without swap, backup, undo and history, by the program that the name leads to", () => {
    for (const [name, at] of [
      ["vim", "/usr/bin/vim.basic"],
      ["vi", "/usr/bin/vim.tiny"],
      ["editor", "/usr/bin/vim.gtk3"],
    ] as const) {
      const { words, isKnown } = command({ EDITOR: name }, () => at);
      assert.ok(isKnown);
      assert.deepEqual(words.slice(0, 4), [name, "-n", "-i", "NONE"]);
      assert.deepEqual(words.slice(4, 6), ["--cmd", "au BufReadPre * setl nomodeline"]);
      assert.match(words.at(-1) ?? "", /noswapfile nobackup nowritebackup noundofile viminfo=/);
    }
    assert.match(command({ EDITOR: "nvim" }).words.at(-1) ?? "", /noundofile shada=/);
    assert.deepEqual(command({ EDITOR: "nano" }).words, ["nano", "--ignorercfiles"]);
    assert.match(
      command({ EDITOR: "emacs -nw" }).words.join(" "),
      /^emacs --eval .*make-backup-files nil.* -nw$/,
    );
    assert.deepEqual(command({ EDITOR: "code" }).words.slice(-2), ["--user-data-dir", "{private folder}"]);
    assert.equal(command({ EDITOR: "vi" }, () => "/usr/bin/nvi").isKnown, false);
    assert.equal(command({ EDITOR: "subl -w" }).isKnown, false);
  });
});
