import { readDocuments } from "../../shared/document/read-documents.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { FileError, InputError, UsageError } from "../../shared/errors.ts";
import { version } from "../../shared/version.ts";
import { fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
import { EXIT_DONE, reporting } from "../report.ts";
import { readFunctionConfig } from "./function-config.ts";

const HELP = `A function for kustomize: renders sealed Secrets, or makes SealedSecrets, in a build.

Usage:
  kustomize build --enable-alpha-plugins --enable-exec FOLDER
  signet-krm seal CONFIG.yaml [ITEM...]

kustomize runs it without arguments, where an object of signet.dev/v1alpha1 under generators or transformers
names it: RenderSecrets, SealedSecretGenerator, CheckSealedSecrets. Without both flags kustomize runs
no such function, and says nothing. Keys and certificates are named in variables, such as SEALED_SECRETS_KEY and
SEALED_SECRETS_CERT.

signet-krm seal seals what the sealedFile of a SealedSecretGenerator lacks, and the items named, and writes that
file. Run it in the folder of the kustomization.
`;

/** The program `signet-krm`. @returns the exit code: whatever fails is 1 to kustomize's users, 2 on a command line. */
export function runKrm(io: Io): Promise<number> {
  return reporting(io, async () => {
    const [word, ...rest] = io.args;
    switch (word) {
      case undefined: {
        const { runFunction } = await import("./function.ts");
        await runFunction(io);
        break;
      }
      case "seal":
        await writeSealedFile(rest, io);
        break;
      case "--help":
      case "-h":
        io.stdout.write(HELP);
        break;
      case "--version":
        io.stdout.write(`signet version: ${version}\n`);
        break;
      default:
        throw new UsageError(`unknown argument: ${word}`, "signet-krm --help tells what it takes");
    }
    return EXIT_DONE;
  });
}

async function writeSealedFile([path, ...items]: readonly string[], io: Io): Promise<void> {
  if (path === undefined || path.startsWith("-"))
    throw new UsageError(
      "signet-krm seal takes the file of a SealedSecretGenerator",
      "write signet-krm seal CONFIG.yaml",
    );
  const [document, ...others] = readDocuments(read(path, io), path);
  const config = document === undefined || others.length > 0 ? null : readFunctionConfig(document.value);
  if (config?.kind !== "SealedSecretGenerator" || config.sealedFile === null) {
    throw new InputError(
      `${path} is not one SealedSecretGenerator with a sealedFile`,
      "name its file, and add sealedFile: FILE to it",
    );
  }
  const { generateSealedSecret } = await import("./sealed-secret-generator.ts");
  const { sealedSecret } = await generateSealedSecret(config, items, io);
  try {
    io.files.replace(config.sealedFile, toYaml(sealedSecret));
  } catch (error) {
    throw fileFailure(`cannot write ${config.sealedFile}`, "check the folder and its permissions", error);
  }
}

function read(path: string, { files }: Io): Uint8Array {
  if (files.kindOf(path) !== "file") throw new FileError(`there is no file ${path}`, "name an existing one");
  try {
    return files.read(path);
  } catch (error) {
    throw fileFailure(`cannot read ${path}`, "check its permissions", error);
  }
}
