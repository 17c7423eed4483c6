import { UsageError } from "../shared/errors.ts";
import type { Command } from "./command.ts";
import { fetchCert } from "./commands/fetch-cert.ts";
import { seal } from "./commands/seal.ts";
import type { KubesealOptions, kubesealOptions } from "./options.ts";

type Mode = Command<typeof kubesealOptions>;

/** Modes that kubeseal has and this build does not, each refused by name. */
const NOT_BUILT = ["recovery-unseal", "validate", "re-encrypt", "rotate", "merge-into", "raw"] as const;

/**
 * The mode that flags without a command word ask for. The first of kubeseal's order wins: recovery, validation,
 * re-encryption, then the ones that need a certificate.
 * @throws UsageError for a mode that is not built, and for flags that need another mode.
 */
export function modeFor(options: KubesealOptions): Mode {
  if (options["from-file"].length > 0 && !options.raw) {
    throw new UsageError("--from-file requires --raw", "give --raw too, or name a whole Secret with -f FILE");
  }
  const asked = (flag: keyof KubesealOptions) => options[flag] !== false && options[flag] !== null;
  const beforeCertificate = NOT_BUILT.slice(0, 4).find(asked);
  if (beforeCertificate !== undefined) throw notBuilt(beforeCertificate);
  if (options["fetch-cert"]) return fetchCert;
  const afterCertificate = NOT_BUILT.slice(4).find(asked);
  if (afterCertificate !== undefined) throw notBuilt(afterCertificate);
  return seal;
}

function notBuilt(flag: string): UsageError {
  return new UsageError(
    `--${flag} is not supported by this version of signet`,
    `use kubeseal for --${flag} until signet has it; both read the same files`,
  );
}
