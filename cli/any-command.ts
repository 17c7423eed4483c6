import { UsageError } from "../shared/errors.ts";
import { readArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { COMMAND_WORDS, type CommandWord, isCommandWord } from "./command-words.ts";
import type { CompletionSources } from "./completion/sources.ts";
import type { Io } from "./io.ts";
import { type ModeName, modeOf } from "./modes.ts";
import { nearestWord } from "./nearest-word.ts";
import { hasVariable, isStream, kubesealOptions, type OptionTable, variableOf } from "./options.ts";
import { writeProduct } from "./output-file.ts";
import { EXIT_DONE, reporting } from "./report.ts";
import { variablesFor } from "./shared-variables.ts";
import { versionLine } from "./version.ts";

type Mode = Command<typeof kubesealOptions>;

const MODES: Readonly<Record<ModeName, () => Promise<Mode>>> = {
  "recovery-unseal": async () => (await import("./commands/recovery-unseal.ts")).recoveryUnseal,
  validate: async () => (await import("./commands/validate.ts")).validate,
  "re-encrypt": async () => (await import("./commands/re-encrypt.ts")).reEncrypt,
  "fetch-cert": async () => (await import("./commands/fetch-cert.ts")).fetchCert,
  "merge-into": async () => (await import("./commands/merge-into.ts")).mergeInto,
  raw: async () => (await import("./commands/raw.ts")).raw,
  seal: async () => (await import("./commands/seal-files.ts")).sealFiles,
};

/** Commands by their word, but `help`; each is loaded when it is asked for. */
const COMMANDS: Readonly<Record<Exclude<CommandWord, "help">, () => Promise<Command<OptionTable>>>> = {
  unseal: async () => (await import("./commands/unseal.ts")).unseal,
  render: async () => (await import("./commands/render.ts")).render,
  convert: async () => (await import("./commands/convert.ts")).convert,
  explain: async () => (await import("./commands/explain.ts")).explain,
  set: async () => (await import("./commands/set.ts")).set,
  unset: async () => (await import("./commands/unset.ts")).unset,
  rename: async () => (await import("./commands/rename.ts")).rename,
  generate: async () => (await import("./commands/generate.ts")).generate,
  edit: async () => (await import("./commands/edit.ts")).edit,
  allow: async () => (await import("./commands/allow.ts")).allow,
  pin: async () => (await import("./commands/pin.ts")).pin,
  keys: async () => (await import("./commands/keys.ts")).keys,
  rotate: async () => (await import("./commands/rotate.ts")).rotate,
  guard: async () => (await import("./commands/guard.ts")).guard,
  lint: async () => (await import("./commands/lint.ts")).lint,
  audit: async () => (await import("./commands/audit.ts")).audit,
  status: async () => (await import("./commands/status.ts")).status,
  wait: async () => (await import("./commands/wait.ts")).wait,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  git: async () => (await import("./commands/git.ts")).git,
  completion: async () => (await import("./commands/completion.ts")).completionOf(completionSources),
};

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
  if (options.help) {
    const mode = modeOf({ ...options, "from-file": [], item: null });
    return printHelp(mode === "seal" ? null : mode, io);
  }
  if (options.version) {
    writeProduct(`${versionLine(io.program)}\n`, { format: null, "sealed-secret-file": null }, io);
    return;
  }
  requireNoFileAmongFlags(positionals, io);
  const late = positionals.find((word) => isCommandWord(word) && io.files.kindOf(word) === null);
  if (late !== undefined) {
    throw new UsageError(`${late} stands after flags`, `put the command first: ${io.program} ${late} …`);
  }
  const [first = ""] = io.args;
  const isWord = /^[a-z]+$/.test(first) && io.files.kindOf(first) === null;
  const near = isWord ? nearestWord(first, COMMAND_WORDS) : null;
  if (near !== null) {
    throw new UsageError(
      `no command, file or folder ${JSON.stringify(first)}`,
      `did you mean ${io.program} ${near}?`,
    );
  }
  const name = modeOf(options);
  const mode =
    name === "seal" && isStream(options, positionals)
      ? (await import("./commands/seal.ts")).seal
      : await MODES[name]();
  await mode.run({ options, positionals, io });
}

async function runCommand(word: CommandWord, io: Io): Promise<void> {
  const [, ...rest] = io.args;
  // A topic may be named as its flag is typed: `help --raw`.
  if (word === "help") {
    const [topic = null, action] = rest.filter((one) => !/^(?:-h|--help)$/.test(one));
    return printHelp(topic, io, action);
  }
  const command = await COMMANDS[word]();
  const { options, positionals } = readArguments(
    command.options,
    rest,
    variablesFor(command.options, io.env),
  );
  if (options["help"] === true) return printHelp(word, io, positionals[0]);
  requireNoFileAmongFlags(positionals, io);
  await command.run({ options, positionals, io });
}

/**
 * A pattern that the shell resolves may bring in a file with the name of a flag, `--cert=mine.yaml`, and so seal for
 * whoever put it there.
 * @throws UsageError naming it.
 */
function requireNoFileAmongFlags(positionals: readonly string[], { args, files }: Io): void {
  if (positionals.length === 0) return;
  const end = args.indexOf("--");
  const flags = (end === -1 ? args : args.slice(0, end)).filter((word) => /^-./.test(word));
  const file = flags.find((word) => files.kindOf(word) !== null);
  if (file === undefined) return;
  throw new UsageError(
    `${JSON.stringify(file)} is a flag, and a file of that name lies here`,
    "write -- before the files if it is meant as one, or put ./ before their pattern",
  );
}

async function printHelp(topic: string | null, io: Io, action?: string): Promise<void> {
  const { helpText } = await import("./help.ts");
  const variables = Object.entries(kubesealOptions)
    .filter(([, spec]) => hasVariable(spec))
    .map(([flag]) => [flag, variableOf(flag)] as const);
  const sources = {
    program: io.program === "kubectl-signet" ? "kubectl signet" : io.program,
    options: kubesealOptions,
    variables: new Map(variables),
    commands: await allCommands(),
  };
  const text = await helpText(topic, sources, action);
  writeProduct(text, { format: null, "sealed-secret-file": null }, io);
}

function allCommands(): Promise<Command<OptionTable>[]> {
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}

async function completionSources(): Promise<CompletionSources> {
  const { MODE_TOPICS } = await import("./help.ts");
  const { completedCommand } = await import("./completion/sources.ts");
  const { SHELLS } = await import("./commands/completion.ts");
  const commands = await allCommands();
  return {
    options: kubesealOptions,
    commands: await Promise.all(commands.map(completedCommand)),
    topics: [...commands.map(({ name }) => name), ...MODE_TOPICS, "flags"],
    shells: SHELLS,
  };
}
