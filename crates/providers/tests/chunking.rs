//! Streams between any two dialects: however the provider's bytes are cut, the caller gets the same.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

mod fixture;

use std::thread;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use weir_core::deployment::{
    Deployment,
    Dialect::{self, Anthropic, Bedrock, Cohere, Gemini, Mistral, OpenaiChat, OpenaiResponses},
};
use weir_providers::{
    exchange::{Entry, Inbound},
    stream::{Step, StreamEnd, StreamFailure},
};

use fixture::deployment;

const DIALECTS: [Dialect; 4] = [OpenaiChat, OpenaiResponses, Anthropic, Gemini];
const PROVIDERS: [Dialect; 7] = [OpenaiChat, OpenaiResponses, Anthropic, Gemini, Mistral, Cohere, Bedrock];

/// A frame of Amazon's.
fn event(name: &str, payload: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    for (key, value) in [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")] {
        headers.push(u8::try_from(key.len()).unwrap());
        headers.extend(key.as_bytes());
        headers.push(7);
        headers.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend(value.as_bytes());
    }
    let mut out = Vec::new();
    out.extend(u32::try_from(16 + headers.len() + payload.len()).unwrap().to_be_bytes());
    out.extend(u32::try_from(headers.len()).unwrap().to_be_bytes());
    out.extend(crc32fast::hash(&out).to_be_bytes());
    out.extend(headers);
    out.extend(payload.as_bytes());
    out.extend(crc32fast::hash(&out).to_be_bytes());
    out
}

/// The same as bytes: a stream of Bedrock's is no text.
fn bytes_of(dialect: Dialect) -> Vec<u8> {
    if dialect != Bedrock {
        return recorded(dialect).as_bytes().to_vec();
    }
    [
        event("messageStart", r#"{"role":"assistant"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"héllo 👋🏽 世界"}}"#),
        event("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        event("contentBlockStart", r#"{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"a","name":"f"}}}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"x\":1}"}}}"#),
        event("contentBlockStop", r#"{"contentBlockIndex":1}"#),
        event("messageStop", r#"{"stopReason":"tool_use"}"#),
        event("metadata", r#"{"usage":{"inputTokens":9,"outputTokens":5,"totalTokens":14},"metrics":{"latencyMs":1}}"#),
    ]
    .concat()
}

/// One answer with a thought, a text that is not ASCII, and a call, as each provider streams it.
const fn recorded(dialect: Dialect) -> &'static str {
    match dialect {
        Bedrock => "",
        Mistral => concat!(
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"hm\"}]}]},\"finish_reason\":null}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"héllo 👋🏽 世界\"},\"finish_reason\":null}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"D681PevKs\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}}]},\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5,\"total_tokens\":14}}\n\n",
            "data: [DONE]\n\n",
        ),
        Cohere => concat!(
            "event: message-start\ndata: {\"type\":\"message-start\",\"id\":\"c1\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[]}}}\n\n",
            "event: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n",
            "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"héllo 👋🏽 世界\"}}}}\n\n",
            "event: content-end\ndata: {\"type\":\"content-end\",\"index\":0}\n\n",
            "event: tool-call-start\ndata: {\"type\":\"tool-call-start\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}}}}\n\n",
            "event: tool-call-delta\ndata: {\"type\":\"tool-call-delta\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":\"{\\\"x\\\":1}\"}}}}}\n\n",
            "event: tool-call-end\ndata: {\"type\":\"tool-call-end\",\"index\":0}\n\n",
            "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"TOOL_CALL\",\"usage\":{\"tokens\":{\"input_tokens\":9,\"output_tokens\":5}}}}\n\n",
        ),
        OpenaiChat => concat!(
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
            ": keep-alive\n\n",
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"héllo \"}}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"👋🏽 世界\"}}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\"\"}}]}}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]}}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n",
            "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5,\"total_tokens\":14}}\n\n",
            "data: [DONE]\n\n",
        ),
        OpenaiResponses => concat!(
            "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"model\":\"m\"}}\n\n",
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"héllo 👋🏽 世界\"}\n\n",
            "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\"}}\n\n",
            "event: response.function_call_arguments.delta\ndata: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"{\\\"x\\\":1}\"}\n\n",
            "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"usage\":{\"input_tokens\":9,\"output_tokens\":5}}}\n\n",
        ),
        Anthropic => concat!(
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
            "event: ping\ndata: {\"type\": \"ping\"}\n\n",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"héllo 👋🏽 世界\"}}\n\n",
            "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}}\n\n",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"x\\\":1}\"}}\n\n",
            "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":5}}\n\n",
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        ),
        Gemini => concat!(
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"héllo \"}],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"m\",\"responseId\":\"r\"}\r\n\r\n",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"👋🏽 世界\"}],\"role\":\"model\"},\"index\":0}]}\r\n\r\n",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"id\":\"a\",\"name\":\"f\",\"args\":{\"x\":1}}}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":5,\"totalTokenCount\":14}}\r\n\r\n",
        ),
    }
}

