//! Datasets built from traffic: requests that a filter fits, drawn from every stratum alike, each kept with the
//! probability it had, so that a mean over them can be carried back to all traffic.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use weir_core::{
    Timestamp,
    filter::{Filter, WORDS},
    span::Record,
};
use weir_evals::dataset::Item;
use weir_providers::dialect::text;
use weir_store::{NewItem, Pick, Picked, Stratum};

use super::{check_name, draft, draft::PublishedView, said, schema_of, stored};
use crate::{
    extract::{Body, Segment},
    guard::Caller,
    problem::{Failure, Reply},
    state::App,
    time::rfc3339,
    workload::configured,
};

/// Items of one build.
const MOST: u64 = 10_000;
/// Items of a preview.
const SHOWN: usize = 10;
/// Requests read at once.
const PAGE: usize = 200;

/// Which requests become items, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddOrder {
    /// Comparisons joined by `and`, such as `score.factuality<0.5 and workload=support`; empty fits all.
    from: String,
    /// How many; at most 10000. All that fit unless given.
    sample: Option<u64>,
    /// A field whose every value is drawn from alike: `deployment` (or `model`), `workload`, `status`, `segment`, `tenant`,
    /// `session`, `strategy`, `revision`, `canary`, `arm` or `code`.
    stratify: Option<String>,
    /// Only requests of the last so many hours.
    since_hours: Option<f64>,
    /// The same seed draws the same requests; 0 unless given.
    #[serde(default)]
    seed: u64,
    /// The split of the new items.
    split: Option<String>,
    /// True takes the answer that was given for the right one.
    #[serde(default)]
    expected: bool,
    /// False keeps personal data and credentials; replaced by their kind unless given.
    #[serde(default = "yes")]
    redact: bool,
    /// True publishes at once; otherwise the items wait in the draft.
    #[serde(default)]
    publish: bool,
    /// True tells what would be put in, with the first items, and stores nothing.
    #[serde(default)]
    preview: bool,
    /// Of a new dataset: whose traffic it belongs to.
    workload: Option<String>,
}

const fn yes() -> bool {
    true
}

/// What a build did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Added {
    /// Items in the draft, or in the version that was published.
    items: u64,
    /// Items put in.
    put: u64,
    /// Requests drawn whose prompt the dataset had already, or that were drawn twice.
    known: u64,
    /// Requests drawn whose text holds no conversation, or one that does not fit the dataset's schema.
    unfit: u64,
    /// Places of personal data and credentials that were replaced.
    redacted: u64,
    /// What was drawn from.
    strata: Vec<DrawnView>,
    /// The version, where it was published.
    published: Option<PublishedView>,
    /// The first items, where only a preview was asked for.
    #[schema(value_type = Vec<Object>)]
    first: Vec<Value>,
}

/// One part of what was drawn from.
#[derive(Debug, Serialize, ToSchema)]
struct DrawnView {
    /// The field's value; empty where there is none.
    name: String,
    /// Requests that fit.
    of: u64,
    /// Requests drawn; each had the probability `drawn / of`.
    drawn: u64,
}

impl From<Stratum> for DrawnView {
    fn from(stratum: Stratum) -> Self {
        Self { name: stratum.name, of: stratum.of, drawn: stratum.drawn }
    }
}

