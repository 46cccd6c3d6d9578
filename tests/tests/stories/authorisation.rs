//! Every route of both tables, with no key, a caller's and an administrator's.

use reqwest::Method;
use weir_core::route::{Grant, Route};

use crate::rig::{Reply, Rig};

const CONFIG: &str = r#"
[keys.dev]
secret = "env:KEY_DEV"
grant = "caller"
[keys.ops]
secret = "env:KEY_OPS"
grant = "admin"
"#;
const DEV: (&str, &str) = ("authorization", "Bearer key_dev-0123456789abcdef");
const OPS: (&str, &str) = ("authorization", "Bearer key_ops-0123456789abcdef");

fn routes() -> impl Iterator<Item = &'static Route> {
    weir_gateway::ROUTES.iter().chain(weir_api::routes().map(|row| &row.route))
}

/// One request to a route; the head is enough, because some of them never end.
async fn knock(rig: &Rig, route: &Route, key: &[(&str, &str)]) -> Reply {
    let path =
        route.path.replace("{*id}", "sim/large").replace("{id}", "default").replace("{span_id}", &"0".repeat(32));
    let method: Method = route.method.parse().unwrap();
    let headers: Vec<_> = key.iter().copied().chain([("content-type", "application/json")]).collect();
    let body = if method == Method::POST { "{}" } else { "" };
    rig.send(method, &path, &headers, body).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_only_public_routes_answer() {
    let rig = Rig::start(CONFIG).await;
    let mut refused = 0;
    for route in routes() {
        let reply = knock(&rig, route, &[]).await;
        if route.grant == Grant::Public {
            // A vote carries its own proof of who may cast it, and this one carries none.
            let want = if route.path == "/v1/feedback" { 400 } else { 200 };
            assert_eq!(reply.status, want, "{route:?}");
        } else {
            assert_eq!(reply.status, 401, "{route:?}: {reply:?}");
            assert!(reply.body.contains("W0201"), "{reply:?}");
            refused += 1;
        }
    }
    assert!(refused > 25, "{refused} routes want a key");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_s_key_opens_no_route_of_the_administrator() {
    let rig = Rig::start(CONFIG).await;
    let streams = |route: &Route| route.path.contains("/live/");
    for route in routes() {
        if route.grant == Grant::Admin {
            let reply = knock(&rig, route, &[DEV]).await;
            assert_eq!(reply.status, 403, "{route:?}: {reply:?}");
            assert!(reply.body.contains("W0202"), "{reply:?}");
        }
        // What is left may refuse the empty request for its own reasons, but not for the key.
        if !streams(route) {
            let key = if route.grant == Grant::Admin { OPS } else { DEV };
            let reply = knock(&rig, route, &[key]).await;
            assert!(![401, 403].contains(&reply.status.as_u16()), "{route:?}: {reply:?}");
        }
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_grades_own_answers_and_learns_nothing_of_others() {
    let rig = Rig::start(CONFIG).await;
    let chat = |key| rig.chat_with(std::slice::from_ref(key), crate::rig::ask("auto", "hello"));
    let (own, other) = (chat(&DEV).await.expect(200), chat(&OPS).await.expect(200));
    let trace = async |span: &str| {
        let path = format!("/api/v1/traces/{span}");
        crate::rig::eventually("the span is stored", async || {
            let reply = rig.send(Method::GET, &path, &[OPS], "").await.unwrap();
            (reply.status == 200).then_some(())
        })
        .await;
    };
    trace(own.span()).await;
    trace(other.span()).await;
    let grade = async |span: &str| {
        let body = serde_json::json!({"span_id": span, "name": "mine", "value": 0.5}).to_string();
        let headers = [DEV, ("content-type", "application/json")];
        rig.send(Method::POST, "/api/v1/scores", &headers, body).await.unwrap()
    };
    assert_eq!(grade(own.span()).await.status, 201);
    let foreign = grade(other.span()).await;
    let unknown = grade(&"0".repeat(32)).await;
    assert_eq!((foreign.status.as_u16(), unknown.status.as_u16()), (404, 404));
    assert_eq!(foreign.body.replace(other.span(), ""), unknown.body.replace(&"0".repeat(32), ""), "not told apart");
    rig.stop().await;
}
