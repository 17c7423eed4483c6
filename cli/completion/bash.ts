import type { OptionTable } from "../options.ts";
import {
  type CompletedCommand,
  type CompletionSources,
  completable,
  firstWords,
  PROGRAMS,
  takesValue,
  typedForms,
} from "./sources.ts";

/**
 * The script for bash, from 3.2 on, which macOS has; needs nothing of the bash-completion package. A command's name
 * and a flag, joined by a colon, choose how the flag's value is completed.
 */
export function bashScript({ options, commands, topics, shells }: CompletionSources): string {
  const words = firstWords(commands).map(({ name }) => name);
  return `# bash completion for signet; printed by: signet completion bash
_signet() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="" flag="" command="" action="" word=""
  COMPREPLY=()
  [ "$COMP_CWORD" -gt 0 ] && before="\${COMP_WORDS[COMP_CWORD-1]}"
  case "\${COMP_WORDS[1]}" in
    ${words.join("|")}) [ "$COMP_CWORD" -gt 1 ] && command="\${COMP_WORDS[1]}" ;;
  esac
  [ "$COMP_CWORD" -gt 2 ] && action="\${COMP_WORDS[2]}"
  # bash takes --flag=value apart into three words.
  if [ "$current" = "=" ]; then
    flag="$before"
    current=""
  elif [ "$before" = "=" ]; then
    flag="\${COMP_WORDS[COMP_CWORD-2]}"
  else
    flag="$before"
  fi
  case "$command:$flag" in
${[{ name: "", options }, ...commands].map((command) => valueCases(command.name, command.options)).join("")}  esac
  case "$current" in
    -*)
      case "$command $action" in
${commands.map(flagCases).join("")}        "help "*) ;;
        *) _signet_words "${flagWords(options)}" ;;
      esac
      return
      ;;
  esac
  case "$command" in
    help)
      case "$action" in
${commands.map(helpCase).join("")}        *) _signet_words "${topics.join(" ")}" ;;
      esac
      ;;
    completion) _signet_words "${shells.join(" ")}" ;;
${commands.map(wordCase).join("")}    *)
      [ "$COMP_CWORD" -eq 1 ] && _signet_words "${words.join(" ")}"
      _signet_manifests
      ;;
  esac
}

_signet_words() {
  local IFS=' ' word
  for word in $1; do
    case "$word" in "$current"*) COMPREPLY+=("$word") ;; esac
  done
}

_signet_as_files() {
  # Not in bash 3.2; names with spaces are not quoted there.
  compopt -o filenames 2>/dev/null
}

_signet_files() {
  _signet_as_files
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
}

_signet_folders() {
  _signet_as_files
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$current")
}

_signet_manifests() {
  _signet_as_files
  while IFS= read -r word; do
    case "$word" in
      *.yaml | *.yml | *.json) COMPREPLY+=("$word") ;;
      *) [ -d "$word" ] && COMPREPLY+=("$word") ;;
    esac
  done < <(compgen -f -- "$current")
}

complete -F _signet ${PROGRAMS.join(" ")}
`;
}

const COMPLETE = { file: "_signet_files", folder: "_signet_folders", manifest: "_signet_manifests" } as const;

/** Cases for the flags of one command that take a value. */
function valueCases(command: string, table: OptionTable): string {
  const byAction = new Map<string, string[]>();
  for (const [flag, spec] of Object.entries(table)) {
    if (!takesValue(spec)) continue;
    const values = completable(flag, spec);
    const action =
      values === null
        ? "return"
        : typeof values === "string"
          ? `${COMPLETE[values]}; return`
          : `_signet_words "${values.join(" ")}"; return`;
    const patterns = typedForms(flag, spec).map((form) => `${command}:${form}`);
    byAction.set(action, [...(byAction.get(action) ?? []), ...patterns]);
  }
  return [...byAction].map(([action, patterns]) => `    ${patterns.join("|")}) ${action} ;;\n`).join("");
}

/** Cases for flags by command and action. */
function flagCases({ name, options, actions = [] }: CompletedCommand): string {
  const own = actions.map(
    (action) => `        "${name} ${action.name}") _signet_words "${flagWords(action.options)}" ;;\n`,
  );
  return `${own.join("")}        "${name} "*) _signet_words "${flagWords(options)}" ;;\n`;
}

function helpCase({ name, actions = [] }: CompletedCommand): string {
  const words = actions.map((action) => action.name).join(" ");
  return words === "" ? "" : `        ${name}) _signet_words "${words}" ;;\n`;
}

/** A case for what stands behind a command that has words of its own. */
function wordCase({ name, words, actions = [] }: CompletedCommand): string {
  if (words === undefined) return "";
  const all = `_signet_words "${words.join(" ")}"`;
  if (actions.length === 0) return `    ${name}) ${all} ;;\n`;
  const named = (takesFiles: boolean) =>
    actions.filter((action) => action.takesFiles === takesFiles).map((action) => action.name);
  const rows = [
    [named(true).join("|"), "_signet_files"],
    [named(false).join("|"), ""],
    ["*", all],
  ];
  const cases = rows
    .filter(([pattern]) => pattern !== "")
    .map(([pattern, does]) => `        ${pattern}) ${does} ;;\n`);
  return `    ${name})\n      case "$action" in\n${cases.join("")}      esac\n      ;;\n`;
}

function flagWords(table: OptionTable): string {
  return Object.entries(table)
    .flatMap(([flag, spec]) => typedForms(flag, spec))
    .join(" ");
}
