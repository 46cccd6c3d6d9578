//! Extractors that fail in the API's own error shape. JSON bodies must be declared as JSON, which keeps plain cross-site
//! forms out, and errors name the field by its path.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, header, request::Parts},
};
use serde::de::DeserializeOwned;
use weir_core::error;

use crate::problem::Failure;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        is_json(request.headers())?;
        let bytes = Bytes::from_request(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out, with all that it says.
pub(crate) struct MaybeBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for MaybeBody<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let declared = is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        declared?;
        parse(&bytes).map(Self)
    }
}

/// The query string.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Query(params) = Query::<T>::from_request_parts(parts, state).await?;
        Ok(Self(params))
    }
}

/// The one variable segment of a path.
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(segment) = Path::<String>::from_request_parts(parts, state).await?;
        Ok(Self(segment))
    }
}

/// The two variable segments of a path.
pub(crate) struct Segments(pub(crate) String, pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, state).await?;
        Ok(Self(first, second))
    }
}

/// Reads a JSON text; the error names the place by its path.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { format!("at `{path}`: ") };
        Failure::new(&error::BAD_JSON, format!("{place}{}", error.inner()))
    })?;
    reader.end().map_err(|error| Failure::new(&error::BAD_JSON, error.to_string()))?;
    Ok(value)
}

fn is_json(headers: &HeaderMap) -> Result<(), Failure> {
    plain_encoding(headers)?;
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Failure::new(&error::UNSUPPORTED_MEDIA, "this route takes `content-type: application/json`"))
    }
}

fn plain_encoding(headers: &HeaderMap) -> Result<(), Failure> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(value) if value != "identity" => {
            Err(Failure::new(&error::UNSUPPORTED_MEDIA, "this route takes no content encoding"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "steps")]
        _steps: Vec<f64>,
    }

    #[test]
    fn a_json_error_names_the_field_by_its_path() {
        let failure = parse::<Sample>(br#"{"steps":[0.1,"x"]}"#).unwrap_err();
        assert!(failure.0.message.starts_with("at `steps[1]`: "), "{failure:?}");
        let failure = parse::<Sample>(br#"{"steps":[],"step":1}"#).unwrap_err();
        assert!(failure.0.message.contains("unknown field `step`"), "{failure:?}");
    }

    #[test]
    fn text_after_the_json_is_refused() {
        assert!(parse::<Sample>(br#"{"steps":[]} {}"#).is_err());
    }
}
