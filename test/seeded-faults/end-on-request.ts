// Loaded before each test: a process that ends by itself leaves behind what Node made of the sources, for the next one.
process.once("SIGTERM", () => process.exit(1));
