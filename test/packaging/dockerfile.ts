/** One step of a Dockerfile, read. */
export type Step =
  | { kind: "from"; image: string; name: string | null }
  | { kind: "workdir"; path: string }
  | { kind: "copy"; from: string | null; sources: string[]; target: string }
  | { kind: "run"; command: string }
  | { kind: "env"; values: Record<string, string> }
  | { kind: "user"; user: string }
  | { kind: "expose"; ports: string[] }
  | { kind: "entrypoint"; argv: string[] };

/**
 * Reads the part of the Dockerfile language that ours uses.
 * @throws Error for anything else, so that no step goes untested.
 */
export function parseDockerfile(text: string): Step[] {
  const lines = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .replaceAll(/\\\n/g, " ")
    .split("\n");
  return lines.filter((line) => line.trim() !== "").map(parseStep);
}

function parseStep(line: string): Step {
  const [, word = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
  const words = rest.split(/\s+/);
  switch (word) {
    case "FROM": {
      const match = /^(\S+)(?: AS (\S+))?$/.exec(rest);
      if (match?.[1] === undefined) break;
      return { kind: "from", image: match[1], name: match[2] ?? null };
    }
    case "WORKDIR":
      return { kind: "workdir", path: rest };
    case "COPY": {
      const from = /^--from=(\S+)$/.exec(words[0] ?? "")?.[1] ?? null;
      const paths = from === null ? words : words.slice(1);
      const target = paths.pop();
      if (target === undefined || paths.length === 0 || paths.some((path) => path.startsWith("-"))) break;
      return { kind: "copy", from, sources: paths, target };
    }
    case "RUN":
      if (rest.startsWith("-") || rest.startsWith("[")) break;
      return { kind: "run", command: rest };
    case "ENV": {
      const pairs = words.map((pair) => /^([^=]+)=([^"'$]*)$/.exec(pair));
      const values: Record<string, string> = {};
      for (const pair of pairs) {
        if (pair?.[1] === undefined || pair[2] === undefined) throw new Error(`cannot read: ${line}`);
        values[pair[1]] = pair[2];
      }
      return { kind: "env", values };
    }
    case "USER":
      return { kind: "user", user: rest };
    case "EXPOSE":
      return { kind: "expose", ports: words };
    case "ENTRYPOINT": {
      const argv: unknown = JSON.parse(rest);
      if (!Array.isArray(argv)) break;
      return { kind: "entrypoint", argv: argv.map(String) };
    }
  }
  throw new Error(`cannot read: ${line}`);
}
