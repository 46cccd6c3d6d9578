//! Embeddings between OpenAI's, Gemini's and Cohere's ways to ask for them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    bad::BadRequest,
    openai_chat::Broken,
    read::{Obj, kind},
    shape, value,
};

fn bare(model: &str) -> &str {
    model.trim_start_matches("models/")
}

/// What Gemini's requests must have.
///
/// # Errors
/// The first place that is not of its dialect.
pub(crate) fn check(body: &[u8], batch: bool) -> Result<(), BadRequest> {
    let document = value::parse(body)?;
    let text = std::str::from_utf8(body).unwrap_or_default();
    shape::check(text, if batch { &shape::BATCH_EMBED } else { &shape::EMBED })?;
    contents(&Obj::of(&document, "$")?, batch).map(drop)
}

/// The objects that each have a content.
fn contents<'a>(top: &Obj<'a>, batch: bool) -> Result<Vec<(Obj<'a>, Obj<'a>)>, BadRequest> {
    let ones = if batch { top.objects("requests")? } else { vec![top.clone()] };
    let with = |one: Obj<'a>| -> Result<(Obj<'a>, Obj<'a>), BadRequest> {
        let content = one.object("content")?.ok_or_else(|| one.missing("content", "a content object"))?;
        Ok((one, content))
    };
    ones.into_iter().map(with).collect()
}

fn texts(top: &Obj<'_>) -> Result<Vec<String>, BadRequest> {
    match top.get("input") {
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(_)) => top.texts("input"),
        Some(other) => Err(BadRequest::new("$.input", kind(other), "a string or an array of strings")),
        None => Err(top.missing("input", "a string or an array of strings")),
    }
}

/// OpenAI's request as Cohere's, version 2. What the texts are for, which Cohere must know, is said by a member of its own
/// name, and is to be found when nobody says.
///
/// # Errors
/// As [`to_gemini`].
pub(crate) fn to_cohere(request: &Value, model: &str) -> Result<Bytes, BadRequest> {
    let top = Obj::of(request, "$")?;
    let purpose = top.text("input_type")?.unwrap_or("search_document");
    let mut body = json!({"model": model, "texts": texts(&top)?, "input_type": purpose, "embedding_types": ["float"]});
    if let (Some(dimensions), Some(body)) = (top.count("dimensions")?, body.as_object_mut()) {
        body.insert("output_dimension".into(), dimensions.into());
    }
    Ok(body.to_string().into())
}

/// Cohere's vectors in the shape of Gemini's.
fn of_cohere(answer: &Value) -> Value {
    let vectors = answer.pointer("/embeddings/float").and_then(Value::as_array);
    json!({"embeddings": vectors.map(|all| all.iter().map(|one| json!({"values": one})).collect::<Vec<_>>())})
}

/// Cohere's vectors as OpenAI lists them.
///
/// # Errors
/// There are none.
pub(crate) fn from_cohere(answer: &Value, model: &str, base64: bool, tokens: u64) -> Result<Bytes, Broken> {
    from_gemini(&of_cohere(answer), model, base64, tokens)
}

/// OpenAI's request as Gemini's batch: the path, and the body.
///
/// # Errors
/// The first place that is not of OpenAI's dialect; token ids, which Gemini does not take.
pub(crate) fn to_gemini(request: &Value, model: &str) -> Result<(String, Bytes), BadRequest> {
    let top = Obj::of(request, "$")?;
    let model = bare(model);
    let texts = texts(&top)?;
    let dimensions = top.count("dimensions")?;
    let requests = texts.into_iter().map(|text| {
        let mut one = json!({"model": format!("models/{model}"), "content": {"parts": [{"text": text}]}});
        if let (Some(dimensions), Some(one)) = (dimensions, one.as_object_mut()) {
            one.insert("outputDimensionality".into(), dimensions.into());
        }
        one
    });
    let body = json!({"requests": requests.collect::<Vec<_>>()});
    Ok((format!("models/{model}:batchEmbedContents"), body.to_string().into()))
}

/// Gemini's request with the deployment's model wherever it names one.
pub(crate) fn renamed(mut request: Value, batch: bool, model: &str) -> (String, Bytes) {
    let model = bare(model);
    let name = |one: &mut Value| {
        if let Some(named) = one.get_mut("model") {
            *named = format!("models/{model}").into();
        }
    };
    name(&mut request);
    request.get_mut("requests").and_then(Value::as_array_mut).into_iter().flatten().for_each(name);
    let verb = if batch { "batchEmbedContents" } else { "embedContent" };
    (format!("models/{model}:{verb}"), request.to_string().into())
}

