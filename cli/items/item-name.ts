import { InputError, UsageError } from "../../shared/errors.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { isItemName } from "../../shared/secret.ts";
import { nearestWord } from "../nearest-word.ts";

/** @throws UsageError for a name that the items of a Secret cannot have; of `KEY=VALUE`, as `set` has it, the key is quoted alone. */
export function requireItemName(item: string): void {
  if (isItemName(item)) return;
  const [key = "", value] = item.split("=", 2);
  throw new UsageError(
    `${JSON.stringify(key)}${value === undefined ? "" : " with = and more behind it"} is not a name an item of a Secret may have`,
    "write letters, digits, -, _ and . alone",
  );
}

/** @throws InputError when a SealedSecret has no such sealed value; it names what it has. */
export function requireItem({ spec }: SealedSecret, where: string, item: string): void {
  if (Object.hasOwn(spec.encryptedData, item) && isItemName(item)) return;
  if (spec.vault?.some(({ key }) => key === item)) {
    throw new InputError(
      `${where}: ${item} stands in spec.vault, where it names what the controller reads from Vault`,
      "change its entry there by hand: it holds no sealed value",
    );
  }
  const known = Object.keys(spec.encryptedData).filter(isItemName);
  const near = nearestWord(item, known);
  throw new InputError(
    `${where} has no sealed item ${JSON.stringify(item)}`,
    near !== null
      ? `did you mean ${near}?`
      : known.length === 0
        ? "it has no sealed items at all"
        : `it has ${known.sort().join(", ")}`,
  );
}
