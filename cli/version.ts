/** The version of kubeseal whose behaviour is the measure of ours; scripts compare against it. */
const KUBESEAL_VERSION = "v0.40.0";

/** Version of this program, as in its package. */
export async function programVersion(): Promise<string> {
  const { default: manifest } = await import("../package.json", { with: { type: "json" } });
  return manifest.version;
}

/**
 * The line `--version` prints. Called by the name of kubeseal it names the version of kubeseal it stands in for, since
 * scripts read that line to learn which flags there are.
 */
export async function versionLine(program: string): Promise<string> {
  if (program === "kubeseal") return `kubeseal version: ${KUBESEAL_VERSION}`;
  return `signet version: ${await programVersion()}`;
}
