import { after, before, suite } from "node:test";
import {
  type CertificateServer,
  startCertificateServer,
} from "./kubeseal-differential/certificate-server.ts";
import { declareCases, declareShown } from "./kubeseal-differential/declare-cases.ts";

suite("kubeseal and signet, called alike, seal the same", { concurrency: 2 }, () => {
  let web: CertificateServer;
  before(async () => {
    web = await startCertificateServer();
  });
  after(() => web?.close());
  declareCases("none", ["seal", "certificates", "raw"], () => ({ "@HTTP@": web.url }));
});

suite("what is left out of every comparison", () => declareShown(["hint-line", "sealing-key"]));
