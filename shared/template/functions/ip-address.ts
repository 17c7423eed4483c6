const FOUR = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;
const GROUPS = 8;

/** @returns the 4 or 16 bytes of an IP address, or null for what is none. Zones are not read. */
export function parseIp(text: string): number[] | null {
  return text.includes(":") ? parseSix(text) : parseFour(text);
}

function parseFour(text: string): number[] | null {
  return FOUR.test(text) ? text.split(".").map(Number) : null;
}

function parseSix(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head = "", tail] = halves;
  const before = groupBytes(head, tail === undefined);
  const after = tail === undefined ? [] : groupBytes(tail, true);
  if (before === null || after === null) return null;
  const missing = GROUPS * 2 - before.length - after.length;
  // Two colons stand for at least one group.
  if (tail === undefined ? missing !== 0 : missing < 2) return null;
  return [...before, ...new Array<number>(missing).fill(0), ...after];
}

function groupBytes(text: string, mayEndInFour: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [at, group] of groups.entries()) {
    const four = mayEndInFour && at === groups.length - 1 ? parseFour(group) : null;
    if (four !== null) bytes.push(...four);
    else if (/^[0-9A-Fa-f]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return null;
  }
  return bytes;
}
