import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "../../api/client";
import { reserve } from "../../lib/colours";
import { copy } from "../../lib/copy";
import { moveRow, useKeys } from "../../lib/keys";
import { applyTheme, useTheme } from "../../lib/theme";
import { applyUtc, useUtc, zoneName } from "../../lib/zone";
import { Away } from "./Away";
import { Help } from "./Help";
import { Jump } from "./Jump";
import { KeyForm } from "./KeyForm";
import { LiveState } from "./LiveState";
import { Nav } from "./Nav";
import { PAGES } from "./pages";
import { coloursQuery, overviewQuery } from "./queries";
import { useRefresh } from "./useRefresh";

type Open = "jump" | "help" | null;
const NEXT = { system: "light", light: "dark", dark: "system" } as const;

/** The frame around every page: header, navigation, keys, and the live connection. */
export function Shell() {
  const [open, setOpen] = useState<Open>(null);
  const [live, setLive] = useState(true);
  const [narrow, setNarrow] = useState(false);
  const navigate = useNavigate();
  const theme = useTheme();
  const utc = useUtc();
  const status = useRefresh(live);
  const { error } = useQuery(overviewQuery);
  const trouble = error instanceof ApiError ? error : null;
  const away = trouble?.status === 0;
  const deployments = useQuery(coloursQuery).data;
  if (deployments) reserve(deployments.items.map((deployment) => deployment.id));
  useFocusOnNavigation();

  // A dialog says late that it was closed: the next one may be open by then.
  const closed = (which: Open) => () => setOpen((now) => (now === which ? null : now));
  useKeys({
    "mod+k": () => setOpen("jump"),
    "?": () => setOpen("help"),
    j: () => moveRow(1),
    k: () => moveRow(-1),
    "/": () => document.querySelector<HTMLElement>("main [data-filter]")?.focus(),
    l: () => setLive(!live),
    y: () => void copy(location.href),
    e: () => document.querySelector<HTMLElement>("main [data-export]")?.click(),
    "[": () => setNarrow(!narrow),
    ...Object.fromEntries(PAGES.map(({ to, key }) => [`g ${key}`, () => void navigate({ to })])),
  });

  return (
    <div className={`app ${narrow ? "narrow" : ""}`}>
      <a className="skip btn" href="#main">
        Skip to the page
      </a>
      <header className="top">
        <Link to="/" className="home">
          weir
        </Link>
        <span className="spacer" />
        <button type="button" className="btn" onClick={() => setOpen("jump")}>
          Jump to <kbd className="wide">⌘K</kbd>
        </button>
        <button type="button" className="btn" onClick={() => applyTheme(NEXT[theme])} aria-label={`Theme: ${theme}. Change`}>
          <span aria-hidden="true">{theme === "dark" ? "☾" : theme === "light" ? "☀" : "◑"}</span>
          <span className="wide">{theme === "system" ? "System" : theme === "dark" ? "Dark" : "Light"}</span>
        </button>
        {utc || zoneName() !== "UTC" ? (
          <button
            type="button"
            className="btn wide"
            aria-pressed={utc}
            onClick={() => applyUtc(!utc)}
            title="Write times in UTC, or in your zone"
          >
            {zoneName()}
          </button>
        ) : null}
        <LiveState status={status} away={away} on={live} toggle={() => setLive(!live)} />
        <button type="button" className="btn wide" onClick={() => setOpen("help")} aria-label="Keys">
          ?
        </button>
      </header>
      <Nav />
      <main id="main" className="main" tabIndex={-1}>
        {away ? <Away /> : null}
        {trouble?.status === 401 || trouble?.status === 403 ? <KeyForm error={trouble} /> : <Outlet key={utc ? "utc" : "local"} />}
      </main>
      {open === "jump" ? <Jump onClose={closed("jump")} /> : null}
      {open === "help" ? <Help onClose={closed("help")} /> : null}
    </div>
  );
}

/** Moving to another page puts focus at its start, as loading a document would. */
function useFocusOnNavigation() {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== undefined && before.current !== path) document.getElementById("main")?.focus({ preventScroll: true });
    document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    before.current = path;
  }, [path]);
}
