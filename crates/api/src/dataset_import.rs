//! Files into datasets. A file is read the same way for a preview and for an import; an import with bad rows stores
//! nothing unless told to skip them.

use std::collections::BTreeMap;

use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_core::error;
use weir_evals::dataset::{Format, Item, Mapping, Parsed, RowError, assign_splits, parse, version_id};
use weir_store::{NewDataset, NewItem};

use crate::{
    extract::{Params, Raw},
    problem::{Failure, Reply},
    state::App,
    workload::configured,
};

/// Rows shown of a preview.
const SAMPLE: usize = 20;
/// Bad rows listed of a file.
const BAD_LISTED: usize = 100;
/// Bad rows named in an error.
const BAD_NAMED: usize = 5;
/// Longest name, in bytes.
const NAME_BYTES: usize = 100;
/// Names that are actions in the same place of the path.
const RESERVED: [&str; 2] = ["preview", "import"];

/// What is known of the file beside its bytes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewQuery {
    /// The file's name; its ending helps to tell formats apart.
    name: Option<String>,
    /// Columns by field, such as `input:question,expected:answer`; guessed unless given.
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
    /// Columns by field, such as `input:question,expected:answer`; guessed unless given.
    map: Option<String>,
}

/// A file as it would be read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// `weir`, `jsonl`, `json_array`, `csv`, `openai_evals` or `promptfoo`.
    #[schema(value_type = String)]
    format: Format,
    /// In order; empty where the format has none.
    columns: Vec<String>,
    /// Column by field.
    mapping: BTreeMap<String, String>,
    /// The first rows.
    rows: Vec<RowView>,
    /// Rows that could be read, in the whole file.
    items: usize,
    /// The first rows that could not.
    bad: Vec<BadRow>,
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
    /// Bad rows that were left out.
    skipped: Vec<BadRow>,
}

impl From<&RowError> for BadRow {
    fn from(error: &RowError) -> Self {
        Self {
            line: error.line,
            message: match &error.column {
                Some(column) => format!("at {column}: {}", error.message),
                None => error.message.clone(),
            },
        }
    }
}

/// `POST /api/v1/datasets/preview`.
pub(crate) async fn preview_dataset(
    State(_): State<App>,
    Params(query): Params<PreviewQuery>,
    Raw(bytes): Raw,
) -> Reply<Json<Preview>> {
    let parsed = read(bytes, query.name.unwrap_or_default(), query.map).await?;
    let mapping = serde_json::to_value(&parsed.mapping).and_then(serde_json::from_value).unwrap_or_default();
    Ok(Json(Preview {
        format: parsed.format,
        columns: parsed.columns.clone(),
        mapping,
        items: parsed.items().count(),
        bad: bad(&parsed),
        rows: parsed
            .rows
            .into_iter()
            .take(SAMPLE)
            .map(|row| {
                let error = row.result.as_ref().err().map(|error| BadRow::from(error).message);
                RowView { line: row.line, item: row.result.ok(), error }
            })
            .collect(),
    }))
}

/// `POST /api/v1/datasets/import`.
pub(crate) async fn import_dataset(
    State(app): State<App>,
    Params(query): Params<ImportQuery>,
    Raw(bytes): Raw,
) -> Reply<(StatusCode, Json<Imported>)> {
    check_name(&query.name)?;
    let file = query.file.unwrap_or_default();
    let note = if file.is_empty() { "imported".to_owned() } else { format!("imported from {file}") };
    let parsed = read(bytes, file, query.map).await?;
    let skipped = bad(&parsed);
    if !skipped.is_empty() && !query.skip_bad {
        return Err(refuse(&parsed, &skipped));
    }
    let header = parsed.header.unwrap_or_default();
    let workload = query.workload.or(header.workload);
    if let Some(workload) = &workload {
        configured(&app, workload)?;
    }
    let mut items: Vec<Item> = parsed.rows.into_iter().filter_map(|row| row.result.ok()).collect();
    if items.is_empty() {
        return Err(Failure::new(&error::BAD_DATASET, "the file has no row that could be read"));
    }
    assign_splits(&mut items, &header.splits);
    let new = NewDataset {
        name: query.name,
        workload: workload.map(Into::into),
        description: query.description.or(header.description).unwrap_or_default(),
        version: version_id(&items),
        note,
        items: items.iter().map(stored).collect::<Reply<_>>()?,
    };
    let published = app.store.dataset_publish(&new).await?;
    Ok((
        StatusCode::CREATED,
        Json(Imported {
            name: new.name,
            version: published.version,
            items: published.items,
            added: published.added,
            duplicate: published.duplicate,
            skipped,
        }),
    ))
}

/// Reads a file on a thread of its own: tens of megabytes take a while.
async fn read(bytes: Bytes, file: String, map: Option<String>) -> Reply<Parsed> {
    let mapping =
        map.map(|text| text.parse::<Mapping>()).transpose().map_err(|error| Failure::bad(format!("`map`: {error}")))?;
    tokio::task::spawn_blocking(move || parse(&bytes, &file, mapping.as_ref()))
        .await
        .map_err(|_| Failure::new(&error::INTERNAL, "the file could not be read"))
}

fn bad(parsed: &Parsed) -> Vec<BadRow> {
    parsed.bad().take(BAD_LISTED).map(BadRow::from).collect()
}

fn refuse(parsed: &Parsed, skipped: &[BadRow]) -> Failure {
    let total = parsed.bad().count();
    let named: Vec<String> =
        skipped.iter().take(BAD_NAMED).map(|row| format!("line {}: {}", row.line, row.message)).collect();
    let more = match total - named.len() {
        0 => String::new(),
        rest => format!("; and {rest} more"),
    };
    Failure::new(&error::BAD_DATASET, format!("{}{more}. Nothing was imported", named.join("; ")))
        .hint("mend the rows, or send `skip_bad=true` to import the others")
}

fn stored(item: &Item) -> Reply<NewItem> {
    let body =
        serde_json::to_string(item).map_err(|_| Failure::new(&error::INTERNAL, "an item could not be written"))?;
    Ok(NewItem { input_hash: item.input_hash(), body })
}

/// Names stand in paths and file names: letters, digits, `.`, `_` and `-`.
fn check_name(name: &str) -> Reply<()> {
    let fits = (1..=NAME_BYTES).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        && !name.starts_with('.');
    if fits && !RESERVED.contains(&name) {
        return Ok(());
    }
    Err(Failure::bad(format!(
        "`name` is `{}`, wanted 1 to {NAME_BYTES} letters, digits, `.`, `_` or `-`, and not `preview` or `import`",
        name.chars().take(NAME_BYTES).collect::<String>()
    )))
}
