import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER, VARIABLES } from "./key-services.ts";
import { REACHING } from "./reaching.ts";

/** `rename` */
export const page: HelpPage = {
  usage: ["rename [flags] FILE OLD NEW"],
  description: [
    "Gives an item of the SealedSecret in FILE another name. A classic value is not bound to its item: nothing is opened, the value stays as it is, and every other byte of the file with it.",
    "Values under AWS KMS or Vault are bound to their item. Such a value is opened with your own rights and sealed again under the same key; a SOPS document must open with your own keys and keeps its data key.",
    "Templates that still name the item as it was are told of.",
  ],
  flags: ["name", "namespace", ...REACHING, "cluster-id", ...OPENING_UNDER, "verbose"],
  examples: [
    { what: "Rename an item", command: "signet rename db-sealed.yaml old-password previous-password" },
  ],
  environment: VARIABLES,
};
