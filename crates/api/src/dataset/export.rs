//! A version as a file. Held-out items leave with it, which is written down; the canary goes along, so that the file can
//! be recognised wherever it turns up.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures::{StreamExt as _, stream};
use serde::Deserialize;
use utoipa::IntoParams;
use weir_core::error;
use weir_evals::dataset::{
    Header, Item,
    write::{Form, WriteError, Writer},
};
use weir_store::{Dataset, ItemFilter, Purpose};

use super::{found, held_out, version_at};
use crate::{
    extract::{Params, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
};

/// Items read at once.
const PAGE: u32 = 1_000;

/// What to export, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuery {
    /// `jsonl`, the canonical form, unless given; or `csv`, or `parquet`.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    format: Form,
    /// `draft`, or the beginning of a version's id; the current one unless given.
    version: Option<String>,
    /// Only this split; empty for items without one.
    split: Option<String>,
}

/// `GET /api/v1/datasets/{name}/export`.
pub(crate) async fn export_dataset(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(name): Segment,
    Params(query): Params<ExportQuery>,
) -> Reply<Response> {
    let (dataset, _) = found(&app, &name).await?;
    let version = version_at(&app, &name, query.version.as_deref()).await?;
    let splits = app.store.split_counts(version.seq).await?;
    let wanted = |split: &str| query.split.as_deref().is_none_or(|only| only == split);
    let access = match splits.iter().any(|(split, _)| split == weir_store::HELDOUT && wanted(split)) {
        true => Some(app.store.heldout_open(version.seq, &caller.name, Purpose::Export).await?),
        false => None,
    };
    let filter = ItemFilter { split: query.split, access, text: None };
    let file = format!("{name}.{}", query.format.ending());
    let headers = [
        (header::CONTENT_TYPE, query.format.media().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
    ];
    let writer = Writer::new(query.format, &head(&dataset)).map_err(unwritten)?;
    let state = Cursor { app, version: version.seq, filter, writer: Some(writer), after: None };
    // A page at a time: a file of any size goes out in bounded memory.
    let pages = stream::unfold(Some(state), |state| async move {
        let mut cursor = state?;
        match cursor.page().await {
            Ok((bytes, more)) => Some((Ok(bytes), more.then_some(cursor))),
            Err(failure) => Some((Err(std::io::Error::other(failure.0.message)), None)),
        }
    });
    // Compression asks once more after the end, which an unfolded stream does not bear.
    Ok((headers, Body::from_stream(pages.fuse())).into_response())
}

struct Cursor {
    app: App,
    version: i64,
    filter: ItemFilter,
    writer: Option<Writer>,
    after: Option<i64>,
}

impl Cursor {
    async fn page(&mut self) -> Result<(Bytes, bool), Failure> {
        let page = self.app.store.item_list(self.version, &self.filter, self.after, PAGE).await?;
        let read = page.items.iter().filter_map(|row| serde_json::from_str::<Item>(row.body.as_deref()?).ok());
        let items: Vec<Item> = read.filter(|item| self.filter.access.is_some() || !held_out(item)).collect();
        self.after = page.next;
        let Some(mut writer) = self.writer.take() else { return Ok((Bytes::new(), false)) };
        let mut bytes = writer.items(&items).map_err(unwritten)?;
        if page.next.is_some() {
            self.writer = Some(writer);
        } else {
            bytes.extend(writer.finish().map_err(unwritten)?);
        }
        Ok((bytes.into(), page.next.is_some()))
    }
}

fn unwritten(error: WriteError) -> Failure {
    tracing::error!(%error, "an export failed");
    Failure::new(&error::INTERNAL, "the file could not be written")
}

fn head(dataset: &Dataset) -> Header {
    Header {
        weir: "dataset.v1".to_owned(),
        name: Some(dataset.name.clone()),
        description: Some(dataset.description.clone()).filter(|text| !text.is_empty()),
        workload: dataset.workload.as_ref().map(ToString::to_string),
        input_schema: dataset.input_schema.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        canary: Some(match dataset.canary.as_str() {
            // One that came from the configuration has the name of its content, which nobody else has either.
            "" => format!("weir-canary-{}", dataset.version),
            canary => canary.to_owned(),
        }),
        ..Header::default()
    }
}
