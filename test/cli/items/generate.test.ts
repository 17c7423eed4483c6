import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { suite, test } from "node:test";
import { compareSync } from "bcryptjs";
import { newPassword, passwordForm } from "../../../cli/items/generated-text.ts";
import { run } from "../../../cli/run.ts";
import { type MemoryRun, type MemoryWorld, memoryIo, runInMemory } from "../../support/memory-io.ts";
import { openedObjects } from "../../support/opened-values.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const OLD = `AQ${"A".repeat(400)}`;
const FILE = `apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: db, namespace: shop}
spec:
  encryptedData:
    old: ${OLD} # stays
`;

function generate(args: readonly string[], world: MemoryWorld = {}) {
  const files = { "cert.pem": certificatePem, "s.yaml": FILE, ...world.files };
  return runInMemory(["generate", "--cert", "cert.pem", ...args], { ...world, files });
}

async function itemsOf({ code, stderr, files }: MemoryRun, path = "s.yaml"): Promise<Record<string, string>> {
  assert.equal(code, 0, stderr);
  const [items = {}] = Object.values(await openedObjects(files.get(path) ?? "", privateKeyPem));
  return items;
}

suite("signet generate", () => {
  test("seals a password of 32 letters and digits that nobody sees", async () => {
    const run = await generate(["s.yaml", "a", "b"]);
    assert.deepEqual([run.stdout, run.stderr], ["", ""]);
    const { a = "", b = "" } = await itemsOf(run);
    for (const password of [a, b]) assert.match(password, /^[A-Za-z0-9]{32}$/);
    assert.notEqual(a, b);
    assert.ok(run.files.get("s.yaml")?.includes(`    old: ${OLD} # stays\n`));
  });

  test("takes length and characters as asked, and warns of what is guessed", async () => {
    const hex = await generate(["s.yaml", "a", "--length", "48", "--alphabet", "hex"]);
    assert.match((await itemsOf(hex))["a"] ?? "", /^[0-9a-f]{48}$/);
    const own = await generate(["s.yaml", "a", "--length", "40", "--characters", "xxyz"]);
    assert.match((await itemsOf(own))["a"] ?? "", /^[xyz]{40}$/);
    const weak = await generate(["s.yaml", "a", "--length", "8", "--alphabet", "digits"]);
    assert.match(weak.stderr, /^warning: a password of 26 bits of chance is guessed/);
    assert.match((await itemsOf(weak))["a"] ?? "", /^[0-9]{8}$/);
  });

  test("a UUID is one of version 4", async () => {
    const { a = "" } = await itemsOf(await generate(["--type", "uuid", "s.yaml", "a"]));
    assert.match(a, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  for (const type of ["rsa", "ed25519"] as const) {
    test(`${type}: the private key is sealed, the public key is printed, and sealed where asked`, async () => {
      const bits = type === "rsa" ? ["--bits", "2048"] : [];
      const run = await generate(["--type", type, ...bits, "s.yaml", "id", "id.pub"]);
      const items = await itemsOf(run);
      assert.equal(items["id.pub"], run.stdout);
      const key = createPrivateKey(items["id"] ?? "");
      assert.equal(key.asymmetricKeyType, type);
      assert.equal(createPublicKey(key).export({ type: "spki", format: "pem" }), run.stdout);
      assert.ok(!run.stdout.includes("PRIVATE"));
    });
  }

  for (const bits of [null, "2048"]) {
    test(`tls: a certificate for the names given, signed by its own key (${bits ?? "P-256"})`, async () => {
      const now = new Date("2026-05-01T10:00:00.500Z");
      const names = ["--san", "db.shop.svc,*.example.com,10.0.0.1,fd00::1", "--days", "30"];
      const length = bits === null ? [] : ["--bits", bits];
      const place = ["--name", "tls", "-n", "shop"];
      const run = await generate(["--type", "tls", ...names, ...length, ...place, "n.yaml"], { now });
      const items = await itemsOf(run, "n.yaml");
      assert.deepEqual(Object.keys(items).sort(), ["tls.crt", "tls.key"]);
      assert.equal(items["tls.crt"], run.stdout);
      const certificate = new X509Certificate(run.stdout);
      assert.equal(
        certificate.subjectAltName?.replaceAll(" ", ""),
        "DNS:db.shop.svc,DNS:*.example.com,IPAddress:10.0.0.1,IPAddress:FD00:0:0:0:0:0:0:1",
      );
      assert.equal(certificate.subject, "CN=db.shop.svc");
      assert.deepEqual(
        [certificate.validFromDate, certificate.validToDate],
        [new Date("2026-05-01T10:00:00Z"), new Date("2026-05-31T10:00:00Z")],
      );
      assert.ok(certificate.checkPrivateKey(createPrivateKey(items["tls.key"] ?? "")));
      assert.ok(certificate.verify(certificate.publicKey));
      assert.match(run.files.get("n.yaml") ?? "", /\n {4}type: kubernetes\.io\/tls\n/);
    });
  }

  test("htpasswd: a line that fits the password, which is an item of its own", async () => {
    const run = await generate(["--type", "htpasswd", "--login", "admin", "s.yaml", "auth", "plain"]);
    assert.equal(run.stdout, "");
    const { auth = "", plain = "" } = await itemsOf(run);
    const [, hash = ""] = /^admin:(\$2y\$10\$\S{53})\n$/.exec(auth) ?? [];
    assert.ok(compareSync(plain, hash));
    assert.match(plain, /^[A-Za-z0-9]{32}$/);
  });

  test("an item that is there is refused, kept with --keep, made anew with --replace", async () => {
    const refused = await generate(["s.yaml", "old"]);
    assert.deepEqual([refused.code, refused.files.get("s.yaml")], [1, FILE]);
    assert.match(refused.stderr, /s\.yaml has old already/);
    // Nothing is asked for where nothing is made: not even a certificate.
    const kept = await runInMemory(["generate", "--keep", "s.yaml", "old"], { files: { "s.yaml": FILE } });
    assert.deepEqual([kept.code, kept.stdout, kept.stderr, kept.files.get("s.yaml")], [0, "", "", FILE]);
    const replaced = await generate(["--replace", "s.yaml", "old"]);
    assert.match((await itemsOf(replaced))["old"] ?? "", /^[A-Za-z0-9]{32}$/);
    assert.ok(!replaced.files.get("s.yaml")?.includes(OLD));
  });

  test("a part of a pair is not made beside what is there", async () => {
    for (const more of [["--keep"], []]) {
      const run = await generate(["--type", "ed25519", "s.yaml", "old", "new", ...more]);
      assert.deepEqual([run.code, run.stdout, run.files.get("s.yaml")], [1, "", FILE]);
    }
    const kept = await generate(["--type", "ed25519", "--keep", "s.yaml", "old", "new"]);
    assert.match(kept.stderr, /s\.yaml has old but not new/);
  });

  test("-w takes the public part, when something is made and only then", async () => {
    for (const [type, flags, items] of [
      ["ed25519", [], ["id"]],
      ["tls", ["--san", "db.shop.svc"], ["crt", "key"]],
    ] as const) {
      const args = ["--type", type, ...flags, "-w", "id.pub", "s.yaml", ...items];
      const made = await generate(["--keep", ...args]);
      assert.deepEqual([made.code, made.stdout, made.stderr], [0, "", ""]);
      const shown = made.files.get("id.pub") ?? "";
      assert.match(shown, /^-----BEGIN (?:PUBLIC KEY|CERTIFICATE)-----\n/);
      assert.ok((await itemsOf(made))[items[0]] !== undefined);
      const files = { "s.yaml": made.files.get("s.yaml") ?? "", "id.pub": shown };
      const kept = await generate(["--keep", ...args], { files });
      assert.deepEqual([kept.code, kept.stdout, kept.stderr], [0, "", ""]);
      assert.equal(kept.files.get("id.pub"), shown);
      assert.equal(kept.files.get("s.yaml"), files["s.yaml"]);
      const refused = await generate(args, { files });
      assert.deepEqual([refused.code, refused.files.get("id.pub")], [1, shown]);
      const anew = await generate(["--replace", ...args], { files });
      assert.notEqual(anew.files.get("id.pub"), shown);
    }
  });

  test("a kept key whose public part is missing is no success", async () => {
    const { code, stderr, files } = await generate([
      ...["--keep", "--type", "ed25519", "-w", "id.pub", "s.yaml", "old"],
    ]);
    assert.deepEqual([code, files.get("s.yaml"), files.has("id.pub")], [1, FILE, false]);
    assert.match(stderr, /s\.yaml has old already, but the file for the public key, id\.pub, is not there/);
    assert.match(stderr, /signet unseal opens.*--replace/);
  });

  test("of the public part and the sealed file both are written, or what there was stays", async () => {
    for (const [path, before, expected] of [
      ["id.pub", "older", "older"],
      ["s.yaml", "older", "older"],
      ["s.yaml", undefined, /^-----BEGIN PUBLIC KEY-----/],
    ] as const) {
      const files = { "cert.pem": certificatePem, "s.yaml": FILE, ...(before && { "id.pub": before }) };
      const args = ["--cert", "cert.pem", "--replace", "--type", "ed25519", "-w", "id.pub", "s.yaml", "old"];
      const { io, left } = memoryIo(["generate", ...args], { files });
      const { replace } = io.files;
      io.files.replace = (at, content) => {
        if (at === path) throw Object.assign(new Error("full"), { code: "ENOSPC" });
        replace(at, content);
      };
      const ended = left(await run(io));
      assert.deepEqual([ended.code, ended.stdout, ended.files.get("s.yaml")], [1, "", FILE]);
      assert.match(ended.stderr, new RegExp(`cannot write ${path}: no space left`));
      if (typeof expected === "string") assert.equal(ended.files.get("id.pub"), expected);
      else {
        assert.match(ended.files.get("id.pub") ?? "", expected);
        assert.match(ended.stderr, /id\.pub belongs to nothing that is sealed in s\.yaml/);
      }
    }
  });

  test("the file of -w is judged before anything is made", async () => {
    for (const [args, code, message] of [
      [["s.yaml", "a"], 2, /takes what everybody may see, and --type password makes nothing of that kind/],
      [["s.yaml", "a", "--type", "uuid"], 2, /--type uuid makes nothing/],
      [["s.yaml", "a", "b", "--type", "htpasswd", "--login", "x"], 2, /--type htpasswd makes nothing/],
      [["id.pub", "a", "--type", "ed25519", "--name", "x"], 2, /id\.pub is the sealed file itself/],
      [
        ["s.yaml", "a", "--type", "ed25519", "-w", "none/id.pub"],
        1,
        /none\/id\.pub: there is no such folder/,
      ],
      [["s.yaml", "a", "--type", "ed25519", "-w", "folder"], 1, /folder: it names a folder/],
      [["s.yaml", "a", "--type", "ed25519", "-w", "folder/"], 1, /folder\/: it names a folder/],
    ] as const) {
      const run = await generate(["-w", "id.pub", ...args], { files: { "folder/x": "" } });
      assert.equal(run.code, code, run.stderr);
      assert.match(run.stderr, message);
      assert.deepEqual([run.stdout, run.files.get("s.yaml"), run.files.has("id.pub")], ["", FILE, false]);
    }
  });

  test("what makes no sense is refused before anything is made", async () => {
    const rows: [args: string[], message: RegExp][] = [
      [[], /which item of which file/],
      [["s.yaml"], /which item of which file/],
      [["s.yaml", "a", "a"], /a is named twice/],
      [["s.yaml", "a", "--type", "passwrd"], /did you mean password\?/],
      [["s.yaml", "a", "--type", "x"], /write one of password, uuid/],
      [["s.yaml", "a", "--length", "7"], /whole number from 8 to 1024/],
      [["s.yaml", "a", "--length", "1e9"], /whole number from 8 to 1024/],
      [["s.yaml", "a", "--alphabet", "constructor"], /write one of alphanumeric/],
      [["s.yaml", "a", "--characters", "aaa"], /one character alone/],
      [["s.yaml", "a", "--characters", "ab", "--alphabet", "hex"], /exclude each other/],
      [["s.yaml", "a", "--keep", "--replace"], /exclude each other/],
      [["s.yaml", "a", "--bits", "2048"], /--bits does not go with --type password/],
      [["s.yaml", "a", "b", "c", "--type", "rsa"], /makes one pair/],
      [["s.yaml", "a", "--type", "rsa", "--bits", "1024"], /write 2048, 3072, 4096 or 8192/],
      [["s.yaml", "--type", "tls"], /not said whom the certificate is for/],
      [["s.yaml", "a", "--type", "tls", "--san", "x"], /a certificate and its key/],
      [["s.yaml", "--type", "tls", "--san", "a b"], /neither a DNS name nor an IP address/],
      [["s.yaml", "--type", "tls", "--san", "a", "--days", "0"], /whole number of days/],
      [["s.yaml", "a", "--type", "htpasswd", "--login", "x"], /a line for the server and the password/],
      [["s.yaml", "a", "b", "--type", "htpasswd"], /needs a login/],
      [["s.yaml", "a", "b", "--type", "htpasswd", "--login", "a:b"], /no colon/],
      [["s.yaml", "a", "b", "--type", "htpasswd", "--login", "x", "--length", "73"], /72 bytes/],
      [["s.yaml", "a/b"], /is not a name/],
    ];
    for (const [args, message] of rows) {
      const { code, stdout, stderr, files } = await generate(args);
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr, message);
      assert.deepEqual([stdout, files.get("s.yaml")], ["", FILE]);
    }
  });
});

test("every character of a password is as likely as every other", () => {
  const form = passwordForm({ length: "1024", alphabet: null, characters: "abcde" });
  const counts = new Map<string, number>();
  for (let run = 0; run < 40; run++) {
    for (const one of newPassword(form)) counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  // Of 40,960 characters a fifth each; ten standard deviations are 810.
  for (const one of "abcde") assert.ok(Math.abs((counts.get(one) ?? 0) - 8192) < 810, one);
});
