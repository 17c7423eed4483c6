import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeScratchFolder } from "../support/control-plane/scratch-folder.ts";
import { createTransitKey, enableTransit } from "../support/vault-engines.ts";
import { startVault } from "../support/vault-server.ts";
import { wrappedKeysSuite } from "./wrapped-keys/wrapped-keys-suite.ts";

wrappedKeysSuite("sealing keys wrapped by Vault", async () => {
  const [vault, folder] = await Promise.all([startVault(), makeScratchFolder("vault-token")]);
  await enableTransit(vault);
  await createTransitKey(vault, { name: "derived", derived: true });
  await createTransitKey(vault, { name: "plain" });
  const tokenFile = join(folder.path, "token");
  await writeFile(tokenFile, vault.rootToken, { mode: 0o600 });
  let isSealed = false;
  return {
    keys: ["vault:transit/derived", "vault:transit/plain"],
    controller: {
      flags: [
        `--vault-addr=${vault.address}`,
        "--vault-auth-method=token-file",
        `--vault-token-file=${tokenFile}`,
      ],
      env: {},
    },
    cli: {
      flags: ["--vault-allowed-keys=transit/*"],
      env: { VAULT_ADDR: vault.address, VAULT_TOKEN: vault.rootToken },
    },
    async down() {
      await vault.seal();
      isSealed = true;
    },
    async up() {
      if (isSealed) await vault.unseal();
      isSealed = false;
    },
    async stop() {
      await vault.stop();
      await folder.remove();
    },
  };
});
