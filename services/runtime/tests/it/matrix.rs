//! Who may call what, stated a second time: every RPC that a running server reflects, every role, own and other people's data, with and without a reason.
//! This table and the access table must agree, and both must agree with the answers to a caller over a socket.
use crate::options;
use bytes::{Buf as _, BufMut as _, Bytes};
use identity::{BookScope, Grant, Role, access::TABLE};
use money::{BookName, UserKey};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value, prost_types::FileDescriptorProto};
use runtime::Runtime;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::Channel,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient, server_reflection_request::MessageRequest,
    server_reflection_response::MessageResponse,
};

/// The columns.
const ROLES: [Role; 7] = [Role::Viewer, Role::Creator, Role::Service, Role::Support, Role::Finance, Role::Auditor, Role::Admin];

/// For each RPC what each role may access: nothing (`-`), its own data (`o`), anybody's (`a`), the book (`b`), the book
/// where a user is named (`n`); and whether staff must give a reason (`!`).
const MATRIX: [(&str, &str, &str); 171] = [
    ("largesse.ledger.v1.LedgerService/CreateBook", "--b---b", "!"),
    ("largesse.ledger.v1.LedgerService/ListBooks", "--bbbbb", ""),
    ("largesse.ledger.v1.LedgerService/OpenAccounts", "--b----", ""),
    ("largesse.ledger.v1.LedgerService/SetAccountState", "--b----", ""),
    ("largesse.ledger.v1.LedgerService/SetDebitLimit", "--b-b-b", "!"),
    ("largesse.ledger.v1.LedgerService/Post", "--b----", ""),
    ("largesse.ledger.v1.LedgerService/PostBatch", "--b----", ""),
    ("largesse.ledger.v1.LedgerService/PostStream", "--b----", ""),
    ("largesse.ledger.v1.LedgerService/ImportBatch", "--b----", ""),
    ("largesse.ledger.v1.LedgerService/PostPending", "--b----", ""),
    ("largesse.ledger.v1.LedgerService/VoidPending", "--b----", ""),
    ("largesse.ledger.v1.LedgerService/Reverse", "--b----", ""),
    ("largesse.ledger.v1.LedgerService/GetAccount", "--bbbbb", "!"),
    ("largesse.ledger.v1.LedgerService/ListEntries", "--bbbbb", "!"),
    ("largesse.ledger.v1.LedgerService/GetBalanceAt", "--bbbbb", "!"),
    ("largesse.ledger.v1.LedgerService/GetPosting", "--bbbbb", "!"),
    ("largesse.ledger.v1.LedgerService/WatchJournal", "--b--bb", "!"),
    ("largesse.ledger.v1.LedgerService/GetTrialBalance", "--bbbbb", ""),
    ("largesse.ledger.v1.LedgerService/VerifyBook", "--bbbbb", ""),
    ("largesse.gift.v1.GiftService/ListGifts", "bbbbbbb", ""),
    ("largesse.gift.v1.GiftService/SendGift", "ooa----", ""),
    ("largesse.gift.v1.GiftService/SendGifts", "ooa----", ""),
    ("largesse.purchase.v1.PurchaseService/ListCoinPackages", "bbbbbbb", ""),
    ("largesse.purchase.v1.PurchaseService/GetWallet", "ooaaaaa", "!"),
    ("largesse.purchase.v1.PurchaseService/RedeemPurchase", "ooaa---", "!"),
    ("largesse.purchase.v1.PurchaseService/GetPurchase", "ooaaaaa", "!"),
    ("largesse.purchase.v1.PurchaseService/ListPurchases", "ooaaaaa", "!"),
    ("largesse.purchase.v1.PurchaseService/ListRefusedReceipts", "---bbbb", "!"),
    ("largesse.purchase.v1.PurchaseService/ListLots", "--bbbbb", "!"),
    ("largesse.purchase.v1.PurchaseService/GetLotFunding", "--bbbbb", "!"),
    ("largesse.purchase.v1.PurchaseService/GetDeferredRevenue", "--b-bbb", ""),
    ("largesse.purchase.v1.PurchaseService/ImportStoreReport", "--b-b-b", "!"),
    ("largesse.purchase.v1.PurchaseService/ListStoreSettlements", "--b-bbb", "!"),
    ("largesse.purchase.v1.PurchaseService/GetStoreSettlement", "--b-bbb", "!"),
    ("largesse.purchase.v1.PurchaseService/AcceptStoreDifferences", "----b-b", "!"),
    ("largesse.purchase.v1.PurchaseService/LoadPriceSheet", "----b-b", "!"),
    ("largesse.purchase.v1.PurchaseService/ListPriceSheets", "--b-bbb", "!"),
    ("largesse.purchase.v1.PurchaseService/SetSpendingProfile", "--aa---", "!"),
    ("largesse.purchase.v1.PurchaseService/SetSpendingLimit", "ooaa---", "!"),
    ("largesse.purchase.v1.PurchaseService/PauseSpending", "ooaa---", "!"),
    ("largesse.purchase.v1.PurchaseService/GetSpendingRules", "ooaaaaa", "!"),
    ("largesse.purchase.v1.PurchaseService/CreateCheckout", "ooaa---", "!"),
    ("largesse.purchase.v1.PurchaseService/GetCheckout", "ooaaaaa", "!"),
    ("largesse.purchase.v1.PurchaseService/RequestRefund", "ooaa---", "!"),
    ("largesse.purchase.v1.PurchaseService/RefundPurchase", "---bb-b", "!"),
    ("largesse.purchase.v1.PurchaseService/ApproveRefund", "----b-b", "!"),
    ("largesse.purchase.v1.PurchaseService/RejectRefund", "---bb-b", "!"),
    ("largesse.purchase.v1.PurchaseService/GetRefund", "ooaaaaa", "!"),
    ("largesse.purchase.v1.PurchaseService/ListRefunds", "ooaaaaa", "!"),
    ("largesse.purchase.v1.PurchaseService/SetRefundConsent", "ooaa---", "!"),
    ("largesse.purchase.v1.PurchaseService/GetRefundConsent", "ooaaaaa", "!"),
    ("largesse.purchase.v1.PurchaseService/ListStoreEvents", "---bbbb", "!"),
    ("largesse.purchase.v1.PurchaseService/ListStoreBills", "---bbbb", "!"),
    ("largesse.purchase.v1.PurchaseService/ListStoreQuestions", "---bbbb", "!"),
    ("largesse.purchase.v1.PurchaseService/EndStoreEvent", "---bb-b", "!"),
    ("largesse.purchase.v1.PurchaseService/CloseWallet", "---bb-b", "!"),
    ("largesse.purchase.v1.PurchaseService/MergeWallets", "---bb-b", "!"),
    ("largesse.purchase.v1.PurchaseService/GetWalletClosure", "ooaaaaa", "!"),
    ("largesse.purchase.v1.PurchaseService/RequestWalletClosure", "ooa----", "!"),
    ("largesse.purchase.v1.PurchaseService/CancelWalletClosure", "ooa----", "!"),
    ("largesse.purchase.v1.PurchaseService/ApproveWalletChange", "----b-b", "!"),
    ("largesse.purchase.v1.PurchaseService/RejectWalletChange", "---bb-b", "!"),
    ("largesse.purchase.v1.PurchaseService/GetWalletChange", "---bbbb", "!"),
    ("largesse.purchase.v1.PurchaseService/ListWalletChanges", "---bbbb", "!"),
    ("largesse.purchase.v1.PurchaseService/GetEscheatReport", "--b-bbb", ""),
    ("largesse.earnings.v1.EarningsService/GetEarnings", "-oaaaaa", "!"),
    ("largesse.earnings.v1.EarningsService/CreateQuote", "-oa----", ""),
    ("largesse.earnings.v1.EarningsService/GetQuote", "-oaaaaa", "!"),
    ("largesse.earnings.v1.EarningsService/ListQuotes", "-oaaaaa", "!"),
    ("largesse.earnings.v1.EarningsService/AcceptQuote", "-oa----", ""),
    ("largesse.payout.v1.PayoutService/CreateBeneficiary", "-oa----", ""),
    ("largesse.payout.v1.PayoutService/ListBeneficiaries", "-oaaaaa", "!"),
    ("largesse.payout.v1.PayoutService/DeleteBeneficiary", "-oa----", ""),
    ("largesse.payout.v1.PayoutService/ConfirmBeneficiary", "-oa----", ""),
    ("largesse.payout.v1.PayoutService/FindBeneficiaries", "---bbbb", "!"),
    ("largesse.payout.v1.PayoutService/RevealBeneficiary", "---aaaa", "!"),
    ("largesse.payout.v1.PayoutService/RequestPayout", "-oa----", ""),
    ("largesse.payout.v1.PayoutService/GetPayoutOptions", "-oaaaaa", "!"),
    ("largesse.payout.v1.PayoutService/CancelPayout", "-oa----", ""),
    ("largesse.payout.v1.PayoutService/RecallPayout", "--aaa-a", "!"),
    ("largesse.payout.v1.PayoutService/ListReturns", "---bbbb", "!"),
    ("largesse.payout.v1.PayoutService/GetPayout", "-oaaaaa", "!"),
    ("largesse.payout.v1.PayoutService/GetPayoutReport", "--b-bbb", "!"),
    ("largesse.payout.v1.PayoutService/ListPayouts", "-oaaaaa", "!"),
    ("largesse.payout.v1.PayoutService/WatchPayout", "-oaaaaa", "!"),
    ("largesse.payout.v1.PayoutService/ListReviews", "---bbbb", "!"),
    ("largesse.payout.v1.PayoutService/DecideReview", "----b-b", "!"),
    ("largesse.payout.v1.PayoutService/ApprovePayout", "----b-b", "!"),
    ("largesse.payout.v1.PayoutService/UnblockPayout", "----b-b", "!"),
    ("largesse.payout.v1.PayoutService/ResolvePayout", "----b-b", "!"),
    ("largesse.payout.v1.PayoutService/ResolveAchFile", "----b-b", "!"),
    ("largesse.payout.v1.PayoutService/ListAchFiles", "---bbbb", "!"),
    ("largesse.payout.v1.PayoutService/ListUnexplainedDebits", "---bbbb", "!"),
    ("largesse.payout.v1.PayoutService/ResolveUnexplainedDebit", "----b-b", "!"),
    ("largesse.payout.v1.PayoutService/SetPayoutTier", "--a----", ""),
    ("largesse.payout.v1.PayoutService/ProposePayoutThreshold", "---bb-b", "!"),
    ("largesse.payout.v1.PayoutService/ApprovePayoutThreshold", "----b-b", "!"),
    ("largesse.payout.v1.PayoutService/CreatePayoutRun", "--b-b--", "!"),
    ("largesse.payout.v1.PayoutService/GetPayoutRun", "--b-bbb", "!"),
    ("largesse.payout.v1.PayoutService/ListPayoutRunItems", "--b-bbb", "!"),
    ("largesse.payout.v1.PayoutService/CancelPayoutRunItem", "--b-b--", "!"),
    ("largesse.payout.v1.PayoutService/ApprovePayoutRun", "--b-b--", "!"),
    ("largesse.payout.v1.PayoutService/RejectPayoutRun", "--b-b--", "!"),
    ("largesse.payout.v1.PayoutService/SetStandingOrder", "-oa----", ""),
    ("largesse.payout.v1.PayoutService/GetStandingOrder", "-oaaaaa", "!"),
    ("largesse.payout.v1.PayoutService/DeleteStandingOrder", "-oa----", ""),
    ("largesse.treasury.v1.TreasuryService/PlanStructure", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/ApplyStructure", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ListVirtualAccounts", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/ProveBooks", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/GetAccountingDay", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/GetAccountingBalances", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/GetRollForward", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/CloseAccountingPeriod", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ListAccountingPeriods", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/MoveFunds", "--b-b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ListMoves", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/ListPositions", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/AccrueInterest", "--b-b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/AllocateCharges", "--b-b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ListAllocations", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/ImportStatement", "--b-b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ImportStatementStream", "--b-b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ExpectItems", "--b----", ""),
    ("largesse.treasury.v1.TreasuryService/ListCases", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/GetCase", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/AssignCase", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ExplainCase", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ProposeAdjustment", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ApproveAdjustment", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/CloseDay", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ListClosedDays", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/IssueStatement", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/GetStatement", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/ListStatements", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/RenderStatement", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/PlanMigration", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/ApplyMigration", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/MoveOldBalances", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/CloseOldAccounts", "----b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/GetMigrationReport", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/ExpectReceipt", "--b-b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/RecordReceipt", "--b----", ""),
    ("largesse.treasury.v1.TreasuryService/ReserveFunds", "--b----", ""),
    ("largesse.treasury.v1.TreasuryService/ReleaseFunds", "--b----", ""),
    ("largesse.treasury.v1.TreasuryService/GetForecast", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/PlanSweeps", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/RunSweeps", "--b-b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/MarkSweep", "--b-b-b", "!"),
    ("largesse.treasury.v1.TreasuryService/ListSweeps", "--b-bbb", "!"),
    ("largesse.treasury.v1.TreasuryService/ListSweepInstructions", "--b----", ""),
    ("largesse.treasury.v1.TreasuryService/InstructSweep", "--b----", ""),
    ("largesse.support.v1.SupportService/RecordAct", "--b----", ""),
    ("largesse.support.v1.SupportService/ListActs", "---nnbb", "!"),
    ("largesse.support.v1.SupportService/NoteAct", "---bb-b", "!"),
    ("largesse.support.v1.SupportService/Propose", "---bb-b", "!"),
    ("largesse.support.v1.SupportService/Approve", "----b-b", "!"),
    ("largesse.support.v1.SupportService/Reject", "---bb-b", "!"),
    ("largesse.support.v1.SupportService/GetProposal", "---bbbb", "!"),
    ("largesse.support.v1.SupportService/ListProposals", "---bbbb", ""),
    ("largesse.monitor.v1.MonitorService/GetHealthOfMoney", "--bbbbb", ""),
    ("largesse.monitor.v1.MonitorService/Find", "--bbbbb", "!"),
    ("largesse.monitor.v1.MonitorService/ListWork", "--bbbbb", "!"),
    ("largesse.monitor.v1.MonitorService/ListActivity", "ooaaaaa", "!"),
    ("largesse.monitor.v1.MonitorService/LinkPerson", "--a----", ""),
    ("largesse.monitor.v1.MonitorService/UnlinkPerson", "--a----", ""),
    ("largesse.monitor.v1.MonitorService/ExplainCase", "--bbbbb", "!"),
    ("largesse.monitor.v1.MonitorService/WatchPayments", "--bbbbb", "!"),
    ("largesse.monitor.v1.MonitorService/GetFigures", "--bbbbb", ""),
    ("largesse.monitor.v1.MonitorService/ListPayments", "--bbbbb", "!"),
    ("largesse.monitor.v1.MonitorService/ExportJournal", "----bbb", "!"),
];

