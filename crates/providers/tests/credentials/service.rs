//! A loopback service that gives what clouds give, and the process that asks it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
    thread,
};

/// What must never be printed.
const SECRETS: [&str; 7] = [
    "fetched-secret-key",
    "fetched-session-token",
    "ya29.fetched-token",
    "msi-token-0123456789",
    "renewed-login-token",
    "next-refresh-token",
    "a-programs-secret",
];

/// Everything that any of these clouds asks, and the provider that is called in the end.
pub(crate) struct Service {
    pub(crate) port: u16,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
    pub(crate) folder: PathBuf,
}

impl Service {
    pub(crate) fn start(name: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&seen);
        thread::spawn(move || {
            for socket in listener.incoming() {
                answer(&mut socket.unwrap(), &keep);
            }
        });
        let folder = std::env::temp_dir().join(format!("weir-credentials-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { port, seen, folder }
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What the child printed, and the call that the provider got, in lower case; empty when it got none.
    pub(crate) fn run(&self, source: &str, env: &[(&str, String)]) -> (String, String) {
        let output = child_with(source, &self.url(""), &self.folder, env);
        let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{source}: {printed}");
        for secret in SECRETS {
            assert!(!printed.contains(secret), "{source}: {printed}");
        }
        let seen = self.seen.lock().unwrap();
        let call = seen.iter().find(|seen| seen.starts_with("POST /model/") || seen.starts_with("POST /models/"));
        (printed, call.map(|call| call.to_lowercase()).unwrap_or_default())
    }

    pub(crate) fn asked(&self, start: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| seen.starts_with(start)).count()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn read(socket: &mut TcpStream) -> String {
    let (mut whole, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let count = socket.read(&mut piece).unwrap();
        whole.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&whole).into_owned();
        let body = text.split_once("\r\n\r\n").map(|(head, body)| (head.to_lowercase(), body.len()));
        if let Some((head, length)) = body {
            let wanted = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            if length >= wanted.unwrap_or(0) {
                return text;
            }
        }
        if count == 0 {
            return text;
        }
    }
}

fn answer(socket: &mut TcpStream, seen: &Mutex<Vec<String>>) {
    let request = read(socket);
    let line = request.lines().next().unwrap_or_default().to_owned();
    let body = request.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    seen.lock().unwrap().push(request);
    let role = "FETCHEDKEYID";
    let roles = |verb: &str| {
        let given = format!(
            "<Credentials><AccessKeyId>{role}</AccessKeyId><SecretAccessKey>fetched-secret-key</SecretAccessKey>\
             <SessionToken>fetched-session-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        );
        let user = "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn><AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser>";
        format!(
            "<{verb}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{verb}Result>{given}{user}</{verb}Result>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{verb}Response>"
        )
    };
    let keys = format!(
        r#"{{"Code":"Success","Type":"AWS-HMAC","LastUpdated":"2026-01-01T00:00:00Z","AccessKeyId":"{role}","SecretAccessKey":"fetched-secret-key","Token":"fetched-session-token","Expiration":"2099-01-01T00:00:00Z"}}"#
    );
    let single = r#"{"roleCredentials":{"accessKeyId":"FETCHEDKEYID","secretAccessKey":"fetched-secret-key","sessionToken":"fetched-session-token","expiration":4000000000000}}"#;
    let login = r#"{"accessToken":"renewed-login-token","expiresIn":28800,"tokenType":"Bearer","refreshToken":"next-refresh-token"}"#;
    let google = r#"{"access_token":"ya29.fetched-token","expires_in":3600,"token_type":"Bearer"}"#.to_owned();
    let path = line.split(' ').nth(1).unwrap_or_default();
    let (status, text) = match path.split('?').next().unwrap_or_default() {
        "/latest/api/token" => (200, "imds-session".to_owned()),
        "/latest/meta-data/iam/security-credentials/" => (200, "the-role".to_owned()),
        "/latest/meta-data/iam/security-credentials/the-role" | "/container" => (200, keys),
        "/federation/credentials" => (200, single.to_owned()),
        "/oidc/token" => (200, login.to_owned()),
        "/token" | "/computeMetadata/v1/instance/service-accounts/default/token" => (200, google),
        "/msi" => {
            let until = 4_000_000_000_u64;
            (
                200,
                format!(
                    r#"{{"access_token":"msi-token-0123456789","expires_on":"{until}","resource":"r","token_type":"Bearer"}}"#
                ),
            )
        }
        "/" if body.contains("Action=AssumeRoleWithWebIdentity") => (200, roles("AssumeRoleWithWebIdentity")),
        "/" if body.contains("Action=AssumeRole") => (200, roles("AssumeRole")),
        path if path.starts_with("/model") => (200, "{}".to_owned()),
        path if path.starts_with("/openai/") => (200, "{}".to_owned()),
        _ => (404, String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\nmetadata-flavor: Google\r\nconnection: close\r\n\r\n",
        text.len()
    );
    drop(socket.write_all((head + &text).as_bytes()));
}

fn child_with(source: &str, root: &str, home: &Path, env: &[(&str, String)]) -> Output {
    let none = home.join("none").display().to_string();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env_clear()
        .env("HOME", home)
        .env("AWS_CONFIG_FILE", &none)
        .env("AWS_SHARED_CREDENTIALS_FILE", &none)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "eu-west-1")
        .env("CHILD_SOURCE", source)
        .env("CHILD_ROOT", root)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap()
}
