import type { OptionTable } from "../options.ts";
import { type CompletionSources, completable, PROGRAMS, takesValue } from "./sources.ts";

/** The script for fish: `signet.fish` in its folder of completions. */
export function fishScript({ options, commands, topics, shells }: CompletionSources): string {
  const words = [...commands, { name: "help", summary: "print a page on a command or mode, or on flags" }];
  const names = words.map(({ name }) => name).join(" ");
  const [program, ...others] = PROGRAMS;
  const worded = commands.flatMap(({ name, words: own }) =>
    own === undefined ? [] : [{ name, words: own }],
  );
  return `# fish completion for signet; printed by: signet completion fish

function __signet_is
    set -l words (commandline -opc)
    set -l command ''
    if contains -- "$words[2]" ${names}
        set command $words[2]
    end
    test "$argv[1]" = "$command"
end

function __signet_at_first
    test (count (commandline -opc)) -eq 1
end

function __signet_manifests
    set -l current (commandline -ct | string replace -r '^--?[^=]*=' '')
    for path in $current*
        if test -d $path
            echo $path/
        else if string match -qr '\\.(ya?ml|json)$' -- $path
            echo $path
        end
    end
end

complete -c ${program} -f
${words.map(({ name, summary }) => `complete -c ${program} -n __signet_at_first -a ${name} -d ${quoted(summary)}\n`).join("")}complete -c ${program} -n '__signet_is help' -a ${quoted(topics.join(" "))}
complete -c ${program} -n '__signet_is completion' -a ${quoted(shells.join(" "))}
${worded.map(({ name, words: own }) => `complete -c ${program} -n '__signet_is ${name}' -a ${quoted(own.join(" "))}\n`).join("")}complete -c ${program} -n '${["help", "completion", ...worded.map(({ name }) => name)].map((name) => `not __signet_is ${name}`).join("; and ")}' -a '(__signet_manifests)'
${[{ name: "", options }, ...commands].map((command) => flagLines(program, command.name, command.options)).join("")}${others.map((other) => `complete -c ${other} -w ${program}\n`).join("")}`;
}

function flagLines(program: string, command: string, table: OptionTable): string {
  return Object.entries(table)
    .map(([flag, spec]) => {
      const names = [
        ...(spec.short === undefined ? [] : [`-s ${spec.short}`]),
        ...(flag === spec.short ? [] : [`-l ${flag}`]),
      ];
      const condition = `-n ${quoted(`__signet_is "${command}"`)}`;
      const value = takesValue(spec) ? ` ${valueArguments(flag, spec)}` : "";
      return `complete -c ${program} ${condition} ${names.join(" ")}${value} -d ${quoted(spec.summary)}\n`;
    })
    .join("");
}

function valueArguments(flag: string, spec: OptionTable[string]): string {
  const values = completable(flag, spec);
  if (values === null) return "-x";
  if (values === "file") return "-r -F";
  if (values === "folder") return "-x -a '(__fish_complete_directories (commandline -ct))'";
  return values === "manifest" ? "-x -a '(__signet_manifests)'" : `-x -a ${quoted(values.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
