//! Azure's Entra through `azure_identity`: a service principal's secret, a federated token, or the managed identity of the
//! machine. Each asking makes the credential anew, as it keeps a token of its own until shortly before its end, and so that
//! changed files and variables count.

use std::sync::Arc;

use azure_core::{
    cloud::{CloudConfiguration, CustomConfiguration},
    credentials::{Secret, TokenCredential},
    error::ErrorKind,
    http::{AsyncRawResponse, Body, ClientOptions, HttpClient, Request, Transport, headers::Headers},
};
use azure_identity::{
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use weir_core::Timestamp;

use super::{AGAIN, Env, Fetch, Fresh, Held, Token, bearer, errand::Errand, words};

/// Whom tokens are for: Azure's AI services, which national clouds have under names of their own.
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
const SCOPES: [(&str, &str); 2] = [
    ("login.microsoftonline.us", "https://cognitiveservices.azure.us/.default"),
    ("login.chinacloudapi.cn", "https://cognitiveservices.azure.cn/.default"),
];

/// What the environment says.
pub(super) struct Entra {
    env: Env,
    client: Arc<dyn HttpClient>,
}

impl Entra {
    pub(super) const fn new(env: Env, client: Arc<dyn HttpClient>) -> Self {
        Self { env, client }
    }

    fn options(&self) -> ClientOptions {
        let authority = (self.env)("AZURE_AUTHORITY_HOST");
        let cloud = authority.map(|host| {
            let mut custom = CustomConfiguration::default();
            custom.authority_host = host;
            Arc::new(CloudConfiguration::from(custom))
        });
        ClientOptions { transport: Some(Transport::new(Arc::clone(&self.client))), cloud, ..ClientOptions::default() }
    }

    fn credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let var = |name: &str| (self.env)(name).filter(|value| !value.is_empty());
        let (tenant, client) = (var("AZURE_TENANT_ID"), var("AZURE_CLIENT_ID"));
        let client_options = self.options();
        Ok(match (tenant, client, var("AZURE_CLIENT_SECRET"), var("AZURE_FEDERATED_TOKEN_FILE")) {
            (Some(tenant), Some(client), Some(secret), _) => {
                let options = ClientSecretCredentialOptions { client_options };
                ClientSecretCredential::new(&tenant, client, Secret::new(secret), Some(options))?
            }
            (Some(tenant), Some(client), None, Some(file)) => {
                WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                    credential_options: ClientAssertionCredentialOptions { client_options },
                    client_id: Some(client),
                    tenant_id: Some(tenant),
                    token_file_path: Some(file.into()),
                }))?
            }
            (_, client, ..) => ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                user_assigned_id: client.map(UserAssignedId::ClientId),
                client_options,
            }))?,
        })
    }

    async fn ask(&self) -> Result<Fresh, String> {
        let host = (self.env)("AZURE_AUTHORITY_HOST").unwrap_or_default();
        let scope = SCOPES.iter().find(|(login, _)| host.contains(login)).map_or(SCOPE, |(_, scope)| scope);
        let credential = self.credential().map_err(|error| words(&error))?;
        let token = credential.get_token(&[scope], None).await.map_err(|error| words(&error))?;
        let until = u64::try_from(token.expires_on.unix_timestamp()).unwrap_or_default();
        let held = Held {
            token: Token::Headers(bearer(token.token.secret())?),
            secret: token.token.secret().into(),
            until: Some(Timestamp::default().plus(std::time::Duration::from_secs(until))),
        };
        Ok(Fresh { held, again: AGAIN })
    }
}

impl Fetch for Entra {
    fn fetch(&self) -> BoxFuture<'_, Result<Fresh, String>> {
        Box::pin(self.ask())
    }
}

/// weir's own client in the shape of Azure's.
#[async_trait::async_trait]
impl HttpClient for Errand {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let other = |why: &str| azure_core::Error::with_message(ErrorKind::Other, why.to_owned());
        let mut own = http::Request::builder().method(request.method().as_ref()).uri(request.url().as_str());
        for (name, value) in request.headers().iter() {
            own = own.header(name.as_str(), value.as_str());
        }
        let body = match request.body() {
            Body::Bytes(bytes) => bytes.clone(),
            Body::SeekableStream(_) => return Err(other("a request of unknown length")),
        };
        let own = own.body(body).map_err(|_| other("a request that cannot be sent"))?;
        let answer = self.run(own).await.map_err(|failed| azure_core::Error::new(ErrorKind::Io, failed))?;
        let (head, body): (_, Bytes) = answer.into_parts();
        let mut headers = Headers::new();
        for (name, value) in &head.headers {
            if let Ok(value) = value.to_str() {
                headers.insert(name.as_str().to_owned(), value.to_owned());
            }
        }
        Ok(AsyncRawResponse::from_bytes(head.status.as_u16().into(), headers, body))
    }
}
