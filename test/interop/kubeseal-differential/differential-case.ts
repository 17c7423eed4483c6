import type { DifferenceId } from "./intended-differences.ts";

/** One command line, run through kubeseal and through ours in folders alike. */
export type DifferentialCase = {
  /** What it exercises; unique in its mode. */
  name: string;
  /**
   * In arguments, input, variables and files these words are replaced: `@DIR@` by the folder, `@HTTP@` by the root of a
   * web server, `@KUBECONFIG@` by the administrator's kubeconfig, `@SERVER@`, `@TOKEN@` and `@CA@` by what stands in it,
   * `@sealed.yaml@` by that file of the scene.
   */
  args: readonly string[];
  stdin?: string;
  env?: Readonly<Record<string, string>>;
  /** Files beside those every case finds (scene.ts), by name: content, or where a link leads. */
  files?: Readonly<
    Record<string, string | Uint8Array | { link: string } | { content: string; mode: number }>
  >;
  /** What kubeseal ends with; 0 when not given. */
  exit?: 0 | 1 | 2;
  /** What both error messages contain. Every failure says something. */
  says?: string | readonly string[];
  /** Which controllers it is run against, each by both programs; none by default. */
  cluster?: "none" | "both" | "reference" | "signet";
  /** Gives the input, which ends a line, at a terminal; standard error is none. */
  atTerminal?: boolean;
  /** Runs both as in a pod: the namespace that its ServiceAccount's file names. */
  podNamespace?: string;
  /** Name ours is called by; kubeseal by default. */
  program?: "signet" | "kubectl-signet";
  /** Numbers of scenarios and weaknesses (W3) it covers; the suite's table says what they stand for. */
  proves?: readonly (number | string)[];
  /** What ours does instead, by the difference that is the reason. All else must be alike. */
  differs?: Differences;
};

/** What ours does instead, by the reason. */
export type Differences = Partial<Record<DifferenceId, Ours>>;

/** What ours gives where it differs on purpose. Nothing of it may be what kubeseal gives. */
export type Ours = {
  code?: number;
  /** The whole text, or what it matches; ciphertexts stand there opened (opened-values.ts). */
  stdout?: Expected;
  /** Whether there is an error at all. */
  error?: boolean;
  /** What the error and its hint contain, in the place of kubeseal's words. */
  says?: Expected;
  /** Notices on standard error, without error and hint. */
  notices?: Expected;
  /** Content by file name; null for a file that is not there. */
  files?: Readonly<Record<string, Expected | null>>;
  /** Permissions by file name. */
  modes?: Readonly<Record<string, number>>;
};

/** A text; patterns it matches; or the objects of kubeseal's product in another layout. */
export type Expected = string | RegExp | readonly RegExp[] | typeof SAME_OBJECTS;

/** The same objects as kubeseal's, written otherwise. */
export const SAME_OBJECTS = { same: "objects" } as const;

/** Ours refuses what kubeseal takes; neither prints anything. */
export const fails = (says: RegExp): Ours => ({ code: 1, error: true, says });

/** Ours refuses what kubeseal takes, and nothing is printed. */
export const refuses = (says: RegExp): Ours => ({ code: 1, stdout: "", error: true, says });
