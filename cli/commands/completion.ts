import { UsageError } from "../../shared/errors.ts";
import type { Command, HelpPage } from "../command.ts";
import type { CompletionSources } from "../completion/sources.ts";
import { nearestWord } from "../nearest-word.ts";
import { generalOptions } from "../options.ts";
import { writeProduct } from "../output-file.ts";

/** Shells whose completion can be printed. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

const SCRIPTS: ReadonlyMap<string, () => Promise<(sources: CompletionSources) => string>> = new Map([
  ["bash", async () => (await import("../completion/bash.ts")).bashScript],
  ["zsh", async () => (await import("../completion/zsh.ts")).zshScript],
  ["fish", async () => (await import("../completion/fish.ts")).fishScript],
]);

/**
 * `completion SHELL`: prints a script that completes commands, flags, values and files.
 * @param sources what there is to complete.
 */
export function completionOf(sources: () => Promise<CompletionSources>): Command<typeof generalOptions> {
  return {
    name: "completion",
    summary: "print shell completion for bash, zsh or fish",
    options: generalOptions,
    page,
    async run({ positionals, io }) {
      const [shell = "", ...more] = positionals;
      const script = await SCRIPTS.get(shell)?.();
      if (script === undefined || more.length > 0) throw notAShell(shell, more.length);
      writeProduct(script(await sources()), { format: null, "sealed-secret-file": null }, io);
    },
  };
}

function notAShell(shell: string, more: number): UsageError {
  if (shell === "") return new UsageError("completion for which shell?", `name one of ${SHELLS.join(", ")}`);
  if (more > 0) return new UsageError("completion is for one shell at a time", "name one of them");
  const near = nearestWord(shell, SHELLS);
  return new UsageError(
    `no completion for ${JSON.stringify(shell)}`,
    near === null ? `shells are ${SHELLS.join(", ")}` : `did you mean ${near}?`,
  );
}

const page: HelpPage = {
  usage: ["completion bash|zsh|fish"],
  description: [
    "Prints a script which completes commands, flags with what they mean, the values of --format and --scope, files, and manifests as arguments. It serves signet and kubectl-signet, and kubeseal where that is a link to or an alias of signet.",
    "The script does not run signet; print it again after an upgrade.",
  ],
  examples: [
    {
      what: "bash: in this session; put the line into ~/.bashrc to keep it",
      command: "source <(signet completion bash)",
    },
    {
      what: "zsh: in a folder of $fpath, before compinit is called in ~/.zshrc",
      command: "mkdir -p ~/.zsh/completions\nsignet completion zsh > ~/.zsh/completions/_signet",
    },
    {
      what: "fish: found by itself in the next session",
      command:
        "mkdir -p ~/.config/fish/completions\nsignet completion fish > ~/.config/fish/completions/signet.fish",
    },
  ],
};
