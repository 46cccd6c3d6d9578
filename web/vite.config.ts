import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server sends `default-src 'self'`, so nothing may be inlined as a data: address.
// `WEIR` names a running server to develop against.
const target = process.env.WEIR ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
  },
  // The host stays what the browser asked for: the server refuses changes that a page of another origin asks for.
  server: { proxy: { "/api": { target, changeOrigin: false }, "/v1": { target, changeOrigin: false } } },
});