/// All that a caller of `to` gets of a `from` provider's bytes, cut into pieces by `cuts`.
fn relay(from: Dialect, to: Dialect, bytes: &[u8], cuts: &[usize]) -> (String, StreamEnd) {
    relay_of(&deployment(from), to, bytes, cuts)
}

/// The same of any deployment's.
fn relay_of(from: &Deployment, to: Dialect, bytes: &[u8], cuts: &[usize]) -> (String, StreamEnd) {
    let (entry, body) = match to {
        Gemini => (
            Entry::Gemini { model: "m".into(), stream: true, sse: true },
            r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#,
        ),
        OpenaiResponses => (Entry::Body(to), r#"{"model":"m","input":"hi","stream":true}"#),
        _ => (
            Entry::Body(to),
            r#"{"model":"m","max_tokens":9,"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#,
        ),
    };
    let body = Bytes::from_static(body.as_bytes());
    let inbound = Inbound::read(&entry, &body, 0).unwrap();
    let mut stream = inbound.stream(from, 0);
    let mut out = BytesMut::new();
    let mut at = 0;
    for cut in cuts.iter().copied().chain([bytes.len()]) {
        let cut = cut.clamp(at, bytes.len());
        if stream.push(&bytes[at..cut], &mut out) != Step::More {
            break;
        }
        at = cut;
    }
    let end = stream.end(None, &mut out);
    (String::from_utf8(out.to_vec()).unwrap(), end)
}

#[test]
fn an_invoked_model_streams_what_anthropic_streams_however_it_is_cut() {
    let invoked = Deployment { provider: "bedrock".into(), ..deployment(Anthropic) };
    let events = recorded(Anthropic).split("\n\n").filter_map(|event| event.split_once("\ndata: "));
    let chunk = |data: &str| event("chunk", &format!(r#"{{"bytes":"{}","p":"ab"}}"#, STANDARD.encode(data)));
    let bytes: Vec<u8> = events.clone().flat_map(|(_, data)| chunk(data)).collect();
    for to in DIALECTS {
        let (want, end) = relay(Anthropic, to, recorded(Anthropic).as_bytes(), &[]);
        assert_eq!(relay_of(&invoked, to, &bytes, &[]), (want.clone(), end), "{to:?}");
        for cut in 1..bytes.len() {
            assert_eq!(relay_of(&invoked, to, &bytes, &[cut]).0, want, "{to:?} cut at {cut}");
        }
    }
    let broken = relay_of(&invoked, Anthropic, &bytes[..bytes.len() / 2], &[]);
    assert_eq!(broken.1, StreamEnd::Failed(StreamFailure::Cut));
    for (frame, want) in [
        (event("chunk", r#"{"bytes":"no base64!"}"#), "NotJson"),
        (event("chunk", r#"{"bytes":"bm8ganNvbg=="}"#), "NotJson"),
        (event("chunk", "{}"), "NotJson"),
        (event("throttlingException", r#"{"message":"slower"}"#), "rate_limit_error"),
    ] {
        let (said, end) = relay_of(&invoked, OpenaiChat, &frame, &[]);
        let end = match end {
            StreamEnd::Failed(StreamFailure::Error(data)) => String::from_utf8(data.to_vec()).unwrap(),
            end => format!("{end:?}"),
        };
        assert!(said.is_empty() && end.contains(want), "{end}");
    }
}

/// Does it for each of them at once: these tests try thousands of cuts.
fn each(providers: impl IntoIterator<Item = Dialect>, check: impl Fn(Dialect) + Sync) {
    thread::scope(|scope| {
        for from in providers {
            let check = &check;
            scope.spawn(move || check(from));
        }
    });
}

#[test]
fn a_recorded_stream_cut_at_every_offset_reads_the_same() {
    each(PROVIDERS, |from| {
        let bytes = &bytes_of(from);
        for to in DIALECTS {
            let (whole, end) = relay(from, to, bytes, &[]);
            assert_eq!(end, StreamEnd::Finished, "{from:?} to {to:?}");
            assert!(whole.contains("héllo"), "{from:?} to {to:?}: {whole}");
            for cut in 1..bytes.len() {
                assert_eq!(relay(from, to, bytes, &[cut]).0, whole, "{from:?} to {to:?} cut at {cut}");
            }
            let every: Vec<usize> = (1..bytes.len()).collect();
            assert_eq!(relay(from, to, bytes, &every).0, whole, "{from:?} to {to:?} byte by byte");
            if from != to && from != Bedrock {
                let crlf = recorded(from).replace("\r\n", "\n").replace('\n', "\r\n");
                assert_eq!(relay(from, to, crlf.as_bytes(), &every).0, whole, "{from:?} to {to:?} with CRLF");
            }
        }
    });
}

#[test]
fn a_stream_that_ends_early_is_never_a_success() {
    each(PROVIDERS.into_iter().filter(|from| *from != Bedrock), |from| {
        let text = recorded(from);
        // Up to the event that says why it stopped; Gemini's says everything at once.
        let events: Vec<&str> = text.split_inclusive("\n\n").collect();
        let last = text.find("finish_reason\":\"").or(text.find("response.completed")).or(text.find("message_delta"));
        let last = if from == Cohere { text.find("event: message-end") } else { last };
        let last = last.unwrap_or_else(|| text.find("finishReason").unwrap());
        for cut in (0..last).filter(|cut| text.is_char_boundary(*cut)) {
            for to in DIALECTS {
                let (_, end) = relay(from, to, &text.as_bytes()[..cut], &[]);
                assert!(matches!(end, StreamEnd::Failed(_)), "{from:?} to {to:?} ended at {cut} of {}", events.len());
            }
        }
    });
}

#[test]
fn frames_that_end_early_are_never_a_success() {
    let bytes = bytes_of(Bedrock);
    let stop = bytes.windows(11).position(|window| window == b"messageStop").unwrap();
    for cut in 0..stop {
        for to in DIALECTS {
            let (_, end) = relay(Bedrock, to, &bytes[..cut], &[]);
            assert!(matches!(end, StreamEnd::Failed(_)), "to {to:?} ended at {cut}");
        }
    }
}

proptest! {
    #[test]
    fn no_chunking_shows(from in 0..7_usize, to in 0..4_usize, mut cuts in prop::collection::vec(0..4_000_usize, 0..40)) {
        let (from, to) = (PROVIDERS[from], DIALECTS[to]);
        cuts.sort_unstable();
        let bytes = &bytes_of(from);
        prop_assert_eq!(relay(from, to, bytes, &cuts), relay(from, to, bytes, &[]));
    }

    #[test]
    fn no_bytes_make_a_reader_fail_loudly(from in 0..7_usize, to in 0..4_usize, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut input = b"data: ".to_vec();
        input.extend(&bytes);
        relay(PROVIDERS[from], DIALECTS[to], &input, &[3, 9, 50]);
        relay(PROVIDERS[from], DIALECTS[to], &bytes, &[3, 9, 50]);
    }

    #[test]
    fn any_json_is_read_or_refused_by_every_decoder(from in 0..4_usize, value in json(4)) {
        let from = DIALECTS[from];
        let entry = if from == Gemini { Entry::Gemini { model: "m".into(), stream: false, sse: true } } else { Entry::Body(from) };
        let mut document = serde_json::json!({"model": "m", "max_tokens": 1});
        for key in ["messages", "input", "contents", "tools", "system", "generationConfig", "response_format", "thinking"] {
            document[key] = value.clone();
        }
        let body = Bytes::from(document.to_string());
        if let Ok(inbound) = Inbound::read(&entry, &body, 0) {
            for to in PROVIDERS {
                drop(inbound.outgoing(&deployment(to), true));
                drop(inbound.reply(to, body.clone(), 0));
            }
        }
    }
}

/// JSON that looks like parts of requests.
fn json(depth: u32) -> impl Strategy<Value = serde_json::Value> {
    let words = [
        "text",
        "role",
        "user",
        "assistant",
        "tool",
        "function",
        "type",
        "content",
        "parts",
        "image_url",
        "tool_use",
        "x",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        prop::sample::select(words.to_vec()).prop_map(Into::into),
    ];
    leaf.prop_recursive(depth, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec((prop::sample::select(words.to_vec()), inner), 0..5).prop_map(|members| {
                serde_json::Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}
