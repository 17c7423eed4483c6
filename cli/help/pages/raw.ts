import type { HelpPage } from "../../command.ts";
import { REACHING_VAULT, SEALING_UNDER, VARIABLES } from "./key-services.ts";
import { REACHING } from "./reaching.ts";

/** `--raw` */
export const page: HelpPage = {
  usage: [
    "--raw --namespace NAMESPACE --name NAME [flags] < value",
    "--raw --scope namespace-wide --namespace NAMESPACE [flags] --from-file FILE",
    "--raw --scope cluster-wide [flags] FILE|PATTERN...",
  ],
  description: [
    "Seals bare values, each the whole of a file or of standard input, final line break included. One value is printed in base64, without a line break, to be pasted under spec.encryptedData of a SealedSecret. Several files come as lines of the form `FILE: VALUE`; with --output-dir each has a file of its own.",
    "A strict value, the default, needs both the namespace and the name of the SealedSecret it will stand in; it opens nowhere else. The namespace is that of the kubeconfig's context when --namespace is not given.",
    "Under a key of AWS KMS or Vault a value is for one item, too: that of --item, the KEY of --from-file KEY=FILE, or the name of the file given. SOPS documents have no bare values.",
  ],
  flags: [
    "name",
    "namespace",
    "scope",
    "from-file",
    "sealed-secret-file",
    "output-dir",
    "cert",
    "for-cluster",
    "item",
    ...REACHING,
    ...SEALING_UNDER,
    ...REACHING_VAULT,
    "verbose",
  ],
  examples: [
    {
      what: "Seal a password without a final line break",
      command: "printf %s hunter2 | signet --raw --cert cert.pem --namespace shop --name db",
    },
    {
      what: "Seal a file for any name in a namespace",
      command: "signet --raw --cert cert.pem --scope namespace-wide -n shop --from-file password.txt",
    },
    {
      what: "Seal several files as items of one SealedSecret",
      command: "signet --raw --cert cert.pem -n shop --name db password.txt user.txt",
    },
    {
      what: "Seal a password under a key of Vault",
      command:
        "printf %s hunter2 | signet --raw --vault-key transit/signet -n shop --name db --item password",
    },
  ],
  environment: VARIABLES,
};
