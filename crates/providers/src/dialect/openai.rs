//! What requests of OpenAI's chat completions and responses have in common. They put the same things in different places:
//! where, the caller says.

use serde_json::{Value, json};

use super::{
    bad::BadRequest,
    read::{Obj, kind},
};
use crate::chat::{Call, Format, Losses, Part, Request, ToolChoice};

type Read<T> = Result<T, BadRequest>;

/// The format of answers; `schema` finds the object that has name and schema.
pub(crate) fn format<'a>(format: &Obj<'a>, schema: impl FnOnce(&Obj<'a>) -> Read<Obj<'a>>) -> Read<Option<Format>> {
    match format.need("type")? {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::Json)),
        "json_schema" => {
            let schema = schema(format)?;
            let shape = schema.object("schema")?;
            Ok(Some(Format::Schema {
                name: schema.text("name")?.unwrap_or("answer").to_owned(),
                schema: shape.map_or_else(|| json!({"type": "object"}), |shape| shape.value()),
                strict: schema.flag("strict")?,
            }))
        }
        _ => Err(BadRequest::new(format.at("type"), "an unknown format", "text, json_object or json_schema")),
    }
}

/// `tool_choice`; `named` finds the object that has the function's name.
pub(crate) fn tool_choice<'a>(
    top: &Obj<'a>,
    named: impl FnOnce(&Obj<'a>) -> Read<Obj<'a>>,
) -> Read<Option<ToolChoice>> {
    match top.get("tool_choice") {
        None => Ok(None),
        Some(Value::String(word)) => match word.as_str() {
            "auto" => Ok(Some(ToolChoice::Auto)),
            "none" => Ok(Some(ToolChoice::Never)),
            "required" => Ok(Some(ToolChoice::Required)),
            _ => {
                let wanted = "none, auto, required or a function";
                Err(BadRequest::new(top.at("tool_choice"), "an unknown word", wanted))
            }
        },
        Some(choice) => {
            let choice = Obj::of(choice, top.at("tool_choice"))?;
            if choice.text("type")? == Some(ALLOWED) {
                return Ok(None);
            }
            Ok(Some(ToolChoice::Named(named(&choice)?.need("name")?.to_owned())))
        }
    }
}

/// A choice among some of the tools only.
const ALLOWED: &str = "allowed_tools";

/// Leaves the tools that `tool_choice` allows: to the model it is the same as if there were no others. `allowed` finds the
/// object that lists them.
pub(crate) fn allow<'a>(
    top: &Obj<'a>,
    request: &mut Request,
    allowed: impl FnOnce(&Obj<'a>) -> Read<Obj<'a>>,
) -> Read<()> {
    let Some(choice) = top.get("tool_choice").filter(|choice| choice.is_object()) else { return Ok(()) };
    let choice = Obj::of(choice, top.at("tool_choice"))?;
    if choice.text("type")? != Some(ALLOWED) {
        return Ok(());
    }
    let allowed = allowed(&choice)?;
    request.tool_choice = Some(match allowed.need("mode")? {
        "auto" => ToolChoice::Auto,
        "required" => ToolChoice::Required,
        _ => return Err(BadRequest::new(allowed.at("mode"), "an unknown word", "auto or required")),
    });
    let mut names = Vec::new();
    for tool in allowed.objects("tools")? {
        let named = tool.object("function")?.unwrap_or_else(|| tool.clone());
        names.push(named.need("name")?);
    }
    request.tools.retain(|tool| names.contains(&tool.name.as_str()));
    Ok(())
}

/// A call with its name and arguments in `function`.
pub(crate) fn call(id: &str, function: &Obj<'_>) -> Read<Call> {
    let call = Call {
        id: id.to_owned(),
        name: function.need("name")?.to_owned(),
        arguments: function.text("arguments")?.unwrap_or_default().to_owned(),
    };
    if !matches!(call.input(), Ok(Value::Object(_))) {
        let found = "something else than a JSON object";
        return Err(BadRequest::new(function.at("arguments"), found, "a JSON object as text"));
    }
    Ok(call)
}

/// What a tool said to the call whose id is at `key`.
pub(crate) fn result(request: &Request, of: &Obj<'_>, key: &str, content: Vec<Part>) -> Read<Part> {
    let id = of.need(key)?;
    match request.call_named(id) {
        Some(name) => Ok(Part::Result { id: id.to_owned(), name: Some(name.to_owned()), content, error: false }),
        None => Err(BadRequest::new(of.at(key), "the id of no call before it", "the id of a tool call")),
    }
}

/// Text, or parts that `one` reads.
pub(crate) fn content(
    of: &Obj<'_>,
    key: &str,
    losses: &mut Losses,
    one: impl Fn(&Obj<'_>, &mut Losses) -> Read<Option<Part>>,
) -> Read<Vec<Part>> {
    match of.get(key) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![Part::Text(text.clone())]),
        Some(Value::Array(_)) => {
            let mut parts = Vec::new();
            for part in of.objects(key)? {
                parts.extend(one(&part, losses)?);
                // Not OpenAI's: what gateways in front of Anthropic take.
                if part.get("cache_control").is_some() {
                    parts.push(Part::CachePoint);
                }
            }
            Ok(parts)
        }
        Some(other) => Err(BadRequest::new(of.at(key), kind(other), "a string, an array of parts or null")),
    }
}
