import type { HelpPage } from "../../command.ts";
import { REACHING } from "./reaching.ts";

/** `--validate` */
export const page: HelpPage = {
  usage: ["--validate [flags] < sealed-secret.yaml", "--validate [flags] FILE|FOLDER|PATTERN..."],
  description: [
    "Asks the controller whether it can open every value of a SealedSecret. Prints nothing when it can; each file given as an argument has a line on standard error. Input without a SealedSecret is an error. No value leaves the controller, and nothing is written.",
    "The controller says yes or no only. signet explain tells which value does not open, and why.",
  ],
  flags: ["secret-file", ...REACHING, "namespace", "verbose"],
  examples: [
    { what: "One file", command: "signet --validate < sealed.yaml" },
    { what: "Every SealedSecret of a repository", command: "signet --validate sealed/" },
    { what: "In another cluster", command: "signet --validate --context staging -f sealed.yaml" },
  ],
  exitCodes: [
    ["0", "every value opens"],
    ["1", "some value does not, or the controller could not be asked"],
    ["2", "the command line is wrong"],
  ],
};
