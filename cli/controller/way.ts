import type { RawAnswer } from "../../shared/kube/client.ts";

/** The Service of a controller. */
export type ControllerService = { namespace: string; name: string };

/** One question to a controller. */
export type Question = {
  method: "GET" | "POST";
  /** Path of its HTTP API: `/v1/cert.pem`. */
  path: string;
  accept: string;
  /** Sent as it is. */
  body?: string;
  /** Longest wait for the answer; null leaves it to the way. */
  timeoutMs: number | null;
};

/** A way on which the controller may be reached. */
export type Way = {
  /** For people: `the Service proxy of kube-system/sealed-secrets-controller`. */
  readonly name: string;
  /**
   * Asks the controller.
   * @returns its answer, of whatever status.
   * @throws ClosedWay when the controller was not reached.
   */
  ask(question: Question): Promise<RawAnswer>;
  close(): Promise<void>;
};

/** A way did not lead to the controller; another one may. */
export class ClosedWay extends Error {
  /** In our words, for one line: `it answered 403`. */
  readonly why: string;
  /** What would open this way. */
  readonly remedy: string;

  constructor(why: string, remedy: string) {
    super(why);
    this.why = why;
    this.remedy = remedy;
  }
}
