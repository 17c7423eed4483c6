import { UsageError } from "../../shared/errors.ts";
import type { Command } from "../command.ts";
import { type ConvertOptions, convertOptions } from "../convert/convert-options.ts";
import { convertSealedSecret } from "../convert/convert-sealed-secret.ts";
import { isSopsSecret, openSopsSecret, sealSopsSecret } from "../convert/convert-sops-secret.ts";
import { secretOf, sopsSecretProduct } from "../convert/sops-secret-product.ts";
import { kindOf } from "../document-kind.ts";
import type { DocumentTask } from "../file-work.ts";
import { page } from "../help/pages/convert.ts";
import type { Io } from "../io.ts";
import { sealingBackend } from "../key-services/sealing-backend.ts";
import { modeOf } from "../modes.ts";
import { type Notices, noticesOf } from "../notices.ts";
import { namesBackend } from "../options.ts";
import { userRendering } from "../render/user-rendering.ts";
import { scopeOption } from "../sealing.ts";
import { type FoundSealingKey, findSealingKey, sealingKeyServices } from "../sealing-key-source.ts";
import { workOnInput } from "../stream-work.ts";

/**
 * `signet convert`: from one way of sealing to another, in memory: SealedSecrets of all backends, and Secrets that SOPS
 * encrypted.
 */
export const convert: Command<typeof convertOptions> = {
  name: "convert",
  summary: "move sealed files from one backend to another",
  options: convertOptions,
  page,
  async run({ options, positionals, io }) {
    requireTarget(options, io);
    const scope = scopeOption(options);
    const notices = noticesOf(io, options);
    const stdinIsInput = positionals.length === 0 && options["secret-file"] === null;
    const opened = await userRendering(options, stdinIsInput, io);
    const found = await targetOf(options, io, notices).catch(async (error: unknown) => {
      await opened.close();
      throw error;
    });
    const { opening, sops: keys, places, gates } = opened.rendering;
    const sops = { ...keys, places, gates };
    const writing = { options, io, notices, keyServices: found.keyServices };
    const task: DocumentTask = {
      done: "converted",
      kind: "SealedSecret",
      fits: (value) => kindOf(value) === "SealedSecret" || isSopsSecret(value),
      inPlace: true,
      hasProduct: true,
      async perform(document) {
        const { value, where, target = null, path = null } = document;
        const isSecret = isSopsSecret(value);
        if (found.key === null) {
          const secret = isSecret
            ? await openSopsSecret(document, sops)
            : await secretOf(value, where, { opening, places, gates });
          return sopsSecretProduct(secret, target ?? path, writing);
        }
        const key = await found.key.forTarget(target, path);
        if (isSecret) return sealSopsSecret(document, sops, key, scope);
        return convertSealedSecret(value, where, { opening, places, key, scope });
      },
    };
    try {
      await workOnInput(task, positionals, options, io);
    } finally {
      await found.keyServices.close();
      await opened.close();
    }
  },
};

/** What to seal with; `key` is null for Secrets of SOPS, which are bound to no place, so that no cluster is asked. */
async function targetOf(
  options: ConvertOptions,
  io: Io,
  notices: Notices,
): Promise<Pick<FoundSealingKey, "keyServices"> & { key: FoundSealingKey | null }> {
  if (options["as-secret"]) {
    return { keyServices: sealingKeyServices(options, io, notices, convertOptions), key: null };
  }
  // Whole trees are opened and sealed for whom the project file names.
  const key = await findSealingKey(options, io, notices, convertOptions, "accepted");
  return { keyServices: key.keyServices, key };
}

function requireTarget(options: ConvertOptions, io: Io): void {
  if (modeOf(options) !== "seal")
    throw new UsageError("convert goes with no other mode", "leave the flag of that mode out");
  if (options["as-secret"] && sealingBackend(options, io, convertOptions).backend !== "sops")
    throw new UsageError("--as-secret needs --backend sops", "give it, and recipients or a .sops.yaml");
  if (options.backend !== null || namesBackend(options) || options.cert !== null) return;
  throw new UsageError(
    "it is not said what to convert to",
    `write ${io.program} convert --backend cluster, kms, vault or sops`,
  );
}
