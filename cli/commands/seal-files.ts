import { describeScope } from "../../shared/scope.ts";
import { certificateSealer } from "../../shared/seal/classic-sealer.node.ts";
import { sealSecret } from "../../shared/seal-secret.ts";
import { parseSecret } from "../../shared/secret.ts";
import { findCertificate } from "../certificate-source.ts";
import { clientNamespace } from "../cluster.ts";
import type { Command } from "../command.ts";
import { noticesOf } from "../notices.ts";
import { kubesealOptions } from "../options.ts";
import { namespaceFor, scopeOption } from "../sealing.ts";
import { sealingCertificate } from "../sealing-certificate.ts";
import { workOnInput } from "../stream-work.ts";

/** The main mode over files and folders: seals every Secret in them. */
export const sealFiles: Command<typeof kubesealOptions> = {
  name: "seal",
  summary: "seal Secrets",
  options: kubesealOptions,
  async run({ options, positionals, io }) {
    const scope = scopeOption(options);
    const notices = noticesOf(io, options);
    const certificate = sealingCertificate(await findCertificate(options, io), options, io, notices);
    const sealer = certificateSealer(certificate);
    let asked: ReturnType<typeof clientNamespace> | null = null;
    const lookedUp = () => {
      asked ??= clientNamespace(options, io);
      return asked;
    };
    await workOnInput(
      {
        done: "sealed",
        kind: "Secret",
        inPlace: true,
        hasProduct: true,
        async perform({ value, where }) {
          const secret = parseSecret(value, where);
          const sealing = await sealSecret(secret, where, {
            sealer,
            clusterId: options["cluster-id"],
            scope,
            name: options.name,
            namespace: await namespaceFor([{ secret, where }], scope, options, lookedUp),
            allowEmptyData: options["allow-empty-data"],
          });
          const { name } = sealing.sealedSecret.metadata;
          const items = secret.items.size === 1 ? "1 item" : `${secret.items.size} items`;
          const note = `${name}, ${describeScope(sealing.scope)}, ${items}`;
          return { product: sealing.sealedSecret, edits: null, note };
        },
      },
      positionals,
      options,
      io,
    );
    notices.note(`certificate ${certificate.fingerprint}`);
  },
};
