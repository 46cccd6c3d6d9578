//! Where a deployment's short-lived credentials come from, when it has no key of its own.

use std::{fmt, path::PathBuf};

/// A source of credentials. What it gives is fetched, kept fresh and presented by the transport.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CredentialSource {
    /// Amazon's chain: environment, profile, web identity, container, instance.
    AwsDefault,
    /// A profile of Amazon's configuration files.
    AwsProfile(String),
    /// Google's application default credentials.
    GoogleAdc,
    /// A credentials file of Google's, such as a service account's key.
    GoogleFile(PathBuf),
    /// Azure's Entra: a secret or a federated token of the environment, else the machine's managed identity.
    AzureDefault,
}

impl CredentialSource {
    /// `provider` of the deployments that it is for.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::AwsDefault | Self::AwsProfile(_) => "bedrock",
            Self::GoogleAdc | Self::GoogleFile(_) => "vertex",
            Self::AzureDefault => "azure",
        }
    }

    /// What to look at when it gives nothing.
    #[must_use]
    pub const fn check(&self) -> &'static str {
        match self {
            Self::AwsDefault => {
                "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile (`aws sso login` for single sign-on), \
                 AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE, or the role of the container or instance"
            }
            Self::AwsProfile(_) => {
                "check the profile in the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, its program, or \
                 `aws sso login`"
            }
            Self::GoogleAdc => {
                "check GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, or the service account of \
                 the machine"
            }
            Self::GoogleFile(_) => "check the credentials file",
            Self::AzureDefault => {
                "check AZURE_TENANT_ID and AZURE_CLIENT_ID with AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE, or the \
                 managed identity of the machine"
            }
        }
    }
}

impl fmt::Display for CredentialSource {
    /// As configuration writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AwsDefault => f.write_str("aws:default"),
            Self::AwsProfile(name) => write!(f, "aws:profile={name}"),
            Self::GoogleAdc => f.write_str("google:adc"),
            Self::GoogleFile(path) => write!(f, "google:file={}", path.display()),
            Self::AzureDefault => f.write_str("azure:default"),
        }
    }
}
