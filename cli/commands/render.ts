import { UsageError } from "../../shared/errors.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/render.ts";
import { jsonStream, yamlStream } from "../render/manifest-file.ts";
import { renderOptions } from "../render/render-options.ts";
import { renderOutput } from "../render/render-output.ts";
import { renderTree } from "../render/render-tree.ts";
import { readSources } from "../render/sources.ts";
import { userRendering } from "../render/user-rendering.ts";
import { shownText } from "../shown-text.ts";

/** `signet render`: turns a tree of manifests into plain ones, for pipelines that apply them without a controller. */
export const render: Command<typeof renderOptions> = {
  name: "render",
  summary: "print manifests with sealed Secrets in plain",
  options: renderOptions,
  page,
  async run({ options, positionals, io }) {
    const format = formatOf(options.format);
    const write = renderOutput(options.output, positionals, io);
    const say = (line: string) => io.stderr.write(`${shownText(line)}\n`);
    const stdinIsInput = positionals.length === 0 || positionals.includes("-");
    const { rendering, passedOver, close } = await userRendering(options, stdinIsInput, io);
    try {
      if (options.verbose) for (const fault of passedOver) say(`note: ${fault}; passed over`);
      const files = await renderTree(readSources(positionals, io), rendering, { ...options, say });
      write(format === "json" ? jsonStream(files) : yamlStream(files));
    } finally {
      await close();
    }
  },
};

function formatOf(format: string | null): "json" | "yaml" {
  const asked = (format ?? "yaml").toLowerCase();
  if (asked === "json" || asked === "yaml") return asked;
  throw new UsageError(`unsupported output format: ${format}`, "write --format json or --format yaml");
}
