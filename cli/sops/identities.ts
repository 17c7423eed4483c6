import { utf8 } from "../../shared/bytes.ts";
import {
  type AgeIdentities,
  type AskPassphrase,
  joinAgeIdentities,
  readAgeIdentities,
} from "../../shared/document/sops/keys/age-identities.ts";
import { FileError, InputError, type SealError } from "../../shared/errors.ts";
import { fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
import { shellWords } from "./shell-words.ts";

/** What gives an identity that is missing. */
export const IDENTITY_HINT =
  "put the identity into ~/.config/sops/age/keys.txt, or name its file with SOPS_AGE_KEY_FILE";

/**
 * The age identities of this user, from everywhere that sops looks: SOPS_AGE_KEY, the file of SOPS_AGE_KEY_FILE, and
 * `sops/age/keys.txt` of the folder for configuration. What is no identity, or cannot be read, is a problem, told when a
 * document does not open. A file under a passphrase is asked for on the terminal. (The command of SOPS_AGE_KEY_CMD:
 * `commandIdentities`.)
 */
export async function userIdentities(io: Io): Promise<AgeIdentities> {
  const { env } = io;
  const ask = passphraseOf(io);
  const sources: AgeIdentities[] = [];
  if (env["SOPS_AGE_SSH_PRIVATE_KEY_FILE"] || env["SOPS_AGE_SSH_PRIVATE_KEY_CMD"]) sources.push(noSsh());
  if (env["SOPS_AGE_KEY"])
    sources.push(await readAgeIdentities(utf8(env["SOPS_AGE_KEY"]), "SOPS_AGE_KEY", ask));
  const named = env["SOPS_AGE_KEY_FILE"];
  if (named) sources.push(await fromFile(named, `${named} (SOPS_AGE_KEY_FILE)`, io, ask));
  for (const path of keyFiles(io)) {
    if (path === named || io.files.kindOf(path) !== "file") continue;
    sources.push(await fromFile(path, path, io, ask));
  }
  return joinAgeIdentities(sources);
}

/**
 * The identities that the command of SOPS_AGE_KEY_CMD gives for a recipient, which it finds in SOPS_AGE_RECIPIENT. It is
 * the user's own: no file can name one.
 * @returns null when no command is named.
 */
export async function commandIdentities(recipient: string, io: Io): Promise<AgeIdentities | null> {
  const command = io.env["SOPS_AGE_KEY_CMD"];
  if (!command) return null;
  const words = shellWords(command);
  if (words === null) return problem(new InputError("SOPS_AGE_KEY_CMD is no command", "close its quotes"));
  const output = await io.runProgram?.(words, { SOPS_AGE_RECIPIENT: recipient });
  if (output === undefined || output === null)
    return problem(
      new FileError(
        "the command of SOPS_AGE_KEY_CMD could not be run, or failed",
        "run it yourself, and see what it says",
      ),
    );
  try {
    return await readAgeIdentities(output, "what SOPS_AGE_KEY_CMD printed", passphraseOf(io));
  } finally {
    output.fill(0);
  }
}

/** Where sops keeps identities on this kind of machine; the second is that of macOS. */
function keyFiles({ env }: Io): string[] {
  const config = env["XDG_CONFIG_HOME"];
  const folders = [
    ...(config?.startsWith("/") === true
      ? [config]
      : env["HOME"]
        ? [`${env["HOME"]}/.config`, `${env["HOME"]}/Library/Application Support`]
        : []),
    ...(env["APPDATA"] ? [env["APPDATA"].replaceAll("\\", "/")] : []),
  ];
  return folders.map((folder) => `${folder}/sops/age/keys.txt`);
}

async function fromFile(
  path: string,
  where: string,
  io: Io,
  ask: AskPassphrase | null,
): Promise<AgeIdentities> {
  let bytes: Uint8Array;
  try {
    bytes = io.files.read(path);
  } catch (error) {
    return problem(fileFailure(`cannot read ${where}`, "name an existing, readable file", error));
  }
  return readAgeIdentities(bytes, where, ask);
}

function passphraseOf(io: Io): AskPassphrase | null {
  const { askSecret } = io;
  return askSecret === undefined ? null : (where) => askSecret(`Passphrase of ${where}: `);
}

function noSsh(): AgeIdentities {
  return problem(
    new InputError(
      "SSH keys are not taken as age identities (SOPS_AGE_SSH_PRIVATE_KEY_FILE, SOPS_AGE_SSH_PRIVATE_KEY_CMD)",
      "have the document encrypted for an identity of age-keygen, or open it with sops itself",
    ),
  );
}

function problem(error: SealError): AgeIdentities {
  return { identities: [], problems: [error] };
}
