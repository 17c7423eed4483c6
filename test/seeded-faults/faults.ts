/*
 * Every fault that the tests are known to notice. To add one: put a row into the list of its subject, or make a new
 * list beside the others and name it here. A row names the file, a text that stands in it exactly once, what shall
 * stand there instead, and the one test file that must fail for it. That file must be a unit test: no process, no cluster,
 * a few seconds at most. Choose a fault somebody could really make, and one that changes what the code does; then
 * run `node test/seeded-faults/run.ts WORD`, which tries the rows whose description or file holds the word.
 * When a source changes and its row no longer fits, the run fails and says so: mend the row, do not drop it.
 */
import { auditFaults } from "./audit-faults.ts";
import { awsFaults } from "./aws-faults.ts";
import { cliFaults } from "./cli-faults.ts";
import { cliKeyServiceFaults } from "./cli-key-service-faults.ts";
import { codecFaults } from "./codec-faults.ts";
import { controllerFaults } from "./controller-faults.ts";
import { controllerKeyServiceFaults } from "./controller-key-service-faults.ts";
import { controllerSopsFaults } from "./controller-sops-faults.ts";
import { convertFaults } from "./convert-faults.ts";
import { decidingFaults } from "./deciding-faults.ts";
import { doctorFaults } from "./doctor-faults.ts";
import { documentFaults } from "./document-faults.ts";
import { driftFaults } from "./drift-faults.ts";
import { electionFaults } from "./election-faults.ts";
import type { Fault } from "./fault.ts";
import { gitFaults } from "./git-faults.ts";
import { guardFaults } from "./guard-faults.ts";
import { handOverFaults } from "./hand-over-faults.ts";
import { itemFaults } from "./item-faults.ts";
import { keyBackupFaults } from "./key-backup-faults.ts";
import { keyFaults } from "./key-faults.ts";
import { keyLifeFaults } from "./key-life-faults.ts";
import { keyMovingFaults } from "./key-moving-faults.ts";
import { keyServiceFaults } from "./key-service-faults.ts";
import { keySparingFaults } from "./key-sparing-faults.ts";
import { keyUseFaults } from "./key-use-faults.ts";
import { keyWritingFaults } from "./key-writing-faults.ts";
import { kustomizeFaults } from "./kustomize-faults.ts";
import { lintFaults } from "./lint-faults.ts";
import { openingFaults } from "./opening-faults.ts";
import { pinFaults } from "./pin-faults.ts";
import { policyFaults } from "./policy-faults.ts";
import { projectFaults } from "./project-faults.ts";
import { reachingFaults } from "./reaching-faults.ts";
import { recordFaults } from "./record-faults.ts";
import { renderAloneFaults } from "./render-alone-faults.ts";
import { renderFaults } from "./render-faults.ts";
import { renderingFaults } from "./rendering-faults.ts";
import { resourceFaults } from "./resource-faults.ts";
import { rotateFaults } from "./rotate-faults.ts";
import { runtimeFaults } from "./runtime-faults.ts";
import { scopeFaults } from "./scope-faults.ts";
import { servingFaults } from "./serving-faults.ts";
import { sopsFaults } from "./sops-faults.ts";
import { sopsKeyFaults } from "./sops-key-faults.ts";
import { sopsSealedSecretFaults } from "./sops-sealed-secret-faults.ts";
import { sopsTextFaults } from "./sops-text-faults.ts";
import { tellingFaults } from "./telling-faults.ts";
import { templateFaults } from "./template-faults.ts";
import { templateFunctionFaults } from "./template-function-faults.ts";
import { unsealingFaults } from "./unsealing-faults.ts";
import { userRecordFaults } from "./user-record-faults.ts";
import { vaultFaults } from "./vault-faults.ts";
import { vaultKvFaults } from "./vault-kv-faults.ts";
import { wipingFaults } from "./wiping-faults.ts";
import { wrappedKeyFaults } from "./wrapped-key-faults.ts";

/** All of them. */
export const faults: readonly Fault[] = [
  ...codecFaults,
  ...scopeFaults,
  ...resourceFaults,
  ...tellingFaults,
  ...kustomizeFaults,
  ...openingFaults,
  ...itemFaults,
  ...keyFaults,
  ...keyServiceFaults,
  ...keySparingFaults,
  ...keyUseFaults,
  ...keyWritingFaults,
  ...servingFaults,
  ...decidingFaults,
  ...policyFaults,
  ...driftFaults,
  ...recordFaults,
  ...controllerFaults,
  ...controllerKeyServiceFaults,
  ...controllerSopsFaults,
  ...rotateFaults,
  ...runtimeFaults,
  ...electionFaults,
  ...renderingFaults,
  ...renderAloneFaults,
  ...renderFaults,
  ...documentFaults,
  ...sopsFaults,
  ...sopsKeyFaults,
  ...sopsTextFaults,
  ...sopsSealedSecretFaults,
  ...reachingFaults,
  ...templateFaults,
  ...templateFunctionFaults,
  ...cliFaults,
  ...unsealingFaults,
  ...guardFaults,
  ...auditFaults,
  ...lintFaults,
  ...doctorFaults,
  ...cliKeyServiceFaults,
  ...awsFaults,
  ...vaultFaults,
  ...vaultKvFaults,
  ...wipingFaults,
  ...wrappedKeyFaults,
  ...keyLifeFaults,
  ...keyMovingFaults,
  ...keyBackupFaults,
  ...gitFaults,
  ...convertFaults,
  ...handOverFaults,
  ...pinFaults,
  ...projectFaults,
  ...userRecordFaults,
];
