import { hmac } from "@noble/hashes/hmac.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeBase64, hashSync } from "bcryptjs";
import { concat, fromUtf8, utf8 } from "../../bytes.ts";
import { fromByteString } from "../byte-string.ts";
import {
  type CallContext,
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
} from "../function-table.ts";
import { types } from "../value.ts";
import { characters, passwordForms } from "./password-forms.ts";
import { tableOf } from "./table.ts";

const { string, uint32 } = types;
const BCRYPT_COST = 10;
const BCRYPT_SALT_BYTES = 16;
const BCRYPT_MOST_BYTES = 72;
/** Each takes about a tenth of a second. */
const SLOW_STEPS = 20_000;
const SCRYPT = { N: 32_768, r: 8, p: 2, dkLen: 64 };

/** Hashes of passwords, and passwords from a master password (the algorithm of Master Password, version 3). */
export const passwordFunctions: FunctionTable = tableOf({
  bcrypt: goFunction([string], ([password], context) => bcrypt(password, context), "random"),
  htpasswd: goFunction(
    [string, string],
    ([user, password], context) =>
      user.includes(":") ? `invalid username: ${user}` : `${user}:${bcrypt(password, context)}`,
    "random",
  ),
  derivePassword: goFunction(
    [uint32, string, string, string, string],
    ([counter, form, password, user, site], context) => {
      const forms = passwordForms.get(form);
      if (forms === undefined) return `cannot find password template ${form}`;
      context.spend(3 * SLOW_STEPS);
      const key = scrypt(fromByteString(password), seedOf(user), SCRYPT);
      const count = fourBytes(Number(counter.value));
      const seed = hmac(sha256, key, concat(seedOf(site), count));
      const letters = forms[(seed[0] ?? 0) % forms.length] ?? "";
      return Array.from(letters, (letter, at) => {
        const set = characters[letter] ?? "";
        return set.charAt((seed[at + 1] ?? 0) % set.length);
      }).join("");
    },
    "costly",
  ),
});

function bcrypt(password: string, context: CallContext): string {
  // Sprig gives its errors as the result.
  if (password.length > BCRYPT_MOST_BYTES)
    return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes";
  const text = fromUtf8(fromByteString(password));
  if (text === null) throw new TemplateFunctionError("the password is not UTF-8");
  context.spend(SLOW_STEPS);
  const salt = encodeBase64([...context.randomBytes(BCRYPT_SALT_BYTES)], BCRYPT_SALT_BYTES);
  return hashSync(text, `$2a$${BCRYPT_COST}$${salt}`);
}

function seedOf(name: string): Uint8Array {
  return concat(utf8("com.lyndir.masterpassword"), fourBytes(name.length), fromByteString(name));
}

/** A number of 32 bits, greatest byte first. */
function fourBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
