import { describeScope } from "../../shared/scope.ts";
import { sealSecret } from "../../shared/seal-secret.ts";
import { parseSecret } from "../../shared/secret.ts";
import { clientNamespace } from "../cluster.ts";
import type { Command } from "../command.ts";
import { counted } from "../counted.ts";
import type { DocumentTask } from "../file-work.ts";
import { inDocument } from "../in-document.ts";
import type { Io } from "../io.ts";
import { noticesOf } from "../notices.ts";
import { kubesealOptions } from "../options.ts";
import type { ClusterRun } from "../project/cluster-runs.ts";
import { runsOf } from "../project/runs.ts";
import { judgeScope, namespaceFor, scopeOption } from "../sealing.ts";
import { findSealingKey } from "../sealing-key-source.ts";
import { workOnInput } from "../stream-work.ts";

/** The main mode over files and folders: seals every Secret in them. */
export const sealFiles: Command<typeof kubesealOptions> = {
  name: "seal",
  summary: "seal Secrets",
  options: kubesealOptions,
  async run({ options: all, positionals, io }) {
    for (const run of await runsOf(all, positionals, io)) await sealOnce(run, positionals, io);
  },
};

async function sealOnce(
  { options, takesFile }: ClusterRun,
  positionals: readonly string[],
  io: Io,
): Promise<void> {
  const scope = scopeOption(options);
  const notices = noticesOf(io, options);
  const key = await findSealingKey(options, io, notices);
  let asked: ReturnType<typeof clientNamespace> | null = null;
  const lookedUp = () => {
    asked ??= clientNamespace(options, io);
    return asked;
  };
  const task: DocumentTask = {
    done: "sealed",
    kind: "Secret",
    inPlace: true,
    hasProduct: true,
    ...(takesFile === undefined ? {} : { takesFile }),
    async perform({ value, where, target = null, path = null }) {
      const secret = parseSecret(value, where);
      const sealing = await key.forTarget(target, path);
      const { sealer, clusterId, words, write } = sealing;
      judgeScope(sealing, secret, scope, where);
      const request = {
        sealer,
        clusterId,
        scope,
        name: options.name,
        namespace: await namespaceFor([{ secret, where }], scope, options, lookedUp),
        allowEmptyData: options["allow-empty-data"],
      };
      const sealed = await inDocument(where, sealSecret(secret, where, request));
      const { name } = sealed.sealedSecret.metadata;
      const items = counted(secret.items.size, "item");
      const whose = key.byFile ? `, ${words}` : "";
      const note = `${name}, ${describeScope(sealed.scope)}, ${items}${whose}`;
      const product = sealed.sealedSecret;
      return { product, ...(write === undefined ? {} : { write: write(product) }), edits: null, note };
    },
  };
  try {
    await workOnInput(task, positionals, options, io);
  } finally {
    await key.close();
  }
  if (key.byFile) return;
  const { words, more } = await key.forTarget(null);
  notices.note(key.backend === "cluster" ? words : words + more);
}
