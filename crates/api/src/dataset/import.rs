//! Files into datasets. A file is read the same way for a preview and for an import: row by row, in batches of a
//! thousand, so that neither memory nor other writers notice its size. An import with bad rows stores nothing unless
//! told to skip them.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json,
    body::{self, Body},
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::stream;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};
use utoipa::{IntoParams, ToSchema};
use weir_core::error;
use weir_evals::dataset::{Format, Header, InputSchema, Intake, Item, Mapping, Reading, Report, RowError, TOLD};
use weir_store::{NewItem, Stage};

use super::{
    check::NearView,
    check_name,
    draft::leaked,
    said, schema_of, shown,
    spool::{Spooled, spool},
    stored,
};
use crate::{
    extract::Params,
    guard::Caller,
    problem::{Failure, Reply},
    routes::IMPORT_BYTES,
    state::App,
    workload::configured,
};

/// Rows shown of a preview.
const SAMPLE: usize = 20;
/// Bad rows named in an error.
const BAD_NAMED: usize = 5;
/// Items stored at once.
const BATCH: usize = 1_000;
/// What is read of a file that is refused, so that its sender hears why, and for how long.
const LISTEN_BYTES: usize = 1024 * 1024;
const LISTEN: Duration = Duration::from_secs(1);
/// Batches read ahead of the store.
const AHEAD: usize = 2;
/// Between two words of progress.
const PROGRESS: Duration = Duration::from_millis(200);

/// What is known of the file beside its bytes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewQuery {
    /// The file's name; its ending helps to tell formats apart.
    name: Option<String>,
    /// Columns by field, such as `input:question,expected:answer`; guessed unless given. `separator:;` parts the passages
    /// that a cell holds.
    map: Option<String>,
}

/// How to publish the file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportQuery {
    /// The dataset's name.
    name: String,
    /// Whose traffic it belongs to.
    workload: Option<String>,
    /// One line.
    description: Option<String>,
    /// The file's name; its ending helps to tell formats apart.
    file: Option<String>,
    /// True imports the good rows of a file that has bad ones.
    #[serde(default)]
    skip_bad: bool,
    /// Columns by field, such as `input:question,expected:answer`; guessed unless given. `separator:;` parts the passages
    /// that a cell holds.
    map: Option<String>,
    /// Splits for items that name none, such as `policy,heldout`; by hash of their cluster.
    splits: Option<String>,
    /// True answers with events: `progress` with `{rows, bytes, total_bytes}`, then `done` with the result or `failed`
    /// with the problem.
    #[serde(default)]
    progress: bool,
}

/// A file as it would be read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// What the file is, such as `weir`, `jsonl`, `csv`, `parquet`, `langfuse` or `promptfoo`.
    #[schema(value_type = String)]
    format: Format,
    /// In order; empty where the format has none.
    columns: Vec<String>,
    /// Column by field.
    mapping: BTreeMap<String, String>,
    /// The first rows.
    rows: Vec<RowView>,
    /// Rows that could be read, in the whole file.
    items: u64,
    /// The first 100 rows that could not.
    bad: Vec<BadRow>,
    bad_total: u64,
}

/// One row as read.
#[derive(Debug, Serialize, ToSchema)]
struct RowView {
    line: u64,
    #[schema(value_type = Option<Object>)]
    item: Option<Item>,
    error: Option<String>,
}

