import { runKrm } from "./kustomize/krm.ts";
import { runToExit } from "./system-io.ts";

runToExit(runKrm);
