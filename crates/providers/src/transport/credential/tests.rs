//! The keeping of credentials, with a source that says what the test wrote down, and Azure's, whose services are only asked
//! over TLS, through a client that takes its requests to a loopback port.

use std::{collections::VecDeque, sync::atomic::AtomicUsize, sync::atomic::Ordering::SeqCst};

use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use weir_core::clock::{ManualClock, SystemClock};

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
const PATIENCE: Duration = Duration::from_secs(10);

/// Gives what it was told to, one after the other; the last for ever.
struct Script {
    clock: Arc<ManualClock>,
    asked: Arc<AtomicUsize>,
    says: Mutex<VecDeque<Result<&'static str, &'static str>>>,
}

impl Fetch for Script {
    fn fetch(&self) -> BoxFuture<'_, Result<Fresh, String>> {
        Box::pin(async {
            // As long as a service takes.
            sleep(Duration::from_millis(300)).await;
            self.asked.fetch_add(1, SeqCst);
            let mut says = self.says.lock().unwrap();
            let next = if says.len() > 1 { says.pop_front() } else { says.front().copied() };
            let token = next.unwrap()?;
            let until = Some(self.clock.now().plus(HOUR));
            Ok(Fresh {
                held: Held { token: Token::Headers(bearer(token)?), secret: token.into(), until },
                again: AGAIN,
            })
        })
    }
}

type Kept = (Arc<Credential>, Arc<ManualClock>, Arc<AtomicUsize>);

fn kept(says: &[Result<&'static str, &'static str>]) -> Kept {
    let clock = Arc::new(ManualClock::new(Timestamp(1_000_000_000_000)));
    let asked = Arc::new(AtomicUsize::new(0));
    let script = Script {
        clock: Arc::clone(&clock),
        asked: Arc::clone(&asked),
        says: Mutex::new(says.iter().copied().collect()),
    };
    (Credential::start(CredentialSource::AzureDefault, Box::new(script), clock.clone()), clock, asked)
}

/// Both clocks move, a minute at a time.
async fn pass(clock: &ManualClock, time: Duration) {
    for _ in 0..time.as_secs().div_ceil(60) {
        clock.advance(Duration::from_secs(60));
        tokio::time::advance(Duration::from_secs(60)).await;
        sleep(Duration::from_millis(400)).await;
    }
}

