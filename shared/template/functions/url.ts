import { type FunctionTable, goFunction, TemplateFunctionError } from "../function-table.ts";
import { type GoMap, map, types } from "../value.ts";
import { readCharacters, writeBytes } from "./accounting.ts";
import { emptyUrl, hostname, parseUrl, type Userinfo, urlText, userinfoText } from "./go-url.ts";
import { tableOf } from "./table.ts";

// Escaping writes three bytes for one, and userinfo is escaped twice.
const LONGEST_ESCAPE = 3;

/** URLs taken apart into dicts and joined from them, as Go's net/url reads and writes them. */
export const urlFunctions: FunctionTable = tableOf({
  urlParse: goFunction([types.string], ([text], context) => {
    readCharacters(context, text.length);
    writeBytes(context, LONGEST_ESCAPE * text.length);
    const url = parseUrl(text);
    if (url === null) throw new TemplateFunctionError("the URL is malformed");
    const { scheme, host, path, query, opaque, fragment, userinfo } = url;
    return map(
      new Map([
        ["scheme", scheme],
        ["host", host],
        ["hostname", hostname(host)],
        ["path", path],
        ["query", query],
        ["opaque", opaque],
        ["fragment", fragment],
        ["userinfo", userinfo === null ? "" : userinfoText(userinfo)],
      ]),
    );
  }),
  urlJoin: goFunction([types.anyMap], ([parts], context) => {
    const part = (name: string): string => {
      const text = textAt(parts, name);
      readCharacters(context, text.length);
      context.grow(LONGEST_ESCAPE * text.length);
      return text;
    };
    return urlText({
      ...emptyUrl(),
      scheme: part("scheme"),
      host: part("host"),
      path: part("path"),
      query: part("query"),
      opaque: part("opaque"),
      fragment: part("fragment"),
      userinfo: readUserinfo(part("userinfo")),
    });
  }),
});

function textAt(parts: GoMap, name: string): string {
  const value = parts.entries.get(name) ?? "";
  if (typeof value !== "string") throw new TemplateFunctionError(`the dict's ${name} is not a string`);
  return value;
}

function readUserinfo(text: string): Userinfo | null {
  if (text === "") return null;
  // A slash, question mark or hash in it would end the authority: Go asks its parser the same way.
  const url = parseUrl(`proto://${text}@host`);
  if (url === null) throw new TemplateFunctionError("the dict's userinfo is malformed");
  return url.userinfo;
}
