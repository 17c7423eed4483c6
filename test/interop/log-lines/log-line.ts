import { isRecord } from "../../support/control-plane/kube-object.ts";

/** One line of a controller's log. */
export type LogLine = {
  time: unknown;
  level: string;
  message: string;
  /** All fields beside these, as text. */
  fields: Readonly<Record<string, string>>;
};

/** The lines of a log in the text form; what is no such line (of Go's libraries, say) is passed over. */
export function textLines(log: string): LogLine[] {
  return log.split("\n").flatMap((line) => {
    if (!line.startsWith("time=")) return [];
    const fields: Record<string, string> = {};
    for (const [, key = "", value = ""] of line.matchAll(/([\w-]+)=("(?:[^"\\]|\\.)*"|\S*)/g)) {
      fields[key] = value.startsWith('"') ? unquoted(value) : value;
    }
    return [lineOf(fields)];
  });
}

/** The lines of a log in the JSON form. */
export function jsonLines(log: string): LogLine[] {
  return log.split("\n").flatMap((line) => {
    if (!line.startsWith("{")) return [];
    const fields: unknown = JSON.parse(line);
    return isRecord(fields) ? [lineOf(fields)] : [];
  });
}

function lineOf({ time, level, msg, ...rest }: Record<string, unknown>): LogLine {
  const fields = Object.entries(rest).map(([key, value]) => [key, String(value)]);
  return { time, level: String(level), message: String(msg), fields: Object.fromEntries(fields) };
}

function unquoted(text: string): string {
  return String(JSON.parse(text));
}
