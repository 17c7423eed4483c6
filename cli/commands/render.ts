import { UsageError } from "../../shared/errors.ts";
import { controllerOf } from "../cluster.ts";
import { clusterIdentity } from "../cluster-identity.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/render.ts";
import type { Io } from "../io.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { noticesOf } from "../notices.ts";
import { type OpeningKeys, readOpeningKeys } from "../opening-keys.ts";
import { allKeys, clusterKeys } from "../render/cluster-keys.ts";
import { jsonStream, yamlStream } from "../render/manifest-file.ts";
import { permittedPlaces } from "../render/permitted-places.ts";
import { type RenderOptions, renderOptions } from "../render/render-options.ts";
import { renderOutput } from "../render/render-output.ts";
import { renderTree } from "../render/render-tree.ts";
import { readSources } from "../render/sources.ts";
import { shownText } from "../shown-text.ts";
import { UserSopsKeys } from "../sops/user-sops-keys.ts";

/** `signet render`: turns a tree of manifests into plain ones, for pipelines that apply them without a controller. */
export const render: Command<typeof renderOptions> = {
  name: "render",
  summary: "print manifests with sealed Secrets in plain",
  options: renderOptions,
  page,
  async run({ options, positionals, io }) {
    const format = formatOf(options);
    const places = permittedPlaces(options, io);
    const write = renderOutput(options.output, positionals, io);
    // Which namespace objects stand in has nothing to do with the kubeconfig's.
    const reaching = { ...options, namespace: null };
    const say = (line: string) => io.stderr.write(`${shownText(line)}\n`);
    const keys = await keysOf(options, reaching, positionals, io);
    if (options.verbose) for (const fault of keys.passedOver) say(`note: ${fault}; passed over`);
    const keyServices = new UserKeyServices(reaching, io, noticesOf(io, { ...options, v: 0 }));
    const sopsKeys = new UserSopsKeys(keyServices, options, io);
    try {
      const opening = {
        keys,
        keyServices,
        keyFlag: "--key",
        acceptWholeObject: true,
        allowNondeterministic: options["allow-nondeterministic-templates"],
      };
      const gates = {
        ownNamespace: controllerOf(reaching).namespace,
        keyPrefix: "sealed-secrets-key",
        allowedTypes: options["allowed-secret-types"],
        allowedAnnotations: options["allowed-annotations"],
      };
      const knowsVault = options["vault-addr"] !== null || (io.env["VAULT_ADDR"] ?? "") !== "";
      const sops = {
        // Nothing compares what pairs of a context say of a place: who names them must have been allowed.
        unwrapperFor: (namespace: string) => sopsKeys.unwrapper(namespace, "not-compared"),
        clusterId: once(() => clusterIdentity(reaching, io)),
      };
      const rendering = { opening, places, gates, knowsVault, sops };
      const files = await renderTree(readSources(positionals, io), rendering, { ...options, say });
      write(format === "json" ? jsonStream(files) : yamlStream(files));
    } finally {
      await keyServices.close();
    }
  },
};

/** Asks at most once. */
function once(ask: () => Promise<string>): () => Promise<string> {
  let answer: Promise<string> | null = null;
  return () => {
    answer ??= ask();
    return answer;
  };
}

function formatOf({ format }: RenderOptions): "json" | "yaml" {
  const asked = (format ?? "yaml").toLowerCase();
  if (asked === "json" || asked === "yaml") return asked;
  throw new UsageError(`unsupported output format: ${format}`, "write --format json or --format yaml");
}

async function keysOf(
  options: RenderOptions,
  reaching: Parameters<typeof clusterKeys>[0],
  positionals: readonly string[],
  io: Io,
): Promise<OpeningKeys> {
  const paths = [...options.key, ...options["recovery-private-key"]];
  const stdinIsInput = positionals.length === 0 || positionals.includes("-");
  const given = await readOpeningKeys(paths, io, stdinIsInput);
  return options["cluster-keys"] ? allKeys(given, await clusterKeys(reaching, io)) : given;
}
