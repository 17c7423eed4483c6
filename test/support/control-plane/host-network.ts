import { createServer } from "node:net";
import { networkInterfaces } from "node:os";

/** First of the addresses that `netbox run` gives to the loopback interface (a block kept for documentation). */
export const firstBoxAddress = "192.0.2.10";

/** @returns whether this process runs inside `netbox run`, where 192.0.2.x addresses are there to listen on. */
export function isInsideNetbox(): boolean {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ address }) => address === firstBoxAddress);
}

/**
 * Refuses to go on outside a box, where the API server's Service proxy could not reach a test's endpoints.
 * @throws Error with the command to use.
 */
export function requireNetbox(): void {
  if (isInsideNetbox()) return;
  throw new Error(
    `${firstBoxAddress} is not an address of this machine: this test runs inside a netbox. ` +
      'Use: "$(node test/tools/build.ts netbox | cut -f2)" run -- node --test test/interop/FILE',
  );
}

/** @returns a port of `address` that was free a moment ago; another process may take it first. */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (bound === null || typeof bound === "string") throw new Error("a TCP server has no port");
  return bound.port;
}
