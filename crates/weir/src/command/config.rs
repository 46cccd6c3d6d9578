//! `weir config check | show [--origin] | schema`.

use std::path::Path;

use anyhow::Context;
use weir_config::{load, schema};

use super::{
    failure::{FINE, Outcome},
    io::Io,
};

#[derive(Debug, clap::Subcommand)]
#[command(before_help = "\
Examples:
  weir config check              what is wrong with ./weir.toml, with line and column
  weir config show --origin      every effective value and who set it")]
pub(super) enum Command {
    /// Read the file and say what is wrong, with file, line and column
    Check,
    /// Print every effective value
    Show {
        /// Also where each came from: default, file:line:column or environment
        #[arg(long)]
        origin: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON schema of the file, for editors
    Schema,
}

pub(super) fn run(command: &Command, file: Option<&Path>, io: &mut Io<'_>) -> Outcome {
    if matches!(command, Command::Schema) {
        writeln!(io.out, "{}", serde_json::to_string_pretty(&schema()).context("the schema")?)?;
        return Ok(FINE);
    }
    let settings = load(file, io.env)?;
    let base = file.and_then(Path::parent).unwrap_or(Path::new(""));
    crate::app::check(&settings, base)?;
    for warning in &settings.warnings {
        writeln!(io.err, "{}", warning.as_warning())?;
    }
    match command {
        Command::Check => {
            let (deployments, workloads) = (settings.deployments.len(), settings.workloads.len());
            let name = file.map_or("the defaults".to_owned(), |file| file.display().to_string());
            writeln!(io.err, "{name}: fine, {deployments} deployments and {workloads} workloads")?;
        }
        Command::Show { origin, json } => {
            for row in settings.show() {
                if *json {
                    let line =
                        serde_json::json!({ "key": row.key, "value": row.value, "origin": row.origin.to_string() });
                    writeln!(io.out, "{line}")?;
                } else if *origin {
                    writeln!(io.out, "{}\t{}\t{}", row.key, row.value, row.origin)?;
                } else {
                    writeln!(io.out, "{}\t{}", row.key, row.value)?;
                }
            }
        }
        Command::Schema => {}
    }
    Ok(FINE)
}
