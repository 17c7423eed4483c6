/** What makes a backup that counts, as command lines for hints. */
export const BACK_UP_COMMANDS =
  "signet keys backup --age RECIPIENT -w FILE, then, once it is stored: signet keys backup --confirm FILE";
