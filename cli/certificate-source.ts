import { FileError, InputError, UsageError } from "../shared/errors.ts";
import { codeOf, fileFailure } from "./file-failure.ts";
import type { FoundCertificate } from "./found-certificate.ts";
import type { Io } from "./io.ts";
import { noticesOf } from "./notices.ts";
import type { KubesealOptions } from "./options.ts";

const FETCH_TIMEOUT_MS = 30_000;
const MAX_BYTES = 1 << 20;

/**
 * Finds the certificate: `--cert` names a file or an http, https or file URL, and no cluster is asked; without it the
 * controller is asked through the API server.
 * @throws SealError when it cannot be had.
 */
export async function findCertificate(options: KubesealOptions, io: Io): Promise<FoundCertificate> {
  const { cert } = options;
  if (cert === null) return fromController(options, io);
  // A single letter is a Windows drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(cert)?.[1]?.toLowerCase();
  if (scheme === "http" || scheme === "https") return fromWeb(cert, io);
  if (scheme === "file") return fromFile(pathOfUrl(cert), io);
  if (scheme !== undefined && cert.startsWith("//", scheme.length + 1)) {
    throw new UsageError(
      `--cert: URLs of type ${scheme} are not supported`,
      "give a file, or an http, https or file URL",
    );
  }
  return fromFile(cert, io);
}

async function fromController(options: KubesealOptions, io: Io): Promise<FoundCertificate> {
  const { openController } = await import("./controller-client.ts");
  const controller = await openController(options, io, noticesOf(io, options));
  try {
    return await controller.certificate();
  } finally {
    await controller.close();
  }
}

function fromFile(path: string, io: Io): FoundCertificate {
  try {
    return { bytes: io.files.read(path), source: path, controller: null };
  } catch (error) {
    throw fileFailure(
      `cannot read the certificate file ${path}`,
      "give an existing file with --cert, or fetch one with: signet --fetch-cert > cert.pem",
      error,
    );
  }
}

function pathOfUrl(url: string): string {
  const wrong = () =>
    new UsageError("--cert: this file URL has no path on this machine", "write file:///path/to/cert.pem");
  if (!URL.canParse(url)) throw wrong();
  const { hostname, pathname } = new URL(url);
  if (hostname !== "" && hostname !== "localhost") throw wrong();
  try {
    // On Windows the path is `/C:/…`.
    return decodeURIComponent(pathname).replace(/^\/(?=[a-z]:)/i, "");
  } catch {
    throw wrong();
  }
}

async function fromWeb(url: string, io: Io): Promise<FoundCertificate> {
  if (!URL.canParse(url)) {
    throw new UsageError("--cert: this is not a valid URL", "give a file, or an http, https or file URL");
  }
  const shown = withoutCredentials(url);
  const hint = "check the address and any proxy, or give a file with --cert";
  const fail = (why: string, cause?: unknown) =>
    new FileError(`cannot fetch "${shown}": ${why}`, hint, { cause });
  let response: Response;
  let bytes: Uint8Array;
  try {
    response = await io.fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
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

function withoutCredentials(text: string): string {
  const url = new URL(text);
  if (url.username === "" && url.password === "") return text;
  url.username = "";
  url.password = "";
  return url.href;
}
