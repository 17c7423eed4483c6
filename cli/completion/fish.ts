import type { OptionTable } from "../options.ts";
import {
  type CompletedAction,
  type CompletedCommand,
  type CompletionSources,
  completable,
  firstWords,
  PROGRAMS,
  takesValue,
} from "./sources.ts";

/** The script for fish: `signet.fish` in its folder of completions. */
export function fishScript({ options, commands, topics, shells }: CompletionSources): string {
  const words = firstWords(commands);
  const names = words.map(({ name }) => name).join(" ");
  const [program, ...others] = PROGRAMS;
  const worded = commands.flatMap(({ name, words: own, actions = [] }) =>
    own === undefined ? [] : [{ name, words: own, actions }],
  );
  const acting = worded.filter(({ actions }) => actions.length > 0);
  return `# fish completion for signet; printed by: signet completion fish

function __signet_is
    set -l words (commandline -opc)
    set -l command ''
    if contains -- "$words[2]" ${names}
        set command $words[2]
    end
    test "$argv[1]" = "$command"
end

function __signet_acts
    set -l words (commandline -opc)
    contains -- "$words[3]" $argv
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
${words.map(({ name, summary }) => `complete -c ${program} -n __signet_at_first -a ${name} -d ${quoted(summary)}\n`).join("")}complete -c ${program} -n '__signet_is help${acting.map(({ name }) => `; and not __signet_acts ${name}`).join("")}' -a ${quoted(topics.join(" "))}
${acting.map(({ name, actions }) => `complete -c ${program} -n '__signet_is help; and __signet_acts ${name}' -a ${quoted(namesOf(actions))}\n`).join("")}complete -c ${program} -n '__signet_is completion' -a ${quoted(shells.join(" "))}
${worded.map(({ name, words: own, actions }) => `complete -c ${program} -n '__signet_is ${name}${actions.length === 0 ? "" : `; and not __signet_acts ${namesOf(actions)}`}' -a ${quoted(own.join(" "))}\n`).join("")}${acting.map(({ name, actions }) => `complete -c ${program} -n '__signet_is ${name}; and __signet_acts ${namesOf(actions.filter((one) => one.takesFiles))}' -F\n`).join("")}complete -c ${program} -n '${["help", "completion", ...worded.map(({ name }) => name)].map((name) => `not __signet_is ${name}`).join("; and ")}' -a '(__signet_manifests)'
${[{ name: "", summary: "", options }, ...commands].map((command) => flagLines(program, command)).join("")}${others.map((other) => `complete -c ${other} -w ${program}\n`).join("")}`;
}

function namesOf(actions: readonly CompletedAction[]): string {
  return actions.map(({ name }) => name).join(" ");
}

function flagLines(program: string, { name, options, actions = [] }: CompletedCommand): string {
  return Object.entries(options)
    .map(([flag, spec]) => {
      const names = [
        ...(spec.short === undefined ? [] : [`-s ${spec.short}`]),
        ...(flag === spec.short ? [] : [`-l ${flag}`]),
      ];
      const without = namesOf(actions.filter((action) => !Object.hasOwn(action.options, flag)));
      const fits = without === "" ? "" : `; and not __signet_acts ${without}`;
      const condition = `-n ${quoted(`__signet_is "${name}"${fits}`)}`;
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
