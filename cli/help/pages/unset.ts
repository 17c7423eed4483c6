import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER, VARIABLES } from "./key-services.ts";
import { REACHING } from "./reaching.ts";

/** `unset` */
export const page: HelpPage = {
  usage: ["unset [flags] FILE KEY..."],
  description: [
    "Takes items out of the SealedSecret of FILE. Every other byte of the file stays as it is, but for the annotation that says which keys the values need. Nothing is opened for it, save a SOPS document, whose values are authenticated all together.",
    "The last item goes with --allow-empty-data alone. Templates that still name an item which is gone are told of. A comment on an item's line goes with it; one above it stays, as it may be about the items below too, and is told of.",
  ],
  flags: ["name", "namespace", "allow-empty-data", ...REACHING, "cluster-id", ...OPENING_UNDER, "verbose"],
  examples: [{ what: "Take an item out", command: "signet unset db-sealed.yaml old-password" }],
  environment: VARIABLES,
};
