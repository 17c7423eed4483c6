import { randomBytes } from "node:crypto";

/** A user the API server knows by a fixed token. Every one is in system:authenticated as well. */
export type StaticUser = { name: string; groups: readonly string[]; token: string };

/** Makes a user with a fresh random token. */
export function makeStaticUser(name: string, groups: readonly string[] = []): StaticUser {
  return { name, groups, token: randomBytes(24).toString("base64url") };
}

/** @returns content of the API server's token file: token,user,uid,"group,group" a line. */
export function tokenFile(users: readonly StaticUser[]): string {
  return users
    .map(({ name, groups, token }) => `${token},${name},uid-${name},"${groups.join(",")}"\n`)
    .join("");
}
