import { InputError } from "../errors.ts";

/** Where Vault is, and where else it may send us. */
export type VaultAddresses = {
  /** Origin, such as `https://vault.example:8200`. */
  origin: string;
  /** Origins that a redirect may lead to, that one among them. */
  redirects: ReadonlySet<string>;
};

/**
 * @param address `https://HOST[:PORT]` or `http://HOST[:PORT]`.
 * @param redirectAddresses of the same form.
 * @throws InputError for an address of another form, and for one without TLS beside one with it: a token that travels
 * encrypted must not be led to where it does not.
 */
export function readAddresses(address: string, redirectAddresses: readonly string[]): VaultAddresses {
  const origin = originOf(address, "Vault's address");
  const others = redirectAddresses.map((one, at) =>
    originOf(one, `address ${at + 1} that Vault may redirect to`),
  );
  if (origin.startsWith("https:") && others.some((one) => !one.startsWith("https:")))
    throw new InputError(
      "Vault is reached by https, yet an address that it may redirect to begins with http",
      "name all of Vault's addresses with https",
    );
  return { origin, redirects: new Set([origin, ...others]) };
}

function originOf(text: string, what: string): string {
  const url = URL.parse(text);
  const isBare =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.pathname === "/" &&
    [url.search, url.hash, url.username, url.password].every((part) => part === "");
  if (!isBare)
    throw new InputError(
      `${what} is not an address`,
      "write it as https://HOST:PORT, without path, name or password",
    );
  return url.origin;
}

const LONGEST_ORIGIN = 300;

/** The origin that a `Location` names, seen from where it was answered; null when it names none. */
export function redirectOrigin(location: unknown, from: string): string | null {
  const url = typeof location === "string" ? URL.parse(location, from) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  return url.origin.length > LONGEST_ORIGIN ? null : url.origin;
}
