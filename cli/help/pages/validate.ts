import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER, VARIABLES } from "./key-services.ts";
import { REACHING } from "./reaching.ts";

/** `--validate` */
export const page: HelpPage = {
  usage: ["--validate [flags] < sealed-secret.yaml", "--validate [flags] FILE|FOLDER|PATTERN..."],
  description: [
    "Asks the controller whether it can open every value of a SealedSecret. Prints nothing when it can; each file given as an argument has a line on standard error. Input without a SealedSecret is an error. No value leaves the controller, and nothing is written.",
    "Values of AWS KMS and Vault are not sent to it: they are opened here with your own rights, if you allowed their keys, and thrown away. Where there are no others, no controller is asked. So are SOPS documents: their MAC and the place that they were made for are seen to.",
    "The controller says yes or no only. signet explain tells which value does not open, and why.",
  ],
  flags: ["secret-file", ...REACHING, "namespace", "cluster-id", ...OPENING_UNDER, "verbose"],
  examples: [
    { what: "One file", command: "signet --validate < sealed.yaml" },
    { what: "Every SealedSecret of a repository", command: "signet --validate sealed/" },
    { what: "In another cluster", command: "signet --validate --context staging -f sealed.yaml" },
  ],
  environment: VARIABLES,
  exitCodes: [
    ["0", "every value opens"],
    ["1", "some value does not, or nobody could be asked"],
    ["2", "the command line is wrong"],
  ],
};
