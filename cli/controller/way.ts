import type { RawAnswer } from "../../shared/kube/client.ts";

/** The Service of a controller. */
export type ControllerService = { namespace: string; name: string };

/** One question to a controller. Asking it twice does no harm. */
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

/** The controller's answer, of whatever status. */
export type WayAnswer = RawAnswer & {
  /** Where it came from, for people: `Service kube-system/sealed-secrets-controller`. */
  source: string;
};

/** A way on which the controller may be reached. */
export type Way = {
  /** For people: `the Service proxy of kube-system/sealed-secrets-controller`. */
  readonly name: string;
  /** Whether what comes on it is taken with more caution than what comes through the API server's proxy. */
  readonly isFallback: boolean;
  /**
   * Asks the controller.
   * @throws ClosedWay when the controller was not reached.
   */
  ask(question: Question): Promise<WayAnswer>;
  /** Closes what it keeps open. */
  close(): void;
};

/** A way did not lead to the controller; another one may. */
export class ClosedWay extends Error {
  /** What would open this way, in our words. */
  readonly remedy: string;

  /**
   * @param why in our words, for one line: `answered 403`.
   * @param remedy what would open it: `check that the controller's Pod is ready`.
   */
  constructor(why: string, remedy: string) {
    super(why);
    this.remedy = remedy;
  }
}
