import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type Scope, type ScopeKind, scopeAnnotations, scopeAt } from "../../shared/scope.ts";
import { readCertificate, sealingKeyOf } from "../../shared/seal/certificate.node.ts";
import { certificateSealer } from "../../shared/seal/classic-sealer.node.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import { classicSealer, classicUnsealer } from "../../shared/seal/rsa-hybrid.ts";
import type { Sealer } from "../../shared/seal/sealer.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import { runKubeseal } from "../support/control-plane/kubeseal.ts";
import { makeScratchFolder, type ScratchFolder } from "../support/control-plane/scratch-folder.ts";
import type { CommandResult } from "../support/run-program.ts";
import { readTestKey, type TestKey } from "../support/vectors.ts";

const place = { namespace: "team-a", name: "db" };
const kinds: ScopeKind[] = ["strict", "namespace-wide", "cluster-wide"];
const items = new Map<string, Uint8Array>([
  ["text", Buffer.from("correct horse battery staple")],
  ["empty", new Uint8Array()],
  ["invalid-utf8", Uint8Array.from([0xff, 0xfe, 0, 0xc3, 0x28])],
  ["long", randomBytes(5_000)],
]);
const signal = new AbortController().signal;

let scratch: ScratchFolder;
before(async () => {
  scratch = await makeScratchFolder("codec");
});
after(async () => {
  await scratch?.remove();
});

/** Base64 by item, so that differences can be read. */
function spelled(data: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries(
    [...data].sort().map(([item, bytes]) => [item, Buffer.from(bytes).toString("base64")]),
  );
}

/** Has the reference open a SealedSecret with a private key, offline. */
async function openWithKubeseal(
  encryptedData: ReadonlyMap<string, string>,
  kind: ScopeKind,
  { privateFile }: TestKey,
  metadata: { namespace: string; name: string } = place,
): Promise<CommandResult> {
  const file = join(scratch.path, "sealed.json");
  const object = {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { ...metadata, annotations: scopeAnnotations(kind) },
    spec: { encryptedData: Object.fromEntries(encryptedData), template: { metadata } },
  };
  await writeFile(file, JSON.stringify(object));
  return runKubeseal(["--recovery-unseal", "--recovery-private-key", privateFile, "-f", file]);
}

function dataOf({ stdout }: CommandResult): Record<string, string> {
  const { data } = JSON.parse(stdout) as { data: Record<string, string | null> };
  // It writes an empty item as null.
  return Object.fromEntries(
    Object.entries(data)
      .sort()
      .map(([item, value]) => [item, value ?? ""]),
  );
}

for (const size of ["2048", "3072", "4096"]) {
  const key = readTestKey(size);

  suite(`RSA ${size}`, () => {
    for (const kind of kinds) {
      const scope: Scope = scopeAt(kind, place);
      const makers: [string, () => Promise<Sealer>][] = [
        ["WebCrypto", async () => classicSealer(await sealingKeyOf(readCertificate(key.certificatePem)))],
        ["Node", async () => certificateSealer(readCertificate(key.certificatePem))],
      ];
      for (const [maker, make] of makers) {
        test(`the reference opens what we sealed: ${kind}, with ${maker}`, async () => {
          const sealed = await (await make()).sealAll(items, { clusterId: null, scope });
          const result = await openWithKubeseal(sealed, kind, key);
          assert.equal(result.code, 0, result.stderr);
          assert.deepEqual(dataOf(result), spelled(items));
        });
      }

      test(`we open what the reference sealed: ${kind}`, async () => {
        const secret = { apiVersion: "v1", kind: "Secret", metadata: place, data: spelled(items) };
        const { code, stdout, stderr } = await runKubeseal(["--cert", key.certificateFile, "--scope", kind], {
          stdin: JSON.stringify(secret),
        });
        assert.equal(code, 0, stderr);
        const { spec } = parseSealedSecret(JSON.parse(stdout), "kubeseal's output");
        const unsealer = classicUnsealer([await readOpeningKey(key.privatePem)], { diagnose: true });
        const outcomes = await unsealer.unsealAll(
          new Map(Object.entries(spec.encryptedData)),
          { clusterId: null, scope },
          signal,
        );
        const opened = new Map<string, Uint8Array>();
        for (const [item, outcome] of outcomes) {
          assert.ok(outcome.kind === "opened", `${item}: ${outcome.kind}`);
          opened.set(item, outcome.plaintext);
        }
        assert.deepEqual(spelled(opened), spelled(items));
      });
    }
  });
}

suite("what we sealed stays in its place for the reference, too", () => {
  const key = readTestKey("2048");
  const sealed = (kind: ScopeKind): Promise<Map<string, string>> =>
    certificateSealer(readCertificate(key.certificatePem)).sealAll(items, {
      clusterId: null,
      scope: scopeAt(kind, place),
    });
  const cases: [ScopeKind, ScopeKind, typeof place, boolean][] = [
    ["strict", "strict", { ...place, name: "db2" }, false],
    ["strict", "strict", { ...place, namespace: "team-b" }, false],
    ["strict", "cluster-wide", place, false],
    ["namespace-wide", "namespace-wide", { ...place, name: "db2" }, true],
    ["namespace-wide", "namespace-wide", { ...place, namespace: "team-b" }, false],
    ["cluster-wide", "cluster-wide", { namespace: "team-b", name: "db2" }, true],
  ];
  for (const [from, to, at, opens] of cases) {
    test(`${from} in ${at.namespace}/${at.name}, opened as ${to}: ${opens ? "opens" : "is refused"}`, async () => {
      const { code, stderr, stdout } = await openWithKubeseal(await sealed(from), to, key, at);
      if (opens) return assert.equal(code, 0, stderr);
      assert.notEqual(code, 0);
      assert.match(stderr, /no key could decrypt secret/);
      assert.equal(stdout, "");
    });
  }
});
