import { findCertificate } from "../certificate-source.ts";
import type { Command } from "../command.ts";
import { kubesealOptions } from "../options.ts";
import { writeProduct } from "../output-file.ts";
import { requireSecretFile } from "../sealing.ts";
import { readFoundCertificate, requireAccepted } from "../sealing-certificate.ts";

/** `--fetch-cert`: the certificate, byte for byte as its source has it, once it is seen to be one. */
export const fetchCert: Command<typeof kubesealOptions> = {
  name: "fetch-cert",
  summary: "print the certificate",
  options: kubesealOptions,
  async run({ options, io }) {
    requireSecretFile(options, io);
    const found = await findCertificate(options, io);
    // What answers in the controller's place, a login page for one, must not become somebody's cert.pem.
    requireAccepted(readFoundCertificate(found), options["accept-certificate"], found.source);
    writeProduct(found.bytes, options, io);
  },
};
