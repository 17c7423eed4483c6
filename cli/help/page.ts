import type { HelpPage } from "../command.ts";
import type { OptionTable } from "../options.ts";
import { flagTerms } from "./flag-terms.ts";
import { section, terms, wrap } from "./layout.ts";

/** What a page is about. */
export type Subject = {
  /** As it is typed after the program's name: `--raw`, `unseal`; empty where nothing is. */
  title: string;
  summary: string;
  options: OptionTable;
  page: HelpPage;
  /** Names and summaries of what has a page below this one. */
  actions?: readonly { name: string; summary: string }[];
};

/** Holds for every command. */
const EXIT_CODES: readonly (readonly [string, string])[] = [
  ["0", "done"],
  ["1", "refused or failed; `error:` says what, `hint:` the next step"],
  ["2", "the command line is wrong; nothing was read or written"],
];

/** The page of one command or mode. */
export function commandPage(
  program: string,
  { title, summary, options, page, actions = [] }: Subject,
): string {
  const called = (command: string) => asCalled(command, program);
  const flags = flagTerms(options, page.flags ?? Object.keys(options), page.summaries, page.values);
  const lines = [
    `${[program, title].filter((word) => word !== "").join(" ")}: ${summary}`,
    ...section(
      "Usage",
      page.usage.map((usage) => `${program} ${usage}`),
    ),
    ...page.description.flatMap((paragraph) => ["", ...wrap(called(paragraph))]),
    ...section("Actions", terms(actions.map(({ name, summary: what }) => [name, what] as const))),
    ...section(actions.length === 0 ? "Flags" : "Flags of all actions", terms(flags)),
    ...section("Examples", exampleLines(page.examples, program)),
    ...section("Environment", terms(page.environment ?? [])),
    ...section("Files", terms(page.files ?? [])),
    ...section("Exit codes", terms(page.exitCodes ?? EXIT_CODES)),
    "",
    ...wrap(
      `See also: ${actions.length === 0 ? "" : `${program} ${title} ACTION --help for one action, `}${program} --help for all commands, ${program} help flags for all flags and their variables.`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

/** Examples, each beneath what it does. */
export function exampleLines(examples: HelpPage["examples"], program: string): string[] {
  return examples.flatMap(({ what, command }, index) => [
    ...(index === 0 ? [] : [""]),
    ...wrap(`# ${what}`, 76),
    ...asCalled(command, program).split("\n"),
  ]);
}

/** Puts the name the program was called by in the place of its own. */
export function asCalled(text: string, program: string): string {
  return text.replace(/(?<![\w./-])signet(?= )/g, program);
}
