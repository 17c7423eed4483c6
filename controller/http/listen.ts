import type { FastifyInstance } from "fastify";
import { SealError } from "../../shared/errors.ts";

/** A port could not be bound. */
export class ListenError extends SealError {
  override readonly code = "listen";
}

/**
 * Binds a server to `HOST:PORT` or `:PORT`.
 * @param option name of the option the address comes from, for the error.
 * @returns the port, which differs from the one asked for where that is 0.
 * @throws ListenError.
 */
export async function listen(server: FastifyInstance, address: string, option: string): Promise<number> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  const port = Number(address.slice(at + 1));
  try {
    await server.listen({ port, host: host === "" ? "::" : host });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    // A machine without IPv6 has no such wildcard address.
    if (host === "" && code === "EAFNOSUPPORT") return listen(server, `0.0.0.0:${port}`, option);
    const why = code === "EADDRINUSE" ? "the port is in use" : code === "EACCES" ? "no right to" : code;
    throw new ListenError(
      `cannot listen on ${address}: ${why}`,
      `free the port, or choose another with --${option}`,
    );
  }
  const bound = server.server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}
