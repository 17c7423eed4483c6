import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { servingCertificate } from "./serving-certificate.ts";
import type { TestCertificate } from "./test-certificates.ts";

/** An HTTP server of this process on 127.0.0.1. */
export type LoopbackListener = {
  /** http://127.0.0.1:PORT, or https. */
  url: string;
  /** PEM certificate of the authority to trust; null without TLS. */
  ca: string | null;
  /** Ends every connection there is; new ones are taken. */
  cutConnections(): void;
  close(): Promise<void>;
};

let kept: TestCertificate | undefined;

/** Listens on a port that the kernel chooses. The certificate is one for the whole process, since its key takes a moment. */
export async function listenOnLoopback(onRequest: RequestListener, tls: boolean): Promise<LoopbackListener> {
  if (tls) kept ??= servingCertificate();
  const certificate = tls ? kept : undefined;
  const server =
    certificate === undefined
      ? createHttp(onRequest)
      : createHttps({ cert: certificate.certificatePem, key: certificate.privateKeyPem }, onRequest);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    ca: certificate?.certificatePem ?? null,
    cutConnections: () => server.closeAllConnections(),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