/// A codec for messages as raw bytes.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length)))
    }
}

/// A running server, used by a client that knows nothing but its address.
struct Stranger {
    fixture: Runtime,
    channel: Channel,
    methods: BTreeMap<String, MethodDescriptor>,
    _dir: tempfile::TempDir,
}

/// The role and the fields of a call.
#[derive(Clone, Copy)]
struct Call<'a> {
    role: Role,
    user_id: &'a str,
    book: &'a str,
    reason: Option<&'static str>,
}

impl Stranger {
    async fn meet() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Runtime::start(options(dir.path())).await.unwrap();
        let url = format!("http://{}", fixture.address("grpc").unwrap());
        let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
        let methods = reflected(&channel).await;
        Self { fixture, channel, methods, _dir: dir }
    }

    /// Calls and closes the stream. Returns the code, and the reason of a refusal.
    async fn call(&self, path: &str, call: Call<'_>) -> (Code, String) {
        let method = &self.methods[path];
        let mut message = DynamicMessage::new(method.input());
        for (field, text) in [("user_id", call.user_id), ("book", call.book)] {
            if method.input().get_field_by_name(field).is_some_and(|field| field.kind() == prost_reflect::Kind::String) && !text.is_empty()
            {
                message.set_field_by_name(field, Value::String(text.to_owned()));
            }
        }
        let bytes = Bytes::from(prost::Message::encode_to_vec(&message));
        let grant = Grant {
            subject: UserKey::try_new("u1").unwrap(),
            role: call.role,
            app: String::new(),
            books: BookScope::Only(vec![BookName::try_new("demo").unwrap()]),
        };
        let token = self.fixture.issuer().unwrap().issue(&grant, Duration::from_secs(60)).unwrap();
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let full = format!("/{path}").parse().unwrap();
        let said = |metadata: &mut tonic::metadata::MetadataMap| {
            metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
            if let Some(reason) = call.reason {
                metadata.insert(rpc::REASON, reason.parse().unwrap());
            }
        };
        let answer = if method.is_client_streaming() {
            let mut request = Request::new(futures::stream::iter([bytes]));
            said(request.metadata_mut());
            grpc.streaming(request, full, Raw).await.map(drop)
        } else {
            let mut request = Request::new(bytes);
            said(request.metadata_mut());
            if method.is_server_streaming() {
                grpc.server_streaming(request, full, Raw).await.map(drop)
            } else {
                grpc.unary(request, full, Raw).await.map(drop)
            }
        };
        match answer {
            Ok(()) => (Code::Ok, String::new()),
            Err(status) => (status.code(), rpc::reason(&status).unwrap_or_default()),
        }
    }

    fn has(&self, path: &str, field: &str) -> bool {
        self.methods[path].input().get_field_by_name(field).is_some()
    }
}

