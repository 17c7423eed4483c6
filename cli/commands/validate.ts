import { InputError } from "../../shared/errors.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import type { Command } from "../command.ts";
import { openController } from "../controller-client.ts";
import { noticesOf } from "../notices.ts";
import { kubesealOptions } from "../options.ts";
import { requireSecretFile } from "../sealing.ts";
import { workOnInput } from "../stream-work.ts";

/** `--validate`: asks the controller whether it can open each SealedSecret. Silent when it can. */
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
    const controller = await openController(options, io, notices);
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
            if ((await controller.verify(sealedSecret)) === "refused") {
              throw new InputError(
                `unable to decrypt sealed secret: ${name}`,
                "signet explain FILE tells which item does not open and why",
              );
            }
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
    }
  },
};
