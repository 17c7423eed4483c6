import { UsageError } from "../shared/errors.ts";
import type { Command, CommandAction, HelpPage } from "./command.ts";
import { flagsPage } from "./help/flags-page.ts";
import { overview } from "./help/overview.ts";
import { commandPage } from "./help/page.ts";
import type { ModeName } from "./modes.ts";
import { nearestWord } from "./nearest-word.ts";
import type { OptionTable } from "./options.ts";

/** What help is made from. Handed in, so that this file imports nothing that other commands need. */
export type HelpSources = {
  /** Name the program was called by. */
  program: string;
  /** Flags that stand without a command word. */
  options: OptionTable;
  /** The variable of each of these flags that has one. */
  variables: ReadonlyMap<string, string>;
  /** Commands that are asked for by a word. */
  commands: readonly Command<OptionTable>[];
};

/** What the modes of flags alone are about; their flags are those of kubeseal. */
const MODES: Readonly<Record<ModeName, { summary: string; page: () => Promise<{ page: HelpPage }> }>> = {
  seal: { summary: "seal Secrets", page: () => import("./help/pages/seal.ts") },
  raw: { summary: "seal bare values", page: () => import("./help/pages/raw.ts") },
  "merge-into": {
    summary: "seal a Secret's items into an existing SealedSecret",
    page: () => import("./help/pages/merge-into.ts"),
  },
  validate: {
    summary: "ask the controller whether it can open SealedSecrets",
    page: () => import("./help/pages/validate.ts"),
  },
  "re-encrypt": {
    summary: "have SealedSecrets sealed again with the newest key",
    page: () => import("./help/pages/re-encrypt.ts"),
  },
  "recovery-unseal": {
    summary: "open SealedSecrets with private keys, offline",
    page: () => import("./help/pages/recovery-unseal.ts"),
  },
  "fetch-cert": {
    summary: "print the certificate to seal with",
    page: () => import("./help/pages/fetch-cert.ts"),
  },
};

/** What `help` itself is for. */
export const HELP_SUMMARY = "print a page on a command or mode, or on flags";

/** Topics of help that are no command words. */
export const MODE_TOPICS: readonly string[] = Object.keys(MODES);

/**
 * The page on a topic: a command word, a mode by its flag's name, `flags`, or null for the first page.
 * @param action the word behind that of a command: of a command whose actions have pages, that of this one.
 * @throws UsageError for any other word.
 */
export async function helpText(topic: string | null, sources: HelpSources, action?: string): Promise<string> {
  const { program, options, commands, variables } = sources;
  const words = commands.map(({ name, summary }) => ({ name, summary }));
  if (topic === null || topic === "help") {
    return overview(program, options, [...words, { name: "help [TOPIC]", summary: HELP_SUMMARY }]);
  }
  // The older name of the flag; the bare word is a command.
  const asked = topic.replace(/^--rotate$/, "--re-encrypt").replace(/^--?/, "");
  if (asked === "flags") return flagsPage(program, options, commands, variables);
  const command = commands.find(({ name }) => name === asked);
  if (command !== undefined) {
    const {
      summary,
      page = { usage: [`${asked} [flags]`], description: [], examples: [] },
      actions,
    } = command;
    if (action !== undefined && actions !== undefined) return actionPage(command, actions, action, program);
    const subject = { title: asked, summary, options: command.options, page };
    return commandPage(program, actions === undefined ? subject : { ...subject, actions });
  }
  if (isMode(asked)) {
    const { summary, page } = MODES[asked];
    const title = asked === "seal" ? "" : `--${asked}`;
    return commandPage(program, { title, summary, options, ...(await page()) });
  }
  throw unknownTopic(topic, asked, [...words.map(({ name }) => name), ...MODE_TOPICS, "flags"], program);
}

async function actionPage(
  { name, options }: Command<OptionTable>,
  actions: readonly CommandAction[],
  word: string,
  program: string,
): Promise<string> {
  const action = actions.find((one) => one.name === word);
  if (action === undefined) {
    const topics = actions.map((one) => `${name} ${one.name}`);
    throw unknownTopic(`${name} ${word}`, `${name} ${word}`, topics, program);
  }
  const subject = { title: `${name} ${word}`, summary: action.summary, options, page: await action.page() };
  return commandPage(program, subject);
}

function isMode(word: string): word is ModeName {
  return Object.hasOwn(MODES, word);
}

function unknownTopic(topic: string, asked: string, topics: readonly string[], program: string): UsageError {
  const near = nearestWord(asked, topics);
  return new UsageError(
    `no help on ${JSON.stringify(topic)}`,
    near === null ? `topics are ${topics.join(", ")}` : `did you mean ${program} help ${near}?`,
  );
}
