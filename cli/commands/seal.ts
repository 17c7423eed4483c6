import { writeDocuments } from "../../shared/document/write-documents.ts";
import { certificateSealer } from "../../shared/seal/classic-sealer.node.ts";
import { type Sealing, type SealRequest, sealSecret } from "../../shared/seal-secret.ts";
import { findCertificate } from "../certificate-source.ts";
import type { Command } from "../command.ts";
import { noticesOf } from "../notices.ts";
import { kubesealOptions } from "../options.ts";
import { outputFormat, writeProduct } from "../output-file.ts";
import {
  namespaceFor,
  readSecretFile,
  readSecrets,
  readStandardInput,
  scopeOption,
  showSealing,
} from "../sealing.ts";
import { sealingCertificate } from "../sealing-certificate.ts";

/** The main mode: seals every Secret of a stream, or none. */
export const seal: Command<typeof kubesealOptions> = {
  name: "seal",
  summary: "seal Secrets",
  options: kubesealOptions,
  async run({ options, io }) {
    const scope = scopeOption(options);
    const format = outputFormat(options);
    const notices = noticesOf(io, options);
    // A file that cannot be read is told before any cluster is asked; standard input is read once all else is well.
    const file = readSecretFile(options, io);
    const certificate = sealingCertificate(await findCertificate(options, io), io, notices);
    const secrets = readSecrets(file ?? readStandardInput(io), options["secret-file"] ?? "standard input");
    const request: SealRequest = {
      sealer: certificateSealer(certificate),
      clusterId: options["cluster-id"],
      scope,
      name: options.name,
      namespace: await namespaceFor(secrets, scope, options, io),
      allowEmptyData: options["allow-empty-data"],
    };
    const sealings: Sealing[] = [];
    for (const { secret, where } of secrets) sealings.push(await sealSecret(secret, where, request));
    const sealed = sealings.map(({ sealedSecret }) => sealedSecret);
    writeProduct(writeDocuments(sealed, format), options, io);
    for (const [index, { secret }] of secrets.entries()) {
      const sealing = sealings[index];
      if (sealing !== undefined) showSealing(sealing, secret, certificate, notices);
    }
  },
};
