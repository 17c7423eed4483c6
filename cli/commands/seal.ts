import { clientNamespace } from "../cluster.ts";
import type { Command } from "../command.ts";
import { inDocument } from "../in-document.ts";
import type { Io } from "../io.ts";
import { noticesOf } from "../notices.ts";
import { type KubesealOptions, kubesealOptions } from "../options.ts";
import { runsOf } from "../project/runs.ts";
import { sealStream } from "../seal-stream.ts";
import { type FoundSealingKey, findSealingKey } from "../sealing-key-source.ts";

/** The main mode: seals every Secret of a stream, or none. */
export const seal: Command<typeof kubesealOptions> = {
  name: "seal",
  summary: "seal Secrets",
  options: kubesealOptions,
  async run({ options: all, io }) {
    for (const { options } of await runsOf(all, [], io)) await sealOnce(options, io);
  },
};

async function sealOnce(options: KubesealOptions, io: Io): Promise<void> {
  const notices = noticesOf(io, options);
  const found: FoundSealingKey[] = [];
  try {
    await sealStream(options, io, {
      key: async () => {
        const key = await findSealingKey(options, io, notices);
        found.push(key);
        return key.forTarget(options["sealed-secret-file"], options["secret-file"]);
      },
      clientNamespace: () => clientNamespace(options, io),
      notices,
      inDocument,
    });
  } finally {
    for (const key of found) await key.close();
  }
}
