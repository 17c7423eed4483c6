import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER, SEALING_FOR, SEALING_UNDER, VARIABLES } from "./key-services.ts";
import { REACHING } from "./reaching.ts";

/** `generate` */
export const page: HelpPage = {
  usage: [
    "generate [--type password|uuid] [flags] FILE KEY...",
    "generate --type rsa|ed25519 [flags] FILE PRIVATE-KEY [PUBLIC-KEY]",
    "generate --type tls --san NAME,... [flags] FILE [CERTIFICATE KEY]",
    "generate --type htpasswd --login NAME [flags] FILE LINE PASSWORD",
  ],
  description: [
    "Makes values and seals them into the SealedSecret of FILE at once, so that nobody sees them: not on the screen, not in a file. All else is as with set; a file that is not there is made, with --name.",
    "Passwords have 32 letters and digits unless flags say otherwise, each equally likely. Keys are PKCS#8 in PEM; the public key, or the certificate that the key signs itself, goes to standard output or to the file of -w, the private key nowhere. htpasswd makes a line with a bcrypt hash for the server, and the password as an item of its own.",
    "An item that is there already is refused, so that nothing is lost. With --keep the run ends well and changes nothing, which makes it safe to repeat; with --replace the values are made anew. The file of -w is written when something is made, and left alone else; where --keep finds the items but not that file, the run fails, since what is sealed cannot give it.",
  ],
  flags: [
    "type",
    "keep",
    "replace",
    "length",
    "alphabet",
    "characters",
    "bits",
    "san",
    "days",
    "login",
    "output-file",
    "name",
    "namespace",
    "cert",
    "for-cluster",
    "scope",
    ...REACHING,
    ...SEALING_UNDER,
    ...SEALING_FOR,
    ...OPENING_UNDER,
    "verbose",
  ],
  examples: [
    {
      what: "A password, unless there is one",
      command: "signet generate --cert cert.pem --keep db-sealed.yaml password",
    },
    {
      what: "A key pair, unless there is one, with the public key in a file",
      command: "signet generate --cert cert.pem --keep --type ed25519 -w id.pub \\\n  db-sealed.yaml id",
    },
    {
      what: "A certificate for a service, in a new file",
      command:
        "signet generate --cert cert.pem --type tls --san db.shop.svc \\\n  --name db-tls -n shop tls-sealed.yaml",
    },
    {
      what: "A user for basic authentication",
      command:
        "signet generate --cert cert.pem --type htpasswd --login admin \\\n  db-sealed.yaml auth admin-password",
    },
  ],
  environment: VARIABLES,
};
