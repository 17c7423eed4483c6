/** Functions that other programs' templates have and ours lack, with the reason and what to do instead. */
const REASONS: Readonly<Record<string, string>> = {
  env: "A template may not read the environment of the program that renders it.",
  expandenv: "A template may not read the environment of the program that renders it.",
  getHostByName: "A template may not ask the network.",
};
const FROM_HELM = new Set([
  "include",
  "required",
  "lookup",
  "tpl",
  "toYaml",
  "fromYaml",
  "toToml",
  "fromYamlArray",
]);

/** A sentence for the hint when a template uses a function that is not there; null when there is nothing to say. */
export function whyMissing(name: string): string | null {
  if (FROM_HELM.has(name))
    return "This is a function of Helm: let Helm render it before the object is applied.";
  return Object.hasOwn(REASONS, name) ? (REASONS[name] ?? null) : null;
}
