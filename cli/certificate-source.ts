import { FileError, InputError, UsageError } from "../shared/errors.ts";
import { certificateFile, readCertificateFile } from "./certificate-file.ts";
import { codeOf } from "./file-failure.ts";
import type { FoundCertificate } from "./found-certificate.ts";
import type { Io } from "./io.ts";
import { noticesOf } from "./notices.ts";
import type { ClusterOptions, KubesealOptions } from "./options.ts";

const FETCH_TIMEOUT_MS = 30_000;
const MAX_BYTES = 1 << 20;

/** What says where the certificate comes from. */
export type CertificateOptions = ClusterOptions & Pick<KubesealOptions, "cert" | "verbose" | "v">;

/**
 * Finds the certificate: `--cert` names a file or an http, https or file URL, and no cluster is asked; without it the
 * controller is asked through the API server.
 * @throws SealError when it cannot be had.
 */
export async function findCertificate(options: CertificateOptions, io: Io): Promise<FoundCertificate> {
  const { cert } = options;
  if (cert === null) return fromController(options, io);
  const path = certificateFile(cert);
  return path === null ? fromWeb(cert, io) : readCertificateFile(path, io);
}

async function fromController(options: CertificateOptions, io: Io): Promise<FoundCertificate> {
  const { openController } = await import("./controller-client.ts");
  const controller = await openController(options, io, noticesOf(io, options));
  try {
    return await controller.certificate();
  } finally {
    await controller.close();
  }
}

async function fromWeb(url: string, io: Io): Promise<FoundCertificate> {
  if (!URL.canParse(url)) {
    throw new UsageError("--cert: this is not a valid URL", "give a file, or an http, https or file URL");
  }
  const { address, credentials, shown } = takenApart(url);
  const hint = "check the address and any proxy, or give a file with --cert";
  const fail = (why: string, cause?: unknown) =>
    new FileError(`cannot fetch "${shown}": ${why}`, hint, { cause });
  let response: Response;
  let bytes: Uint8Array;
  try {
    response = await io.fetch(address, {
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      headers: credentials === null ? {} : { authorization: credentials },
    });
    bytes = response.status === 200 ? await readLimited(response) : new Uint8Array();
  } catch (error) {
    throw error instanceof InputError ? error : fail(webCause(error), error);
  }
  if (response.status !== 200) throw fail(`${response.status} ${response.statusText}`.trim());
  return { bytes, source: shown, controller: null };
}

async function readLimited(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) {
      throw new InputError(
        "what --cert names is too long to be a certificate",
        "check the address given with --cert",
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function webCause(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "no answer within 30 seconds";
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  switch (codeOf(cause)) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the name of the host cannot be resolved";
    case "ECONNRESET":
    case "UND_ERR_SOCKET":
      return "the connection was closed";
    default:
      return `no answer (${codeOf(cause)})`;
  }
}

/** What to ask and with which credentials, and what may be shown of it: a query may hold a token. */
function takenApart(text: string): { address: string; credentials: string | null; shown: string } {
  const url = new URL(text);
  const { username, password } = url;
  url.username = "";
  url.password = "";
  const isPlain = username === "" && password === "";
  const address = isPlain ? text : url.href;
  const user = `${unescaped(username)}:${unescaped(password)}`;
  return {
    address,
    credentials: isPlain ? null : `Basic ${Buffer.from(user).toString("base64")}`,
    shown: address.replace(/[?#].*$/s, (rest) => (rest.length > 1 ? `${rest[0]}…` : "")),
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
