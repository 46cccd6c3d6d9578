//! `Idempotency-Key`: an order that is sent again, because its answer was lost on the way, is carried out once. Answers
//! are kept in memory for a day; a restart forgets them. What failed may be tried again under the same key.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::{self, Body, Bytes, HttpBody as _},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use weir_core::{error, route::Route};

use crate::{guard::Caller, problem::Failure, state::App};

/// The key of an order, made up by whoever sends it.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const KEPT: Duration = Duration::from_hours(24);
/// Answers kept at once; the oldest go first.
const MOST: usize = 1_000;
const KEY_BYTES: usize = 128;
/// Larger answers are not kept.
const ANSWER_BYTES: usize = 32 * 1024;

/// Orders with a key that were carried out lately, or are being carried out.
#[derive(Debug, Default)]
pub(crate) struct Orders(Mutex<HashMap<Name, Order>>);

/// A key means something to its caller alone, and on one path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name {
    caller: Arc<str>,
    path: String,
    key: String,
}

#[derive(Debug)]
struct Order {
    /// Tells whether the same thing is asked for again.
    asked: u64,
    at: Duration,
    /// `None` while it is carried out.
    answer: Option<Answer>,
}

#[derive(Debug, Clone)]
struct Answer {
    status: StatusCode,
    kind: Option<HeaderValue>,
    tag: Option<HeaderValue>,
    body: Bytes,
}

/// What is known of an order that has come.
enum Known {
    New,
    UnderWay,
    Another,
    Done(Answer),
}

impl Orders {
    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Order>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an order that nobody knows yet as under way.
    fn begin(&self, name: &Name, asked: u64, now: Duration) -> Known {
        let mut orders = self.lock();
        orders.retain(|_, order| order.answer.is_none() || now.saturating_sub(order.at) < KEPT);
        match orders.get(name) {
            Some(order) if order.asked != asked => Known::Another,
            Some(Order { answer: Some(answer), .. }) => Known::Done(answer.clone()),
            Some(_) => Known::UnderWay,
            None => {
                if orders.len() >= MOST {
                    let done = orders.iter().filter(|(_, order)| order.answer.is_some());
                    let oldest = done.min_by_key(|(_, order)| order.at).map(|(name, _)| name.clone());
                    if let Some(oldest) = oldest {
                        orders.remove(&oldest);
                    }
                }
                orders.insert(name.clone(), Order { asked, at: now, answer: None });
                Known::New
            }
        }
    }
}

/// An order under way; forgotten when it ends without an answer to keep, however it ends.
struct Ticket {
    app: App,
    name: Name,
}

impl Ticket {
    fn keep(self, answer: Answer) {
        if let Some(order) = self.app.orders.lock().get_mut(&self.name) {
            order.answer = Some(answer);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut orders = self.app.orders.lock();
        if orders.get(&self.name).is_some_and(|order| order.answer.is_none()) {
            orders.remove(&self.name);
        }
    }
}

impl Answer {
    fn again(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        if let Some(kind) = self.kind {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        if let Some(tag) = self.tag {
            headers.insert(header::ETAG, tag);
        }
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

/// Carries an order with a key out once; lets others through.
pub(crate) async fn once(
    State((app, route)): State<(App, &'static Route)>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let caller = request.extensions().get::<Caller>().map(|Caller(caller)| Arc::clone(&caller.name));
    let (Some(caller), Some(key)) = (caller, request.headers().get(&HEADER)) else {
        return Ok(next.run(request).await);
    };
    let key = key.to_str().ok().filter(|key| (1..=KEY_BYTES).contains(&key.len()));
    let key = key.ok_or_else(|| Failure::bad(format!("`Idempotency-Key` takes 1 to {KEY_BYTES} printable bytes")))?;
    let name = Name { caller, path: request.uri().to_string(), key: key.to_owned() };
    let (parts, body) = request.into_parts();
    let read = body::to_bytes(body, route.body_limit).await;
    let body = read.map_err(|_| {
        let most = route.body_limit;
        Failure::new(&error::BODY_TOO_LARGE, format!("the body cannot be read, or is over {most} bytes"))
    })?;
    match app.orders.begin(&name, fingerprint(&body), app.clock.elapsed()) {
        Known::Done(answer) => Ok(answer.again()),
        Known::UnderWay => {
            Err(Failure::new(&error::CONFLICT, format!("the order with key `{}` is being carried out", name.key))
                .hint("send it again in a moment: its answer is kept"))
        }
        Known::Another => Err(Failure::new(&error::CONFLICT, format!("key `{}` was sent with another body", name.key))
            .hint("a new order takes a new key")),
        Known::New => {
            let ticket = Ticket { app: Arc::clone(&app), name };
            Ok(kept(ticket, next.run(Request::from_parts(parts, Body::from(body))).await).await)
        }
    }
}

/// The answer, kept where the order was carried out.
async fn kept(ticket: Ticket, response: Response) -> Response {
    let small = response.body().size_hint().upper().is_some_and(|bytes| bytes <= ANSWER_BYTES as u64);
    if !response.status().is_success() || !small {
        return response;
    }
    let (parts, body) = response.into_parts();
    match body::to_bytes(body, ANSWER_BYTES).await {
        Ok(body) => {
            let kind = parts.headers.get(header::CONTENT_TYPE).cloned();
            let tag = parts.headers.get(header::ETAG).cloned();
            ticket.keep(Answer { status: parts.status, kind, tag, body: body.clone() });
            Response::from_parts(parts, Body::from(body))
        }
        Err(_) => Failure::new(&error::INTERNAL, "the answer cannot be read").into_response(),
    }
}

fn fingerprint(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_for_a_day_and_the_oldest_make_room() {
        let orders = Orders::default();
        let name = |n: usize| Name { caller: "ops".into(), path: "/".into(), key: n.to_string() };
        let answer = || Answer { status: StatusCode::OK, kind: None, tag: None, body: Bytes::new() };
        let at = |n: usize| Duration::from_secs(n as u64);
        for n in 0..=MOST {
            assert!(matches!(orders.begin(&name(n), 1, at(n)), Known::New));
            if let Some(order) = orders.lock().get_mut(&name(n)) {
                order.answer = Some(answer());
            }
        }
        assert_eq!(orders.lock().len(), MOST);
        assert!(matches!(orders.begin(&name(MOST), 1, at(MOST)), Known::Done(_)));
        assert!(matches!(orders.begin(&name(MOST), 2, at(MOST)), Known::Another));
        assert!(matches!(orders.begin(&name(0), 1, at(MOST)), Known::New), "the oldest has made room");
        assert!(matches!(orders.begin(&name(0), 1, at(MOST)), Known::UnderWay));
        assert!(matches!(orders.begin(&name(5), 1, at(5) + KEPT), Known::New), "a day is over");
    }
}
