import { findCertificate } from "../certificate-source.ts";
import { clientNamespace } from "../cluster.ts";
import type { Command } from "../command.ts";
import { noticesOf } from "../notices.ts";
import { kubesealOptions } from "../options.ts";
import { sealStream } from "../seal-stream.ts";

/** The main mode: seals every Secret of a stream, or none. */
export const seal: Command<typeof kubesealOptions> = {
  name: "seal",
  summary: "seal Secrets",
  options: kubesealOptions,
  async run({ options, io }) {
    await sealStream(options, io, {
      certificate: () => findCertificate(options, io),
      clientNamespace: () => clientNamespace(options, io),
      notices: noticesOf(io, options),
    });
  },
};
