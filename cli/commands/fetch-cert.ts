import { findCertificate } from "../certificate-source.ts";
import type { Command } from "../command.ts";
import { noticesOf } from "../notices.ts";
import { kubesealOptions } from "../options.ts";
import { writeProduct } from "../output-file.ts";
import { nearestFile, PROJECT_FILE } from "../project/project-folders.ts";
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
    const certificate = readFoundCertificate(found);
    const accepted = options["accept-certificate"];
    requireAccepted(certificate, accepted, found.source);
    const notices = noticesOf(io, options);
    // That of a controller was told of where it was judged.
    if (found.controller === null)
      notices.note(`certificate ${certificate.fingerprint} from ${found.source}`);
    else if (accepted === null && nearestFile(PROJECT_FILE, io) !== null) {
      const { alertUnlessPinned } = await import("../project/fetched-certificate.ts");
      alertUnlessPinned(certificate, found.source, options["for-cluster"], io, notices);
    }
    writeProduct(found.bytes, options, io);
  },
};
