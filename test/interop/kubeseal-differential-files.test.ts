import { suite } from "node:test";
import { declareCases, declareShown } from "./kubeseal-differential/declare-cases.ts";

suite("kubeseal and signet, called alike, change and open the same without a cluster", {
  concurrency: 2,
}, () => {
  // The kubeconfig is named by some, which end before it is read.
  declareCases("none", ["merge-into", "validate", "re-encrypt", "recovery-unseal", "command line"], () => ({
    "@KUBECONFIG@": "missing",
  }));
});

suite("what is left out of every comparison", () =>
  declareShown(["hint-line", "sealing-key", "recovery-owner", "usage-errors"]));
