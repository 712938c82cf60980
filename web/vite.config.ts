/** How the interface is built: hashed files below assets/, nothing inline (the content security policy forbids it). */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** A running node to develop against: `QUORATE_URL=https://127.0.0.1:8006 npx vite`. */
const node = process.env.QUORATE_URL;
const proxy = node === undefined ? {} : { "/api2": { target: node, secure: false, ws: true, changeOrigin: true } };

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy },
  preview: { proxy },
});
