import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER, SEALING_FOR, SEALING_UNDER, VARIABLES } from "./key-services.ts";
import { REACHING } from "./reaching.ts";

/** `set` */
export const page: HelpPage = {
  usage: [
    "set [flags] FILE KEY < VALUE",
    "set [flags] --from-file VALUE-FILE FILE KEY",
    "set [flags] --name NAME -n NAMESPACE NEW-FILE KEY",
  ],
  description: [
    "Seals one value and puts it into the SealedSecret of FILE under KEY, in the place of what stands there, or as a new item. Every other byte of the file stays as it is, but for the annotation that says which keys the values need.",
    "The value is read from standard input, byte for byte, or from --from-file. At a terminal it is asked for twice and not shown. KEY=VALUE is taken with --value-on-command-line alone: the history of the shell keeps what is typed there, and other users of the machine see it while the program runs.",
    "Name, namespace and scope are those of the SealedSecret. A scope wider than strict must be vouched for, by --scope or by values in the file that the controller can open, or you can. A SOPS document must open with your own keys and keeps its data key and recipients.",
    "Where FILE holds several SealedSecrets, --name says which. A file that is not there is made, as YAML or, by its name, as JSON; then --name says how the SealedSecret is called.",
  ],
  flags: [
    "from-file",
    "value-on-command-line",
    "name",
    "namespace",
    "cert",
    "for-cluster",
    "scope",
    "allow-empty-data",
    ...REACHING,
    ...SEALING_UNDER,
    ...SEALING_FOR,
    ...OPENING_UNDER,
    "verbose",
  ],
  examples: [
    {
      what: "Set a value that a program prints",
      command: "head -c 24 /dev/urandom | base64 |\n  signet set --cert cert.pem db-sealed.yaml password",
    },
    {
      what: "Set a whole file as an item",
      command: "signet set --cert cert.pem --from-file password.txt db-sealed.yaml password",
    },
    {
      what: "Begin a new file",
      command: "signet set --cert cert.pem --name api -n shop \\\n  api-sealed.yaml token < password.txt",
    },
  ],
  environment: VARIABLES,
};
