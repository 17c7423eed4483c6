import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type FakeVault, startFakeVault } from "../../support/fake-vault.ts";
import { awsEnvironment } from "../../support/kms-request.ts";
import { keyArn } from "../../support/memory-kms.ts";
import { runProgram } from "../../support/run-program.ts";

/** Node reads its authorities when it starts, so each question is a process of its own. */
const ASK = `
  import { connectKms } from ${JSON.stringify(new URL("../../../shared/aws/kms-client.ts", import.meta.url).href)};
  const kms = connectKms({ version: "1" });
  const wrapped = { key: ${JSON.stringify(keyArn("app"))}, blob: new Uint8Array(9) };
  await kms.decrypt(wrapped, { a: "b" }, new AbortController().signal).catch(({ message, hint }) => console.log(message, "|", hint));
  kms.close();
`;

suite("authorities that sign the certificate of AWS KMS, or of a proxy before it", () => {
  let server: FakeVault;
  let folder: string;
  before(async () => {
    const body = { __type: "NotFoundException" };
    server = await startFakeVault({ tls: true });
    server.inject({ kind: "answer", status: 400, body });
    folder = await mkdtemp(join(tmpdir(), "signet-trust-"));
    await writeFile(join(folder, "ca.pem"), server.ca ?? "");
  });
  after(async () => {
    await server?.close();
    await rm(folder, { recursive: true });
  });

  const asked = async (...variables: string[]) => {
    const more = Object.fromEntries(variables.map((name) => [name, join(folder, "ca.pem")]));
    const env = { ...awsEnvironment(server.address), ...more };
    const { stdout } = await runProgram(process.execPath, ["--input-type=module", "-e", ASK], { env });
    return stdout;
  };

  test("are those of NODE_EXTRA_CA_CERTS, too", async () => {
    assert.match(await asked("NODE_EXTRA_CA_CERTS"), /there is no such key in eu-central-1 \|/);
  });

  test("are not those of AWS_CA_BUNDLE, and the hint says so", async () => {
    for (const variables of [[], ["AWS_CA_BUNDLE"]])
      assert.match(
        await asked(...variables),
        /certificate is not trusted \(\w+\) \| .*NODE_EXTRA_CA_CERTS names \(AWS_CA_BUNDLE is not read\)\n$/,
      );
  });
});
