import { InputError } from "../../shared/errors.ts";
import type { OpenedSecret } from "../../shared/opened-secret.ts";
import { forbiddenIn, type SecretGates } from "../../shared/secret-gates.ts";
import { shellWord } from "../../shared/shell-word.ts";

/**
 * Refuses what the controller refuses to write, whoever made it.
 * @throws InputError naming what it is, and the flag that permits it.
 */
export function requireAllowed(secret: Omit<OpenedSecret, "items">, where: string, gates: SecretGates): void {
  const forbidden = forbiddenIn(secret, gates);
  if (forbidden === null) return;
  const what = `${where}: the Secret that lies sealed`;
  switch (forbidden.kind) {
    case "label":
      throw new InputError(
        `${what} has the label ${forbidden.label}, by which controllers find their own keys`,
        "remove the label",
      );
    case "name":
      throw new InputError(
        `${what} has the name ${forbidden.name}, which is kept for the controller's own`,
        "give it another name",
      );
    case "type":
      throw new InputError(
        `${what} is of type ${forbidden.type}, by which a cluster hands out credentials`,
        `permit it with --allowed-secret-types ${shellWord(forbidden.type)}`,
      );
    case "annotation":
      throw new InputError(
        `${what} has the annotation ${JSON.stringify(forbidden.annotation)}, which has it copied elsewhere`,
        `remove the annotation, or permit it with --allowed-annotations ${shellWord(forbidden.annotation)}`,
      );
  }
}
