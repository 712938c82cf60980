/** How the interface is built: hashed files below assets/, nothing inline (the content security policy forbids it). */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** A running node to develop against: `QUORATE_URL=https://127.0.0.1:8006 npx vite`. */
const node = process.env.QUORATE_URL;
const proxy = node === undefined ? {} : { "/api2": { target: node, secure: false, ws: true, changeOrigin: true } };

/** What most pages need comes in one file with the shell, instead of in thirty small ones. */
const shell =
  /\/web\/src\/(api|store|text|route|parts|shell|format|verdict|filter|guest|preferences|use-call|app-context)/;
const consoles = /\/web\/src\/console\//;

// A test runner that starts a node sets its own mode, in which the libraries' slow development versions would be built.
if (process.argv.includes("build")) process.env.NODE_ENV = "production";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /\/node_modules\/(react|react-dom|scheduler)\// },
            { name: "shell", test: (id) => shell.test(id) && !consoles.test(id) && !id.includes("shell/activity") },
          ],
        },
      },
    },
  },
  server: { proxy },
  preview: { proxy },
});