/// A row that could not be read.
#[derive(Debug, Serialize, ToSchema)]
struct BadRow {
    line: u64,
    message: String,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Imported {
    name: String,
    /// Hash of the content; the same content is the same version.
    version: String,
    items: u64,
    /// Items that the version before did not have.
    added: u64,
    /// Items that it had, or that stand twice in the file.
    duplicate: u64,
    /// Items that people took out or purged before; they stay out.
    buried: u64,
    /// Bad rows that were left out; the first 100.
    skipped: Vec<BadRow>,
    skipped_total: u64,
    /// Items nearly the same as an earlier one; the first 100. They are in.
    near: Vec<NearView>,
    near_total: u64,
}

/// How far an import is.
#[derive(Debug, Serialize)]
struct Progress {
    rows: u64,
    bytes: u64,
    total_bytes: u64,
}

impl From<&RowError> for BadRow {
    fn from(error: &RowError) -> Self {
        Self {
            line: error.line,
            message: match &error.column {
                // Of JSON the character; elsewhere the column's name.
                Some(at) if at.parse::<u64>().is_ok() => format!("at character {at}: {}", error.message),
                Some(column) => format!("at {column}: {}", error.message),
                None => error.message.clone(),
            },
        }
    }
}

/// `POST /api/v1/datasets/preview`.
pub(crate) async fn preview_dataset(
    State(app): State<App>,
    Params(query): Params<PreviewQuery>,
    body: Body,
) -> Reply<Json<Preview>> {
    let mapping = match mapping(query.map) {
        Ok(mapping) => mapping,
        Err(failure) => return Err(heard(body, failure).await),
    };
    let file = spool(&app, body, IMPORT_BYTES).await?;
    let read = move || preview(Reading::open(file, &query.name.unwrap_or_default(), mapping.as_ref()));
    let preview = tokio::task::spawn_blocking(read).await;
    preview.map(Json).map_err(|_| Failure::new(&error::INTERNAL, "the file could not be read"))
}

fn checked(app: &App, query: &ImportQuery) -> Reply<Option<Mapping>> {
    check_name(&query.name)?;
    if let Some(workload) = &query.workload {
        configured(app, workload)?;
    }
    mapping(query.map.clone())
}

/// A refusal for whoever sends a file of moderate size to hear; they would only see the connection break while they send.
async fn heard(body: Body, failure: Failure) -> Failure {
    drop(timeout(LISTEN, body::to_bytes(body, LISTEN_BYTES)).await);
    failure
}

fn preview(mut reading: Reading) -> Preview {
    let mut preview = Preview {
        format: reading.format(),
        columns: reading.columns().to_vec(),
        mapping: serde_json::to_value(reading.mapping()).and_then(serde_json::from_value).unwrap_or_default(),
        rows: Vec::new(),
        items: 0,
        bad: Vec::new(),
        bad_total: 0,
    };
    let schema = reading.header().and_then(|header| header.input_schema.as_ref());
    let mut intake = Intake::new(schema.and_then(|schema| InputSchema::compile(schema).ok()), Vec::new());
    for row in reading.by_ref() {
        let line = row.line;
        let taken = intake.check(row);
        if preview.rows.len() < SAMPLE {
            let error = taken.as_ref().err().map(|error| BadRow::from(error).message);
            preview.rows.push(RowView { line, item: taken.as_ref().ok().cloned(), error });
        }
        match taken {
            Ok(_) => preview.items += 1,
            Err(error) => {
                preview.bad_total += 1;
                if preview.bad.len() < TOLD {
                    preview.bad.push(BadRow::from(&error));
                }
            }
        }
    }
    preview
}

/// `POST /api/v1/datasets/import`.
pub(crate) async fn import_dataset(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<ImportQuery>,
    body: Body,
) -> Reply<Response> {
    let mapping = match checked(&app, &query) {
        Ok(mapping) => mapping,
        Err(failure) => return Err(heard(body, failure).await),
    };
    let file = spool(&app, body, IMPORT_BYTES).await?;
    let gauges = Gauges { rows: Arc::default(), bytes: file.gauge(), total: file.bytes };
    let progress = query.progress;
    let work = import(app, caller, query, mapping, file, Arc::clone(&gauges.rows));
    if !progress {
        return Ok((StatusCode::CREATED, Json(work.await?)).into_response());
    }
    let mut work = Box::pin(work);
    let (tell, told) = mpsc::channel::<Event>(1);
    tokio::spawn(async move {
        let end = loop {
            tokio::select! {
                done = &mut work => break match done {
                    Ok(imported) => event("done", &imported),
                    Err(failure) => event("failed", &failure.view()),
                },
                () = sleep(PROGRESS) => {
                    // Whoever asked has gone: what was begun is finished all the same.
                    drop(tell.try_send(event("progress", &gauges.read())));
                }
            }
        };
        drop(tell.send(end).await);
    });
    let events = stream::unfold(told, |mut told| async move {
        let event = told.recv().await?;
        Some((Ok::<_, Infallible>(event), told))
    });
    Ok(Sse::new(events).into_response())
}

fn event(name: &str, data: &impl Serialize) -> Event {
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}

struct Gauges {
    rows: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
    total: u64,
}

impl Gauges {
    fn read(&self) -> Progress {
        Progress {
            rows: self.rows.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed).min(self.total),
            total_bytes: self.total,
        }
    }
}

