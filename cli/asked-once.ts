/**
 * Asks once for all that need the answer. After a failure, or an answer that does not last, the next one asks anew: what kept one file
 * from being read may have passed by then.
 * @param lasts whether an answer is kept; every one when not given.
 */
export function askedOnce<T>(
  ask: () => Promise<T>,
  lasts: (answer: T) => boolean = () => true,
): () => Promise<T> {
  let asked: Promise<T> | null = null;
  return () => {
    asked ??= ask().then(
      (answer) => {
        if (!lasts(answer)) asked = null;
        return answer;
      },
      (error: unknown) => {
        asked = null;
        throw error;
      },
    );
    return asked;
  };
}
