import { defineConfig } from "vitest/config";

const exclude = ["**/node_modules/**", "**/dist/**"];

/**
 * `npm test` runs the live tests in two parts (`LIVE_PART`): those of the platform, in which no ear measures, two files at a
 * time; the others one at a time, for calls beside each other would make each other late.
 */
const livePart = process.env.LIVE_PART ?? "all";
const platform = [
  "{apps/server,packages/store,packages/uplink,packages/metrics,packages/providers}/**/*.live.test.ts",
  "apps/cli/src/{pack,start/start}.live.test.ts",
  "apps/cli/test/{call-logs,conversations,live-feed}.live.test.ts",
];

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
          include: livePart === "platform" ? platform : ["{apps,packages,chaos}/**/*.live.test.ts"],
          exclude: livePart === "calls" ? [...exclude, ...platform] : exclude,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: livePart === "platform" ? 2 : 1,
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
