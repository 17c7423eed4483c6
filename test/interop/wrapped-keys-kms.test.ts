import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { awsEnvironment } from "../support/kms-request.ts";
import { startMotoKms } from "../support/moto-kms.ts";
import { wrappedKeysSuite } from "./wrapped-keys/wrapped-keys-suite.ts";

/** What stands before moto, whose keys are gone when it stops: it lets requests through, or ends them. */
async function startSwitch(target: string) {
  let isDown = false;
  const server = createServer((incoming, outgoing) => {
    if (isDown) return void incoming.socket.destroy();
    const { method, headers } = incoming;
    const onward = request(target, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    set(down: boolean) {
      isDown = down;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

wrappedKeysSuite("sealing keys wrapped by AWS KMS", async () => {
  const moto = await startMotoKms();
  const before = await startSwitch(moto.url);
  const env = awsEnvironment(before.url);
  return {
    keys: [`kms:${await moto.createKey()}`, `kms:${await moto.createKey()}`],
    controller: { flags: [], env },
    cli: { flags: ["--kms-allowed-keys=arn:aws:kms:*:*:key/*"], env },
    down: async () => before.set(true),
    up: async () => before.set(false),
    async stop() {
      await before.close();
      await moto.stop();
    },
  };
});