/// Reads on a thread of its own and stores what comes, batch by batch.
async fn import(
    app: App,
    caller: Caller,
    query: ImportQuery,
    mapping: Option<Mapping>,
    file: Spooled,
    rows: Arc<AtomicU64>,
) -> Reply<Imported> {
    let file_name = query.file.clone().unwrap_or_default();
    let note = if file_name.is_empty() { "imported".to_owned() } else { format!("imported from {file_name}") };
    let known = app.store.dataset_get(&query.name).await?.and_then(|(dataset, _)| dataset.input_schema);
    let (header_in, header) = oneshot::channel();
    let (batches_in, mut batches) = mpsc::channel(AHEAD);
    let order =
        Order { known, splits: query.splits.as_deref().map(words), skip_bad: query.skip_bad, shown: shown(&app), rows };
    let reading = tokio::task::spawn_blocking(move || {
        let reading = Reading::open(file, &file_name, mapping.as_ref());
        read(reading, order, header_in, &batches_in)
    });
    // The reader ends without a header only when its schema is none; it says so itself.
    let header: Header = header.await.unwrap_or_default();
    let mut new = said(&app, &query.name, &caller, note);
    new.workload = query.workload.or(header.workload).map(Into::into);
    if let Some(workload) = &new.workload {
        configured(&app, workload.as_str())?;
    }
    new.description = query.description.or(header.description).unwrap_or_default();
    new.input_schema = header.input_schema.map(|schema| schema.to_string());
    new.canary = header.canary.unwrap_or(new.canary);
    let mut stage = app.store.dataset_stage(&new).await?;
    let staged = async {
        while let Some(batch) = batches.recv().await {
            app.store.stage_add(&mut stage, &batch).await?;
        }
        let report = reading.await.map_err(|_| Failure::new(&error::INTERNAL, "the file could not be read"))??;
        accept(&report, query.skip_bad)?;
        Ok::<_, Failure>(report)
    }
    .await;
    match staged {
        Ok(report) => publish(&app, query.name, stage, report).await,
        Err(failure) => {
            app.store.stage_drop(stage).await?;
            Err(failure)
        }
    }
}

/// What the reader is told.
struct Order {
    /// The dataset's schema so far.
    known: Option<String>,
    splits: Option<Vec<String>>,
    skip_bad: bool,
    shown: Vec<(String, String)>,
    rows: Arc<AtomicU64>,
}

fn read(
    mut reading: Reading,
    order: Order,
    header: oneshot::Sender<Header>,
    batches: &mpsc::Sender<Vec<NewItem>>,
) -> Reply<Report> {
    let head = reading.header().cloned().unwrap_or_default();
    let schema = head.input_schema.as_ref().map(ToString::to_string).or(order.known);
    let schema = schema_of(schema.as_deref())?;
    let splits = order.splits.unwrap_or_else(|| head.splits.clone());
    // Whoever waits for it has gone: so has the import.
    drop(header.send(head));
    let mut intake = Intake::new(schema, splits);
    let mut batch = Vec::with_capacity(BATCH);
    for row in reading.by_ref() {
        order.rows.fetch_add(1, Ordering::Relaxed);
        // After a bad row of a file that must have none the rest is only read for its bad rows.
        let kept = intake.take(row).filter(|_| order.skip_bad || intake.bad() == 0);
        if let Some(item) = kept {
            batch.push(stored(&item)?);
        }
        if batch.len() == BATCH && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
            break;
        }
    }
    if !batch.is_empty() {
        drop(batches.blocking_send(batch));
    }
    Ok(intake.finish(&order.shown))
}

fn accept(report: &Report, skip_bad: bool) -> Reply<()> {
    if report.bad_total > 0 && !skip_bad {
        return Err(refuse(report));
    }
    if report.taken == 0 {
        let first = report.bad.first().map(|error| format!(": {}", error.message)).unwrap_or_default();
        return Err(Failure::new(&error::BAD_DATASET, format!("the file has no row that could be read{first}")));
    }
    match report.leaks.first() {
        Some(leak) => Err(leaked(&leak.id, &leak.of, report.leaks_total)),
        None => Ok(()),
    }
}

async fn publish(app: &App, name: String, stage: Stage, report: Report) -> Reply<Imported> {
    let published = app.store.stage_publish(stage).await?;
    Ok(Imported {
        name,
        version: published.version,
        items: published.items,
        added: published.added,
        duplicate: published.duplicate,
        buried: published.buried,
        skipped: report.bad.iter().map(BadRow::from).collect(),
        skipped_total: report.bad_total,
        near: report.near.into_iter().map(NearView::from).collect(),
        near_total: report.near_total,
    })
}

fn mapping(map: Option<String>) -> Reply<Option<Mapping>> {
    map.map(|text| text.parse::<Mapping>()).transpose().map_err(|error| Failure::bad(format!("`map`: {error}")))
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn refuse(report: &Report) -> Failure {
    let named: Vec<String> = report
        .bad
        .iter()
        .take(BAD_NAMED)
        .map(BadRow::from)
        .map(|row| format!("line {}: {}", row.line, row.message))
        .collect();
    let more = match report.bad_total - named.len() as u64 {
        0 => String::new(),
        rest => format!("; and {rest} more"),
    };
    Failure::new(&error::BAD_DATASET, format!("{}{more}. Nothing was imported", named.join("; ")))
        .hint("mend the rows, or send `skip_bad=true` to import the others")
}
