/** Takes a problem with a part of a section: its path within the section, and a text that follows a colon. */
export type Report = (path: readonly PropertyKey[], text: string) => void;

/** A report of the problems below a part. */
export const below =
  (report: Report, ...path: readonly PropertyKey[]): Report =>
  (rest, text) =>
    report([...path, ...rest], text);
