import manifest from "../package.json" with { type: "json" };

/** The version of kubeseal whose behaviour is the measure of ours; scripts compare against it. */
const KUBESEAL_VERSION = "v0.40.0";

/** Version of this program, as in its package. */
export const PROGRAM_VERSION: string = manifest.version;

/**
 * The line `--version` prints. Called by the name of kubeseal it names the version of kubeseal it stands in for, since
 * scripts read that line to learn which flags there are.
 */
export function versionLine(program: string): string {
  if (program === "kubeseal") return `kubeseal version: ${KUBESEAL_VERSION}`;
  return `signet version: ${PROGRAM_VERSION}`;
}
