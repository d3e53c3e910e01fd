export { isPublic } from "../http-tool/addresses.ts";
export { HIDDEN, type HttpTool } from "../http-tool/schema.ts";
export {
  isStoredId,
  STORED_AGENTS,
  STORED_ID,
  type StoredAgentDefinition,
  storedAgentChange,
  storedAgentSchema,
} from "./schema.ts";
