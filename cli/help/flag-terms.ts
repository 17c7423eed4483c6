import type { OptionSpec, OptionTable } from "../options.ts";

/** A flag as it is typed: `-n, --namespace NAMESPACE`; those without a letter are set beneath the others' names. */
export function flagTerm(flag: string, { short, value, kind }: OptionSpec): string {
  const argument = value === undefined ? "" : kind === "level" ? ` [${value}]` : ` ${value}`;
  const letter = short === undefined ? "    " : `-${short}, `;
  // klog's -v has the same name twice.
  return flag === short ? `-${flag}${argument}` : `${letter}--${flag}${argument}`;
}

/**
 * Terms of a page for the flags named, in that order.
 * @param summaries what is said of a flag instead of its table's summary.
 * @param values what a flag takes instead of what its table says.
 * @throws Error for a flag that the table has not.
 */
export function flagTerms(
  table: OptionTable,
  names: readonly string[],
  summaries: Readonly<Record<string, string>> = {},
  values: Readonly<Record<string, string>> = {},
): (readonly [string, string])[] {
  return names.map((name) => {
    const spec = table[name];
    if (spec === undefined) throw new Error(`help names an unknown flag: ${name}`);
    const value = values[name] ?? spec.value;
    const here = value === undefined ? spec : { ...spec, value };
    return [flagTerm(name, here), summaries[name] ?? spec.summary] as const;
  });
}
