import { findCertificate } from "../certificate-source.ts";
import type { Command } from "../command.ts";
import { kubesealOptions } from "../options.ts";
import { writeProduct } from "../output-file.ts";

/** `--fetch-cert`: the certificate, byte for byte as its source has it. */
export const fetchCert: Command<typeof kubesealOptions> = {
  name: "fetch-cert",
  summary: "print the certificate",
  options: kubesealOptions,
  async run({ options, io }) {
    writeProduct((await findCertificate(options, io)).bytes, options, io);
  },
};
