import type { FastifyInstance } from "fastify";
import { SealError } from "../../shared/errors.ts";

/** A port could not be bound. */
export class ListenError extends SealError {
  override readonly code = "listen";
}

/** What is wrong and what helps, by the code of the error. */
const CAUSES: Readonly<Record<string, readonly [string, string]>> = {
  EADDRINUSE: ["the port is in use", "free the port"],
  EACCES: ["no right to", "take a port from 1024 on"],
  EADDRNOTAVAIL: ["this machine has no such address", "leave the host out to listen on all addresses"],
  ENOTFOUND: ["the host name is not known", "leave the host out to listen on all addresses"],
  EAI_AGAIN: ["the host name is not known", "leave the host out to listen on all addresses"],
};

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
    // A machine without IPv6 has no such wildcard address; how it says so depends on how it was turned off.
    if (host === "" && ["EAFNOSUPPORT", "EADDRNOTAVAIL"].includes(code))
      return listen(server, `0.0.0.0:${port}`, option);
    const [why, remedy] = CAUSES[code] ?? [code, "free the port"];
    throw new ListenError(
      `cannot listen on ${address}: ${why}`,
      `${remedy}, or choose another with --${option}`,
    );
  }
  const bound = server.server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}
