//! The matrix: one representative request of each dialect as each other dialect's provider gets it, and one answer of each
//! provider as each caller gets it, against golden files. `tests/goldens` holds them; a run rewrites what `GOLDENS=write`
//! asks for.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

use std::{fs, path::PathBuf};

use bytes::Bytes;
use serde_json::{Value, json};
use weir_core::deployment::{Capabilities, Deployment, Dialect};
use weir_providers::exchange::{Entry, Inbound, Unsendable};

const DIALECTS: [Dialect; 4] = [Dialect::OpenaiChat, Dialect::OpenaiResponses, Dialect::Anthropic, Dialect::Gemini];
/// Those that only providers speak.
const OUTWARD: [Dialect; 3] = [Dialect::Mistral, Dialect::Cohere, Dialect::Bedrock];

fn entry(dialect: Dialect) -> Entry {
    match dialect {
        Dialect::Gemini => Entry::Gemini { model: "asked".into(), stream: false, sse: true },
        other => Entry::Body(other),
    }
}

fn deployment(dialect: Dialect) -> Deployment {
    Deployment {
        id: dialect.name().into(),
        provider: "openai".into(),
        dialect,
        base_url: "https://example.com/v1".into(),
        model: "upstream".into(),
        capabilities: Capabilities::default(),
        price: None,
    }
}

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name)
}

fn read(name: &str) -> Value {
    let path = golden(name);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

#[track_caller]
fn hold(name: &str, found: &Value) {
    if option_env!("GOLDENS") == Some("write") {
        fs::write(golden(name), format!("{found:#}\n")).unwrap();
    }
    let want = read(name);
    assert_eq!(found, &want, "{name} differs; found {found:#}");
}

#[test]
fn a_request_of_each_dialect_is_said_to_each_provider() {
    for from in DIALECTS {
        let body = Bytes::from(read(&format!("{}.request.json", from.name())).to_string());
        let entry = entry(from);
        let inbound = Inbound::read(&entry, &body, 0).unwrap();
        for to in DIALECTS.into_iter().filter(|to| *to != from).chain(OUTWARD) {
            // Responses have no stop sequences, Cohere takes no files, Bedrock no addresses of them, and Anthropic no
            // temperature beside thoughts.
            let lenient =
                matches!(to, Dialect::OpenaiResponses | Dialect::Cohere | Dialect::Bedrock | Dialect::Anthropic);
            let sent = inbound.outgoing(&deployment(to), lenient);
            let sent = sent.unwrap_or_else(|error| panic!("{} to {}: {error}", from.name(), to.name()));
            let body: Value = serde_json::from_slice(&sent.body).unwrap();
            let found = json!({"body": body, "dropped": sent.dropped});
            hold(&format!("{}.to.{}.json", from.name(), to.name()), &found);
        }
    }
}

/// Of the same dialect as Anthropic, and yet another request.
#[test]
fn a_request_of_each_dialect_is_said_to_an_invoked_model() {
    let invoked = Deployment { provider: "bedrock".into(), ..deployment(Dialect::Anthropic) };
    for from in DIALECTS {
        let body = Bytes::from(read(&format!("{}.request.json", from.name())).to_string());
        let entry = entry(from);
        let inbound = Inbound::read(&entry, &body, 0).unwrap();
        let mut want = match from {
            Dialect::Anthropic => read("anthropic.request.json"),
            from => read(&format!("{}.to.anthropic.json", from.name()))["body"].take(),
        };
        let top = want.as_object_mut().unwrap();
        top.remove("model");
        top.remove("stream");
        top.insert("anthropic_version".into(), "bedrock-2023-05-31".into());
        let sent = inbound.outgoing(&invoked, true).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), want, "{}", from.name());
    }
}