/// Every RPC that a listener reflects, by `package.Service/Method`.
async fn reflected(channel: &Channel) -> BTreeMap<String, MethodDescriptor> {
    let ask = async |question: MessageRequest| {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
        let stream = futures::stream::iter([request]);
        let mut answers = ServerReflectionClient::new(channel.clone()).server_reflection_info(stream).await.unwrap().into_inner();
        answers.message().await.unwrap().unwrap().message_response.unwrap()
    };
    let MessageResponse::ListServicesResponse(list) = ask(MessageRequest::ListServices(String::new())).await else { panic!("no list") };
    let mut pool = DescriptorPool::new();
    let mut methods = BTreeMap::new();
    for service in &list.service {
        let MessageResponse::FileDescriptorResponse(files) = ask(MessageRequest::FileContainingSymbol(service.name.clone())).await else {
            panic!("no file of {}", service.name);
        };
        let decoded: Vec<FileDescriptorProto> =
            files.file_descriptor_proto.iter().map(|file| prost::Message::decode(file.as_slice()).unwrap()).collect();
        let missing = decoded.iter().flat_map(|file| file.dependency.clone()).collect::<BTreeSet<_>>();
        let mut all = decoded;
        let mut wanted: Vec<String> = missing.into_iter().collect();
        while let Some(name) = wanted.pop() {
            if all.iter().any(|file| file.name() == name) || pool.get_file_by_name(&name).is_some() {
                continue;
            }
            let MessageResponse::FileDescriptorResponse(files) = ask(MessageRequest::FileByFilename(name.clone())).await else {
                panic!("no file {name}");
            };
            for file in &files.file_descriptor_proto {
                let file: FileDescriptorProto = prost::Message::decode(file.as_slice()).unwrap();
                wanted.extend(file.dependency.clone());
                all.push(file);
            }
        }
        all.retain(|file| pool.get_file_by_name(file.name()).is_none());
        pool.add_file_descriptor_protos(all).unwrap();
        for method in pool.get_service_by_name(&service.name).unwrap().methods() {
            methods.insert(format!("{}/{}", service.name, method.name()), method);
        }
    }
    methods
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_a_house_reflects_has_a_row_and_a_line_here() {
    let stranger = Stranger::meet().await;
    let reflected: BTreeSet<&str> = stranger.methods.keys().map(String::as_str).collect();
    for path in &reflected {
        assert!(TABLE.iter().any(|row| row.path[1..] == **path), "{path} has no row in the table of access");
    }
    let ours: BTreeSet<&str> = reflected.into_iter().filter(|path| path.starts_with("largesse.")).collect();
    assert_eq!(ours, MATRIX.iter().map(|(path, ..)| *path).collect());
    stranger.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_gets_what_it_may_and_no_more() {
    let stranger = Stranger::meet().await;
    let mut checked = 0;
    for (path, rights, _) in MATRIX {
        for (role, right) in ROLES.into_iter().zip(rights.chars()) {
            let user_id = if right == 'n' { "somebody" } else { "" };
            let call = Call { role, user_id, book: "demo", reason: Some("ticket 4711") };
            let (code, _) = stranger.call(path, call).await;
            let denied = matches!(code, Code::PermissionDenied | Code::Unauthenticated);
            assert_eq!(denied, right == '-', "{role} at {path}: {code:?}");
            checked += 1;
            if right == '-' || stranger.methods[path].is_client_streaming() {
                continue;
            }
            if right == 'n' {
                let (code, _) = stranger.call(path, Call { user_id: "", ..call }).await;
                assert_eq!(code, Code::PermissionDenied, "{role} at {path} without a user");
                checked += 1;
            }
            if stranger.has(path, "user_id") && path != "largesse.support.v1.SupportService/ListActs" {
                let (code, _) = stranger.call(path, Call { user_id: "somebody-else", ..call }).await;
                assert_eq!(code == Code::PermissionDenied, right == 'o', "{role} at {path} for somebody else: {code:?}");
                checked += 1;
            }
            if stranger.has(path, "book") && path != "largesse.support.v1.SupportService/RecordAct" {
                let (code, _) = stranger.call(path, Call { book: "elsewhere", ..call }).await;
                assert_eq!(code, Code::PermissionDenied, "{role} at {path} in another book");
                checked += 1;
            }
        }
    }
    assert!(checked > 500, "{checked} calls");
    stranger.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_say_why_where_they_must() {
    let stranger = Stranger::meet().await;
    for (path, rights, needed) in MATRIX {
        for (role, _) in ROLES.into_iter().zip(rights.chars()).filter(|(_, right)| *right != '-') {
            let staff = matches!(role, Role::Support | Role::Finance | Role::Auditor | Role::Admin);
            let call = Call { role, user_id: "", book: "demo", reason: None };
            let (code, reason) = stranger.call(path, call).await;
            let asked = (code, reason.as_str()) == (Code::InvalidArgument, "REASON_REQUIRED");
            assert_eq!(asked, staff && needed == "!", "{role} at {path}: {code:?} {reason}");
            let (_, reason) = stranger.call(path, Call { reason: Some("because"), ..call }).await;
            assert_eq!(reason == "REASON_REQUIRED", staff, "{role} at {path} with a reason of seven letters: {reason}");
        }
    }
    stranger.fixture.shutdown().await;
}
