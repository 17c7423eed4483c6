import { type FunctionTable, goFunction, type TemplateFunction } from "../function-table.ts";
import { types, type Value } from "../value.ts";
import { tableOf } from "./table.ts";

const base = ofPath((path) => {
  if (path === "") return ".";
  const trimmed = withoutTrailing(path);
  return trimmed === "" ? "/" : trimmed.slice(trimmed.lastIndexOf("/") + 1);
});
const dir = ofPath((path) => clean(path.slice(0, path.lastIndexOf("/") + 1)));
const ext = ofPath((path) => {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot);
});
const cleaned = ofPath(clean);
const isAbs = ofPath((path) => path.startsWith("/"));

/** Paths with slashes. The `os…` names mean the same, since templates run on Linux. */
export const pathFunctions: FunctionTable = tableOf({
  base: base,
  dir: dir,
  ext: ext,
  clean: cleaned,
  isAbs: isAbs,
  osBase: base,
  osDir: dir,
  osExt: ext,
  osClean: cleaned,
  osIsAbs: isAbs,
});

function ofPath(work: (path: string) => Value): TemplateFunction {
  return goFunction([types.string], ([path], context) => {
    context.spend(Math.ceil(path.length / 100));
    return work(path);
  });
}

// A regular expression for the slashes at the end would take quadratic time.
function withoutTrailing(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** The shortest path of the same meaning (Go: path.Clean). */
function clean(path: string): string {
  const rooted = path.startsWith("/");
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!rooted) kept.push("..");
  }
  const joined = (rooted ? "/" : "") + kept.join("/");
  return joined === "" ? "." : joined;
}
