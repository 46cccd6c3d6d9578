//! Who may pass. One check before every handler, made from the route's own row: the caller's key and grant, where the
//! request comes from, and the declared length of its body.
//!
//! Without configured keys weir listens on loopback only and everyone there is admin. A web page in the same browser
//! is not meant to be: requests whose `Host` is not a loopback name are refused (DNS rebinding), and so are changes
//! whose `Origin` is another site (cross-site request forgery). With keys both would fail for want of a key; the
//! checks stay on, so that the rule is one.

use std::{borrow::Cow, net::IpAddr};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use weir_config::{Caller as Principal, Keyring};
use weir_core::{
    Problem, error,
    route::{Grant, Route},
};

use crate::{problem::Failure, state::App};

/// The check of one route.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) app: App,
    pub(crate) route: &'static Route,
}

/// Whoever passed the guard; handlers take it as an argument.
#[derive(Clone)]
pub(crate) struct Caller(pub(crate) Principal);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Failure::new(&error::INTERNAL, "the route has no guard"))
    }
}

/// Lets the request through, or answers why not.
pub(crate) async fn check(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let settings = guard.app.settings.load();
    match admit(&settings.keys, guard.route, &request) {
        Ok(caller) => {
            drop(settings);
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

/// The caller; nobody on a public route, whose handler asks for a proof of its own from whatever page it comes.
fn admit(keys: &Keyring, route: &Route, request: &Request) -> Result<Option<Caller>, Failure> {
    let headers = request.headers();
    if route.grant == Grant::Public {
        return short(route, headers).map(|()| None);
    }
    let host = host(headers, request.uri());
    if keys.is_open() && !host.is_some_and(is_loopback) {
        return Err(Failure::new(&error::NOT_ALLOWED, "without keys weir answers to loopback names only")
            .hint("use http://127.0.0.1 or http://localhost, or configure `[keys]`"));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        same_origin(headers, host)?;
    }
    let presented = presented(headers);
    let principal = keys.authenticate(presented.as_deref()).map_err(Problem::from)?;
    if !principal.holds(route.grant) {
        return Err(Failure::new(
            &error::NOT_ALLOWED,
            format!("{} {} takes a key with the grant `admin`", route.method, route.path),
        ));
    }
    short(route, headers)?;
    Ok(Some(Caller(principal)))
}

/// The declared length is within the route's bound.
fn short(route: &Route, headers: &HeaderMap) -> Result<(), Failure> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > route.body_limit as u64) {
        return Err(Failure::new(
            &error::BODY_TOO_LARGE,
            format!("this route takes at most {} bytes", route.body_limit),
        ));
    }
    Ok(())
}

/// The key of `Authorization: Bearer …`, or the password of `Authorization: Basic …`, which is where clients of Langfuse
/// put their secret key.
fn presented(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Cow::Borrowed(key.trim_ascii()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(key.trim_ascii()).ok()?).ok()?;
    pair.split_once(':').map(|(_, secret)| Cow::Owned(secret.to_owned()))
}

/// A browser always sends `Origin` with a change; tools send none.
fn same_origin(headers: &HeaderMap, host: Option<&str>) -> Result<(), Failure> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let same =
        origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok()).zip(host).is_some_and(|(origin, host)| {
            let default = match origin.scheme_str() {
                Some("https") => 443,
                _ => 80,
            };
            let own = host.parse::<Uri>().ok();
            let own = own.as_ref().and_then(Uri::authority);
            own.zip(origin.authority()).is_some_and(|(own, theirs)| {
                own.host().eq_ignore_ascii_case(theirs.host())
                    && own.port_u16().unwrap_or(default) == theirs.port_u16().unwrap_or(default)
            })
        });
    if same { Ok(()) } else { Err(Failure::new(&error::NOT_ALLOWED, "a page of another origin asked for this change")) }
}

/// HTTP/1 names the host in a header, HTTP/2 in the target.
fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .or_else(|| uri.authority().map(|authority| authority.as_str()))
}

fn is_loopback(host: &str) -> bool {
    let Ok(uri) = host.parse::<Uri>() else {
        return false;
    };
    let Some(name) = uri.authority().map(|authority| authority.host()) else {
        return false;
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
