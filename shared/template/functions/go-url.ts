import { decodePart, encodePart } from "./url-escape.ts";
import { parseHost } from "./url-host.ts";

/** A URL taken apart as Go's net/url does, into byte strings. All but `query` and `opaque` are decoded. */
export type GoUrl = {
  scheme: string;
  opaque: string;
  userinfo: Userinfo | null;
  host: string;
  path: string;
  query: string;
  fragment: string;
};
export type Userinfo = { readonly name: string; readonly password: string | null };

/** @returns null where Go gives an error */
export function parseUrl(text: string): GoUrl | null {
  const [before, fragment] = cut(text, "#");
  const url = parseBeforeFragment(before);
  if (url === null || fragment === "") return url;
  const decoded = decodePart(fragment, "fragment");
  return decoded === null ? null : { ...url, fragment: decoded };
}

/** A URL of parts that were not parsed. */
export function emptyUrl(): GoUrl {
  return {
    scheme: "",
    opaque: "",
    userinfo: null,
    host: "",
    path: "",
    query: "",
    fragment: "",
  };
}

/** The URL as text (Go: URL.String). */
export function urlText(url: GoUrl): string {
  let text = url.scheme === "" ? "" : `${url.scheme}:`;
  if (url.opaque === "") text += hierarchy(url, text === "");
  else text += url.opaque;
  if (url.query !== "") text += `?${url.query}`;
  if (url.fragment !== "") text += `#${encodePart(url.fragment, "fragment")}`;
  return text;
}

/** The host without port and brackets (Go: URL.Hostname). */
export function hostname(host: string): string {
  const colon = host.lastIndexOf(":");
  const bare = colon >= 0 && /^:[0-9]*$/.test(host.slice(colon)) ? host.slice(0, colon) : host;
  return bare.startsWith("[") && bare.endsWith("]") && bare.length > 1 ? bare.slice(1, -1) : bare;
}

/** Name and password as a URL has them (Go: Userinfo.String). */
export function userinfoText({ name, password }: Userinfo): string {
  return encodePart(name, "user") + (password === null ? "" : `:${encodePart(password, "user")}`);
}

function parseBeforeFragment(text: string): GoUrl | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it refuses
  if (/[\x00-\x1f\x7f]/.test(text)) return null;
  const url = emptyUrl();
  if (text === "*") return { ...url, path: "*" };
  if (text.startsWith(":")) return null;
  const { scheme = "", rest: afterScheme = text } =
    /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?<rest>.*)$/s.exec(text)?.groups ?? {};
  url.scheme = scheme.toLowerCase();
  const [rest, query] = cut(afterScheme, "?");
  url.query = query;
  if (!rest.startsWith("/")) {
    if (url.scheme !== "") return { ...url, opaque: rest };
    if (cut(rest, "/")[0].includes(":")) return null;
  }
  return parseHierarchy(url, rest);
}

function parseHierarchy(url: GoUrl, rest: string): GoUrl | null {
  let path = rest;
  if (rest.startsWith("//") && (url.scheme !== "" || !rest.startsWith("///"))) {
    const slash = rest.indexOf("/", 2);
    path = slash < 0 ? "" : rest.slice(slash);
    if (!parseAuthority(url, slash < 0 ? rest.slice(2) : rest.slice(2, slash))) return null;
  }
  const decoded = decodePart(path, "path");
  return decoded === null ? null : { ...url, path: decoded };
}

function parseAuthority(url: GoUrl, authority: string): boolean {
  const at = authority.lastIndexOf("@");
  const host = parseHost(url.scheme, authority.slice(at + 1));
  if (host === null) return false;
  url.host = host;
  if (at < 0) return true;
  const written = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(written)) return false;
  const [name, password] = cut(written, ":").map((part) => decodePart(part, "user"));
  if (typeof name !== "string" || typeof password !== "string") return false;
  url.userinfo = { name, password: written.includes(":") ? password : null };
  return true;
}

function hierarchy(url: GoUrl, first: boolean): string {
  const { host, userinfo } = url;
  const path = url.path === "*" ? url.path : encodePart(url.path, "path");
  let text = "";
  if (url.scheme !== "" || host !== "" || userinfo !== null) {
    if (host !== "" || url.path !== "" || userinfo !== null) text += "//";
    if (userinfo !== null) text += `${userinfoText(userinfo)}@`;
    text += encodePart(host, "host");
  }
  if (path !== "" && !path.startsWith("/") && host !== "") text += "/";
  if (first && text === "" && cut(path, "/")[0].includes(":")) text += "./";
  return text + path;
}

function cut(text: string, at: string): [string, string] {
  const place = text.indexOf(at);
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + at.length)];
}
