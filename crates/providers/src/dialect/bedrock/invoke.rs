//! Amazon Bedrock's InvokeModel for Anthropic's models: Anthropic Messages whose model and manner are in the path, whose
//! version and betas are in the body, and whose streams are frames that each hold one event in base64.
//!
//! Source: Amazon Bedrock user guide, "Anthropic Claude Messages API"; API reference, "InvokeModelWithResponseStream".

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{BufMut as _, BytesMut};
use serde_json::{Value, json};
use weir_core::deployment::{Deployment, Dialect};

use crate::{frames::Frame, stream::StreamFailure};

/// What bodies say the API's version is.
const VERSION: &str = "bedrock-2023-05-31";

/// True for a deployment that is asked so: one of Bedrock's that speaks Anthropic's dialect.
pub(crate) fn invokes(deployment: &Deployment) -> bool {
    deployment.provider == "bedrock" && deployment.dialect == Dialect::Anthropic
}

/// An Anthropic request as InvokeModel takes it. `betas` are the caller's `anthropic-beta`, parted by commas.
pub(crate) fn adapt(mut document: Value, betas: Option<&str>) -> Value {
    if let Some(top) = document.as_object_mut() {
        top.shift_remove("model");
        top.shift_remove("stream");
        top.entry("anthropic_version").or_insert_with(|| VERSION.into());
        let betas: Vec<&str> =
            betas.unwrap_or_default().split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
        if !betas.is_empty() {
            top.entry("anthropic_beta").or_insert_with(|| json!(betas));
        }
    }
    document
}

/// The event in a frame, and the same as Anthropic itself would have sent it.
///
/// # Errors
/// The frame holds no event.
pub(crate) fn event(frame: &Frame) -> Result<(Vec<u8>, BytesMut), StreamFailure> {
    let payload: Value = serde_json::from_slice(&frame.payload).map_err(|_| StreamFailure::NotJson)?;
    let data = match payload.get("bytes").and_then(Value::as_str) {
        Some(bytes) => STANDARD.decode(bytes).map_err(|_| StreamFailure::NotJson)?,
        None if frame.name.ends_with("Exception") => {
            let said = payload.get("message").and_then(Value::as_str).unwrap_or(&frame.name);
            let error = json!({"type": super::stream::kind(&frame.name), "message": said});
            json!({"type": "error", "error": error}).to_string().into_bytes()
        }
        None => return Err(StreamFailure::NotJson),
    };
    let named: Value = serde_json::from_slice(&data).map_err(|_| StreamFailure::NotJson)?;
    let mut raw = BytesMut::with_capacity(data.len() + 48);
    raw.put_slice(b"event: ");
    raw.put_slice(named.get("type").and_then(Value::as_str).unwrap_or("message").as_bytes());
    raw.put_slice(b"\ndata: ");
    // Within an event of a stream a line break would end the data.
    raw.extend(data.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    raw.put_slice(b"\n\n");
    Ok((data, raw))
}
