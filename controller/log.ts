import { Writable } from "node:stream";
import { type Logger, pino } from "pino";

/** The controller's logger. Messages are constants of ours; values that vary go into fields. */
export type Log = Logger;

/** Levels by name, as `--log-level` spells them, with their pino names. */
export const LOG_LEVELS = { DEBUG: "debug", INFO: "info", WARN: "warn", ERROR: "error" } as const;
/** A level by its name. */
export type LogLevel = keyof typeof LOG_LEVELS;

/** How to log: see the options of the same names. */
export type LogOptions = { level: LogLevel; format: "text" | "json"; infoToStdout: boolean };

/** Where lines go. */
export type LogSinks = { out: (line: string) => void; err: (line: string) => void };

type Line = { [field: string]: unknown };

const LEVEL_NAMES: Readonly<Record<number, LogLevel>> = { 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR" };

/**
 * Opens a logger that writes lines in the shape people already collect: `time=… level=INFO msg="…" key=value`, or
 * one JSON object a line. Levels up to INFO go to standard output unless told otherwise, the rest to standard error.
 */
export function openLog({ level, format, infoToStdout }: LogOptions, { out, err }: LogSinks): Log {
  const render = format === "json" ? jsonLine : textLine;
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const text of chunk.toString("utf8").split("\n")) {
        if (text === "") continue;
        const line = JSON.parse(text) as Line;
        const sink = infoToStdout && Number(line["level"]) <= 30 ? out : err;
        sink(`${render(line)}\n`);
      }
      done();
    },
  });
  return pino(
    { level: LOG_LEVELS[level], base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
}

function jsonLine(line: Line): string {
  return JSON.stringify({ ...line, level: levelName(line) });
}

function textLine(line: Line): string {
  const { time, level: _level, msg, ...fields } = line;
  const parts = [`time=${String(time)}`, `level=${levelName(line)}`, `msg=${quoted(String(msg ?? ""))}`];
  for (const [key, value] of Object.entries(fields)) {
    parts.push(`${key}=${quoted(typeof value === "string" ? value : JSON.stringify(value))}`);
  }
  return parts.join(" ");
}

function levelName(line: Line): LogLevel {
  return LEVEL_NAMES[Number(line["level"])] ?? "ERROR";
}

function quoted(text: string): string {
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text);
}
