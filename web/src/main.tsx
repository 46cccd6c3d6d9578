import "./theme/base.css";
import "./theme/layout.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { applyDensity, currentDensity } from "./lib/density";
import { applyTheme, currentTheme } from "./lib/theme";
import { queries, router } from "./routes";

applyTheme(currentTheme());
applyDensity(currentDensity());
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
