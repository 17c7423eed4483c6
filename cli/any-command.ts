import { UsageError } from "../shared/errors.ts";
import { readArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { COMMAND_WORDS, type CommandWord, isCommandWord } from "./command-words.ts";
import type { Io } from "./io.ts";
import { type ModeName, modeOf } from "./modes.ts";
import { kubesealOptions, type OptionTable, variableOf } from "./options.ts";
import { EXIT_DONE, reporting } from "./report.ts";
import { versionLine } from "./version.ts";

type Mode = Command<typeof kubesealOptions>;

const MODES: Readonly<Record<ModeName, () => Promise<Mode>>> = {
  "recovery-unseal": async () => {
    throw new UsageError(
      "--recovery-unseal is not supported by this version of signet",
      "use kubeseal for --recovery-unseal until signet has it; both read the same files",
    );
  },
  validate: async () => (await import("./commands/validate.ts")).validate,
  "re-encrypt": async () => (await import("./commands/re-encrypt.ts")).reEncrypt,
  "fetch-cert": async () => (await import("./commands/fetch-cert.ts")).fetchCert,
  "merge-into": async () => (await import("./commands/merge-into.ts")).mergeInto,
  raw: async () => (await import("./commands/raw.ts")).raw,
  seal: async () => (await import("./commands/seal-files.ts")).sealFiles,
};

/** Commands by their word; each is loaded when it is asked for. */
const COMMANDS: ReadonlyMap<CommandWord, () => Promise<Command<OptionTable>>> = new Map();

/**
 * Runs any command the program has. A bundle of its own enters here, so it reports its own errors.
 * @returns the exit code; never rejects.
 */
export function runAny(io: Io): Promise<number> {
  return reporting(io, async () => {
    const [word] = io.args;
    if (isCommandWord(word)) await runCommand(word, io);
    else await runMode(io);
    return EXIT_DONE;
  });
}

async function runMode(io: Io): Promise<void> {
  const { options, positionals } = readArguments(kubesealOptions, io.args, io.env);
  if (options.help) return printHelp(null, io);
  if (options.version) {
    io.stdout.write(`${versionLine(io.program)}\n`);
    return;
  }
  const late = positionals.find((word) => isCommandWord(word) && io.files.kindOf(word) === null);
  if (late !== undefined) {
    throw new UsageError(`${late} stands after flags`, `put the command first: ${io.program} ${late} …`);
  }
  const mode = await MODES[modeOf(options)]();
  await mode.run({ options, positionals, io });
}

async function runCommand(word: CommandWord, io: Io): Promise<void> {
  const [, ...rest] = io.args;
  if (word === "help") return printHelp(rest[0] ?? null, io);
  const command = await COMMANDS.get(word)?.();
  if (command === undefined) throw new Error("a command word has no command");
  const { options, positionals } = readArguments(command.options, rest, io.env);
  if (options["help"] === true) return printHelp(word, io);
  await command.run({ options, positionals, io });
}

async function printHelp(word: string | null, io: Io): Promise<void> {
  const { helpText } = await import("./help.ts");
  if (word !== null && !isCommandWord(word)) {
    throw new UsageError(`no command ${JSON.stringify(word)}`, `commands are ${COMMAND_WORDS.join(", ")}`);
  }
  io.stdout.write(helpText(io.program, kubesealOptions, variableOf("controller-name")));
}
