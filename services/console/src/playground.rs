//! The pretend banks and stores of a sandbox, for the page that drives them. Where a console has none, there is no such page.
use identity::{BookScope, Grant, Issuer, Role};
use money::{BookName, UserKey};
use scenarios::{NotSent, SandboxAddresses, ScenarioCall};
use std::{sync::Arc, time::Duration};
use tonic::{Request, Status};

/// How long the token of a pretend user is valid: one call.
const TOKEN_TTL: Duration = Duration::from_secs(60);

/// What a console of a sandbox is given besides.
pub struct SandboxDeps {
    /// Where the pretend banks and stores listen.
    pub addresses: SandboxAddresses,
    /// Signs the tokens of pretend users. A sandbox's key signs for whoever has its directory; a real installation's is not given to a console.
    pub issuer: Arc<Issuer>,
    /// The app of a book at the pretend stores.
    pub app_of: fn(&str) -> String,
}

/// The counterparts, and a client that tells them what to do.
pub(crate) struct Playground {
    deps: SandboxDeps,
    client: reqwest::Client,
}

/// Whether a role may drive a sandbox.
pub(crate) fn drives(role: Role) -> bool {
    matches!(role, Role::Support | Role::Admin)
}

impl Playground {
    pub(crate) fn try_new(deps: SandboxDeps) -> Result<Self, reqwest::Error> {
        Ok(Self { deps, client: scenarios::client()? })
    }

    pub(crate) fn addresses(&self) -> &SandboxAddresses {
        &self.deps.addresses
    }

    pub(crate) fn app_of(&self, book: &str) -> String {
        (self.deps.app_of)(book)
    }

    /// Tells a counterpart what to do; what it answered.
    pub(crate) async fn send(&self, call: &ScenarioCall) -> Result<String, NotSent> {
        scenarios::send(&self.client, call).await
    }

    /// A call as a pretend viewer makes it, in one book.
    pub(crate) fn as_viewer<T>(&self, user: &UserKey, book: &str, message: T) -> Result<Request<T>, Status> {
        let book = BookName::try_new(book).map_err(|error| Status::invalid_argument(error.to_string()))?;
        let grant = Grant { subject: user.clone(), role: Role::Viewer, app: String::new(), books: BookScope::Only(vec![book]) };
        let token = self.deps.issuer.issue(&grant, TOKEN_TTL).map_err(|error| rpc::internal(&error))?;
        let bearer = format!("Bearer {token}").parse().map_err(|_| Status::internal("a token is no header"))?;
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", bearer);
        Ok(request)
    }
}
