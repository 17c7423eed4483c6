import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import { counted } from "../counted.ts";
import type { DocumentTask } from "../file-work.ts";
import { type OfflineOpening, secretManifest, unsealOffline } from "./unseal-offline.ts";

/**
 * Opening each SealedSecret of files and streams: the plain Secret takes its place in the product, never in the file.
 * @param warn told of templates that do not do what they seem to.
 */
export function unsealTask(opening: OfflineOpening, warn: (text: string) => void): DocumentTask {
  return {
    done: "opened",
    kind: "SealedSecret",
    inPlace: {
      refusal: "a plain Secret in the place of a SealedSecret would lose the sealed file",
      hint: "give --output-dir FOLDER, or another file with -w",
    },
    hasProduct: true,
    access: "owner-only",
    async perform({ value, where }) {
      const sealedSecret = parseSealedSecret(value, where);
      const { secret, warnings } = await unsealOffline(sealedSecret, where, opening);
      for (const warning of warnings) warn(warning);
      const name = secret.namespace === "" ? secret.name : `${secret.namespace}/${secret.name}`;
      const items = counted(secret.items.size, "item");
      return { product: secretManifest(secret), edits: null, note: `${name}, ${items}` };
    },
  };
}
