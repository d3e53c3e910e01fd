import { defineConfig } from "vitest/config";

const exclude = ["**/node_modules/**", "**/dist/**"];

/** unit: seconds, no servers. properties: the rules under random schedules. live: real servers. e2e: a real browser. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{apps,packages,bench,chaos}/**/*.test.{ts,tsx}"],
          exclude: [...exclude, "**/*.property.test.ts", "**/*.live.test.ts", "**/*.e2e.test.ts"],
          // Some make real speech: on a busy machine that takes longer than the 5 s that are usual.
          testTimeout: 30_000,
        },
      },
      { test: { name: "properties", include: ["packages/**/*.property.test.ts"], exclude, testTimeout: 1_200_000 } },
      {
        test: {
          name: "live",
          include: ["{apps,packages,chaos}/**/*.live.test.ts"],
          exclude,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["apps/**/*.e2e.test.ts"],
          exclude,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
