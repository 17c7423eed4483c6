import type { KubeObject } from "../shared/kube/client.ts";

/** Characters of sealed values that are kept at once. */
const MOST_CHARACTERS = 16 * 1024 * 1024;
/** What an object takes beside its values. */
const OBJECT_CHARACTERS = 1024;

type Body = { object: KubeObject; characters: number };

/**
 * SealedSecrets that were just seen and are still to be worked on, within a bound: what does not fit, or was seen
 * earlier, is read once more when its turn comes. So a cluster's ciphertext is never in memory as a whole.
 */
export class SealedSecretBodies {
  readonly #bodies = new Map<string, Body>();
  readonly #most: number;
  #characters = 0;

  /** @param most bound of the characters kept. */
  constructor(most: number = MOST_CHARACTERS) {
    this.#most = most;
  }

  /** Keeps an object unless there is no room; one kept earlier under that key goes. */
  put(key: string, object: KubeObject): void {
    this.drop(key);
    const characters = OBJECT_CHARACTERS + sizeOf(object["spec"]);
    if (this.#characters + characters > this.#most) return;
    this.#characters += characters;
    this.#bodies.set(key, { object, characters });
  }

  /** Takes out the object of that key if it is of that version. */
  take(key: string, resourceVersion: string): KubeObject | null {
    const body = this.#bodies.get(key);
    this.drop(key);
    return body?.object.metadata.resourceVersion === resourceVersion ? body.object : null;
  }

  /** Lets go of an object that will not be worked on. */
  drop(key: string): void {
    const body = this.#bodies.get(key);
    if (body === undefined) return;
    this.#characters -= body.characters;
    this.#bodies.delete(key);
  }

  /** Lets go of all. */
  clear(): void {
    this.#bodies.clear();
    this.#characters = 0;
  }
}

/** Characters of the texts in a value, however deep it is: authors may nest what nobody looks into thousands of levels deep. */
function sizeOf(value: unknown): number {
  let size = 0;
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next === "string") size += next.length;
    else if (typeof next !== "object" || next === null) size += 8;
    else
      for (const [name, entry] of Object.entries(next)) {
        size += name.length;
        rest.push(entry);
      }
  }
  return size;
}
