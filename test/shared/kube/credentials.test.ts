import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { KubeApiError } from "../../../shared/kube/api-error.ts";
import type { KubeClient } from "../../../shared/kube/client.ts";
import { KubeConfigError } from "../../../shared/kube/config-error.ts";
import { connectKube } from "../../../shared/kube/http-client.ts";
import type { UserEntry } from "../../../shared/kube/kubeconfig-file.ts";
import { answer, type ScriptedServer, type Seen, startScriptedServer } from "./scripted-server.ts";

const CANARY = "canary-9b1d";
let folder = "";
let closers: (() => Promise<void>)[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signet-credentials-"));
});
after(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

async function as(
  user: UserEntry,
  handler: (response: ServerResponse, seen: Seen) => void = (response) => answer(response, 200, {}),
  credentialsMs?: number,
): Promise<{ client: KubeClient; server: ScriptedServer }> {
  const server = await startScriptedServer(handler);
  const client = connectKube(
    { source: "the kubeconfig x", context: null, namespace: null, cluster: { server: server.url }, user },
    { version: "0", ...(credentialsMs === undefined ? {} : { credentialsMs }) },
  );
  closers.push(server.close, () => client.close());
  return { client, server };
}

const get = (client: KubeClient) => client.request({ method: "GET", path: "/api/v1/secrets" });
const tokens = (server: ScriptedServer) => server.seen.map(({ headers }) => headers.authorization);

async function refusal(client: KubeClient): Promise<KubeConfigError> {
  const error = await get(client).then(
    () => assert.fail("it succeeded"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof KubeConfigError, String(error));
  assert.ok(![error.message, error.hint, error.stack, String(error.cause)].join(" ").includes(CANARY));
  return error;
}

/** A credential plugin that counts its runs in a file and prints what `script` prints. */
async function plugin(script: string): Promise<{ command: string; runs: () => Promise<number> }> {
  const place = await mkdtemp(join(folder, "plugin-"));
  const command = join(place, "plugin");
  await writeFile(
    command,
    `#!${process.execPath}\nrequire("fs").appendFileSync(__dirname + "/runs", "x");\nconst runs = require("fs").readFileSync(__dirname + "/runs").length;\n${script}\n`,
  );
  await chmod(command, 0o755);
  return { command, runs: async () => (await readFile(join(place, "runs"), "utf8")).length };
}

describe("who calls", () => {
  test("token, user name and password, impersonation", async () => {
    const byToken = await as({ token: "abc\n" });
    await get(byToken.client);
    assert.deepEqual(tokens(byToken.server), ["Bearer abc"]);
    const byPassword = await as({
      username: "joe",
      password: "pw",
      as: "eve",
      asUid: "7",
      asGroups: ["g1", "g2"],
    });
    await get(byPassword.client);
    const [seen] = byPassword.server.seen;
    assert.equal(seen?.headers.authorization, `Basic ${Buffer.from("joe:pw").toString("base64")}`);
    assert.equal(seen?.headers["impersonate-user"], "eve");
    assert.equal(seen?.headers["impersonate-uid"], "7");
    assert.equal(seen?.headers["impersonate-group"], "g1, g2");
  });

  test("nobody in particular", async () => {
    const { client, server } = await as({});
    await get(client);
    assert.deepEqual(tokens(server), [undefined]);
  });
});

describe("token files", () => {
  test("a rotated token is taken up after a 401 at once, the request is repeated once", async () => {
    const tokenFile = join(folder, "rotated");
    await writeFile(tokenFile, "one\n");
    let valid = "Bearer one";
    const { client, server } = await as({ tokenFile, token: "unused" }, (response, { headers }) =>
      answer(response, headers.authorization === valid ? 200 : 401, { reason: "Unauthorized" }),
    );
    await get(client);
    await writeFile(tokenFile, "two\n");
    valid = "Bearer two";
    await Promise.all([get(client), get(client), get(client)]);
    await get(client);
    assert.deepEqual(new Set(tokens(server)), new Set(["Bearer one", "Bearer two"]));
    assert.equal(server.seen.length, 1 + 2 * 3 + 1);
  });

  test("a token that stays refused is refused after one more try", async () => {
    const { client, server } = await as({ token: "t" }, (response) => answer(response, 401, {}));
    await assert.rejects(get(client), (error) => error instanceof KubeApiError && error.status === 401);
    assert.equal(server.seen.length, 2);
  });

  test("it is read again after some time without any 401, and a missing file then does no harm", async () => {
    const tokenFile = join(folder, "aging");
    await writeFile(tokenFile, "one");
    const { client, server } = await as({ tokenFile }, undefined, 0);
    await get(client);
    await writeFile(tokenFile, "two");
    await get(client);
    await rm(tokenFile);
    await get(client);
    assert.deepEqual(tokens(server), ["Bearer one", "Bearer two", "Bearer two"]);
  });

  test("within that time the disk is left alone", async () => {
    const tokenFile = join(folder, "young");
    await writeFile(tokenFile, "one");
    const { client, server } = await as({ tokenFile }, undefined, 3_600_000);
    await get(client);
    await writeFile(tokenFile, "two");
    await get(client);
    assert.deepEqual(tokens(server), ["Bearer one", "Bearer one"]);
  });

  test("missing and empty ones are named", async () => {
    const missing = await as({ tokenFile: "/absent/token" });
    assert.match((await refusal(missing.client)).message, /token file \/absent\/token of .*\(ENOENT\)/);
    const tokenFile = join(folder, "empty");
    await writeFile(tokenFile, " \n");
    const empty = await as({ tokenFile });
    assert.match((await refusal(empty.client)).message, /\/empty of the kubeconfig x is empty$/);
  });
});

describe("plugins", () => {
  const exec = (command: string) => ({ exec: { command, apiVersion: "client.authentication.k8s.io/v1" } });

  test("a plugin's token is used for many requests; after a 401 it is asked again", async () => {
    const { command, runs } = await plugin(`
      const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      if (info.kind !== "ExecCredential" || info.apiVersion !== "client.authentication.k8s.io/v1") process.exit(3);
      console.log(JSON.stringify({ status: { token: "run-" + runs } }));`);
    const { client, server } = await as(
      exec(command),
      (response, { headers }) => answer(response, headers.authorization === "Bearer run-2" ? 200 : 401, {}),
      0,
    );
    await get(client);
    await get(client);
    await get(client);
    assert.deepEqual(tokens(server), ["Bearer run-1", "Bearer run-2", "Bearer run-2", "Bearer run-2"]);
    assert.equal(await runs(), 2);
  });

  test("what a failing plugin prints is not repeated", async () => {
    const failing = await plugin(`console.error("bad ${CANARY}"); process.exit(1);`);
    const { client } = await as(exec(failing.command));
    const error = await refusal(client);
    assert.equal(error.message, `the credential plugin ${failing.command} of the kubeconfig x failed`);
    const babbling = await plugin(`console.log("${CANARY}");`);
    assert.match((await refusal((await as(exec(babbling.command))).client)).message, /plugin .* failed$/);
  });

  test("a plugin that is not installed is named", async () => {
    const { client } = await as(exec("/absent/plugin"));
    assert.match((await refusal(client)).message, /plugin \/absent\/plugin of .* is not installed/);
  });

  test("an answer without status is a failure, not a crash", async () => {
    const { command } = await plugin(`console.log("{}");`);
    assert.match((await refusal((await as(exec(command))).client)).message, /failed$/);
  });

  test("an unusable login provider asks for a new login", async () => {
    const token = `${Buffer.from(`{"${CANARY}`).toString("base64url")}.e30.x`;
    const { client } = await as({ authProvider: { name: "oidc", config: { "id-token": token } } });
    assert.match((await refusal(client)).message, /no credentials can be had from the kubeconfig x/);
  });
});

test("a certificate file that is missing is named", async () => {
  const { client } = await as({ clientCertificate: "/absent/c.pem", clientKey: "/absent/c.key" });
  assert.match((await refusal(client)).message, /cannot read \/absent\/c.pem, named in .*\(ENOENT\)/);
});
