import { Counter, Histogram, type Registry } from "prom-client";

/** Requests to the HTTP API. */
export function httpMetrics(registry: Registry) {
  const registers = [registry];
  const requests = new Counter({
    name: "sealed_secrets_controller_http_requests_total",
    help: "HTTP requests, by path, status code and method",
    labelNames: ["path", "code", "method"],
    registers,
  });
  const durations = new Histogram({
    name: "sealed_secrets_controller_http_request_duration_seconds",
    help: "Duration of HTTP requests in seconds",
    labelNames: ["path", "method"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return {
    countHttp(path: string, method: string, code: number, seconds: number) {
      requests.inc({ path, code: String(code), method: method.toLowerCase() });
      durations.observe({ path, method: method.toLowerCase() }, seconds);
    },
  };
}
