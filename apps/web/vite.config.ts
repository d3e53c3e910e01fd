import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = `http://127.0.0.1:${process.env.PARLEY_PORT ?? 8080}`;

export default defineConfig({
  // Relative, so that the page can be hosted under any path.
  base: "./",
  plugins: [react(), tailwindcss()],
  server: { proxy: { "/api": server } },
});
