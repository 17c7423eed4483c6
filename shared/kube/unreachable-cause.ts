/**
 * Our words for a failed connection, from the error's code alone: messages of network and TLS libraries may quote what
 * was sent.
 */
export function unreachableCause(error: unknown): string {
  const code = connectionErrorCode(error);
  if (code === null) return "the connection failed";
  const words = WORDS.get(code);
  if (words !== undefined) return words;
  if (isCertificateCode(code)) return `the server's certificate is not trusted (${code})`;
  if (code.startsWith("ERR_OSSL"))
    return `the certificate authority, client certificate or key cannot be read (${code})`;
  if (code.startsWith("ERR_SSL") || code.startsWith("ERR_TLS") || code === "EPROTO")
    return `the TLS handshake failed (${code})`;
  return `the connection failed (${code})`;
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "connection refused"],
  ["ENOTFOUND", "its name is not found"],
  ["EAI_AGAIN", "its name could not be looked up for now"],
  ["ECONNRESET", "the connection broke"],
  ["EPIPE", "the connection broke"],
  ["UND_ERR_SOCKET", "the connection broke"],
  ["UND_ERR_ABORTED", "the connection broke"],
  ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "the connection broke"],
  ["ETIMEDOUT", "no connection in time"],
  ["UND_ERR_CONNECT_TIMEOUT", "no connection in time"],
  ["UND_ERR_HEADERS_TIMEOUT", "no answer in time"],
  ["UND_ERR_BODY_TIMEOUT", "no answer in time"],
  ["EHOSTUNREACH", "no route to it"],
  ["ENETUNREACH", "no route to it"],
  ["UND_ERR_CLOSED", "this client was closed"],
  ["UND_ERR_DESTROYED", "this client was closed"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "it does not speak TLS (ERR_SSL_WRONG_VERSION_NUMBER)"],
  ["UND_ERR_INVALID_ARG", "the token or another header holds characters that HTTP does not allow"],
]);

/** Whether a code says that a certificate is not to be trusted: those of OpenSSL as Node names them, and the wrong host name. */
export function isCertificateCode(code: string): boolean {
  return (
    /CERT|CRL|SIGNATURE|UNABLE_TO_|ISSUER|HOSTNAME_MISMATCH/.test(code) &&
    !/^(ERR_SSL|ERR_OSSL|ECONN)/.test(code)
  );
}

/** The code of a failed connection, `ECONNREFUSED`; null where it has none. */
export function connectionErrorCode(error: unknown): string | null {
  return codeOf(error);
}

/** The first code along `cause` and, for an attempt on several addresses, its errors. */
function codeOf(error: unknown, depth = 0): string | null {
  if (!(error instanceof Error) || depth > 4) return null;
  if ("code" in error && typeof error.code === "string" && /^[A-Z][A-Z0-9_]{2,63}$/.test(error.code))
    return error.code;
  if (error instanceof AggregateError) {
    for (const one of error.errors) {
      const code = codeOf(one, depth + 1);
      if (code !== null) return code;
    }
  }
  return codeOf(error.cause, depth + 1);
}
