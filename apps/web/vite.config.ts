import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = `http://127.0.0.1:${process.env.PARLEY_PORT ?? 8080}`;

// LiveKit's client alone is 570 kB (148 kB gzipped); it is loaded after the page stands.
const largestChunkKb = 600;

export default defineConfig({
  // Relative, so that the page can be hosted under any path.
  base: "./",
  build: { chunkSizeWarningLimit: largestChunkKb },
  plugins: [react(), tailwindcss()],
  server: { proxy: { "/api": server } },
});
