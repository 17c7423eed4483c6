import { KeyServiceError } from "../seal/key-service-error.ts";

const SEPARATOR = "/";

/**
 * A path of Vault as its segments.
 * @param text segments with `/` between them, none at the ends.
 */
export function segmentsOf(text: string): string[] {
  return text.split(SEPARATOR);
}

/**
 * The path of a request as it stands in a URL, each segment encoded on its own.
 * @throws KeyServiceError `misused` for a segment that servers, proxies and policies do not all read alike: an empty one,
 * `.`, `..`, and any with `/`, `\`, `%`, `?`, `#` or a control character.
 */
export function urlPath(segments: readonly string[]): string {
  const at = segments.findIndex((segment) => !isSegment(segment));
  if (at !== -1 || segments.length === 0)
    throw new KeyServiceError(
      "misused",
      `part ${at + 1} of a path in Vault is empty or holds characters that are not allowed there`,
      'leave out "." and "..", empty parts, control characters and any of / \\ % ? #',
    );
  return `/v1/${segments.map(encodeURIComponent).join(SEPARATOR)}`;
}

function isSegment(segment: string): boolean {
  return (
    segment !== "" && segment !== "." && segment !== ".." && segment.isWellFormed() && !UNSAFE.test(segment)
  );
}

const UNSAFE = /[/\\%?#\p{Cc}]/u;
