import { version } from "../shared/version.ts";

/** The version of kubeseal whose behaviour is the measure of ours; scripts compare against it. */
const KUBESEAL_VERSION = "v0.40.0";

/**
 * The line `--version` prints. Called by the name of kubeseal it names the version of kubeseal it stands in for, since
 * scripts read that line to learn which flags there are.
 */
export function versionLine(program: string): string {
  if (program === "kubeseal") return `kubeseal version: ${KUBESEAL_VERSION}`;
  return `signet version: ${version}`;
}
