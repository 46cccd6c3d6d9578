//! The dashboard: types, tests, a build made of these sources, and its stories in a real browser.

use std::{env, fs, path::PathBuf};

use anyhow::bail;

use crate::{
    paths,
    shell::{self, program},
    steps::openapi,
    weir::{self, Weir},
};

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

pub(crate) fn run() -> anyhow::Result<()> {
    let folder = paths::root().join("web");
    shell::run(program("npm", &["ci", "--no-progress"], &folder))?;
    openapi::fresh_types()?;
    for args in [["run", "typecheck"].as_slice(), &["test"]] {
        shell::run(program("npm", args, &folder))?;
    }
    fresh()?;
    shell::run(program("node", &["scripts/budget.mjs"], &folder))?;
    match browser() {
        Some(browser) => stories(&browser),
        None => {
            println!("stories: skipped, no Chromium found; install one or name it in $CHROMIUM");
            Ok(())
        }
    }
}

/// Where the stories leave a picture of every page in both themes, under the target folder.
const SHOTS: &str = "dashboard";

/// The committed build must name the sources as they are. The script writes what it found; the file is put back.
fn fresh() -> anyhow::Result<()> {
    let folder = paths::root().join("web");
    let file = folder.join("dist/SOURCE");
    let committed = fs::read_to_string(&file)?;
    let written = shell::run(program("node", &["scripts/source.mjs"], &folder));
    let now = fs::read_to_string(&file)?;
    fs::write(&file, &committed)?;
    written?;
    if now != committed {
        bail!("web/dist is older than web/src; run `npm run build` in web and commit web/dist");
    }
    Ok(())
}

fn browser() -> Option<PathBuf> {
    let named = env::var_os("CHROMIUM").map(PathBuf::from);
    named.or_else(|| BROWSERS.iter().find_map(|name| paths::find_program(name)))
}

fn stories(browser: &std::path::Path) -> anyhow::Result<()> {
    let binary = weir::build(weir::Profile::Dev)?;
    weir::runtime()?.block_on(async {
        let weir = Weir::start(&binary, None).await?;
        // A full import, a canary and two hundred requests are played; the browser takes the longest.
        let url = weir.url().to_owned();
        let mut command = program("npm", &["run", "stories", "--", &url], &paths::root().join("web"));
        command.env("CHROMIUM", browser).env("SHOTS", paths::target()?.join(SHOTS)).env("WEIR_BIN", &binary);
        let told = tokio::task::spawn_blocking(move || shell::run(command)).await?;
        weir.stop().await?;
        told
    })
}
