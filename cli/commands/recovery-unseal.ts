import type { Command } from "../command.ts";
import { noticesOf } from "../notices.ts";
import { unsealTask } from "../opening/unseal-task.ts";
import { readOpeningKeys } from "../opening-keys.ts";
import { kubesealOptions } from "../options.ts";
import { workOnInput } from "../stream-work.ts";

/**
 * `--recovery-unseal`: opens SealedSecrets with private keys, as kubeseal does. No cluster is asked and no kubeconfig
 * read.
 */
export const recoveryUnseal: Command<typeof kubesealOptions> = {
  name: "recovery-unseal",
  summary: "open SealedSecrets with private keys, offline",
  options: kubesealOptions,
  async run({ options, positionals, io }) {
    const notices = noticesOf(io, options);
    const stdinIsInput = positionals.length === 0 && options["secret-file"] === null;
    const keys = await readOpeningKeys(options["recovery-private-key"], io, stdinIsInput);
    for (const fault of keys.passedOver) notices.note(`note: ${fault}; passed over`);
    const opening = {
      keys,
      // Nothing is asked here, as in kubeseal.
      keyServices: null,
      keyFlag: "--recovery-private-key",
      // kubeseal opens it in the controller only, and scripts may count on the refusal.
      acceptWholeObject: false,
      allowNondeterministic: false,
    };
    const task = unsealTask(opening, (text) => notices.warn(text));
    await workOnInput(task, positionals, options, io);
  },
};
