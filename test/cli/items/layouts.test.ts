import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { run } from "../../../cli/run.ts";
import { scopeAt } from "../../../shared/scope.ts";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { testSealer } from "../../support/in-process-sealing.ts";
import { memoryIo } from "../../support/memory-io.ts";
import { openedObjects } from "../../support/opened-values.ts";
import { type SealedFileLayout, sealedFileLayouts } from "../../support/sealed-file-layouts.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const scope = scopeAt("strict", { namespace: "shop", name: "db" });
const sealer = await testSealer(certificatePem);
const V = await sealer.value("old", scope);
const U = await sealer.value("me", scope);
const F = readCertificate(certificatePem).fingerprint;

function filled(text: string): string {
  return text
    .replaceAll("$V1", V.slice(0, 100))
    .replaceAll("$V2", V.slice(100))
    .replaceAll("$V", V)
    .replaceAll("$U", U)
    .replaceAll("$F", F);
}

const unmarked = (text: string) => text.replaceAll(/[«»‹›]/g, "");

function encoded(text: string, { encoding }: SealedFileLayout): Buffer {
  if (encoding === "utf-16le") return Buffer.from(`\ufeff${text}`, "utf16le");
  return Buffer.from(encoding === undefined ? text : `\ufeff${text}`);
}

function decoded(bytes: Uint8Array, { encoding }: SealedFileLayout): string {
  const text = Buffer.from(bytes).toString(encoding === "utf-16le" ? "utf16le" : "utf8");
  if (encoding === undefined) return text;
  assert.equal(text[0], "\ufeff");
  return text.slice(1);
}

/** What a command makes of a file. */
async function after(layout: SealedFileLayout, words: readonly string[], stdin = ""): Promise<string> {
  const path = `s.${layout.extension}`;
  const args = words.map((word) => (word === "FILE" ? path : word));
  const { io, left } = memoryIo([...args, "--name", "db"], {
    stdin,
    files: { "cert.pem": certificatePem, [path]: encoded(unmarked(filled(layout.text)), layout) },
  });
  const { code, stderr } = left(await run(io));
  assert.equal(code, 0, stderr);
  return decoded(io.files.read(path), layout);
}

async function itemsOf(text: string): Promise<Record<string, string>> {
  return (await openedObjects(text, privateKeyPem))["shop/db"] ?? {};
}

/** Where two texts differ: what the first has there, and what the second has in its stead. */
function difference(before: string, now: string): { gone: string; come: string } {
  const least = Math.min(before.length, now.length);
  let start = 0;
  while (start < least && before[start] === now[start]) start += 1;
  let end = 0;
  while (end < least - start && before.at(-1 - end) === now.at(-1 - end)) end += 1;
  return { gone: before.slice(start, before.length - end), come: now.slice(start, now.length - end) };
}

test("there are more than sixty layouts, all different, and each opens as it stands", async () => {
  assert.ok(sealedFileLayouts.length >= 60, `${sealedFileLayouts.length}`);
  assert.equal(new Set(sealedFileLayouts.map(({ text }) => text)).size, sealedFileLayouts.length - 1);
  for (const { text, name } of sealedFileLayouts) {
    const opened = await itemsOf(unmarked(filled(text)));
    assert.deepEqual([opened["password"], opened["user"]], ["old", "me"], name);
  }
});

suite("a value set anew leaves every byte around it", () => {
  for (const layout of sealedFileLayouts) {
    test(layout.name, async () => {
      const now = await after(layout, ["set", "--cert", "cert.pem", "FILE", "password"], "new");
      // The marked pieces are the value; what stands between two of them stays, too.
      const kept = filled(layout.text)
        .split(/«[^»]*»/)
        .map(unmarked);
      let at = 0;
      for (const [index, piece] of kept.entries()) {
        const found = index === 0 ? 0 : now.indexOf(piece, at);
        assert.ok(now.startsWith(piece, found), `piece ${index}`);
        if (index > 0 && index < kept.length - 1) assert.ok(now.slice(at, found).length < V.length + 10);
        at = found + piece.length;
      }
      assert.ok(now.endsWith(kept.at(-1) ?? ""));
      assert.ok(now.length < unmarked(filled(layout.text)).length + 20);
      assert.ok(!now.includes(V));
      const opened = await itemsOf(now);
      assert.deepEqual([opened["password"], opened["user"]], ["new", "me"]);
    });
  }
});

suite("a new item adds bytes in one place, and takes none", () => {
  for (const layout of sealedFileLayouts) {
    test(layout.name, async () => {
      const before = unmarked(filled(layout.text));
      const now = await after(layout, ["set", "--cert", "cert.pem", "FILE", "token"], "new");
      const { gone, come } = difference(before, now);
      assert.equal(gone, "");
      assert.match(come, /token/);
      assert.doesNotMatch(come, /password|user/);
      assert.deepEqual(await itemsOf(now), { ...(await itemsOf(before)), token: "new" });
    });
  }
});

suite("an item that is taken out takes its own bytes alone", () => {
  for (const layout of sealedFileLayouts) {
    test(layout.name, async () => {
      const before = unmarked(filled(layout.text));
      const now = await after(layout, ["unset", "FILE", "password"]);
      const { gone, come } = difference(before, now);
      assert.equal(come, "");
      assert.ok(gone.includes("password") || gone.includes(V.slice(1, 50)));
      assert.doesNotMatch(gone, /user|spec|template|kind/);
      const { password: _gone, ...others } = await itemsOf(before);
      assert.deepEqual(await itemsOf(now), others);
    });
  }
});

suite("an item that is renamed has another key, and that is all", () => {
  for (const layout of sealedFileLayouts) {
    test(layout.name, async () => {
      const now = await after(layout, ["rename", "FILE", "password", "db.secret"]);
      const renamed = layout.text.replace(/‹(["']?)password\1›/, "$1db.secret$1");
      assert.equal(now, unmarked(filled(renamed)));
    });
  }
});
