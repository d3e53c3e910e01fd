// dependency-cruiser never tells its swc parser about JSX: without this it stops at the first .tsx file.
const swc = require("@swc/core");
const { parseFileSync } = swc;
swc.parseFileSync = (file, options) => parseFileSync.call(swc, file, { ...options, tsx: file.endsWith(".tsx") });

/**
 * The house's import directions (docs/architecture.md). A room imports only the rooms listed for it,
 * checked here and not by trust.
 */
const mayImport = {
  "packages/conversation": [],
  "packages/audio": [],
  "packages/engine": ["packages/conversation", "packages/audio"],
  "packages/providers/openai": ["packages/engine", "packages/audio"],
  "packages/providers/local": ["packages/engine", "packages/audio"],
  "packages/testkit": ["packages/conversation", "packages/audio", "packages/engine"],
  "packages/client": [],
  "packages/store": ["packages/conversation", "packages/engine/src/sealing"],
  "packages/uplink": ["packages/conversation"],
  "packages/metrics": ["packages/conversation"],
  "packages/recording": ["packages/audio"],
  "packages/settings": ["packages/engine"],
  "packages/livekit": ["packages/conversation", "packages/audio", "packages/engine"],
  "packages/agent": ["packages/conversation", "packages/engine", "packages/providers"],
  "apps/web": ["packages/client"],
};

const tests = "[.]test[.]tsx?$|/test/|^packages/testkit/";

const rooms = Object.entries(mayImport).map(([room, allowed]) => ({
  name: `house: ${room}`,
  comment: `${room} may import ${allowed.join(", ") || "no other room"}`,
  severity: "error",
  from: { path: `^${room}/`, pathNot: room === "packages/testkit" ? [] : [tests] },
  to: { path: "^(packages|apps|bench|chaos|examples)/", pathNot: [`^${room}/`, ...allowed.map((a) => `^${a}/`)] },
}));

module.exports = {
  forbidden: [
    ...rooms,
    {
      name: "conversation is pure",
      comment: "The rules do no I/O and read no clock: they import nothing but zod.",
      severity: "error",
      from: { path: "^packages/conversation/src/", pathNot: [tests] },
      to: { pathNot: ["^packages/conversation/src/", "^node_modules/zod/"] },
    },
    {
      name: "engine knows no vendor and no LiveKit",
      severity: "error",
      from: { path: "^packages/engine/" },
      to: { path: "node_modules/(@livekit|livekit-|openai|@ai-sdk/(?!provider/)|@aws-sdk|microsoft-)" },
    },
    {
      name: "only packages/livekit touches LiveKit's server side",
      severity: "error",
      from: { path: "^(packages|apps)/", pathNot: ["^packages/livekit/", "^packages/client/", tests] },
      to: { path: "node_modules/(@livekit/(rtc-node|protocol)|livekit-server-sdk)/" },
    },
    {
      name: "fakes live in testkit only",
      comment: "Product code never imports test code.",
      severity: "error",
      from: { path: "^(packages|apps)/", pathNot: [tests] },
      to: { path: "^packages/testkit/" },
    },
    {
      name: "no cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
  ],
  options: {
    parser: "swc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|fixtures)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js"],
    },
  },
};
