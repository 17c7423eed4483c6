import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { suite, test } from "node:test";
import { compareSync } from "bcryptjs";
import { newPassword, passwordForm } from "../../../cli/items/generated-text.ts";
import { type MemoryRun, type MemoryWorld, runInMemory } from "../../support/memory-io.ts";
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
