//! A server that says what a story wants: a judge with bad manners, a webhook.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// Header lines, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::trim)
    }

    /// What a judge must repeat.
    pub(crate) fn nonce(&self) -> String {
        let request: Value = serde_json::from_str(&self.body).unwrap();
        let material: Value = serde_json::from_str(request["messages"][1]["content"].as_str().unwrap()).unwrap();
        material["nonce"].as_str().unwrap().to_owned()
    }
}

/// Status, further header lines, body; `None` hangs up without a word.
pub(crate) type Said = Option<(u16, &'static str, String)>;

/// A running server and what it has heard.
pub(crate) struct Canned {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Canned {
    pub(crate) async fn start(say: impl Fn(&Heard) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (log, say) = (Arc::clone(&heard), Arc::new(say));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, say) = (Arc::clone(&log), Arc::clone(&say));
                tokio::spawn(async move { answer(stream, &log, &*say).await });
            }
        });
        Self { url, heard }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, log: &Mutex<Vec<Heard>>, say: &(dyn Fn(&Heard) -> Said + Send + Sync)) {
    let mut bytes = Vec::new();
    let heard = loop {
        let mut part = [0; 8192];
        let Ok(count @ 1..) = stream.read(&mut part).await else { return };
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break Heard { head, body: body.to_owned() };
        }
    };
    let said = say(&heard);
    log.lock().unwrap().push(heard);
    if let Some((status, headers, body)) = said {
        let length = body.len();
        let reply = format!(
            "HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n{body}"
        );
        // The story sees on the other side when this fails.
        drop(stream.write_all(reply.as_bytes()).await);
    }
}

/// A chat completion with this text.
pub(crate) fn completion(text: &str) -> String {
    json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "canned-1",
        "system_fingerprint": "fp_canned",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    })
    .to_string()
}
