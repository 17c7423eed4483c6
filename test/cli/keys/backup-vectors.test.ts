import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { keysWorld } from "./keys-world.ts";

const vectors = join(import.meta.dirname, "../../vectors");
const read = (path: string) => readFileSync(join(vectors, path), "utf8");

for (const file of ["by-sops.yaml", "by-signet.yaml"]) {
  test(`backup/${file} is restored to the key that went into it`, async (context) => {
    const world = await keysWorld(context, []);
    const env = { SOPS_AGE_KEY: read("backup/test-only-identity.txt") };
    const { code, stderr } = await world.keysWith({ env, stdin: read(`backup/${file}`) }, "restore");
    assert.equal(code, 0, stderr);
    const name = "sealed-secrets-key4xk2p";
    assert.equal(world.item(name, "tls.key"), read("classic/keys/test-only-rsa-2048.key.pem"));
    assert.equal(world.item(name, "tls.crt"), read("classic/keys/test-only-rsa-2048.cert.pem"));
    assert.ok(
      stderr.includes(read("classic/keys/test-only-rsa-2048.fingerprint").match(/SHA256:\S+/)?.[0] ?? "?"),
    );
  });
}
