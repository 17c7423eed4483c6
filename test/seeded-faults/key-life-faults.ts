import type { Fault } from "./fault.ts";

const named = "test/cli/keys/named-key.test.ts";
const promoting = "test/cli/keys/promote.test.ts";
const retiring = "test/cli/keys/retire.test.ts";
const shown = "test/cli/keys/list-and-show.test.ts";
const making = "test/cli/keys/new.test.ts";
const rounds = "test/controller/opening-rounds.test.ts";
const checking = "test/controller/opening-check.test.ts";

/** Faults in naming, promoting and retiring sealing keys, and in the check of what still opens. */
export const keyLifeFaults: readonly Fault[] = [
  {
    what: "a part of a fingerprint names the first of the keys that it fits",
    file: "cli/keys/named-key.ts",
    find: "if (fitting.size <= 1) return",
    replace: "if (fitting.size <= 9) return",
    test: named,
  },
  {
    what: "a promotion may come before one that stands",
    file: "cli/keys/promote-key.ts",
    find: "...counting.map((at) => Math.floor(at / 1000) * 1000 + 1000)",
    replace: "...counting.map(() => 0)",
    test: promoting,
  },
  {
    what: "a restored key is promoted by the name of its Secret",
    file: "cli/keys/promote-key.ts",
    find: "if (!isRestored || text === certificate.fingerprint) return;",
    replace: "if (!isRestored || text !== namespace) return;",
    test: promoting,
  },
  {
    what: "a plain key is promoted where only wrapped ones seal",
    file: "cli/keys/promote-key.ts",
    find: "settings.wrap !== null && key.wrappedBy === null",
    replace: "settings.wrap !== null && key.wrappedBy !== null",
    test: promoting,
  },
  {
    what: "a restored key that nobody promoted counts as the one to seal",
    file: "cli/keys/foremost-keys.ts",
    find: "if (isRestored && countingPromotion(key, now) === null) return false;",
    replace: "",
    test: promoting,
  },
  {
    what: "retiring believes what a value's annotation says",
    file: "cli/keys/dependents.ts",
    find: "return staysWith.has(outcome.key) ? []",
    replace: 'return staysWith.has(value.claimed ?? "") ? []',
    test: retiring,
    named: "what an annotation says of a value counts for nothing",
  },
  {
    what: "what no key at hand opens is in nobody's way",
    file: "cli/keys/dependents.ts",
    find: "return [{ value, why: `opens with no key",
    replace: "if (value.text) return [];\n          return [{ value, why: `opens with no key",
    test: retiring,
  },
  {
    what: "the key that seals is retired",
    file: "cli/keys/retire-key.ts",
    find: "spared.has(fingerprint) && !left.has(fingerprint)",
    replace: "spared.has(fingerprint) && left.has(fingerprint)",
    test: retiring,
  },
  {
    what: "a promotion that the controller has not seen yet does not spare its key",
    file: "cli/keys/retire-key.ts",
    find: "new Set([...sealingNow, ...toSeal])",
    replace: "new Set([...sealingNow])",
    test: retiring,
  },
  {
    what: "the force for one key takes others along",
    file: "cli/keys/retire-key.ts",
    find: "const isForced = going.every(",
    replace: "const isForced = going.some(",
    test: retiring,
  },
  {
    what: "retiring overlooks trees",
    file: "cli/keys/retire-key.ts",
    find: "objects: [...inCluster.objects, ...inTrees.objects],",
    replace: "objects: [...inCluster.objects],",
    test: retiring,
  },
  {
    what: "retiring forgets that a compromised key is compromised",
    file: "cli/keys/retire-key.ts",
    find: "const changes = label === COMPROMISED && key.label !== COMPROMISED;",
    replace: "const changes = key.label !== label;",
    test: retiring,
  },
  {
    what: "the key that went still counts as one that stays",
    file: "cli/keys/retire-key.ts",
    find: "&& !named.has(key.name)",
    replace: "",
    test: retiring,
  },
  {
    what: "the numbers of keys list are claims though values were opened",
    file: "cli/keys/key-needs.ts",
    find: 'return outcome?.kind === "opened" ? outcome.key : null;',
    replace: "return value.claimed;",
    test: shown,
  },
  {
    what: "what stands in a tree and in the cluster counts twice",
    file: "cli/keys/key-needs.ts",
    find: "values: new Set(all.map(",
    replace: "values: ((all: string[]) => ({ size: all.length }))(all.map(",
    test: shown,
  },
  {
    what: "without the right to list SealedSecrets no key is told of",
    file: "cli/keys/key-needs.ts",
    find: "(error.status === 403 || error.status === 404)",
    replace: "(error.status === 404)",
    test: shown,
  },
  {
    what: "where it is not known which key seals, none is said to",
    file: "cli/keys/key-table.ts",
    find: "seals: isInUse ? (seals === null ? null : certificate.fingerprint === seals) : false,",
    replace: "seals: isInUse && certificate.fingerprint === seals,",
    test: shown,
  },
  {
    what: "a new key is not promoted, and raises the alarm",
    file: "cli/keys/new-key.ts",
    find: "promotedAt: new Date(promotionMoment(keys, now)),",
    replace: "promotedAt: null,",
    test: making,
  },
  {
    what: "a new key is wrapped by whatever key the ConfigMap names",
    file: "cli/keys/new-key.ts",
    find: "services.requireAllowed(by, connection.namespace, namedOnCommandLine(options));",
    replace: "namedOnCommandLine(options);",
    test: making,
  },
  {
    what: "a new key lies open where the controller wraps its keys",
    file: "cli/keys/new-key.ts",
    find: "return by === null ? plain : await wrapped(",
    replace: "return by !== null ? plain : await wrapped(",
    test: making,
  },
  {
    what: "a new key does not wait for its backup where that is required",
    file: "cli/keys/new-key.ts",
    find: "settings.requireBackup && keys.length > 0",
    replace: "settings.requireBackup && keys.length === 0",
    test: making,
  },
  {
    what: "the check does not rest after its work",
    file: "controller/opening-rounds.ts",
    find: "waitMs = Math.max(restMs, REST_FACTOR * (clock.monotonic() - began));",
    replace: "waitMs = restMs;",
    test: rounds,
  },
  {
    what: "the check begins before a new leader has done what is due",
    file: "controller/opening-rounds.ts",
    find: "this.#wait(Math.min(SETTLING_MS, periodMs), signal)",
    replace: "this.#wait(0, signal)",
    test: rounds,
  },
  {
    what: "the check goes on beside other work",
    file: "controller/opening-rounds.ts",
    find: "if (left <= 0 && !busy()) return true;",
    replace: "if (left <= 0) return true;",
    test: rounds,
  },
  {
    what: "a key that was taken out has nothing looked at sooner",
    file: "controller/opening-rounds.ts",
    find: "if (lost) return false;",
    replace: "",
    test: rounds,
  },
  {
    what: "what no longer opens is no news in its status",
    file: "controller/reconcile/opening-condition.ts",
    find: "return { ...status, conditions: [...others, condition] };",
    replace: "return { ...status, conditions: others };",
    test: "test/controller/reconcile/opening-condition.test.ts",
  },
  {
    what: "an object whose Secret is gone is told of by the check",
    file: "controller/reconcile/opening-check.ts",
    find: "return secret === null ? null : object;",
    replace: "return object;",
    test: checking,
  },
];
