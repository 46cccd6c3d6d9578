//! Datasets as an attack: files that are too long in one direction or another, names that are paths, archives. Each is
//! refused over HTTP with its limit named, nothing of it is stored, and nothing is written anywhere.

use std::{collections::BTreeSet, path::Path};

use reqwest::Method;
use serde_json::{Value, json};

use crate::rig::Rig;

/// Longest row, in bytes.
const ROW: usize = 1024 * 1024;

async fn upload(rig: &Rig, query: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let reply = rig.send(Method::POST, &format!("/api/v1/datasets/import?{query}"), &[], body).await.unwrap();
    (reply.status.as_u16(), reply.json())
}

/// Every file below a folder, by its path, but for those of the database, the spool and the logs, which grow by themselves.
fn files(dir: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && name != "spool" {
            found.extend(files(&path).into_iter().map(|inner| format!("{name}/{inner}")));
        } else if !name.starts_with("weir.db") && name != "spool" {
            found.insert(name);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_beyond_a_limit_are_refused_with_the_limit_and_leave_nothing_behind() {
    let rig = Rig::start("[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.5\n").await;
    let before = files(rig.dir.path());
    let good = "{\"input\":\"1+1?\",\"expected\":\"2\"}\n";
    let long = "x".repeat(ROW);
    // A list in a list in a list, as deep as a stack.
    let deep = format!("{{\"input\":\"a\",\"metadata\":{{\"a\":{}1{}}}}}\n", "[".repeat(200_000), "]".repeat(200_000));
    let quoted = format!("input,expected\na,1\n\"{}", "b\n".repeat(2 * ROW));
    let zip = [b"PK\x03\x04\x14\0\0\0\x08\0".as_slice(), &[0; 64], b"../../evil.jsonl"].concat();
    for (what, query, body, says) in [
        ("a row", "file=x.jsonl", format!("{good}{{\"input\":\"{long}\"}}\n").into_bytes(), "line 2"),
        ("a row's bytes", "file=x.jsonl", format!("{{\"input\":\"{long}\"}}\n").into_bytes(), "the limit is 1048576"),
        ("a row of cells", "file=x.csv", format!("input,expected\n{long},1\n").into_bytes(), "the limit is 1048576"),
        ("a cell without end", "file=x.csv", quoted.into_bytes(), "more bytes than the limit, 1048576"),
        ("depth", "file=x.jsonl", format!("{good}{deep}").into_bytes(), "line 2"),
        ("an archive", "file=x.zip", zip, "line 1"),
        ("nothing", "file=x.jsonl", Vec::new(), ""),
    ] {
        let (status, told) = upload(&rig, &format!("name=sums&{query}"), body).await;
        assert_eq!((status, told["code"].as_str()), (400, Some("W0602")), "{what}: {told}");
        assert!(told["message"].as_str().unwrap().contains(says), "{what}: {told}");
        assert!(told.to_string().len() < 4_096, "{what}: the file is not repeated");
    }
    for name in ["..%2Fsums", "%2Fetc%2Fsums", "a%2Fb", ".sums", "a%00b", "preview", &"n".repeat(300)] {
        let (status, told) = upload(&rig, &format!("name={name}&file=x.jsonl"), good).await;
        assert_eq!(status, 400, "{name}: {told}");
    }
    assert_eq!(rig.api("/datasets").await["items"], json!([]), "nothing is stored of any");

    // The name of the file is a hint to its form and never a place.
    let (status, told) = upload(&rig, "name=sums&file=..%2F..%2Fevil.jsonl", good).await;
    assert_eq!((status, &told["items"]), (201, &json!(1)), "{told}");
    assert_eq!(files(rig.dir.path()), before, "no file was made");
    assert!(!rig.dir.path().parent().unwrap().join("evil.jsonl").exists());
    rig.stop().await;
}

/// The first line of what is answered to a request that says how long it is and sends not one byte of it.
async fn told(rig: &Rig, path: &str, bytes: u64) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let address = rig.caller.base.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1{path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {bytes}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 512];
    let read = tokio::time::timeout(crate::rig::DEADLINE, stream.read(&mut told)).await.unwrap().unwrap();
    String::from_utf8_lossy(&told[..read]).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_says_it_is_too_large_is_refused_before_it_is_read() {
    let rig = Rig::start("[workloads.maths]\ncandidates = [\"sim/large\"]\nfloor = 0.5\n").await;
    // A file, and items that people put one by one: each has a bound of its own.
    for (path, bytes) in [("/datasets/import?name=sums&file=x.jsonl", 3 << 30), ("/datasets/sums/items", 9 << 20)] {
        let line = told(&rig, path, bytes).await;
        assert!(line.starts_with("HTTP/1.1 413"), "{path}: {line}");
    }
    assert_eq!(rig.api("/datasets").await["items"], json!([]));
    // What is refused costs others nothing.
    rig.chat("weir/maths", "still there?").await.expect(200);
    rig.stop().await;
}
