import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import type { VaultAnswer } from "../../../shared/vault/vault-answer.ts";
import { type LoginEvent, openVaultSession, type VaultSession } from "../../../shared/vault/vault-session.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { type ScriptedVault, scriptedVault, vaultAnswer, vaultErrors } from "../../support/scripted-vault.ts";

const login = "POST auth/kubernetes/login";
const renewal = "POST auth/token/renew-self";
const revocation = "POST auth/token/revoke-self";
const data = "GET secret/data/shop";
const read = { method: "GET", path: ["secret", "data", "shop"] } as const;
const lost = vaultErrors(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n");
const denied = vaultErrors(403, "1 error occurred:\n\t* permission denied\n\n");
const sealed = vaultErrors(503, "Vault is sealed");

/** Vault as far as a session sees it: tokens t1, t2, … and what becomes of each call. */
class TokenVault {
  issued = 0;
  leaseSeconds = 600;
  renewable = true;
  type = "service";
  /** What logins, renewals and reads are answered instead. */
  onLogin: (() => VaultAnswer | Promise<VaultAnswer>) | null = null;
  onRenewal: (() => VaultAnswer) | null = null;
  onRead: ((token: string | null) => VaultAnswer) | null = null;
  readonly vault: ScriptedVault = scriptedVault(({ what, token }) => {
    if (what === login) return this.onLogin?.() ?? this.issue();
    if (what === renewal) return this.onRenewal?.() ?? this.auth(token ?? "", this.leaseSeconds);
    if (what === data) return this.onRead?.(token) ?? vaultAnswer(200);
    return vaultAnswer(204);
  });

  issue(): VaultAnswer {
    this.issued++;
    return this.auth(`t${this.issued}`, this.leaseSeconds);
  }

  auth(token: string, seconds: number): VaultAnswer {
    const { renewable, type } = this;
    return vaultAnswer(200, {
      auth: { client_token: token, lease_duration: seconds, renewable, token_type: type },
    });
  }

  count(what: string): number {
    return this.vault.count(what);
  }

  /** The tokens that came with that, in order. */
  tokensOf(what: string): (string | null)[] {
    return this.vault.calls.filter((call) => call.what === what).map(({ token }) => token);
  }
}

let clock: FakeClock;
let server: TokenVault;
let session: VaultSession;
let events: LoginEvent[];

beforeEach(() => {
  clock = new FakeClock();
  server = new TokenVault();
  events = [];
  const source = { kind: "kubernetes", mount: "kubernetes", role: "signet", jwt: async () => "jwt" } as const;
  const onLogin = (event: LoginEvent) => events.push(event);
  session = openVaultSession(server.vault, source, { clock, random: () => 0.5, onLogin });
});

async function failure(asked: Promise<unknown>): Promise<KeyServiceError> {
  const error = await asked.catch((one: unknown) => one);
  assert.ok(error instanceof KeyServiceError, String(error));
  return error;
}

describe("the first use", () => {
  it("logs in, and nothing before it", async () => {
    await clock.advance(60_000);
    assert.equal(server.vault.calls.length, 0);
    assert.equal((await session.request(read)).status, 200);
    assert.deepEqual(server.tokensOf(data), ["t1"]);
    assert.deepEqual(events, ["logged-in"]);
  });

  it("logs in once, however many come at the same time", async () => {
    await Promise.all(Array.from({ length: 50 }, () => session.request(read)));
    assert.equal(server.count(login), 1);
    assert.equal(server.count(data), 50);
  });

  it("ends with its caller, and the login goes on for the others", async () => {
    const { promise, resolve } = Promise.withResolvers<VaultAnswer>();
    server.onLogin = () => promise;
    const abort = new AbortController();
    const one = session.request({ ...read, signal: abort.signal });
    const other = session.request(read);
    const reason = new Error("given up");
    abort.abort(reason);
    await assert.rejects(one, reason);
    resolve(server.issue());
    assert.equal((await other).status, 200);
    assert.equal(server.count(login), 1);
  });
});

describe("the token", () => {
  it("is renewed at two thirds of its lease, for as long as the session lasts", async () => {
    await session.request(read);
    await clock.advance(399_000);
    assert.equal(server.count(renewal), 0);
    await clock.advance(2000);
    assert.equal(server.count(renewal), 1);
    assert.deepEqual(server.vault.calls.at(-1)?.body, { increment: 600 });
    await clock.advance(24 * 3_600_000);
    assert.equal(server.count(login), 1);
    assert.ok(server.count(renewal) > 200 && server.count(renewal) < 230, `${server.count(renewal)}`);
    assert.deepEqual(new Set(server.tokensOf(renewal)), new Set(["t1"]));
    assert.deepEqual(new Set(events), new Set(["logged-in", "renewed"]));
  });

  it("is renewed sooner or later by chance, between 60 and 74 of a hundred", async () => {
    const at: (number | null)[] = [];
    for (const chance of [0, 0.999]) {
      const source = {
        kind: "kubernetes",
        mount: "kubernetes",
        role: "signet",
        jwt: async () => "jwt",
      } as const;
      const ownClock = new FakeClock();
      await openVaultSession(server.vault, source, { clock: ownClock, random: () => chance }).request(read);
      at.push(ownClock.nextInMs);
    }
    assert.equal(at[0], 360_000);
    assert.ok((at[1] ?? 0) > 435_000 && (at[1] ?? 0) < 441_000);
  });

  it("is replaced before it ends when renewals no longer give the whole lease", async () => {
    await session.request(read);
    server.onRenewal = () => server.auth("t1", 120);
    await clock.advance(401_000);
    assert.equal(server.count(renewal), 1);
    assert.equal(server.count(login), 1);
    await clock.advance(81_000);
    assert.equal(server.count(renewal), 1);
    assert.equal(server.count(login), 2);
    assert.deepEqual(server.tokensOf(revocation), ["t1"]);
    await session.request(read);
    assert.deepEqual(server.tokensOf(data), ["t1", "t2"]);
  });

  it("is replaced when a renewal is refused", async () => {
    await session.request(read);
    server.onRenewal = () => denied;
    await clock.advance(401_000);
    assert.equal(server.count(login), 2);
    assert.deepEqual(events, ["logged-in", "renewal-failed", "logged-in"]);
  });

  for (const [what, type, renewable] of [
    ["is of a batch", "batch", true],
    ["cannot be renewed", "service", false],
  ] as const)
    it(`is replaced in time when it ${what}`, async () => {
      Object.assign(server, { type, renewable });
      await session.request(read);
      await clock.advance(401_000);
      assert.equal(server.count(renewal), 0);
      assert.equal(server.count(login), 2);
      // Vault keeps no record of batch tokens.
      assert.equal(server.count(revocation), type === "batch" ? 0 : 1);
    });

  it("is used to its end while Vault does not answer renewals, which go on being tried", async () => {
    await session.request(read);
    server.onRenewal = () => sealed;
    server.onLogin = () => sealed;
    await clock.advance(599_000);
    assert.ok(server.count(renewal) >= 4 && server.count(renewal) < 20, `${server.count(renewal)}`);
    assert.equal(server.count(login), 1);
    assert.equal((await session.request(read)).status, 200);
    server.onRenewal = null;
    await clock.advance(2000);
    server.onLogin = null;
    assert.equal((await session.request(read)).status, 200);
  });

  it("is not used beyond its end", async () => {
    await session.request(read);
    server.onRenewal = () => sealed;
    // Right then, before anybody wakes up to let go of it.
    await clock.advance(600_001);
    server.onLogin = () => sealed;
    assert.equal((await failure(session.request(read))).fault, "unavailable");
    assert.equal(server.count(data), 1);
    server.onLogin = null;
    await clock.advance(1000);
    await session.request(read);
    assert.deepEqual(server.tokensOf(data), ["t1", "t2"]);
  });

  it("without an end needs no renewal", async () => {
    server.leaseSeconds = 0;
    await session.request(read);
    await clock.advance(100 * 24 * 3_600_000);
    assert.equal(server.vault.calls.length, 2);
  });

  it("with a very long lease is looked after daily, since timers are not that long", async () => {
    server.leaseSeconds = 10 * 365 * 24 * 3600;
    await session.request(read);
    assert.equal(clock.nextInMs, 24 * 3_600_000);
  });
});

describe("a token that is used no longer than ten minutes after its login", () => {
  const bounded = (leaseSeconds: number): VaultSession => {
    server.leaseSeconds = leaseSeconds;
    const place = { mount: "kubernetes", role: "signet", jwt: async () => "jwt" };
    const source = { kind: "kubernetes", ...place } as const;
    return openVaultSession(server.vault, source, { clock, random: () => 0.5, mostAgeMs: 600_000 });
  };
  const noAccount = vaultErrors(403, "service account name not authorized");

  for (const leaseSeconds of [0, 600, 3600, 365 * 24 * 3600])
    it(`is replaced at two thirds of that, and given back (lease ${leaseSeconds} s)`, async () => {
      session = bounded(leaseSeconds);
      await session.request(read);
      await clock.advance(399_000);
      assert.equal(server.count(login), 1);
      await clock.advance(2000);
      await Promise.all(Array.from({ length: 20 }, () => session.request(read)));
      assert.equal(server.count(login), 2);
      assert.equal(server.count(renewal), 0);
      assert.deepEqual(server.tokensOf(revocation), ["t1"]);
      assert.deepEqual(server.tokensOf(data).slice(1), Array(20).fill("t2"));
      await clock.advance(2 * 3_600_000);
      assert.ok(server.count(login) >= 19 && server.count(login) <= 21, `${server.count(login)}`);
      assert.equal(server.count(revocation), server.count(login) - 1);
    });

  it("is renewed until then where its lease is shorter", async () => {
    session = bounded(180);
    await session.request(read);
    await clock.advance(479_000);
    assert.deepEqual([server.count(login), server.count(renewal)], [1, 3]);
    await clock.advance(120_000);
    assert.deepEqual([server.count(login), server.count(renewal)], [2, 4]);
  });

  it("ends then when there is no other, is given back, and nothing more is read with it", async () => {
    session = bounded(3600);
    await session.request(read);
    server.onLogin = () => noAccount;
    await clock.advance(599_000);
    assert.equal(
      (await session.request(read)).status,
      200,
      "Vault or the API server may be away for a while",
    );
    assert.ok(server.count(login) > 2 && server.count(login) < 10, `${server.count(login)}`);
    assert.equal(server.count(revocation), 0);
    await clock.advance(2000);
    assert.equal((await failure(session.request(read))).fault, "credentials");
    assert.equal(server.count(data), 2);
    assert.deepEqual(server.tokensOf(revocation), ["t1"]);
    server.onLogin = null;
    await clock.advance(30_000);
    await session.request(read);
    assert.deepEqual(server.tokensOf(data), ["t1", "t1", "t2"]);
  });
});

describe("a refusal", () => {
  it("of a token that is gone brings one login, and the request is sent once more", async () => {
    await session.request(read);
    await clock.advance(1000);
    server.onRead = (token) => (token === "t1" ? lost : vaultAnswer(200));
    const answers = await Promise.all(Array.from({ length: 20 }, () => session.request(read)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(server.count(login), 2);
    assert.equal(server.count(data), 41);
    assert.equal(server.count(revocation), 0, "there is nothing to give back");
  });

  it("that goes on after the login is handed on", async () => {
    await session.request(read);
    await clock.advance(1000);
    server.onRead = () => lost;
    assert.equal((await session.request(read)).status, 403);
    assert.equal(server.count(login), 2);
    assert.equal(server.count(data), 3);
    assert.equal((await session.request(read)).status, 403);
    assert.equal(server.count(login), 2);
  });

  it("by a policy brings a login every thirty seconds, and no more", async () => {
    server.onRead = () => denied;
    for (let second = 0; second < 90; second++) {
      await Promise.all(Array.from({ length: 5 }, () => session.request(read)));
      await clock.advance(1000);
    }
    assert.equal(server.count(login), 3);
    assert.deepEqual(server.tokensOf(revocation), ["t1", "t2"]);
  });

  it("by a policy that has changed meanwhile is made good by a login", async () => {
    await session.request(read);
    await clock.advance(30_000);
    server.onRead = (token) => (token === "t1" ? denied : vaultAnswer(200));
    assert.equal((await session.request(read)).status, 200);
  });

  it("by a policy stays what it is when the login fails", async () => {
    await session.request(read);
    await clock.advance(30_000);
    server.onRead = () => denied;
    server.onLogin = () => sealed;
    assert.deepEqual(await session.request(read), denied);
    server.onRead = null;
    assert.equal((await session.request(read)).status, 200);
    assert.deepEqual(server.tokensOf(data), ["t1", "t1", "t1"]);
  });

  it("of another kind is none of the session's affair", async () => {
    server.onRead = () => sealed;
    await clock.advance(60_000);
    assert.equal((await session.request(read)).status, 503);
    assert.equal(server.count(login), 1);
  });
});

describe("a login that fails", () => {
  it("is told to all who ask, and tried again after pauses that grow to thirty seconds", async () => {
    server.onLogin = () => vaultErrors(400, 'invalid role name "signet"');
    const at: number[] = [];
    for (let tenth = 0; tenth < 1200; tenth++) {
      const before = server.count(login);
      const error = await failure(session.request(read));
      assert.equal(error.fault, "credentials");
      assert.match(error.message, /there is no such role/);
      if (server.count(login) > before) at.push(tenth / 10);
      else assert.ok((error.retryAfterMs ?? 0) > 0 && (error.retryAfterMs ?? 0) <= 30_000);
      await clock.advance(100);
    }
    const pauses = at.slice(1).map((seconds, i) => Math.round((seconds - (at[i] ?? 0)) * 10) / 10);
    assert.deepEqual(pauses, [0.9, 1.8, 3.5, 7, 14, 26.3, 26.3, 26.3]);
    assert.equal(server.count(data), 0);
  });

  it("waits as long as Vault asks", async () => {
    server.onLogin = () => ({ ...vaultErrors(429), retryAfterMs: 20_000 });
    assert.equal((await failure(session.request(read))).fault, "throttled");
    await clock.advance(19_900);
    assert.equal((await failure(session.request(read))).retryAfterMs, 100);
    assert.equal(server.count(login), 1);
    server.onLogin = null;
    await clock.advance(100);
    assert.equal((await session.request(read)).status, 200);
  });

  it("leaves no pause behind once one succeeds", async () => {
    server.onLogin = () => sealed;
    await failure(session.request(read));
    await clock.advance(1000);
    server.onLogin = null;
    await session.request(read);
    await clock.advance(1000);
    server.onRead = (token) => (token === "t1" ? lost : vaultAnswer(200));
    server.onLogin = () => sealed;
    await failure(session.request(read));
    server.onLogin = null;
    await clock.advance(880);
    assert.equal((await session.request(read)).status, 200);
  });
});

describe("the end", () => {
  it("gives the token back, ends what runs, and lets nothing more through", async () => {
    await session.request(read);
    await session.close();
    await session.close();
    assert.deepEqual(server.tokensOf(revocation), ["t1"]);
    assert.equal(clock.sleepers, 0);
    assert.match((await failure(session.request(read))).message, /was closed/);
    await clock.advance(3_600_000);
    assert.deepEqual(
      server.vault.calls.map(({ what }) => what),
      [login, data, revocation],
    );
  });

  it("asks nothing of Vault when there never was a token", async () => {
    await session.close();
    assert.equal(server.vault.calls.length, 0);
  });

  it("gives back a token that comes too late", async () => {
    const { promise, resolve } = Promise.withResolvers<VaultAnswer>();
    server.onLogin = () => promise;
    const asked = failure(session.request(read));
    await settle();
    await session.close();
    resolve(server.issue());
    assert.match((await asked).message, /was closed/);
    assert.deepEqual(server.tokensOf(revocation), ["t1"]);
  });

  it("bears that Vault does not take the token back", async () => {
    const failing = scriptedVault(({ what }) => {
      if (what === revocation) throw new KeyServiceError("unavailable", "gone", "wait");
      return what === login ? server.issue() : vaultAnswer(200);
    });
    const source = {
      kind: "kubernetes",
      mount: "kubernetes",
      role: "signet",
      jwt: async () => "jwt",
    } as const;
    const other = openVaultSession(failing, source, { clock });
    await other.request(read);
    await other.close();
    assert.equal(failing.count(revocation), 1);
  });
});