/// `POST /api/v1/datasets/{name}/add`.
pub(crate) async fn add_traces(
    State(app): State<App>,
    caller: Caller,
    Segment(name): Segment,
    Body(order): Body<AddOrder>,
) -> Reply<Json<Added>> {
    check_name(&name)?;
    if let Some(workload) = &order.workload {
        configured(&app, workload)?;
    }
    let (picked, strata) = app.store.span_pick(&pick(&app, &order)?).await?;
    if picked.len() as u64 > MOST {
        let found = picked.len();
        return Err(Failure::bad(format!("`from` fits {found} requests, at most {MOST} are taken at once"))
            .hint(format!("give `sample`, such as {MOST}")));
    }
    let known = app.store.dataset_get(&name).await?;
    let schema = schema_of(known.as_ref().and_then(|(dataset, _)| dataset.input_schema.as_deref()))?;
    let mut told = Added {
        items: 0,
        put: 0,
        known: 0,
        unfit: 0,
        redacted: 0,
        strata: strata.into_iter().map(DrawnView::from).collect(),
        published: None,
        first: Vec::new(),
    };
    let mut items: Vec<NewItem> = Vec::new();
    for page in picked.chunks(PAGE) {
        let ids: Vec<_> = page.iter().map(|picked| picked.span_id).collect();
        let records = app.store.record_list(&ids).await?;
        for record in records {
            let Some(picked) = page.iter().find(|picked| picked.span_id == record.span.id) else { continue };
            let Some(mut item) = item(&record, picked, &order) else {
                told.unfit += 1;
                continue;
            };
            if order.redact {
                told.redacted += item.redact();
            }
            if schema.as_ref().is_some_and(|schema| schema.check(&item).is_err()) {
                told.unfit += 1;
                continue;
            }
            items.push(stored(&item)?);
        }
    }
    let drawn = items.len();
    items = unknown(&app, &name, items).await?;
    told.known = (drawn - items.len()) as u64;
    let mut new = said(&app, &name, &caller, format!("from traces: {}", order.from));
    new.workload = order.workload.map(Into::into);
    if items.is_empty() && known.is_none() {
        return Err(Failure::not_found("request that fits", &order.from)
            .hint("`weir trace list` shows what there is; texts are kept for a while only"));
    }
    if order.preview {
        told.put = items.len() as u64;
        told.first = items.iter().take(SHOWN).filter_map(|item| serde_json::from_str(&item.body).ok()).collect();
    } else if !items.is_empty() {
        let draft = app.store.draft_put(&new, &items).await?;
        (told.items, told.put) = (draft.items, draft.put);
        if order.publish {
            let published = draft::publish(&app, &caller, name, new.note).await?;
            told.published = Some(published);
        }
    }
    Ok(Json(told))
}

fn pick(app: &App, order: &AddOrder) -> Reply<Pick> {
    let filter = order.from.parse::<Filter>().map_err(|error| Failure::bad(format!("`from`: {error}")))?;
    let stratify = match order.stratify.as_deref() {
        None => None,
        Some("model") => Some("deployment"),
        Some(name) => Some(*WORDS.iter().find(|known| **known == name).ok_or_else(|| {
            Failure::bad(format!("`stratify` is `{name}`, wanted one of model, {}", WORDS.join(", ")))
        })?),
    };
    let since = match order.since_hours {
        None => None,
        Some(hours) if hours.is_finite() && hours > 0.0 => {
            Some(Timestamp(app.clock.now().0 - (hours * 3_600e6).min(1e18) as i64))
        }
        Some(hours) => return Err(Failure::bad(format!("`since_hours` is {hours}, wanted a number over 0"))),
    };
    if order.sample == Some(0) {
        return Err(Failure::bad("`sample` is 0, wanted at least 1"));
    }
    Ok(Pick { filter, since, sample: order.sample, stratify, seed: order.seed })
}

/// A request as an item: without a right answer, unless the one that was given counts as right. Requests of one session
/// share a cluster, and so a split.
fn item(record: &Record, picked: &Picked, order: &AddOrder) -> Option<Item> {
    let span = &record.span;
    let messages = text::messages(&record.payload.request);
    if messages.iter().all(|message| message.content.trim().is_empty()) {
        return None;
    }
    let mut item = Item::new(messages);
    let answer = text::answer(&record.payload.response).text;
    if order.expected {
        item.expected = Some(Value::from(answer)).filter(|answer| *answer != "");
    } else {
        item.metadata.insert("response".into(), Value::from(answer));
    }
    item.workload = Some(span.workload.to_string());
    item.split = order.split.clone();
    item.cluster = Some(span.session.as_ref().map_or_else(|| span.trace_id.to_string(), ToString::to_string));
    let source = json!({
        "trace_id": span.trace_id.to_string(),
        "span_id": span.id.to_string(),
        "captured_at": rfc3339(span.started_at),
        "deployment": span.served_by().map(ToString::to_string),
        "p": picked.p,
        "from": order.from,
    });
    if let Value::Object(source) = source {
        item.source = source;
    }
    Some(item)
}

/// Without those whose prompt the dataset has, and without repetitions.
async fn unknown(app: &App, name: &str, items: Vec<NewItem>) -> Reply<Vec<NewItem>> {
    let hashes: Vec<&str> = items.iter().map(|item| item.input_hash.as_str()).collect();
    let mut known = app.store.inputs_known(name, &hashes).await?;
    Ok(items.into_iter().filter(|item| known.insert(item.input_hash.clone())).collect())
}
