import type { HelpPage } from "../../command.ts";
import { REACHING, RECORD } from "./reaching.ts";

/** `--fetch-cert` */
export const page: HelpPage = {
  usage: ["--fetch-cert [flags] > cert.pem"],
  description: [
    "Prints the certificate that the controller seals with now, in PEM, byte for byte. It is public and may be committed, so that others can seal with --cert and without a cluster. It changes with each new key, by default every 30 days; values sealed with an older one still open.",
    "What answers in the controller's place, a login page for one, is refused. A certificate that differs from the one last seen there is said.",
  ],
  flags: ["sealed-secret-file", "cert", "accept-certificate", ...REACHING, "namespace", "verbose"],
  examples: [
    { what: "Keep the certificate beside the manifests", command: "signet --fetch-cert > cert.pem" },
    {
      what: "Of a controller with another name",
      command:
        "signet --fetch-cert --controller-name sealed-secrets --controller-namespace infra -w cert.pem",
    },
  ],
  files: [RECORD],
};