#[test]
fn an_answer_of_each_provider_is_said_to_each_caller() {
    let question = Bytes::from_static(br#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#);
    let input = Bytes::from_static(br#"{"model":"m","input":"hi"}"#);
    let contents = Bytes::from_static(br#"{"contents":[{"parts":[{"text":"hi"}]}]}"#);
    for from in DIALECTS.into_iter().chain(OUTWARD) {
        let answer = Bytes::from(read(&format!("{}.answer.json", from.name())).to_string());
        for to in DIALECTS {
            let entry = entry(to);
            let body = match to {
                Dialect::Gemini => &contents,
                Dialect::OpenaiResponses => &input,
                _ => &question,
            };
            let inbound = Inbound::read(&entry, body, 1_700_000_000).unwrap();
            let (said, reply) = inbound.reply(from, answer.clone(), 0).unwrap();
            let usage = reply.usage;
            assert_eq!(
                (usage.input, usage.output, usage.cached_input),
                (100, 50, 40),
                "{} to {}",
                from.name(),
                to.name()
            );
            assert!(!usage.estimated);
            let hour = if matches!(from, Dialect::Anthropic | Dialect::Bedrock) { (10, 6) } else { (0, 0) };
            assert_eq!((usage.cache_write, usage.cache_write_hour), hour, "{}", from.name());
            if from == to {
                assert_eq!(said, answer, "{} is passed on as it came", from.name());
            } else {
                let said: Value = serde_json::from_slice(&said).unwrap();
                hold(&format!("{}.answer.to.{}.json", from.name(), to.name()), &said);
            }
        }
    }
}

#[test]
fn what_a_provider_cannot_say_is_refused_by_its_path_or_dropped_where_that_is_allowed() {
    let chat = |more: &str| format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{more}}}"#);
    let claude =
        |more: &str| format!(r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"hi"}}],{more}}}"#);
    let gemini = |more: &str| format!(r#"{{"contents":[{{"parts":[{{"text":"hi"}}]}}],{more}}}"#);
    use Dialect::{Anthropic, Bedrock, Cohere, Gemini, OpenaiChat, OpenaiResponses};
    let thinks = |more: &str| chat(&format!(r#""reasoning_effort":"low",{more}"#));
    let tool = r#""tools":[{"type":"function","function":{"name":"f"}}]"#;
    for (from, body, to, path) in [
        (OpenaiChat, chat(r#""logit_bias":{"5":1}"#), Anthropic, "$.logit_bias"),
        (OpenaiChat, chat(r#""modalities":["text","audio"]"#), Anthropic, "$.modalities"),
        (OpenaiChat, chat(r#""logprobs":true,"top_logprobs":2"#), Cohere, "$.top_logprobs"),
        (
            Gemini,
            gemini(r#""generationConfig":{"responseLogprobs":true,"logprobs":2}"#),
            Cohere,
            "$.generationConfig.logprobs",
        ),
        (OpenaiChat, chat(r#""n":2"#), Anthropic, "$.n"),
        (OpenaiChat, chat(r#""logprobs":true"#), Anthropic, "$.logprobs"),
        (OpenaiChat, chat(r#""seed":1"#), Anthropic, "$.seed"),
        (OpenaiChat, chat(r#""temperature":1.5"#), Anthropic, "$.temperature"),
        (OpenaiChat, chat(r#""response_format":{"type":"json_object"}"#), Anthropic, "$.response_format"),
        (OpenaiChat, chat(r#""audio":{"voice":"alloy"}"#), Gemini, "$.audio"),
        (OpenaiChat, chat(r#""tools":[{"type":"web_search"}]"#), Gemini, "$.tools[0].type"),
        (Anthropic, claude(r#""top_k":5"#), OpenaiChat, "$.top_k"),
        (Anthropic, claude(r#""container":"c""#), OpenaiChat, "$.container"),
        (
            Anthropic,
            claude(r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#),
            OpenaiChat,
            "$.tools[0].type",
        ),
        (
            Gemini,
            gemini(r#""safetySettings":[{"category":"HARM","threshold":"BLOCK_LOW_AND_ABOVE"}]"#),
            OpenaiChat,
            "$.safetySettings[0]",
        ),
        (Gemini, gemini(r#""generationConfig":{"topK":3}"#), OpenaiChat, "$.generationConfig.topK"),
        (Gemini, gemini(r#""tools":[{"googleSearch":{}}]"#), Anthropic, "$.tools[0].googleSearch"),
        (Gemini, gemini(r#""generation_config":{"seed":3}"#), Anthropic, "$.generationConfig.seed"),
        (OpenaiChat, thinks(r#""temperature":0.5"#), Anthropic, "$.temperature"),
        (OpenaiChat, thinks(r#""top_p":0.9"#), Anthropic, "$.top_p"),
        (OpenaiChat, thinks(&format!(r#""tool_choice":"required",{tool}"#)), Anthropic, "$.tool_choice"),
        (OpenaiChat, thinks(r#""temperature":0.5"#), Bedrock, "$.temperature"),
        (
            OpenaiResponses,
            r#"{"model":"m","input":"hi","reasoning":{"effort":"low"},"temperature":0}"#.to_owned(),
            Anthropic,
            "$.temperature",
        ),
        (
            Gemini,
            gemini(r#""generationConfig":{"topK":3,"thinkingConfig":{"thinkingBudget":2000}}"#),
            Anthropic,
            "$.generationConfig.topK",
        ),
        (
            Gemini,
            gemini(
                r#""tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY"}},
                "generationConfig":{"thinkingConfig":{"thinkingBudget":2000}}"#,
            ),
            Anthropic,
            "$.toolConfig.functionCallingConfig",
        ),
        (
            Anthropic,
            claude(r#""top_k":5,"thinking":{"type":"enabled","budget_tokens":2000}"#).replace(r#":9,"#, ":4000,"),
            Bedrock,
            "$.top_k",
        ),
    ] {
        let body = Bytes::from(body);
        let entry = entry(from);
        let inbound = Inbound::read(&entry, &body, 0).unwrap();
        match inbound.outgoing(&deployment(to), false) {
            Err(Unsendable::Untranslatable(refused)) => assert_eq!(refused.fields, [path]),
            other => panic!("{path}: {other:?}"),
        }
        assert_eq!(inbound.outgoing(&deployment(to), true).unwrap().dropped, [path]);
    }
}

#[test]
fn what_goes_beside_thoughts_is_said_and_without_thoughts_everything_is() {
    let chat = |more: &str| {
        Bytes::from(format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],"temperature":1,"top_p":0.97,{more}
            "tools":[{{"type":"function","function":{{"name":"f"}}}}]}}"#
        ))
    };
    for (more, want) in [
        (
            r#""reasoning_effort":"low","tool_choice":"auto","#,
            json!({"temperature": 1.0, "top_p": 0.97, "tool_choice": {"type": "auto"}}),
        ),
        (
            r#""reasoning_effort":"none","tool_choice":"required","#,
            json!({"temperature": 1.0, "top_p": 0.97, "tool_choice": {"type": "any"}}),
        ),
        (r#""tool_choice":"required","#, json!({"temperature": 1.0, "top_p": 0.97, "tool_choice": {"type": "any"}})),
    ] {
        let body = chat(more);
        let entry = entry(Dialect::OpenaiChat);
        let sent = Inbound::read(&entry, &body, 0).unwrap().outgoing(&deployment(Dialect::Anthropic), false).unwrap();
        assert!(sent.dropped.is_empty(), "{more}: {:?}", sent.dropped);
        let sent: Value = serde_json::from_slice(&sent.body).unwrap();
        for (key, value) in want.as_object().unwrap() {
            assert_eq!(&sent[key], value, "{more}");
        }
    }
}

/// What `to` gets of a request.
fn said(from: Dialect, to: Dialect, body: &Value) -> Value {
    let (entry, body) = (entry(from), Bytes::from(body.to_string()));
    let sent = Inbound::read(&entry, &body, 0).unwrap().outgoing(&deployment(to), false).unwrap();
    serde_json::from_slice(&sent.body).unwrap()
}

#[test]
fn what_says_only_what_is_so_anyway_is_taken_by_every_provider() {
    let body = json!({
        "model": "m", "messages": [{"role": "user", "content": "hi"}], "logit_bias": {}, "modalities": ["text"], "n": 1,
        "verbosity": "low", "presence_penalty": 0, "logprobs": false,
    });
    for to in DIALECTS.into_iter().chain(OUTWARD).filter(|to| *to != Dialect::OpenaiChat) {
        let said = said(Dialect::OpenaiChat, to, &body);
        let wordy = said.pointer("/text/verbosity").is_some();
        assert_eq!(wordy, to == Dialect::OpenaiResponses, "{said}");
        for field in ["logit_bias", "modalities", "verbosity"] {
            assert!(said.get(field).is_none(), "{said}");
        }
    }
    let body = json!({"model": "m", "input": "hi", "text": {"verbosity": "high"}, "max_tool_calls": 3});
    assert_eq!(said(Dialect::OpenaiResponses, Dialect::OpenaiChat, &body)["verbosity"], "high");
}

#[test]
fn a_choice_among_some_tools_leaves_these() {
    let tool = |name: &str| json!({"type": "function", "name": name, "parameters": {"type": "object"}});
    let body = json!({
        "model": "m", "input": "hi", "tools": [tool("f"), tool("g")],
        "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]},
    });
    let asked = said(Dialect::OpenaiResponses, Dialect::Anthropic, &body);
    assert_eq!((&asked["tool_choice"], asked["tools"].as_array().unwrap().len()), (&json!({"type": "any"}), 1));
    assert_eq!(asked["tools"][0]["name"], "g");
    let nested = |name: &str| json!({"type": "function", "function": {"name": name}});
    let body = json!({
        "model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": [nested("f"), nested("g")],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [nested("f")]}},
    });
    let asked = said(Dialect::OpenaiChat, Dialect::OpenaiResponses, &body);
    assert_eq!((&asked["tool_choice"], &asked["tools"][0]["name"]), (&json!("auto"), &json!("f")));
    assert_eq!(asked["tools"].as_array().unwrap().len(), 1);
}

#[test]
fn what_a_tool_shows_reaches_those_who_can_see_it() {
    let seeing = [Dialect::OpenaiResponses, Dialect::Anthropic, Dialect::Gemini];
    for from in seeing {
        for to in seeing.into_iter().filter(|to| *to != from) {
            let body = said(from, to, &read(&format!("{}.shown.json", from.name())));
            hold(&format!("{}.shown.to.{}.json", from.name(), to.name()), &body);
        }
    }
}

#[test]
fn what_a_tool_shows_by_its_address_or_to_an_older_model_is_refused_by_its_place() {
    let mut body = read("anthropic.shown.json");
    body["messages"][2]["content"][0]["content"][1]["source"] =
        json!({"type": "url", "url": "https://a.example/b.png"});
    let gemini = |provider: &str, model: &str| Deployment {
        provider: provider.into(),
        model: model.into(),
        ..deployment(Dialect::Gemini)
    };
    let (entry, body) = (entry(Dialect::Anthropic), Bytes::from(body.to_string()));
    let inbound = Inbound::read(&entry, &body, 0).unwrap();
    for (provider, model, refused) in [
        ("gemini", "gemini-3-pro-preview", "$.messages[2]: a file of a tool result by URL"),
        ("gemini", "models/gemini-2.5-flash", "$.messages[2]: a tool result that is not text"),
        ("vertex", "gemini-2.5-flash", "$.messages[2]: a tool result that is not text"),
    ] {
        match inbound.outgoing(&gemini(provider, model), false) {
            Err(Unsendable::Untranslatable(found)) => assert_eq!(found.fields, [refused], "{model}"),
            other => panic!("{model}: {other:?}"),
        }
    }
    let sent = inbound.outgoing(&gemini("vertex", "gemini-3-pro-preview"), false).unwrap();
    let sent: Value = serde_json::from_slice(&sent.body).unwrap();
    let first = &sent["contents"][2]["parts"][0]["functionResponse"]["parts"][0];
    assert_eq!(first, &json!({"fileData": {"mimeType": "image/png", "fileUri": "https://a.example/b.png"}}));
}
