//! The committed OpenAPI document: what a running weir says of its control plane. The web client's types are generated
//! from it. That the document is up to date is a test of crate api; that the types are, a part of the web step.

use std::fs;

use anyhow::Context;

use crate::{
    paths,
    shell::{self, program},
    weir::{self, Weir},
};

const FILE: &str = "crates/api/openapi.json";
/// Script of the web package that makes its types from the document; with `--check` it fails where they differ.
const SCRIPT: &str = "schema";

pub(crate) fn run() -> anyhow::Result<()> {
    let document = ask()?;
    let file = paths::root().join(FILE);
    fs::write(&file, &document).with_context(|| FILE.to_owned())?;
    println!("wrote {FILE}, {} bytes", document.len());
    shell::run(program("npm", &["run", SCRIPT], &paths::root().join("web")))
}

/// The committed types are of the committed document.
pub(crate) fn fresh_types() -> anyhow::Result<()> {
    let check = program("npm", &["run", SCRIPT, "--", "--check"], &paths::root().join("web"));
    shell::run(check).context("web/src/api/schema.d.ts is not of crates/api/openapi.json: run `npm run schema` in web")
}

fn ask() -> anyhow::Result<String> {
    let binary = weir::build(weir::Profile::Dev)?;
    weir::runtime()?.block_on(async {
        let weir = Weir::start(&binary, None).await?;
        let document = weir.get("/api/v1/openapi.json").await?;
        weir.stop().await?;
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    })
}
