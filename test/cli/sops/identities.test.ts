import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Encrypter } from "age-encryption";
import type { Io } from "../../../cli/io.ts";
import { commandIdentities, userIdentities } from "../../../cli/sops/identities.ts";
import type { AgeIdentities } from "../../../shared/document/sops/keys/age-identities.ts";
import { type MemoryWorld, memoryIo } from "../../support/memory-io.ts";
import { newAgeIdentity } from "../../support/sops-keys.ts";

const [one, two, three, four] = [
  await newAgeIdentity(),
  await newAgeIdentity(),
  await newAgeIdentity(),
  await newAgeIdentity(),
];

async function told({ identities, problems }: AgeIdentities) {
  const recipients = await Promise.all(identities.map((identity) => identity.recipient()));
  for (const { message, hint } of problems) assert.doesNotMatch(`${message} ${hint}`, /canary/i);
  return { recipients, problems: problems.map(({ message }) => message) };
}

async function found(world: MemoryWorld, more: Partial<Io> = {}) {
  return told(await userIdentities({ ...memoryIo([], world).io, ...more }));
}

suite("the user's identities", () => {
  test("come from the variable, the file it names, and the folder of sops", async () => {
    const files = { "/keys": `# mine\n${two.text}\n`, "/home/me/.config/sops/age/keys.txt": three.text };
    const env = { SOPS_AGE_KEY: one.text, SOPS_AGE_KEY_FILE: "/keys", HOME: "/home/me" };
    assert.deepEqual(await found({ files, env }), {
      recipients: [one.recipient, two.recipient, three.recipient],
      problems: [],
    });
  });

  test("are where sops has them on each system, and nowhere else", async () => {
    const files = {
      "/home/me/.config/sops/age/keys.txt": one.text,
      "/home/me/Library/Application Support/sops/age/keys.txt": two.text,
      "/xdg/sops/age/keys.txt": three.text,
      "C:/Users/me/AppData/sops/age/keys.txt": four.text,
      "sops/age/keys.txt": "AGE-SECRET-KEY-1CANARY",
    };
    const recipients = async (env: Record<string, string>) => (await found({ files, env })).recipients;
    assert.deepEqual(await recipients({ HOME: "/home/me" }), [one.recipient, two.recipient]);
    assert.deepEqual(await recipients({ HOME: "/home/me", XDG_CONFIG_HOME: "/xdg" }), [three.recipient]);
    assert.deepEqual(await recipients({ HOME: "/home/me", XDG_CONFIG_HOME: "" }), [
      one.recipient,
      two.recipient,
    ]);
    assert.deepEqual(await recipients({ HOME: "", APPDATA: "C:\\Users\\me\\AppData" }), [four.recipient]);
    assert.deepEqual(await found({ files, env: { HOME: "", XDG_CONFIG_HOME: "." } }), {
      recipients: [],
      problems: [],
    });
  });

  test("of a source that cannot be used are a problem, and the others count", async () => {
    const env = {
      SOPS_AGE_KEY: "AGE-SECRET-KEY-1CANARY",
      SOPS_AGE_KEY_FILE: "/gone",
      SOPS_AGE_SSH_PRIVATE_KEY_FILE: "/ssh",
      HOME: "/home/me",
    };
    const { recipients, problems } = await found({
      env,
      files: { "/home/me/.config/sops/age/keys.txt": one.text },
    });
    assert.deepEqual(recipients, [one.recipient]);
    assert.equal(problems.length, 3);
    assert.match(problems[0] ?? "", /^SSH keys are not taken as age identities/);
    assert.equal(problems[1], "SOPS_AGE_KEY, line 1: this is no age identity");
    assert.equal(problems[2], "cannot read /gone (SOPS_AGE_KEY_FILE): no such file or directory");
  });

  test("under a passphrase are asked for on the terminal, by the file's name", async () => {
    const encrypter = new Encrypter();
    encrypter.setPassphrase("open sesame");
    encrypter.setScryptWorkFactor(2);
    const files = { "/keys": await encrypter.encrypt(one.text) };
    const env = { SOPS_AGE_KEY_FILE: "/keys" };
    const asked: string[] = [];
    const askSecret = async (prompt: string) => {
      asked.push(prompt);
      return "open sesame";
    };
    assert.deepEqual((await found({ files, env }, { askSecret })).recipients, [one.recipient]);
    assert.deepEqual(asked, ["Passphrase of /keys (SOPS_AGE_KEY_FILE): "]);
    const without = await found({ files, env });
    assert.match(without.problems[0] ?? "", /is under a passphrase, and nobody can be asked/);
  });
});

suite("the identities of a command", () => {
  const ran: unknown[] = [];
  const world = (printed: string | null, command = "pass show 'my key'"): Io => ({
    ...memoryIo([], { env: { SOPS_AGE_KEY_CMD: command } }).io,
    runProgram: async (words, variables) => {
      ran.push([words, variables]);
      return printed === null ? null : new Uint8Array(Buffer.from(printed));
    },
  });

  test("are what it prints for a recipient", async () => {
    const identities = await commandIdentities("age1x", world(`${one.text}\n`));
    assert.ok(identities !== null);
    assert.deepEqual((await told(identities)).recipients, [one.recipient]);
    assert.deepEqual(ran, [[["pass", "show", "my key"], { SOPS_AGE_RECIPIENT: "age1x" }]]);
  });

  test("are none without a command, and a problem where it fails", async () => {
    assert.equal(await commandIdentities("age1x", memoryIo([]).io), null);
    const problem = async (io: Io) => {
      const identities = await commandIdentities("age1x", io);
      return identities === null ? null : (await told(identities)).problems[0];
    };
    assert.match((await problem(world(null))) ?? "", /could not be run, or failed/);
    assert.match((await problem(world("", "pass 'open"))) ?? "", /is no command/);
    assert.match(
      (await problem(world("canary"))) ?? "",
      /^what SOPS_AGE_KEY_CMD printed, line 1: this is no/,
    );
    const { runProgram: _, ...without } = world("");
    assert.match((await problem(without)) ?? "", /could not be run/);
  });
});
