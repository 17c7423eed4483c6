import { readArguments } from "./arguments.ts";
import { certificateFile, readCertificateFile } from "./certificate-file.ts";
import { isCommandWord } from "./command-words.ts";
import type { Io } from "./io.ts";
import { keepingInput } from "./kept-input.ts";
import { modeOf } from "./modes.ts";
import { heldNotices, noticesOf } from "./notices.ts";
import { isStream, type KubesealOptions, kubesealOptions, namesBackend } from "./options.ts";
import { nearestFile, PROJECT_FILE } from "./project/project-folders.ts";
import { EXIT_DONE, reporting } from "./report.ts";
import { sealStream } from "./seal-stream.ts";
import { certificateKey } from "./sealing-key.ts";

/**
 * Runs the program: reads its arguments, does what they ask, prints one `error:` and one `hint:` line when it cannot.
 * Sealing a stream with a certificate file is done here at once; all else is loaded, since what is loaded is what a
 * start costs.
 * @returns the exit code.
 */
export function run(io: Io): Promise<number> {
  return reporting(io, async () => {
    const kept = keepingInput(io);
    if (!isCommandWord(io.args[0])) {
      const { options, positionals } = readArguments(kubesealOptions, io.args, io.env);
      if (options["recovery-private-key"].length > 0 && !options["recovery-unseal"] && io.stderr.isTerminal) {
        io.stderr.write(
          "warning: ignoring --recovery-private-key because unseal command not chosen with --recovery-unseal\n",
        );
      }
      const isSealing = !options.help && !options.version && modeOf(options) === "seal";
      if (isSealing && isStream(options, positionals) && (await sealOffline(options, kept))) return EXIT_DONE;
    }
    const { runAny } = await import("./any-command.ts");
    return runAny(kept);
  });
}

/** @returns false when it takes more than files: an address, a cluster, or its configuration. */
async function sealOffline(options: KubesealOptions, io: Io): Promise<boolean> {
  const path = options.cert === null ? null : certificateFile(options.cert);
  if (path === null || namesBackend(options) || options["for-cluster"].length > 0) return false;
  if (nearestFile(PROJECT_FILE, io) !== null) return false;
  const notices = heldNotices(noticesOf(io, options));
  let isDone = true;
  try {
    isDone = await sealStream(options, io, {
      key: () => certificateKey(readCertificateFile(path, io), options, io, notices),
      clientNamespace: async () => "unknown",
      notices,
      inDocument: (_where, work) => work,
    });
    return isDone;
  } finally {
    // Whoever does it instead says the same again.
    if (isDone) notices.release();
  }
}
