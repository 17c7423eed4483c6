import type { HelpPage } from "../../command.ts";
import { KEYS_ANYWHERE, KEYS_SUMMARIES } from "./keys-flags.ts";

/** `keys promote` */
export const page: HelpPage = {
  usage: ["keys promote [--dry-run] [flags] NAME|FINGERPRINT"],
  description: [
    "Has a key seal from now on, whatever its age, and shows which one sealed before. It writes signet.dev/primary onto the key's Secret, with a time later than those of all others, as long as nobody else changed it. A key that was promoted and seals already keeps its time. All other keys open as before; keys made by renewal are promoted as well from then on.",
    "Refused are a key that was taken out, one whose certificate has not begun or has ended, and one that is not wrapped where only wrapped ones seal. A key that came from a backup is promoted by its whole fingerprint only: its name is what stood in the file.",
    "It takes the rights to list and update Secrets in the controller's namespace, and to get the ConfigMap sealed-secrets-certificate and the Lease; without those it goes on, and does not know what seals.",
  ],
  flags: ["dry-run", ...KEYS_ANYWHERE],
  summaries: KEYS_SUMMARIES,
  examples: [{ what: "Have a key seal from now on", command: "signet keys promote sealed-secrets-key7xk2p" }],
};