/// Gemini's request as OpenAI's.
///
/// # Errors
/// The first place that is not of Gemini's dialect, or that has no text.
pub(crate) fn to_openai(request: &Value, batch: bool, model: &str) -> Result<Bytes, BadRequest> {
    let top = Obj::of(request, "$")?;
    let (mut input, mut dimensions) = (Vec::new(), None);
    for (one, content) in contents(&top, batch)? {
        let mut text = String::new();
        for part in content.objects("parts")? {
            text.push_str(part.need("text")?);
        }
        input.push(text);
        dimensions = one.count("outputDimensionality")?.or(dimensions);
    }
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    body.insert("input".into(), json!(input));
    if let Some(dimensions) = dimensions {
        body.insert("dimensions".into(), dimensions.into());
    }
    Ok(Value::Object(body).to_string().into())
}

/// Gemini's vectors as OpenAI lists them; `tokens` is what the request is taken to have.
///
/// # Errors
/// There are none.
pub(crate) fn from_gemini(answer: &Value, model: &str, base64: bool, tokens: u64) -> Result<Bytes, Broken> {
    let vectors = answer.get("embeddings").and_then(Value::as_array);
    let vectors = vectors.ok_or_else(|| Broken("an answer without embeddings".into()))?;
    let written = |values: &Value| -> Value {
        if !base64 {
            return values.clone();
        }
        let numbers = values.as_array().into_iter().flatten().filter_map(Value::as_f64);
        STANDARD.encode(numbers.flat_map(|number| (number as f32).to_le_bytes()).collect::<Vec<u8>>()).into()
    };
    let data = vectors.iter().enumerate().map(|(index, vector)| {
        json!({"object": "embedding", "index": index, "embedding": written(vector.get("values").unwrap_or(&Value::Null))})
    });
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let list = json!({"object": "list", "data": data.collect::<Vec<_>>(), "model": model, "usage": usage});
    Ok(list.to_string().into())
}

/// OpenAI's vectors as Gemini has them.
///
/// # Errors
/// There are none.
pub(crate) fn from_openai(answer: &Value, batch: bool) -> Result<Bytes, Broken> {
    let data = answer.get("data").and_then(Value::as_array).filter(|data| !data.is_empty());
    let data = data.ok_or_else(|| Broken("an answer without embeddings".into()))?;
    let mut vectors = data.iter().map(|one| json!({"values": one.get("embedding")}));
    let answer =
        if batch { json!({"embeddings": vectors.collect::<Vec<_>>()}) } else { json!({"embedding": vectors.next()}) };
    Ok(answer.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &Bytes) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn either_way_to_ask_becomes_the_other() {
        let (path, body) = to_gemini(&json!({"input": ["a", "b"], "dimensions": 2}), "models/e").unwrap();
        assert_eq!(path, "models/e:batchEmbedContents");
        let one = |text: &str| json!({"model": "models/e", "content": {"parts": [{"text": text}]}, "outputDimensionality": 2});
        assert_eq!(read(&body), json!({"requests": [one("a"), one("b")]}));
        let back = to_openai(&read(&body), true, "text-embedding-3-small").unwrap();
        assert_eq!(read(&back), json!({"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 2}));
        let (_, body) = renamed(json!({"model": "models/asked", "content": {"parts": [{"text": "a"}]}}), false, "e");
        assert_eq!(read(&body)["model"], "models/e");
        assert_eq!(to_gemini(&json!({"input": [[1, 2]]}), "e").unwrap_err().path, "$.input[0]");
        let asked = read(&to_cohere(&json!({"input": "a", "dimensions": 2}), "e").unwrap());
        let want = json!({
            "model": "e", "texts": ["a"], "input_type": "search_document", "embedding_types": ["float"], "output_dimension": 2,
        });
        assert_eq!(asked, want);
    }

    #[test]
    fn vectors_are_said_in_the_callers_way() {
        let gemini = json!({"embeddings": [{"values": [0.5, -1.0]}]});
        let list = read(&from_gemini(&gemini, "e", false, 3).unwrap());
        assert_eq!(list["data"][0]["embedding"], json!([0.5, -1.0]));
        assert_eq!(read(&from_openai(&list, true).unwrap()), gemini);
        let bytes = read(&from_gemini(&gemini, "e", true, 3).unwrap());
        assert_eq!(bytes["data"][0]["embedding"], "AAAAPwAAgL8=");
        let cohere = json!({"id": "e", "embeddings": {"float": [[0.5, -1.0]]}, "texts": ["a"]});
        assert_eq!(read(&from_cohere(&cohere, "e", false, 3).unwrap()), list);
        assert!(from_cohere(&json!({"embeddings": {}}), "e", false, 3).is_err());
        assert!(from_gemini(&json!({}), "e", false, 0).is_err() && from_openai(&json!({}), false).is_err());
    }
}
