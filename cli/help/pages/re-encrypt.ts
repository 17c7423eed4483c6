import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER, SEALING_UNDER, VARIABLES } from "./key-services.ts";
import { REACHING } from "./reaching.ts";

/** `--re-encrypt` */
export const page: HelpPage = {
  usage: [
    "--re-encrypt [flags] < sealed-secret.yaml > renewed.json",
    "--re-encrypt [flags] -f FILE [-w FILE]",
    "--re-encrypt [flags] (--in-place | --output-dir FOLDER) FILE|FOLDER|PATTERN...",
  ],
  description: [
    "Has the controller seal every value again under its newest key, without showing it. Only the values change, and the annotation that says which key they need; name, scope, template, comments and layout stay as they are. An answer that lacks a value, or holds an old one, is refused, and then nothing is written.",
    "Values of AWS KMS and Vault are not sent to the controller: with your own rights their service seals them anew, under the newest version of their key, or under the key of --kms-key or --vault-key, which must be of the same service: a file that has no value of it is refused. Their old keys must be allowed. Where there are no others, no controller is asked.",
    "A SOPS document is opened with your own keys and written anew under another data key for the same recipients, its keys in the order that a cluster keeps: what the stock sops left in another order opens again then. Where a rule of .sops.yaml fits the file, a recipient whom it does not name is refused.",
    "With -f and no -w the file itself takes the result. --rotate is an older name of this flag.",
    "A value whose private key became known to others is not saved by this: it stays in Git's history. Change the value itself.",
  ],
  flags: [
    "secret-file",
    "sealed-secret-file",
    "in-place",
    "output-dir",
    "format",
    ...REACHING,
    "namespace",
    ...SEALING_UNDER.slice(1),
    ...OPENING_UNDER,
    "verbose",
  ],
  examples: [
    { what: "One file, in its place", command: "signet --re-encrypt -f sealed.yaml" },
    { what: "Every SealedSecret of a repository", command: "signet --re-encrypt --in-place sealed/" },
    { what: "From stream to stream", command: "signet --re-encrypt -o yaml < sealed.yaml > renewed.yaml" },
    {
      what: "Move values of AWS KMS to another key",
      command: "signet --re-encrypt --kms-key alias/signet-next --in-place kms/",
    },
  ],
  environment: VARIABLES,
};
