import type { HelpPage } from "../../command.ts";
import { CALLING_WRAPPERS, KEYS_ANYWHERE, LOOKING, LOOKING_SUMMARIES } from "./keys-flags.ts";

/** `keys show` */
export const page: HelpPage = {
  usage: ["keys show [-o table|json] [--open] [--in PATH,...] [flags] NAME|FINGERPRINT"],
  description: [
    "Shows one sealing key: its state, its times, what wraps it, its backup, which values of which objects need it, its certificate, and in plain words what would happen without it. The private key is never shown.",
    "A key is named by its Secret, or by its fingerprint: the whole of it, or as many letters as fit one key only, 8 after SHA256: at least.",
    "What needs it is what SealedSecrets claim of themselves, which anybody may edit; --open opens all of them. It takes the right to list Secrets in the controller's namespace, and to list SealedSecrets of all namespaces; without the latter the rest is told.",
  ],
  flags: ["format", "open", ...LOOKING, ...CALLING_WRAPPERS, ...KEYS_ANYWHERE],
  summaries: {
    ...LOOKING_SUMMARIES,
    format: "a page for people, or JSON",
    open: "open values with the keys, rather than believe what they say",
  },
  values: { format: "table|json" },
  examples: [
    { what: "See a key and what claims to need it", command: "signet keys show sealed-secrets-key7xk2p" },
    {
      what: "See what needs a key, by opening all there is",
      command: "signet keys show --open sealed-secrets-key7xk2p",
    },
  ],
};
