import type { OptionSpec, OptionTable } from "../options.ts";
import {
  type CompletedCommand,
  type CompletionSources,
  completable,
  firstWords,
  PROGRAMS,
  takesValue,
} from "./sources.ts";

/** The script for zsh: the file `_signet` of a folder in `$fpath`, or read by `source`. */
export function zshScript({ options, commands, topics, shells }: CompletionSources): string {
  const words = firstWords(commands);
  return `#compdef ${PROGRAMS.join(" ")}
# zsh completion for signet; printed by: signet completion zsh

_signet_manifests() {
  _files -g '*.(yaml|yml|json)(-.)'
}

_signet_commands() {
  local -a commands=(
${words.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}\n`).join("")}  )
  _describe -t commands command commands
}

_signet_first() {
  # A command is one in the first place only.
  if (( CURRENT == 2 )); then
    _alternative 'commands:command:_signet_commands' 'files:manifest:_signet_manifests'
  else
    _signet_manifests
  fi
}

_signet() {
  local word="\${words[2]}"
  if (( CURRENT > 2 )); then
    case "$word \${words[3]}" in
${commands.map((command) => commandCases(command, shells)).join("")}${commands.map((command) => helpCase(command, topics)).join("")}      help\\ *)
        words=("\${(@)words[2,-1]}")
        (( CURRENT-- ))
        _arguments '1:topic:(${topics.join(" ")})'
        return
        ;;
    esac
  fi
  _arguments -S \\
${specs(options)}    '1: :_signet_first' \\
    '*:manifest:_signet_manifests'
}

if [[ "\${funcstack[1]}" == _signet ]]; then
  _signet "$@"
else
  compdef _signet ${PROGRAMS.join(" ")}
fi
`;
}

function restOf(name: string, words: readonly string[] | undefined, shells: readonly string[]): string {
  if (name === "completion") return `1:shell:(${shells.join(" ")})`;
  return words === undefined ? "*:manifest:_signet_manifests" : `1:word:(${words.join(" ")})`;
}

function commandCases(
  { name, options, words, actions = [] }: CompletedCommand,
  shells: readonly string[],
): string {
  const own = actions.map((action) => {
    const rest = [`1:word:(${words?.join(" ")})`, ...(action.takesFiles ? ["*:file:_files"] : [])];
    return commandCase(`'${name} ${action.name}'`, action.options, rest);
  });
  return `${own.join("")}${commandCase(`${name}\\ *`, options, [restOf(name, words, shells)])}`;
}

function helpCase({ name, actions = [] }: CompletedCommand, topics: readonly string[]): string {
  if (actions.length === 0) return "";
  return `      'help ${name}')
        words=("\${(@)words[2,-1]}")
        (( CURRENT-- ))
        _arguments '1:topic:(${topics.join(" ")})' '2:action:(${actions.map((action) => action.name).join(" ")})'
        return
        ;;
`;
}

function commandCase(pattern: string, table: OptionTable, rest: readonly string[]): string {
  return `      ${pattern})
        words=("\${(@)words[2,-1]}")
        (( CURRENT-- ))
        _arguments -S \\
${specs(table).replace(/^/gm, "    ").trimEnd()}
          ${rest.map(quoted).join(" ")}
        return
        ;;
`;
}

/** Lines for `_arguments`, one for each way a flag is typed. */
function specs(table: OptionTable): string {
  return Object.entries(table)
    .flatMap(([flag, spec]) => flagSpecs(flag, spec))
    .map((spec) => `    ${quoted(spec)} \\\n`)
    .join("");
}

function flagSpecs(flag: string, spec: OptionSpec): string[] {
  const { short, kind, summary } = spec;
  const repeats = kind === "list" || kind === "repeated";
  const forms = [
    ...(short === undefined
      ? []
      : [{ name: `-${short}`, typed: takesValue(spec) ? `-${short}+` : `-${short}` }]),
    ...(flag === short ? [] : [{ name: `--${flag}`, typed: takesValue(spec) ? `--${flag}=` : `--${flag}` }]),
  ];
  const excluded = repeats ? "*" : forms.length > 1 ? `(${forms.map(({ name }) => name).join(" ")})` : "";
  const text = `[${summary.replaceAll(/[\\\][:]/g, "\\$&")}]`;
  return forms.map(({ typed }) => `${excluded}${typed}${text}${valueSpec(flag, spec)}`);
}

const ACTIONS = { file: "_files", folder: "_files -/", manifest: "_signet_manifests" } as const;

function valueSpec(flag: string, spec: OptionSpec): string {
  if (!takesValue(spec)) return "";
  const values = completable(flag, spec);
  const message = (spec.value ?? "VALUE").replaceAll(":", " ");
  if (values === null) return `:${message}: `;
  return typeof values === "string" ? `:${message}:${ACTIONS[values]}` : `:${flag}:(${values.join(" ")})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
