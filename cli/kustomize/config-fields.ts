import { InputError } from "../../shared/errors.ts";

/** The fields of a configuration, each read once; what is left over at the end is a field that nobody knows. */
export class ConfigFields {
  readonly #fields: Map<string, unknown>;
  readonly #where: string;

  /**
   * @param where names the configuration in errors.
   * @throws InputError when it is no map.
   */
  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new InputError(`${where} must be a map of fields`, "correct it as docs/kustomize.md shows");
    this.#fields = new Map(Object.entries(value));
    this.#where = where;
  }

  /** A text; null where the field is missing. @throws InputError for anything else. */
  text(field: string): string | null {
    const value = this.#take(field);
    if (value === undefined || value === null) return null;
    if (typeof value === "string" && value !== "") return value;
    throw this.#wrong(field, "must be a text");
  }

  /** @throws InputError for what is neither true nor false. */
  truth(field: string): boolean | null {
    const value = this.#take(field);
    if (value === undefined || value === null) return null;
    if (typeof value === "boolean") return value;
    throw this.#wrong(field, "must be true or false");
  }

  /** One of some words. @throws InputError for another. */
  word<Word extends string>(field: string, words: readonly Word[]): Word | null {
    const text = this.text(field);
    const found = words.find((word) => word === text);
    if (text === null || found !== undefined) return found ?? null;
    throw this.#wrong(field, `must be ${words.join(" or ")}`);
  }

  /** A list of texts; empty where the field is missing. @throws InputError for anything else. */
  texts(field: string): string[] {
    const value: unknown = this.#take(field) ?? [];
    if (!Array.isArray(value)) throw this.#wrong(field, "must be a list");
    return value.map((item: unknown) => {
      if (typeof item === "string" && item !== "") return item;
      throw this.#wrong(field, "must hold texts, each in quotes where it is a number");
    });
  }

  /** Texts by name. @throws InputError for anything else. */
  textsByName(field: string): Record<string, string> {
    const inner = this.#take(field);
    if (inner === undefined || inner === null) return {};
    const where = `${this.#where}: ${field}`;
    const fields = new ConfigFields(inner, where);
    return Object.fromEntries([...fields.#fields.keys()].map((name) => [name, fields.text(name) ?? ""]));
  }

  /** Fields within a field. */
  inner(field: string): ConfigFields {
    return new ConfigFields(this.#take(field) ?? {}, `${this.#where}: ${field}`);
  }

  /** Leaves the others as they are: they are for somebody else. */
  passOver(...fields: readonly string[]): void {
    for (const field of fields) this.#take(field);
  }

  /** @throws InputError when a field was not asked for. */
  requireNoOthers(): void {
    for (const field of this.#fields.keys()) throw this.#wrong(field, "is no field of it");
  }

  #take(field: string): unknown {
    const value = this.#fields.get(field);
    this.#fields.delete(field);
    return value;
  }

  #wrong(field: string, problem: string): InputError {
    return new InputError(
      `${this.#where}: ${JSON.stringify(field).slice(1, -1)} ${problem}`,
      "correct it as docs/kustomize.md shows",
    );
  }
}
