import assert from "node:assert/strict";
import { test } from "node:test";
import { type Connected, lazyConnections } from "../../controller/key-services.ts";
import type { VaultClient } from "../../shared/vault/vault-client.ts";
import { MemoryKms } from "../support/memory-kms.ts";
import { MemoryTransit } from "../support/memory-transit.ts";

const client = { address: "https://vault.example" } as VaultClient;

/** Ways that note, in order, what is connected and closed. */
function scene() {
  const seen: string[] = [];
  const kms = new MemoryKms("app");
  const transit = new MemoryTransit();
  const connected = <Api>(name: string, api: Api): Connected<Api> => {
    seen.push(name);
    return { api, close: () => void seen.push(`${name} closed`) };
  };
  const connectors = {
    kms: async () => connected("kms", kms),
    vault: async () => connected("vault", client),
    transit: async (given: VaultClient) => {
      assert.equal(given, client);
      return connected("transit", transit);
    },
  };
  return { seen, kms, transit, connectors };
}

test("nothing is connected before it is asked for, and then once however many ask", async () => {
  const { seen, kms, transit, connectors } = scene();
  const connections = lazyConnections(connectors);
  assert.deepEqual(seen, []);
  assert.deepEqual(await Promise.all([connections.kms(), connections.kms()]), [kms, kms]);
  assert.deepEqual(seen, ["kms"]);
  assert.equal(await connections.transit(), transit);
  assert.equal(await connections.vault(), client);
  assert.deepEqual(seen, ["kms", "vault", "transit"]);
});

test("the session ends before the connection that it gives its token back over; what was not connected needs no end", async () => {
  const { seen, connectors } = scene();
  const connections = lazyConnections(connectors);
  await connections.transit();
  await connections.close();
  assert.deepEqual(seen, ["vault", "transit", "transit closed", "vault closed"]);
  await assert.rejects(connections.kms(), /after their end/);
});

test("a connection that failed is tried anew by whoever asks next", async () => {
  const { kms, connectors } = scene();
  let tries = 0;
  const connections = lazyConnections({
    ...connectors,
    kms: async () => {
      tries += 1;
      if (tries === 1) throw new Error("not yet");
      return { api: kms, close: () => undefined };
    },
  });
  await assert.rejects(connections.kms(), /not yet/);
  assert.equal(await connections.kms(), kms);
  assert.equal(tries, 2);
  await connections.close();
});
