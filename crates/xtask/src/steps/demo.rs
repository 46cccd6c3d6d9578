//! The demo, without a screen: it must report that all it promises happened.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{
    paths,
    shell::{output, program},
    weir,
};

pub(crate) fn run() -> anyhow::Result<()> {
    let binary = weir::build(weir::Profile::Dev)?;
    let text = output(program(binary, &["demo", "--headless", "--json"], &paths::root()))?;
    let report: Value = serde_json::from_str(&text).context("the demo's report is not JSON")?;
    if report.get("passed") != Some(&Value::Bool(true)) {
        bail!("the demo reports that not everything happened:\n{text}");
    }
    println!("{text}");
    Ok(())
}
