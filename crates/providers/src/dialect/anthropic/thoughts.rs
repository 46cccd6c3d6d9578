//! What a request that asks for thoughts cannot ask for beside them.
//!
//! Source: Anthropic documentation, "Extended thinking", "Feature compatibility": no `temperature` or `top_k`, a `top_p` of
//! at least 0.95, and no tool that must be called.

use std::borrow::Cow;

use crate::chat::{Losses, Request, ToolChoice};

/// The smallest `top_p` taken beside thoughts.
const LEAST_TOP_P: f64 = 0.95;

/// The request without what does not go with thoughts, if it `thinks`; what is left out is among the losses.
pub(crate) fn beside_thoughts<'a>(request: &'a Request, thinks: bool, losses: &mut Losses) -> Cow<'a, Request> {
    if !thinks {
        return Cow::Borrowed(request);
    }
    // One is what is drawn with anyway.
    let heat = request.temperature.is_some_and(|temperature| temperature < 1.0);
    let nucleus = request.top_p.is_some_and(|top_p| top_p < LEAST_TOP_P);
    let few = request.top_k.is_some();
    let forced =
        !request.tools.is_empty() && matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    for (name, set) in [("temperature", heat), ("top_p", nucleus), ("top_k", few), ("tool_choice", forced)] {
        if set {
            losses.matters(request.field(name));
        }
    }
    if !(heat || nucleus || few || forced) {
        return Cow::Borrowed(request);
    }
    let mut kept = request.clone();
    kept.temperature = kept.temperature.filter(|_| !heat);
    kept.top_p = kept.top_p.filter(|_| !nucleus);
    kept.top_k = None;
    kept.tool_choice = kept.tool_choice.filter(|_| !forced);
    Cow::Owned(kept)
}
