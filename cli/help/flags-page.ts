import type { OptionSpec, OptionTable } from "../options.ts";
import { flagTerms } from "./flag-terms.ts";
import { section, terms, wrap } from "./layout.ts";
import { SIGNET_FLAGS } from "./signet-flags.ts";

/** Of kubeseal's flags; ours stand in a group of their own. */
const GROUPS: Readonly<Record<Exclude<OptionSpec["group"], "files">, string>> = {
  seal: "Flags of kubeseal, for sealing",
  mode: "Flags of kubeseal, instead of sealing",
  cluster: "Flags of kubeseal, for cluster and controller",
  general: "General",
  logging: "Flags of kubeseal, for its logging",
};
const COLUMN = 28;

/** Flags of one command beyond those that stand without a command word. */
export type OwnFlags = { name: string; options: OptionTable };

/**
 * Every flag there is, by group, and how flags are read.
 * @param variables the variable of each flag that has one.
 */
export function flagsPage(
  program: string,
  options: OptionTable,
  commands: readonly OwnFlags[],
  variables: ReadonlyMap<string, string>,
): string {
  const inGroup = (group: string) =>
    Object.keys(options).filter((flag) => options[flag]?.group === group && !SIGNET_FLAGS.includes(flag));
  const own = commands.flatMap(({ name, options: table }) => {
    const flags = Object.keys(table).filter((flag) => table[flag]?.summary !== options[flag]?.summary);
    return section(`Of ${program} ${name} alone`, terms(flagTerms(table, flags), COLUMN));
  });
  const [example = ["", ""]] = [...variables].filter(([flag]) => flag === "controller-name");
  const without = [...Object.keys(options)].filter((flag) => !variables.has(flag));
  const lines = [
    `${program}: all flags`,
    ...Object.entries(GROUPS).flatMap(([group, title]) =>
      section(title, terms(flagTerms(options, inGroup(group)), COLUMN)),
    ),
    ...section("Flags of Signet", terms(flagTerms(options, SIGNET_FLAGS), COLUMN)),
    ...own,
    ...section("How flags are read", [
      ...wrap(
        "As kubeseal and kubectl read them: --flag VALUE or --flag=VALUE; switches take a value only with =, as in --raw=false. Letters may be joined: -nshop, -n=shop. The last one counts, lists add up. -- ends the flags.",
        76,
      ),
    ]),
    ...section("Environment", [
      ...wrap(
        `Flags of kubeseal may be set as variables: SEALED_SECRETS_ and the name in capitals, as in ${example[1]}. The command line overrides them; lists of both add up. A value of the wrong form is refused by name. These flags have none: ${without.map((flag) => `--${flag}`).join(", ")}.`,
        76,
      ),
      "",
      ...terms([
        ["KUBECONFIG", "kubeconfig files, as for kubectl"],
        ["HTTPS_PROXY, NO_PROXY", "proxy on the way to the API server and to a certificate's address"],
      ]),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}
