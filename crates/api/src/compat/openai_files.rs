//! OpenAI's files, as far as Evals need them: kept whole, read only by the key that sent them.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Multipart, Request, State, multipart::MultipartError},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use weir_store::{File, FilePage, NewFile};

use super::openai_evals::{Answer, Order, Refusal, bad, fresh, paged};
use crate::{
    extract::{Params, Segment},
    guard::Caller,
    state::App,
};

/// Largest file, in bytes: it is held in memory once.
pub(crate) const FILE_BYTES: usize = 32 << 20;
/// Bytes of a form around its file.
pub(crate) const FORM_BYTES: usize = 64 << 10;
/// Bytes of all files of a key.
const ALL_BYTES: u64 = 1 << 30;
/// Longest name that is kept, in bytes.
const NAME_BYTES: usize = 255;
/// Most of a page, as there.
const PAGE: u32 = 10_000;
/// What files may be for.
const PURPOSES: [&str; 6] = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];
/// How long a file that goes may stay, in seconds: an hour to 30 days.
const LASTS_S: std::ops::RangeInclusive<u64> = 3_600..=2_592_000;

/// Which files.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct FilesQuery {
    /// 1 to 10,000.
    limit: Option<u32>,
    /// The last id of the page before.
    after: Option<String>,
    #[serde(default = "newest")]
    #[param(inline)]
    order: Order,
    /// Those for this alone.
    purpose: Option<String>,
}

const fn newest() -> Order {
    Order::Desc
}

/// A form as their clients send it.
#[derive(Default)]
struct Form {
    purpose: String,
    name: String,
    content: Option<Bytes>,
    anchor: Option<String>,
    seconds: Option<String>,
}

impl Form {
    async fn read(form: &mut Multipart) -> Result<Self, MultipartError> {
        let mut read = Self::default();
        while let Some(field) = form.next_field().await? {
            match field.name().unwrap_or_default() {
                "file" => {
                    field.file_name().unwrap_or("file").clone_into(&mut read.name);
                    read.content = Some(field.bytes().await?);
                }
                "purpose" => read.purpose = field.text().await?,
                "expires_after[anchor]" => read.anchor = Some(field.text().await?),
                "expires_after[seconds]" => read.seconds = Some(field.text().await?),
                _ => {}
            }
        }
        Ok(read)
    }

    fn lasts(&self) -> Result<Option<Duration>, Refusal> {
        let Some(seconds) = &self.seconds else {
            return Ok(None);
        };
        if self.anchor.as_deref() != Some("created_at") {
            return Err(bad("`expires_after[anchor]`: wanted `created_at`"));
        }
        let seconds = seconds.trim().parse().ok().filter(|seconds| LASTS_S.contains(seconds));
        let wanted = || bad(format!("`expires_after[seconds]`: wanted {} to {}", LASTS_S.start(), LASTS_S.end()));
        seconds.map(|seconds| Some(Duration::from_secs(seconds))).ok_or_else(wanted)
    }
}

fn shown(file: &File) -> Value {
    json!({
        "object": "file", "id": file.id, "bytes": file.bytes, "created_at": file.created_at.0 / 1_000_000,
        "filename": file.name, "purpose": file.purpose, "status": "processed", "status_details": null,
        "expires_at": file.expires_at.map(|at| at.0 / 1_000_000),
    })
}

fn missing(id: &str) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, format!("there is no file `{id}`"))
}

/// `POST /v1/files`, a form.
pub(crate) async fn create_file(State(app): State<App>, Caller(caller): Caller, request: Request) -> Answer {
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| bad(format!("a file comes in a form, `multipart/form-data`: {error}")))?;
    let form = Form::read(&mut form).await.map_err(|error| Refusal(error.status(), error.body_text()))?;
    let content = form.content.as_ref().ok_or_else(|| bad("`file`: wanted a file"))?;
    if content.len() > FILE_BYTES {
        let message = format!("`file` has {} bytes, at most {FILE_BYTES} are taken", content.len());
        return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    if content.is_empty() {
        return Err(bad("`file` is empty"));
    }
    if !PURPOSES.contains(&form.purpose.as_str()) {
        return Err(bad(format!("`purpose` is `{}`, wanted one of {}", form.purpose, PURPOSES.join(", "))));
    }
    if form.name.len() > NAME_BYTES || form.name.chars().any(char::is_control) {
        return Err(bad(format!("`file`: its name takes at most {NAME_BYTES} printable bytes")));
    }
    let id = fresh(&app, "file");
    let new = NewFile { id: &id, name: &form.name, purpose: &form.purpose, lasts: form.lasts()?, content };
    let kept = app.store.file_put(&caller.name, new, ALL_BYTES).await?.ok_or_else(|| {
        let message = format!("the files of key `{}` take at most {ALL_BYTES} bytes; delete some", caller.name);
        Refusal(StatusCode::PAYLOAD_TOO_LARGE, message)
    })?;
    Ok(Json(shown(&kept)))
}

/// `GET /v1/files`.
pub(crate) async fn list_files(
    State(app): State<App>,
    Caller(caller): Caller,
    Params(query): Params<FilesQuery>,
) -> Answer {
    let after = match &query.after {
        Some(id) => {
            let file = app.store.file_get(&caller.name, id).await?;
            Some(file.ok_or_else(|| bad(format!("`after`: there is no `{id}`; begin again without it")))?.seq)
        }
        None => None,
    };
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let newest_first = query.order == Order::Desc;
    let page = FilePage { purpose: query.purpose.as_deref(), after, newest_first, limit: limit + 1 };
    let mut files = app.store.file_page(&caller.name, page).await?;
    let more = files.len() > limit as usize;
    files.truncate(limit as usize);
    Ok(Json(paged(files.iter().map(shown).collect(), more)))
}

/// `GET /v1/files/{file_id}`.
pub(crate) async fn get_file(State(app): State<App>, Caller(caller): Caller, Segment(id): Segment) -> Answer {
    let file = app.store.file_get(&caller.name, &id).await?;
    file.map(|file| Json(shown(&file))).ok_or_else(|| missing(&id))
}

/// `GET /v1/files/{file_id}/content`.
pub(crate) async fn get_file_content(
    State(app): State<App>,
    Caller(caller): Caller,
    Segment(id): Segment,
) -> Result<Response, Refusal> {
    let content = app.store.file_content(&caller.name, &id).await?.ok_or_else(|| missing(&id))?;
    // Never shown by a browser, whatever it holds.
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CONTENT_DISPOSITION, "attachment")];
    Ok((headers, content).into_response())
}

/// `DELETE /v1/files/{file_id}`. A run that is under way has read it already; one that waits for its turn fails.
pub(crate) async fn delete_file(State(app): State<App>, Caller(caller): Caller, Segment(id): Segment) -> Answer {
    if !app.store.file_delete(&caller.name, &id).await? {
        return Err(missing(&id));
    }
    Ok(Json(json!({"object": "file", "id": id, "deleted": true})))
}
