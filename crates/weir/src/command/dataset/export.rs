//! `weir dataset export NAME`.

use std::{fs::File, io::BufWriter, path::PathBuf};

use anyhow::Context;

use super::{
    super::{
        client::{Client, query},
        failure::Failure,
        out::Out,
    },
    at, named,
};

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The dataset's name
    name: String,
    /// jsonl, csv or parquet [default: what the file's name ends with, or jsonl]
    #[arg(long)]
    format: Option<String>,
    /// Where to; `-` is standard output
    #[arg(long, short, default_value = "-")]
    output: PathBuf,
    /// `draft`, or the beginning of a version's id [default: the current one]
    #[arg(long)]
    version: Option<String>,
    /// Only this split
    #[arg(long)]
    split: Option<String>,
}

impl Export {
    pub(super) async fn run(&self, client: &Client, out: &mut Out<'_, '_>) -> Result<(), Failure> {
        let ending = self.output.extension().map(|ending| ending.to_string_lossy().into_owned());
        let format = self.format.clone().or(ending);
        let query = query(&[
            ("format", format.as_deref()),
            ("version", self.version.as_deref()),
            ("split", self.split.as_deref()),
        ]);
        let path = at(&self.name, &format!("/export{query}"));
        if self.output.as_os_str() == "-" {
            return named(client, &self.name, client.download(&path, out.writer()).await).await;
        }
        let file = File::create(&self.output).with_context(|| self.output.display().to_string())?;
        let mut file = BufWriter::new(file);
        named(client, &self.name, client.download(&path, &mut file).await).await?;
        std::io::Write::flush(&mut file)?;
        out.next(&format!("weir dataset import {}", self.output.display()))
    }
}