async fn token(credential: &Credential) -> Result<String, String> {
    let held = credential.held(PATIENCE).await.map_err(|error| error.to_string())?;
    Ok(held.secret.expose_secret().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_hundred_first_calls_ask_once_and_later_ones_do_not_wait() {
    let (credential, ..) = kept(&[Ok("one")]);
    let calls = (0..100).map(|_| token(&credential));
    let all = futures::future::join_all(calls).await;
    assert!(all.iter().all(|token| token.as_deref() == Ok("one")));
    let (again, start) = (kept(&[Ok("one")]), Instant::now());
    assert!(token(&again.0).await.is_ok());
    assert_eq!((start.elapsed(), again.2.load(SeqCst)), (Duration::from_millis(300), 1));
    assert!(token(&again.0).await.is_ok());
    assert_eq!((start.elapsed(), again.2.load(SeqCst)), (Duration::from_millis(300), 1));
}

#[tokio::test(start_paused = true)]
async fn credentials_are_renewed_before_they_end() {
    let (credential, clock, asked) = kept(&[Ok("one"), Ok("two"), Ok("three")]);
    assert_eq!(token(&credential).await.unwrap(), "one");
    pass(&clock, HOUR - AHEAD - Duration::from_secs(120)).await;
    assert_eq!((token(&credential).await.unwrap().as_str(), asked.load(SeqCst)), ("one", 1));
    pass(&clock, Duration::from_secs(180)).await;
    assert_eq!((token(&credential).await.unwrap().as_str(), asked.load(SeqCst)), ("two", 2));
    pass(&clock, HOUR).await;
    assert_eq!((token(&credential).await.unwrap().as_str(), asked.load(SeqCst)), ("three", 3));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_leaves_what_there_is_until_its_end_and_says_then_what_to_check() {
    let (credential, clock, asked) = kept(&[Ok("one"), Err("AADSTS7000222: eyJhbGciOiJSUzI1NiJ9 has expired")]);
    assert_eq!(token(&credential).await.unwrap(), "one");
    pass(&clock, HOUR - Duration::from_secs(120)).await;
    assert!(asked.load(SeqCst) > 2, "it is asked again and again");
    assert_eq!(token(&credential).await.unwrap(), "one");
    pass(&clock, Duration::from_secs(240)).await;
    let start = Instant::now();
    let said = token(&credential).await.unwrap_err();
    assert!(start.elapsed().is_zero(), "a source that is known to fail holds nobody up");
    assert!(
        said.starts_with("no credentials from `azure:default`: AADSTS7000222: [key] has expired; check "),
        "{said}"
    );
    assert!(said.contains("AZURE_CLIENT_SECRET") && !said.contains("eyJ"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_at_first_is_asked_again_and_used_when_it_works() {
    let (credential, clock, _) = kept(&[Err("no route"), Err("no route"), Ok("one")]);
    assert!(token(&credential).await.unwrap_err().contains("no route"));
    pass(&clock, Duration::from_secs(180)).await;
    assert_eq!(token(&credential).await.unwrap(), "one");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_says_nothing_is_waited_for_so_long_and_no_longer() {
    struct Silent;
    impl Fetch for Silent {
        fn fetch(&self) -> BoxFuture<'_, Result<Fresh, String>> {
            Box::pin(std::future::pending())
        }
    }
    let clock = Arc::new(ManualClock::new(Timestamp::default()));
    let credential = Credential::start(CredentialSource::GoogleAdc, Box::new(Silent), clock);
    let start = Instant::now();
    assert!(token(&credential).await.unwrap_err().contains("nothing within 10000 ms"));
    assert_eq!(start.elapsed(), PATIENCE);
    tokio::time::advance(FETCH).await;
    assert!(token(&credential).await.unwrap_err().contains("no answer within 60 s"));
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_refuses_is_asked_for_again_but_not_at_every_refusal() {
    let (credential, clock, asked) = kept(&[Ok("one"), Ok("two")]);
    assert_eq!(token(&credential).await.unwrap(), "one");
    (0..50).for_each(|_| credential.doubt());
    sleep(LEAST / 2).await;
    assert_eq!(asked.load(SeqCst), 1);
    sleep(LEAST).await;
    assert_eq!((token(&credential).await.unwrap().as_str(), asked.load(SeqCst)), ("two", 2));
    pass(&clock, Duration::from_secs(600)).await;
    assert_eq!(asked.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn what_ended_while_the_machine_slept_is_renewed_by_the_next_call() {
    let (credential, clock, _) = kept(&[Ok("one"), Ok("two")]);
    assert_eq!(token(&credential).await.unwrap(), "one");
    sleep(LEAST).await;
    // Only wall time moves.
    clock.advance(2 * HOUR);
    assert_eq!(token(&credential).await.unwrap(), "two");
}

#[tokio::test]
async fn deployments_of_one_source_share_it_and_it_ends_with_them() {
    let vault = Vault::new(Arc::new(|_| None), Arc::new(SystemClock::default())).unwrap();
    let file = CredentialSource::GoogleFile("nowhere.json".into());
    let one = vault.credential(&file);
    assert!(Arc::ptr_eq(&one, &vault.credential(&file)));
    assert!(!Arc::ptr_eq(&one, &vault.credential(&CredentialSource::GoogleFile("elsewhere.json".into()))));
    let said = token(&one).await.unwrap_err();
    assert!(said.contains("nowhere.json") && said.contains("check the credentials file"), "{said}");
    let task = one.task.clone().unwrap();
    drop(one);
    while !task.is_finished() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_asking_of_amazons_chain_that_was_given_up_on_is_gone_on_with() {
    let begun = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&begun);
    let chain = aws::Chain::of(move || {
        count.fetch_add(1, SeqCst);
        Box::pin(async {
            // A program of a profile that takes its time.
            sleep(Duration::from_secs(90)).await;
            Err("no".to_owned())
        })
    });
    assert!(timeout(FETCH, chain.fetch()).await.is_err());
    assert_eq!(timeout(FETCH, chain.fetch()).await.unwrap().err().as_deref(), Some("no"));
    assert_eq!(begun.load(SeqCst), 1, "a program would run twice");
    assert!(timeout(FETCH, chain.fetch()).await.is_err());
    assert_eq!(begun.load(SeqCst), 2);
}

#[tokio::test]
async fn a_source_of_googles_that_says_nothing_ends_with_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let file = std::env::temp_dir().join(format!("weir-silent-google-{}", std::process::id()));
    let login = format!(
        r#"{{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r","token_uri":"http://127.0.0.1:{port}/"}}"#
    );
    std::fs::write(&file, login).unwrap();
    let source = google::Adc::new(Some(file.clone()));
    let mut asking = source.fetch();
    let mut socket = tokio::select! {
        _ = &mut asking => panic!("nobody has answered"),
        accepted = listener.accept() => accepted.unwrap().0,
    };
    let mut read = Vec::new();
    tokio::select! {
        _ = &mut asking => panic!("nobody has answered"),
        count = socket.read_buf(&mut read) => assert!(count.unwrap() > 0),
    }
    // Given up on.
    drop(asking);
    let end = timeout(PATIENCE, socket.read_to_end(&mut read)).await;
    assert!(end.is_ok(), "the library goes on asking");
    std::fs::remove_file(file).unwrap();
}

/// Takes every request to one port, whatever its host.
#[derive(Debug)]
struct Rerouted(errand::Errand, u16);

#[async_trait::async_trait]
impl HttpClient for Rerouted {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut request = request.clone();
        let url = format!("http://127.0.0.1:{}{}", self.1, request.path_and_query());
        *request.url_mut() = url.parse().unwrap();
        self.0.execute_request(&request).await
    }
}

/// A service of Entra's that answers with this, and the requests it got.
async fn entra(status: u16, body: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut read = Vec::new();
            let text = loop {
                socket.read_buf(&mut read).await.unwrap();
                let text = String::from_utf8_lossy(&read).into_owned();
                let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
                let length =
                    head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                if rest.len() >= length.unwrap_or(0) {
                    break text;
                }
            };
            keep.lock().unwrap().push(text);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            socket.write_all((head + body).as_bytes()).await.unwrap();
        }
    });
    (port, seen)
}

const GRANTED: &str = r#"{"token_type":"Bearer","expires_in":3600,"access_token":"entra-token-0123456789"}"#;

fn principal(port: u16, more: &'static [(&'static str, String)]) -> azure::Entra {
    let env = move |name: &str| match name {
        "AZURE_TENANT_ID" => Some("tenant".to_owned()),
        "AZURE_CLIENT_ID" => Some("client".to_owned()),
        _ => more.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()),
    };
    azure::Entra::new(Arc::new(env), Arc::new(Rerouted(errand::Errand::new().unwrap(), port)))
}

#[tokio::test]
async fn entra_takes_a_principals_secret_or_a_federated_token() {
    let file = std::env::temp_dir().join(format!("weir-federated-{}", std::process::id()));
    std::fs::write(&file, "federated-token").unwrap();
    let federated: &'static _ = Box::leak(Box::new([("AZURE_FEDERATED_TOKEN_FILE", file.display().to_string())]));
    let secret: &'static _ = Box::leak(Box::new([("AZURE_CLIENT_SECRET", "principal-secret".to_owned())]));
    for (more, proof) in [(secret, "client_secret=principal-secret"), (federated, "client_assertion=federated-token")] {
        let (port, seen) = entra(200, GRANTED).await;
        let fresh = principal(port, more).fetch().await.unwrap();
        assert_eq!(fresh.held.secret.expose_secret(), "entra-token-0123456789");
        let left = fresh.held.until.unwrap().since(SystemClock::default().now());
        assert!(left > HOUR - Duration::from_secs(60) && left <= HOUR, "{left:?}");
        let Token::Headers(headers) = fresh.held.token else { panic!("headers are wanted") };
        assert_eq!(headers["authorization"], "Bearer entra-token-0123456789");
        let seen = seen.lock().unwrap().join("");
        for part in
            ["POST /tenant/oauth2/v2.0/token", "client_id=client", proof, "cognitiveservices.azure.com%2F.default"]
        {
            assert!(seen.contains(part), "{part}: {seen}");
        }
    }
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn entras_refusal_is_told_without_the_secret() {
    let refusal = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}"#;
    let (port, _) = entra(401, refusal).await;
    let secret: &'static _ = Box::leak(Box::new([("AZURE_CLIENT_SECRET", "principal-secret".to_owned())]));
    let fetch = Box::new(principal(port, secret));
    let credential = Credential::start(CredentialSource::AzureDefault, fetch, Arc::new(SystemClock::default()));
    let said = token(&credential).await.unwrap_err();
    assert!(said.contains("AADSTS7000215") && said.contains("AZURE_CLIENT_ID"), "{said}");
    assert!(!said.contains("principal-secret"), "{said}");
}
