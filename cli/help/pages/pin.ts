import type { HelpPage } from "../../command.ts";

/** `pin` */
export const page: HelpPage = {
  usage: [
    "pin [list] [CLUSTER...]",
    "pin accept [CLUSTER...]",
    "pin update [--cert FILE] [--accept-certificate FINGERPRINT] [flags] CLUSTER",
  ],
  description: [
    "A project file, .signet.yaml, names clusters and pins the certificate of each. Without --cert and without a flag that names a controller, sealing takes the certificate that is pinned, and asks no cluster. Whoever changes a pin has what is sealed from then on: so the pins of a file are recorded with its first use, and others refused later, unless the key of the one that you accepted vouches for the new one. accept takes those that the file names now.",
    "The rules of the file are recorded as well. Where others than the recorded ones have a file sealed for another cluster or key, a warning says so each time, until accept without a CLUSTER takes them; the list says that they changed.",
    "update pins the certificate that the controller has now, or the one of --cert. The key of the pinned one has to vouch for it, by the chain of certificates that the controller publishes; each step is told. Otherwise give its fingerprint with --accept-certificate; so too where somebody changed the pin, and you take that back not from Git but by pinning the right certificate. The certificate's file and the fingerprint in .signet.yaml are changed, and nothing else.",
  ],
  examples: [
    { what: "List the clusters of the project, and what is pinned", command: "signet pin" },
    { what: "Accept a pin that somebody changed", command: "signet pin accept prod" },
    { what: "Pin the certificate of a renewed key", command: "signet pin update prod" },
    { what: "The same without a cluster", command: "signet pin update --cert new.pem prod" },
  ],
  files: [
    [
      ".signet.yaml",
      "the project file: of the working folder or one above it, up to the root of the repository",
    ],
    ["$XDG_CONFIG_HOME/signet/pins.json", "the pins that you accepted (else ~/.config)"],
    ["$XDG_CONFIG_HOME/signet/rules.json", "the rules that you accepted, or first used"],
  ],
};
