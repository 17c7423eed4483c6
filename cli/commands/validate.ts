import { InputError } from "../../shared/errors.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import type { Command } from "../command.ts";
import { namedKeys } from "../key-services/sealing-backend.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { LazyController } from "../lazy-controller.ts";
import { noticesOf } from "../notices.ts";
import { kubesealOptions } from "../options.ts";
import { whyNotOpened } from "../remote-opening.ts";
import { requireSecretFile } from "../sealing.ts";
import { userSopsOpener } from "../sops-sealed-secret/user-opening.ts";
import { workOnInput } from "../stream-work.ts";
import { forController } from "../values-by-backend.ts";

/**
 * `--validate`: asks the controller whether it can open the classic values of each SealedSecret, and opens those of key
 * services under the user's own rights. Silent when all open.
 */
export const validate: Command<typeof kubesealOptions> = {
  name: "validate",
  summary: "ask the controller whether it can open a SealedSecret",
  options: kubesealOptions,
  async run({ options, positionals, io }) {
    const notices = noticesOf(io, options);
    if (options["sealed-secret-file"] !== null) {
      notices.warn("--validate writes nothing: --sealed-secret-file is left alone");
    }
    requireSecretFile(options, io);
    const controller = new LazyController(options, io, notices);
    const keyServices = new UserKeyServices(options, io, notices, namedKeys(options, io));
    const opener = userSopsOpener(keyServices, options, io);
    try {
      await workOnInput(
        {
          done: "valid",
          kind: "SealedSecret",
          inPlace: { refusal: "--validate changes no file", hint: "leave --in-place out" },
          hasProduct: false,
          async perform({ value, where }) {
            const sealedSecret = parseSealedSecret(value, where);
            const { name, namespace } = sealedSecret.metadata;
            const question = forController(sealedSecret);
            if (question !== null && (await (await controller.open()).verify(question)) === "refused") {
              throw new InputError(
                `unable to decrypt sealed secret: ${name}`,
                "signet explain FILE tells which item does not open and why",
              );
            }
            const problem = isSopsSealedSecret(sealedSecret)
              ? await (await import("../sops-sealed-secret/why-not-opened.ts")).whySopsNotOpened(
                  sealedSecret,
                  where,
                  opener,
                )
              : await whyNotOpened(sealedSecret, where, keyServices);
            if (problem !== null) throw problem;
            return {
              product: null,
              edits: null,
              note: namespace === undefined ? name : `${namespace}/${name}`,
            };
          },
        },
        positionals,
        { ...options, "sealed-secret-file": null },
        io,
      );
    } finally {
      await controller.close();
      await keyServices.close();
    }
  },
};
