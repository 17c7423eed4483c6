import type { ServerResponse } from "node:http";

/** What a fake server does to one request instead of answering it. */
export type HttpFault =
  /** This answer. A text is sent as HTML, anything else as JSON. */
  | { kind: "answer"; status: number; body: unknown; headers?: Readonly<Record<string, string>> }
  /** Not carried out: sent to the same path at another origin. */
  | { kind: "redirect"; status: 301 | 302 | 307 | 308; to: string }
  /** The right answer, after a while. */
  | { kind: "delay"; ms: number }
  /** Carried out, but not answered, and the connection stays. */
  | { kind: "silence" }
  /** Not carried out: the connection ends. */
  | { kind: "drop" }
  /** Carried out, but the connection ends amid the answer. */
  | { kind: "cut" }
  /** Begins well, and goes on for as long as the client reads. */
  | { kind: "endless" };

/** Which requests a fault is for. */
export type FaultScope = {
  /** How many; all until it is taken back by default. */
  times?: number;
  /** Those of which this is part of the name: of the operation, or of the path. All by default. */
  of?: string;
};

/** Says what becomes of each request. */
export type FaultPlan = {
  inject(fault: HttpFault, scope?: FaultScope): void;
  /** Takes back what was injected of requests of that part of the name; whatever was injected when it is left out. */
  heal(of?: string): void;
  /** @returns the fault for a request of this name, which then counts as used, or null. The first injected goes first. */
  next(name: string): HttpFault | null;
};

/** Makes a plan without faults. */
export function makeFaultPlan(): FaultPlan {
  let planned: { fault: HttpFault; left: number; of: string }[] = [];
  return {
    inject(fault, { times = Number.POSITIVE_INFINITY, of = "" } = {}) {
      planned.push({ fault, left: times, of });
    },
    heal(of) {
      planned = of === undefined ? [] : planned.filter((one) => one.of !== of);
    },
    next(name) {
      const found = planned.find(({ left, of }) => left > 0 && name.includes(of));
      if (found === undefined) return null;
      found.left -= 1;
      return found.fault;
    },
  };
}

/** What a server would answer. */
export type RightAnswer = { status: number; body: unknown; headers?: Readonly<Record<string, string>> };

/**
 * Answers a request, or does what the fault says.
 * @param carryOut gives the right answer; not called where the request is not carried out.
 */
export function answerWith(
  response: ServerResponse,
  contentType: string,
  fault: HttpFault | null,
  carryOut: () => RightAnswer,
): void {
  switch (fault?.kind) {
    case undefined:
      send(response, contentType, carryOut());
      break;
    case "answer":
      send(response, typeof fault.body === "string" ? "text/html" : contentType, fault);
      break;
    case "redirect": {
      const location = new URL(response.req.url ?? "/", fault.to).href;
      send(response, contentType, { status: fault.status, body: null, headers: { location } });
      break;
    }
    case "delay":
      setTimeout(() => send(response, contentType, carryOut()), fault.ms).unref();
      break;
    case "silence":
      carryOut();
      break;
    case "drop":
      response.socket?.destroy();
      break;
    case "cut": {
      const text = JSON.stringify(carryOut().body);
      const headers = { "content-type": contentType, "content-length": Buffer.byteLength(text) };
      response.writeHead(200, headers);
      response.write(text.slice(0, text.length / 2), () => response.socket?.destroy());
      break;
    }
    case "endless":
      response.writeHead(200, { "content-type": contentType });
      response.write('{"data":"');
      goOn(response);
  }
}

function send(
  response: ServerResponse,
  contentType: string,
  { status, body, headers = {} }: RightAnswer,
): void {
  const text = body === null ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const type = text === "" ? {} : { "content-type": contentType };
  response.writeHead(status, { ...type, ...headers }).end(text);
}

const chunk = "x".repeat(64 * 1024);

function goOn(response: ServerResponse): void {
  if (response.destroyed) return;
  // The next one once this one is out, so that a client that stops reading stops it.
  response.write(chunk, (error) => {
    if (error === null || error === undefined) goOn(response);
  });
}
