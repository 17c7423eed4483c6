import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HelpPage } from "../../cli/command.ts";

/** A command line that a page shows. */
export type CommandExample = { from: string; command: string };

const root = join(import.meta.dirname, "../..");

/** Every example of the help: of the first page, of modes and of commands. */
export async function helpExamples(): Promise<CommandExample[]> {
  const folder = join(root, "cli/help/pages");
  const found: CommandExample[] = [];
  const take = (from: string, examples: HelpPage["examples"]) => {
    for (const { command } of examples) found.push({ from, command });
  };
  const { overviewExamples } = await import("../../cli/help/overview.ts");
  take("cli/help/overview.ts", overviewExamples);
  for (const name of readdirSync(folder).sort()) {
    const module: unknown = await import(join(folder, name));
    const page = typeof module === "object" && module !== null && "page" in module ? module.page : null;
    if (page !== null) take(`cli/help/pages/${name}`, (page as HelpPage).examples);
  }
  return found;
}

/**
 * Every command line of ours in the fenced blocks of the README and of docs/: one for each line that calls `signet`,
 * with the lines it is continued on; what stands behind ` # ` is no part of it.
 */
export function documentExamples(): CommandExample[] {
  const pages = [
    "README.md",
    ...readdirSync(join(root, "docs"))
      .sort()
      .map((name) => `docs/${name}`),
  ];
  return pages.flatMap((from) => {
    const blocks = readFileSync(join(root, from), "utf8").matchAll(/^```\w*\n([\s\S]*?)^```$/gm);
    return [...blocks].flatMap(([, block = ""]) => commandsOf(block).map((command) => ({ from, command })));
  });
}

function commandsOf(block: string): string[] {
  const lines = block
    .replaceAll(/\\\n\s*/g, " ")
    .replaceAll(/\|\n\s*/g, "| ")
    .split("\n");
  return lines
    .map((line) =>
      line
        .replace(/^\$ /, "")
        .replace(/\s+#(?: .*)?$/, "")
        .trim(),
    )
    .filter((line) => /(?:^|[|(] ?|&& )(?:signet|kubeseal|kubectl signet) /.test(line));
}
