import { after, before, suite } from "node:test";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { startReferenceController } from "../support/control-plane/reference-controller.ts";
import { startSignetController } from "../support/signet-controller.ts";
import { modes } from "./kubeseal-differential/coverage.ts";
import { declareCases, declareShown } from "./kubeseal-differential/declare-cases.ts";
import { keySecrets } from "./kubeseal-differential/scene.ts";

requireNetbox();

/** How often somebody may ask is no matter here. */
const unlimited = ["--rate-limit=1000", "--rate-limit-burst=1000"];

suite("kubeseal and signet, called alike, do the same with a cluster", () => {
  let cluster: ControlPlane;
  const surroundings = () => ({
    "@KUBECONFIG@": cluster.adminKubeconfig,
    "@SERVER@": cluster.url,
    "@TOKEN@": cluster.adminToken,
    "@CA@": cluster.caFile,
  });

  before(async () => {
    cluster = await startControlPlane();
    await cluster.apply(keySecrets);
  });
  after(() => cluster?.stop());

  suite("that has the reference's controller", () => {
    let stop: (() => Promise<void>) | undefined;
    before(async () => {
      ({ stop } = await startReferenceController({ controlPlane: cluster, flags: unlimited }));
    });
    after(() => stop?.());
    suite("each case", { concurrency: 2 }, () => declareCases("reference", modes, surroundings));
  });

  suite("that has Signet's controller", () => {
    let stop: (() => Promise<void>) | undefined;
    before(async () => {
      ({ stop } = await startSignetController({ controlPlane: cluster, from: "dist", flags: unlimited }));
    });
    after(() => stop?.());
    suite("each case", { concurrency: 2 }, () => declareCases("signet", modes, surroundings));
  });

  declareShown(["certificate-record"]);
});
