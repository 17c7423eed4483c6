import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Canaries, errorEvidence, folderEvidence, objectEvidence } from "./canary.ts";

const encodings: [string, (secret: string) => string][] = [
  ["raw", (secret) => secret],
  ["within a line", (secret) => `level=INFO msg="read ${secret} from it"`],
  ["the first half alone", (secret) => secret.slice(0, 14)],
  ["the second half alone", (secret) => secret.slice(14)],
  ["base64", (secret) => btoa(secret)],
  ["base64 after one byte", (secret) => btoa(`x${secret}y`)],
  ["base64 after two bytes", (secret) => btoa(`xy${secret}z`)],
  ["base64url after two bytes", (secret) => Buffer.from(`~~${secret}~~`).toString("base64url")],
  ["base64 broken into lines", (secret) => (btoa(secret).match(/.{1,10}/g) ?? []).join("\n")],
  [
    "base64 broken into lines, in JSON",
    (secret) => JSON.stringify((btoa(secret).match(/.{1,10}/g) ?? []).join("\n")),
  ],
  ["hex", (secret) => Buffer.from(secret).toString("hex")],
  ["upper-case hex", (secret) => Buffer.from(secret).toString("hex").toUpperCase()],
  ["URL-encoded in full", (secret) => Buffer.from(secret).toString("hex").replace(/../g, "%$&")],
  ["list of bytes", (secret) => JSON.stringify([...Buffer.from(secret)])],
];
for (const [name, encode] of encodings) {
  test(`a canary is found: ${name}`, () => {
    const canaries = new Canaries();
    const evidence = [{ where: "the log", content: encode(canaries.text("password")) }];
    assert.throws(() => canaries.assertSilent(evidence), /password stands in the log/);
  });
}

test("bytes with characters that URLs and JSON escape are found", () => {
  const canaries = new Canaries();
  canaries.guard("odd", 'a"b\\c/d e+f&g=h');
  for (const content of [
    JSON.stringify({ message: 'a"b\\c/d e+f&g=h' }),
    `/path?value=${encodeURIComponent('a"b\\c/d e+f&g=h')}`,
  ]) {
    assert.throws(
      () => canaries.assertSilent([{ where: "the answer", content }]),
      /odd stands in the answer/,
    );
  }
});

const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pkcs1 = pair.privateKey.export({ type: "pkcs1", format: "pem" }).toString();

test("a private key is found by any of its lines and by its numbers, in other encodings too", () => {
  const canaries = new Canaries();
  canaries.guardPrivateKey("key", pkcs1);
  const lines = pkcs1.split("\n").filter((line) => line.length === 64);
  const { d = "" } = pair.privateKey.export({ format: "jwk" });
  const der = pair.privateKey.export({ type: "pkcs8", format: "der" });
  for (const content of [
    lines.at(-2) ?? "",
    lines[10] ?? "",
    btoa(pkcs1),
    Buffer.from(d, "base64url").toString("hex"),
    der.toString("base64"),
    pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  ]) {
    assert.throws(() => canaries.assertSilent([{ where: "a file", content }]), /key \(.*\) stands in a file/);
  }
});

test("the public half of a key is no sighting", () => {
  const canaries = new Canaries();
  canaries.guardPrivateKey("key", pkcs1);
  const spki = pair.publicKey.export({ type: "spki", format: "der" });
  const content = ["hex", "base64"].map((form) => spki.toString(form as "hex" | "base64")).join("\n");
  canaries.assertSilent([{ where: "the certificate", content }]);
});

test("a search without canaries or without evidence fails", () => {
  assert.throws(() => new Canaries().assertSilent([{ where: "log", content: "text" }]), /no canary/);
  const canaries = new Canaries();
  canaries.text("password");
  assert.throws(() => canaries.assertSilent([]), /nothing to search/);
  assert.throws(() => canaries.assertSilent([{ where: "log", content: "" }]), /nothing to search/);
  canaries.assertSilent([{ where: "log", content: "all quiet" }]);
});

test("errors are searched down to their causes and properties, objects by name, Secrets never", () => {
  const canaries = new Canaries();
  const secret = canaries.text("password");
  const deep = new Error("outer", { cause: Object.assign(new Error("inner"), { input: secret }) });
  assert.throws(() => canaries.assertSilent([errorEvidence("thrown", deep)]), /stands in thrown/);
  const event = { kind: "Event", metadata: { namespace: "team", name: "e1" }, message: secret };
  assert.throws(() => canaries.assertSilent(objectEvidence("events", [event])), /events: team\/e1/);
  assert.throws(() => objectEvidence("objects", [{ kind: "Secret", metadata: {} }]), /where secrets belong/);
});

test("files are searched by name and content", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "signet-canary-"));
  context.after(() => rm(folder, { recursive: true }));
  const canaries = new Canaries();
  const secret = canaries.text("password");
  await writeFile(join(folder, "quiet.txt"), "nothing");
  canaries.assertSilent(await folderEvidence(folder));
  await writeFile(join(folder, "loud.txt"), `password: ${secret}`);
  const evidence = await folderEvidence(folder);
  assert.throws(() => canaries.assertSilent(evidence), /stands in file .*loud\.txt/);
  await rm(join(folder, "loud.txt"));
  await writeFile(join(folder, secret), "");
  const names = await folderEvidence(folder);
  assert.throws(() => canaries.assertSilent(names), /names of the files/);
});
