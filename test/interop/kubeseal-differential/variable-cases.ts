import { type DifferentialCase, type Ours, refuses } from "./differential-case.ts";
import { one, plain } from "./plain-secrets.ts";

const variables = (
  env: Record<string, string>,
  name: string,
  more: Partial<DifferentialCase> = {},
): DifferentialCase => ({
  name,
  args: [],
  env: { SEALED_SECRETS_CERT: "cert.pem", ...env },
  stdin: one,
  ...more,
});

/** Ours refuses a command line that kubeseal takes. */
const unread = (says: RegExp): Ours => ({ ...refuses(says), code: 2 });

/** Environment variables. */
export const variableCases: readonly DifferentialCase[] = [
  variables({ SEALED_SECRETS_FORMAT: "yaml" }, "a text"),
  variables({ SEALED_SECRETS_SCOPE: "cluster-wide" }, "a choice"),
  variables({ SEALED_SECRETS_ALLOW_EMPTY_DATA: "true" }, "a switch", { stdin: plain }),
  variables({ SEALED_SECRETS_ALLOW_EMPTY_DATA: "0" }, "a switch that is off", {
    stdin: plain,
    exit: 1,
    says: "secret.data is empty",
  }),
  variables({ SEALED_SECRETS_SECRET_FILE: "secret.yaml" }, "a file"),
  variables({ SEALED_SECRETS_SEALED_SECRET_FILE: "out.yaml" }, "an output file"),
  variables({ SEALED_SECRETS_NAME: "renamed" }, "a name"),
  variables({ SEALED_SECRETS_FORMAT: "yaml" }, "the flag over the variable", { args: ["-o", "json"] }),
  variables(
    { SEALED_SECRETS_RAW: "true", SEALED_SECRETS_NAME: "db", SEALED_SECRETS_NAMESPACE: "team-a" },
    "a mode",
  ),
  variables({ SEALED_SECRETS_FETCH_CERT: "1" }, "--fetch-cert"),
  variables({ SEALED_SECRETS_FORMAT: "" }, "an empty variable"),
  variables({ SEALED_SECRETS_V: "4", SEALED_SECRETS_LOGTOSTDERR: "maybe" }, "logging flags have none"),
  variables({ SEALED_SECRETS_NONSENSE: "x" }, "a variable of no flag"),
  variables({ SEALED_SECRETS_FORMAT: "xml" }, "an unknown format", {
    exit: 1,
    says: "unsupported output format: xml",
  }),
  variables({ SEALED_SECRETS_ALLOW_EMPTY_DATA: "yes" }, "a switch of no truth value", {
    stdin: plain,
    exit: 1,
    says: "secret.data is empty",
    proves: ["W4"],
    differs: { "bad-variable": { code: 2, says: /invalid value "yes" for SEALED_SECRETS_ALLOW_EMPTY_DATA/ } },
  }),
  variables({ SEALED_SECRETS_RAW: "maybe" }, "a mode of no truth value", {
    proves: ["W4"],
    differs: { "bad-variable": unread(/invalid value "maybe" for SEALED_SECRETS_RAW/) },
  }),
  variables({ SEALED_SECRETS_SCOPE: "wide" }, "a scope of none", {
    proves: ["W4"],
    differs: { "bad-variable": unread(/invalid value "wide" for --scope/) },
  }),
  variables({ SEALED_SECRETS_REQUEST_TIMEOUT: "abc" }, "a duration of none", { proves: ["W4"] }),
];
