//! Who calls, and whether they may. Runs before a byte of the body is read.

use std::sync::Arc;

use http::{HeaderMap, header};
use subtle::ConstantTimeEq as _;
use weir_config::Caller;
use weir_core::{
    NanoUsd, Problem, error,
    route::Route,
    span::{Errand, Origin},
};

use crate::{State, address::Scope, headers};

/// Longest id of a span or an item.
const ABOUT_BYTES: usize = 64;

/// A caller that may use the route.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    pub(crate) tenant: Arc<str>,
    pub(crate) origin: Origin,
    /// None of a client's.
    pub(crate) errand: Errand,
    /// `None` for weir itself, which may choose any policy.
    caller: Option<Caller>,
}

impl Admitted {
    /// The workloads it reaches.
    pub(crate) fn scope(&self) -> Scope<'_> {
        self.caller.as_ref()?.workloads.as_deref()
    }
    /// Most that its requests may cost in a day.
    pub(crate) fn budget(&self) -> Option<NanoUsd> {
        self.caller.as_ref()?.max_per_day
    }
    /// Whether it may have one call routed by the preset of this name.
    pub(crate) fn may_choose(&self, preset: &str) -> bool {
        self.caller.as_ref().is_none_or(|caller| caller.may_choose(preset))
    }
}

/// Recognises the caller of a request to `route`.
///
/// # Errors
/// W0201 without a valid key, W0202 when the key lacks the grant.
pub(crate) fn admit(
    state: &State,
    route: &Route,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Admitted, Problem> {
    let internal = is_internal(&state.internal_token, headers);
    let (origin, errand) =
        if internal { (own_origin(headers), own_errand(headers)) } else { (Origin::Client, Errand::default()) };
    let presented = presented(headers, query);
    // weir's own judges hold no key: the process token stands for one. What a caller ordered is bound as the caller is.
    if internal && presented.is_none() {
        let Some(behalf) = headers.get(headers::BEHALF).and_then(|name| name.to_str().ok()) else {
            return Ok(Admitted { tenant: "weir".into(), origin, errand, caller: None });
        };
        let caller = state.keyring.load().named(behalf)?;
        return Ok(Admitted { tenant: Arc::clone(&caller.name), origin, errand, caller: Some(caller) });
    }
    if route.grant == weir_core::route::Grant::Public {
        return Ok(Admitted { tenant: Arc::default(), origin, errand, caller: None });
    }
    let caller: Caller = state.keyring.load().authenticate(presented)?;
    if !caller.holds(route.grant) {
        return Err(Problem::new(
            &error::NOT_ALLOWED,
            format!("key `{}` lacks the grant for {}", caller.name, route.path),
        ));
    }
    Ok(Admitted { tenant: Arc::clone(&caller.name), origin, errand, caller: Some(caller) })
}

/// The key, wherever a dialect's clients put it: `Authorization: Bearer`, `x-api-key`, `api-key`, `x-goog-api-key`, or
/// `?key=`.
fn presented<'a>(headers: &'a HeaderMap, query: Option<&'a str>) -> Option<&'a str> {
    let named = || ["x-api-key", "x-goog-api-key", "api-key"].iter().find_map(|name| headers.get(*name)?.to_str().ok());
    let asked = || query?.split('&').find_map(|pair| pair.strip_prefix("key="));
    bearer(headers).or_else(named).or_else(asked).map(str::trim)
}

/// The key behind `Authorization: Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// What weir itself asks for. Never a client: whoever holds the process token is not one.
fn own_origin(headers: &HeaderMap) -> Origin {
    let named = headers.get(headers::ORIGIN).and_then(|name| Origin::named(name.to_str().ok()?));
    named.filter(|origin| *origin != Origin::Client).unwrap_or(Origin::Eval)
}

/// Whose words weir's own request repeats, and whether they may be kept.
fn own_errand(headers: &HeaderMap) -> Errand {
    let about = headers.get(headers::ABOUT).and_then(|id| id.to_str().ok());
    Errand {
        about: about.filter(|id| (1..=ABOUT_BYTES).contains(&id.len())).map(Arc::from),
        sealed: headers.contains_key(headers::SEALED),
    }
}

/// True when the request carries the process token. An empty token is nobody's.
fn is_internal(token: &str, headers: &HeaderMap) -> bool {
    headers
        .get(headers::INTERNAL)
        .is_some_and(|sent| !token.is_empty() && bool::from(sent.as_bytes().ct_eq(token.as_bytes())))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_whole_process_token_is_internal() {
        let sent = |text: &'static str| HeaderMap::from_iter([(headers::INTERNAL, HeaderValue::from_static(text))]);
        assert!(is_internal("token", &sent("token")));
        assert!(!is_internal("token", &sent("toke")));
        assert!(!is_internal("", &sent("")));
        assert!(!is_internal("token", &HeaderMap::new()));
    }

    #[test]
    fn weir_says_what_it_asks_for_and_is_never_a_client() {
        let named = |text: &'static str| HeaderMap::from_iter([(headers::ORIGIN, HeaderValue::from_static(text))]);
        assert_eq!(own_origin(&named("probe")), Origin::Probe);
        assert_eq!(own_origin(&named("shadow")), Origin::Shadow);
        for other in ["client", "eval", "judge", ""] {
            assert_eq!(own_origin(&named(other)), Origin::Eval, "{other}");
        }
        assert_eq!(own_origin(&HeaderMap::new()), Origin::Eval);
    }

    #[test]
    fn weir_says_whose_words_it_repeats_and_whether_they_may_be_kept() {
        assert!(own_errand(&HeaderMap::new()).is_none());
        let mut sent = HeaderMap::new();
        sent.insert(headers::ABOUT, HeaderValue::from_static("0a1b"));
        assert_eq!(own_errand(&sent), Errand { about: Some("0a1b".into()), sealed: false });
        sent.insert(headers::SEALED, HeaderValue::from_static("1"));
        assert_eq!(own_errand(&sent), Errand::of_item("0a1b", true));
    }

    #[test]
    fn the_scheme_is_read_in_any_case_and_other_schemes_hold_no_key() {
        let with = |text: &'static str| HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(text))]);
        assert_eq!(bearer(&with("bearer k")), Some("k"));
        assert_eq!(bearer(&with("Basic k")), None);
        assert_eq!(bearer(&with("k")), None);
    }

    #[test]
    fn a_key_is_found_where_each_dialect_puts_it() {
        for name in ["x-api-key", "x-goog-api-key", "api-key"] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static("k"))]);
            assert_eq!(presented(&headers, None), Some("k"), "{name}");
        }
        assert_eq!(presented(&HeaderMap::new(), Some("alt=sse&key=k")), Some("k"));
        assert_eq!(presented(&HeaderMap::new(), Some("monkey=k")), None);
    }
}
