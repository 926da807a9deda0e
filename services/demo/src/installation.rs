//! An installation as a client sees it: the addresses of its services, and tokens to call them with.
//!
//! Replay, the demo and the crash tests act as its users' apps: they open no store and use nothing but the RPC contracts.
use crate::fleet::Fleet;
use api::{
    earnings::earnings_service_client::EarningsServiceClient, gift::gift_service_client::GiftServiceClient,
    ledger::ledger_service_client::LedgerServiceClient, monitor::monitor_service_client::MonitorServiceClient,
    payout::payout_service_client::PayoutServiceClient, purchase::purchase_service_client::PurchaseServiceClient,
    support::support_service_client::SupportServiceClient, treasury::treasury_service_client::TreasuryServiceClient,
};
use identity::Service;
use identity::{BookScope, Grant, Issuer, Role};
use money::{BookName, UserKey};
use rpc::Transport;
use runtime::Runtime;
use runtime::command::UntypedError;
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use tonic::Request;

/// How long the tokens made here are valid.
const TOKEN_TTL: Duration = Duration::from_secs(6 * 3600);

/// The addresses of an installation's services, and the key that signs tokens for it.
#[derive(Clone)]
pub struct Installation {
    transports: BTreeMap<Service, Transport>,
    issuer: Arc<Issuer>,
    /// The book to work on.
    pub book: BookName,
    /// The pretend app store, as `http://…`.
    pub store_url: String,
    /// The pretend bank, as `http://…`.
    pub bank_url: String,
}

impl Installation {
    /// An installation whose services run in this process.
    pub fn inside(runtime: &Runtime, book: BookName) -> Result<Self, UntypedError> {
        let mut transports = BTreeMap::new();
        for service in Service::ALL.into_iter().filter(|service| service.grpc_name().is_some()) {
            transports.insert(service, runtime.transport_for(service)?);
        }
        let issuer = runtime.issuer().cloned().ok_or("only a sandbox signs tokens")?;
        let url = |name| runtime.address(name).map(|address| format!("http://{address}")).ok_or("the pretend store and bank do not run");
        Ok(Self { transports, issuer, book, store_url: url("store")?, bank_url: url("bank")? })
    }

    /// An installation in separate processes; `data_dir` has the sandbox's key.
    pub fn of_fleet(fleet: &Fleet, book: BookName) -> Result<Self, UntypedError> {
        let services = Service::ALL.into_iter().filter(|service| service.grpc_name().is_some());
        let urls = services.map(|service| Ok((service, fleet.url(service)?))).collect::<Result<_, UntypedError>>()?;
        Self::at(&urls, fleet.data_dir(), book, fleet.http_url("store")?, fleet.http_url("bank")?)
    }

    /// An installation at known addresses: gRPC by service, then the pretend store's and bank's.
    pub fn at(
        urls: &BTreeMap<Service, String>,
        data_dir: &Path,
        book: BookName,
        store_url: String,
        bank_url: String,
    ) -> Result<Self, UntypedError> {
        let transports = urls.iter().map(|(service, url)| Ok((*service, rpc::connect(url)?))).collect::<Result<_, UntypedError>>()?;
        Ok(Self { transports, issuer: Arc::new(Issuer::load(data_dir)?), book, store_url, bank_url })
    }

    /// The same installation, to work on another book.
    #[must_use]
    pub fn for_book(&self, book: BookName) -> Self {
        Self { book, ..self.clone() }
    }

    /// A token for a user, a service or a member of staff, covering the book.
    pub fn token(&self, subject: &str, role: Role) -> Result<String, UntypedError> {
        self.token_for(subject, role, &self.book)
    }

    /// A token as [`Self::token`], covering another book.
    pub fn token_for(&self, subject: &str, role: Role, book: &BookName) -> Result<String, UntypedError> {
        let books = BookScope::Only(vec![book.clone()]);
        let grant = Grant { subject: UserKey::try_new(subject)?, role, app: String::new(), books };
        Ok(self.issuer.issue(&grant, TOKEN_TTL)?)
    }

    fn transport(&self, service: Service) -> Transport {
        self.transports[&service].clone()
    }

    /// A client of the ledger.
    #[must_use]
    pub fn ledger(&self) -> LedgerServiceClient<Transport> {
        LedgerServiceClient::new(self.transport(Service::Ledger)).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX)
    }

    /// A client of the support service.
    #[must_use]
    pub fn support(&self) -> SupportServiceClient<Transport> {
        SupportServiceClient::new(self.transport(Service::Support))
    }

    /// A client of the monitor.
    #[must_use]
    pub fn monitor(&self) -> MonitorServiceClient<Transport> {
        MonitorServiceClient::new(self.transport(Service::Monitor))
    }

    /// A client of the gift service.
    #[must_use]
    pub fn gift(&self) -> GiftServiceClient<Transport> {
        GiftServiceClient::new(self.transport(Service::Gift))
    }

    /// A client of the purchase service.
    #[must_use]
    pub fn purchase(&self) -> PurchaseServiceClient<Transport> {
        PurchaseServiceClient::new(self.transport(Service::Purchase))
    }

    /// A client of the earnings service.
    #[must_use]
    pub fn earnings(&self) -> EarningsServiceClient<Transport> {
        EarningsServiceClient::new(self.transport(Service::Earnings))
    }

    /// A client of the treasury service.
    #[must_use]
    pub fn treasury(&self) -> TreasuryServiceClient<Transport> {
        TreasuryServiceClient::new(self.treasury_transport())
    }

    /// The connection to the treasury service.
    #[must_use]
    pub fn treasury_transport(&self) -> Transport {
        self.transport(Service::Treasury)
    }

    /// A client of the payout service.
    #[must_use]
    pub fn payout(&self) -> PayoutServiceClient<Transport> {
        PayoutServiceClient::new(self.transport(Service::Payout))
    }
}

/// A request with a token.
pub fn authorised<T>(message: T, token: &str) -> Result<Request<T>, UntypedError> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    Ok(request)
}

/// A request of a member of staff, with a reason.
pub fn explained<T>(message: T, token: &str, why: &str) -> Result<Request<T>, UntypedError> {
    let mut request = authorised(message, token)?;
    request.metadata_mut().insert(rpc::REASON, why.parse()?);
    Ok(request)
}
