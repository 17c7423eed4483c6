import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { startFakeVault } from "../../support/fake-vault.ts";
import { runProgram } from "../../support/run-program.ts";

const token = "hvs.canary-of-token";
const plaintext = "canary-of-plaintext";
const client = join(import.meta.dirname, "../../../shared/vault/vault-client.ts");
const program = `
  const { connectVault } = await import(${JSON.stringify(client)});
  const vault = connectVault({ address: process.env.VAULT_AT });
  const body = { batch_input: [{ plaintext: ${JSON.stringify(plaintext)} }] };
  await vault.request({ method: "POST", path: ["transit", "encrypt", "app"], body, token: ${JSON.stringify(token)} });
  await vault.close();
`;

it("no variable of the environment has tokens or bodies written down", async () => {
  const vault = await startFakeVault({ answers: () => ({ status: 200, body: { data: { plaintext } } }) });
  const { code, stdout, stderr } = await runProgram(
    process.execPath,
    ["--input-type=module", "--eval", program],
    { env: { PATH: process.env["PATH"], VAULT_AT: vault.address, DEBUG: "*", NODE_DEBUG: "*" } },
  );
  await vault.close();
  assert.equal(code, 0, stderr);
  assert.equal(vault.count("POST transit/encrypt/app"), 1);
  assert.match(stderr, /NET \d+|UNDICI \d+/, "Node's own debugging is on");
  assert.doesNotMatch(stdout + stderr, /canary/);
});
