import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { RemoteBackend } from "../../../shared/seal/codec.ts";
import {
  ALLOW_ALL,
  BACKENDS,
  KEYS,
  KeyServiceWorld,
  sealFlags,
  secretYaml,
} from "../../support/key-service-world.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const FILES = { "cert.pem": testCertificate().certificatePem };
const SEALING = {
  kms: sealFlags("kms"),
  vault: sealFlags("vault"),
  classic: ["--cert", "cert.pem"],
} as const;

function nextKey(backend: RemoteBackend): string[] {
  return sealFlags(backend, KEYS[backend][1]);
}

async function sealedBy(world: KeyServiceWorld, how: keyof typeof SEALING): Promise<string> {
  const run = await world.run([...SEALING[how], "-o", "yaml"], {
    stdin: secretYaml({ password: "hunter2" }),
    files: FILES,
  });
  assert.equal(run.code, 0);
  return run.stdout;
}

suite("--re-encrypt refuses a file of which no value fits the key that is named", () => {
  for (const backend of BACKENDS) {
    const other = backend === "kms" ? "vault" : "kms";
    for (const how of [other, "classic"] as const) {
      for (const flags of [nextKey(backend), ["--backend", backend]]) {
        test(`${how} values, ${flags[0]} ${backend}`, async () => {
          const world = new KeyServiceWorld();
          const sealed = await sealedBy(world, how);
          const calls = world.calls;
          const flag = flags[0] === "--backend" ? `--backend ${backend}` : flags[0];
          const run = await world.run(["--re-encrypt", ...flags, ...ALLOW_ALL, "-f", "s.yaml"], {
            files: { "s.yaml": sealed },
          });
          assert.equal(run.code, 1);
          assert.ok(run.stderr.includes(`${flag} fits no value of s.yaml: none is under`), run.stderr);
          assert.ok(
            run.stderr.includes(`open the file with signet unseal and seal the Secret again with ${flag}`),
          );
          assert.equal(run.files.get("s.yaml"), sealed);
          assert.equal(world.calls, calls, "nobody is asked");
          const streamed = await world.run(["--re-encrypt", ...flags, ...ALLOW_ALL], { stdin: sealed });
          assert.deepEqual([streamed.code, streamed.stdout], [1, ""]);
        });
      }
    }
  }

  test("file by file: those that fit are moved, the others left and told", async () => {
    const world = new KeyServiceWorld();
    const [kms, vault] = [await sealedBy(world, "kms"), await sealedBy(world, "vault")];
    const files = { "in/kms.yaml": kms, "in/vault.yaml": vault, "in/both.yaml": `${vault}---\n${kms}` };
    const args = ["--re-encrypt", "--in-place", ...nextKey("kms"), ...ALLOW_ALL, "in"];
    const run = await world.run(args, { files });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^failed in\/vault\.yaml: --kms-key fits no value/m);
    assert.equal(run.files.get("in/vault.yaml"), vault);
    for (const moved of ["in/kms.yaml", "in/both.yaml"])
      assert.ok(run.files.get(moved)?.includes(`kms:1:${KEYS.kms[1]}`), moved);
  });

  test("--backend cluster takes back a variable, and asks for no other service", async () => {
    const world = new KeyServiceWorld();
    const stdin = await sealedBy(world, "vault");
    const args = ["--re-encrypt", "--backend", "cluster", "-o", "yaml", ...ALLOW_ALL];
    const run = await world.run(args, { stdin, env: { SEALED_SECRETS_KMS_KEY: KEYS.kms[1] } });
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /vault:1:transit\/first/);
  });
});
