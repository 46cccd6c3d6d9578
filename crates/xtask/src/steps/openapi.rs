//! The committed OpenAPI document: what a running weir says of its control plane. The web client's types follow it.
//! That it is up to date is a test of crate api, not a step here.

use std::fs;

use anyhow::Context;
use serde_json::Value;

use crate::{
    paths,
    shell::{self, program},
    weir::{self, Weir},
};

const FILE: &str = "crates/api/openapi.json";
/// Script of the web package that makes its types from the document, where it has one.
const SCRIPT: &str = "schema";

pub(crate) fn run() -> anyhow::Result<()> {
    let document = ask()?;
    let file = paths::root().join(FILE);
    fs::write(&file, &document).with_context(|| FILE.to_owned())?;
    println!("wrote {FILE}, {} bytes", document.len());
    let web = paths::root().join("web");
    let package: Value = serde_json::from_str(&fs::read_to_string(web.join("package.json"))?)?;
    if package.pointer(&format!("/scripts/{SCRIPT}")).is_some() {
        shell::run(program("npm", &["run", SCRIPT], &web))?;
    }
    Ok(())
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
