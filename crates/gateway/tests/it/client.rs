//! A client that shows what is on the wire: one connection per request, nothing retried, nothing hidden.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, task::JoinHandle};

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("printable header"))
    }
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
    /// weir's code of an error in any dialect, after checking its shape.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        assert!(body["error"]["message"].is_string(), "{body}");
        assert!(body["error"]["type"].is_string() || body["error"]["status"].is_string(), "{body}");
        let code = body["error"]["code"].as_str().or_else(|| body["error"]["details"][0]["reason"].as_str());
        code.expect("a code").to_owned()
    }
    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"].as_str().expect("a message").to_owned()
    }
    /// The data of each event.
    pub(crate) fn events(&self) -> Vec<&str> {
        let data = |event: &'_ str| -> Option<usize> {
            if event.starts_with("data: ") { Some(6) } else { Some(event.find("\ndata: ")? + 7) }
        };
        self.body.split("\n\n").filter_map(|event| event.get(data(event)?..)).collect()
    }
    /// The text that a stream says.
    pub(crate) fn text(&self) -> String {
        let events = self.events();
        let chunks = events.iter().filter_map(|data| serde_json::from_str::<Value>(data).ok());
        chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
    }
}

/// A reply whose body is still coming. Dropping it hangs up.
pub(crate) struct Live {
    pub(crate) body: Incoming,
    connection: JoinHandle<()>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Sends a request and gives the head of the reply.
pub(crate) async fn open(addr: SocketAddr, request: Request<Full<Bytes>>) -> (http::response::Parts, Live) {
    let stream = TcpStream::connect(addr).await.expect("connect");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("handshake");
    // A connection that breaks shows as a body error to the test that reads it.
    let connection = tokio::spawn(async move { drop(connection.await) });
    let reply = sender.send_request(request).await.expect("a reply");
    let (head, body) = reply.into_parts();
    (head, Live { body, connection })
}

/// Sends a request and reads the whole reply.
pub(crate) async fn send(addr: SocketAddr, request: Request<Full<Bytes>>) -> Reply {
    let (head, mut live) = open(addr, request).await;
    let mut body = Vec::new();
    while let Some(frame) = live.body.frame().await {
        if let Ok(data) = frame.expect("a whole body").into_data() {
            body.extend_from_slice(&data);
        }
    }
    Reply { status: head.status, headers: head.headers, body: String::from_utf8(body).expect("UTF-8") }
}

/// A request with these headers.
pub(crate) fn request(
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path).header("host", "weir.test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).expect("a request")
}

/// A chat completion as the caller would write it.
pub(crate) fn ask(model: &str) -> Value {
    serde_json::json!({"model": model, "messages": [{"role": "user", "content": "say hello to me"}]})
}
