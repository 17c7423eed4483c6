/** A small mutation of the sources that the tests must notice. */
export type Fault = {
  /** What goes wrong, as a reviewer would put it. */
  what: string;
  /** Source file, from the root of the project. */
  file: string;
  /** Text that stands in it exactly once; several lines are allowed. */
  find: string;
  /** What stands there instead. */
  replace: string;
  /** Test file that must fail then, from the root of the project. */
  test: string;
  /** Name of the test in that file to try first, where the others of the file take their time. */
  named?: string;
};
