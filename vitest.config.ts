import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // The other browser tests (web/e2e) are run by hand until all of them hold.
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "web/src/**/*.test.ts", "web/e2e/bundle-size.e2e.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
