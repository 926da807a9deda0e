//! A bank's statements, what the books expect, and those who reconcile them.
use crate::fixture::{BOOK, Fixture};
use api::treasury::{
    AdjustmentKind, AdjustmentTransfer, ApproveAdjustmentRequest, ApproveAdjustmentResponse, BankItem, CaseState, CloseDayRequest,
    CloseDayResponse, ClosedDay, ExpectItemsRequest, ExplainCaseRequest, ImportStatementRequest, ImportStatementResponse, ListCasesRequest,
    ListClosedDaysRequest, MoneyDirection, ProposeAdjustmentRequest, ReconciliationCase,
};
use identity::Role;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use tonic::{Request, Status};

/// Bytes of a part of a file.
const PART: usize = 192 << 10;

/// A physical account in euros.
pub const EUROS: &str = r#"
[[account]]
id = "bank-eur"
name = "Euros"
bank = "A bank"
branch = "TESTDEFF"
currency = "EUR"
entity = "main"
number = "DE89370400440532013000"

[[leaf]]
id = "eu-creators"
parent = "bank-eur"
name = "Creators"
entity = "main"
funds = "own"
"#;
pub const EURO_CASH: &str = "house/main/physical_cash/bank-eur/EUR";
pub const EURO_CREATORS: &str = "house/main/virtual_account/eu-creators/EUR";

/// An entry of a statement: the bank's reference, the amount with its sign, and an end-to-end id; with `code`, of that family and subfamily.
#[derive(Clone)]
pub struct Entry {
    pub reference: &'static str,
    pub minor: i64,
    pub end_to_end: String,
    pub code: &'static str,
}

pub fn entry(reference: &'static str, minor: i64, end_to_end: &str) -> Entry {
    Entry { reference, minor, end_to_end: end_to_end.to_owned(), code: "ICDT/ESCT" }
}

/// An end-to-end id of 32 digits.
pub fn id(number: u8) -> String {
    format!("0192f0c0a1b27c3d8e4f5a6b7c8d{number:04x}")
}

fn amount(minor: i64) -> String {
    let size = minor.unsigned_abs();
    let side = if minor < 0 { "DBIT" } else { "CRDT" };
    format!("<Amt Ccy=\"EUR\">{}.{:02}</Amt><CdtDbtInd>{side}</CdtDbtInd>", size / 100, size % 100)
}

/// A statement of the account in euros.
pub fn statement(number: u32, day: &str, opening: i64, entries: &[Entry]) -> String {
    let closing = opening + entries.iter().map(|entry| entry.minor).sum::<i64>();
    let balance = |code: &str, minor: i64| {
        format!("<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{}<Dt><Dt>{day}</Dt></Dt></Bal>", amount(minor))
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M{number}</MsgId><CreDtTm>{day}T21:30:00Z</CreDtTm></GrpHdr><Stmt><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{}{}",
        balance("OPBD", opening),
        balance("CLBD", closing)
    );
    for Entry { reference, minor, end_to_end, code } in entries {
        let (family, subfamily) = code.split_once('/').unwrap();
        let note = if subfamily == "RRTN" { "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" } else { "" };
        let money = amount(*minor);
        write!(
            text,
            "<Ntry><NtryRef>{reference}</NtryRef>{money}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{subfamily}</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef><EndToEndId>{end_to_end}</EndToEndId></Refs>{money}{note}</TxDtls></NtryDtls></Ntry>"
        )
        .unwrap();
    }
    text.push_str("</Stmt></BkToCstmrStmt></Document>");
    text
}

/// A payout that was sent on a day.
pub fn payout(key: &str, minor: i64, end_to_end: &str, day: &str) -> BankItem {
    BankItem {
        item: key.to_owned(),
        physical_account: "bank-eur".to_owned(),
        direction: MoneyDirection::Debit.into(),
        amount_minor_units: minor,
        kind: "instant".to_owned(),
        state: "submitted".to_owned(),
        end_to_end_id: end_to_end.to_owned(),
        since_date: day.to_owned(),
        ..Default::default()
    }
}

/// The parts of a file as requests.
pub fn parts(bytes: &[u8]) -> Vec<ImportStatementRequest> {
    let sha256 = hex::encode(Sha256::digest(bytes));
    let chunks = bytes.chunks(PART).enumerate();
    let request = |(at, part): (usize, &[u8])| ImportStatementRequest {
        book: BOOK.to_owned(),
        sha256: sha256.clone(),
        size_bytes: i64::try_from(bytes.len()).unwrap(),
        offset_bytes: i64::try_from(at * PART).unwrap(),
        part: part.to_vec(),
    };
    chunks.map(request).collect()
}

impl Fixture {
    /// With the account in euros, which has this much.
    pub async fn with_euros(&self, minor: i64) {
        self.change(EUROS).await.unwrap();
        self.adjust(EURO_CASH, EURO_CREATORS, minor).await;
    }

    /// A request of a member of staff.
    pub fn by_name<T>(&self, subject: &str, message: T) -> Request<T> {
        let mut request = self.bed.unexplained(subject, Role::Finance, &[BOOK], message);
        request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
        request
    }

    /// Imports a whole file.
    pub async fn import(&self, bytes: &[u8]) -> Result<ImportStatementResponse, Status> {
        let mut answer = Err(Status::invalid_argument("empty"));
        for part in parts(bytes) {
            answer = Ok(self.client().import_statement(self.by(part)).await?.into_inner());
        }
        answer
    }

    pub async fn expect(&self, items: Vec<BankItem>) -> Result<i32, Status> {
        let request = ExpectItemsRequest { book: BOOK.to_owned(), items };
        let request = self.bed.unexplained("payout", Role::Service, &[BOOK], request);
        Ok(self.client().expect_items(request).await?.into_inner().added_count)
    }

    /// All cases, in pages of two.
    pub async fn cases(&self) -> Vec<ReconciliationCase> {
        let (mut cases, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListCasesRequest { book: BOOK.to_owned(), page_size: 2, page_token, ..Default::default() };
            let page = self.client().list_cases(self.by(request)).await.unwrap().into_inner();
            cases.extend(page.cases);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return cases;
            }
        }
    }

    /// Class and difference of the cases that are open, in the order of their classes.
    pub async fn open_cases(&self) -> Vec<(String, i64)> {
        let open = self.cases().await.into_iter().filter(|case| case.state() == CaseState::Open);
        let mut open: Vec<_> = open.map(|case| (case.class, case.difference_minor_units)).collect();
        open.sort();
        open
    }

    /// The case of this class.
    pub async fn case(&self, class: &str) -> ReconciliationCase {
        self.cases().await.into_iter().find(|case| case.class == class).unwrap_or_else(|| panic!("no case of class {class}"))
    }

    pub async fn explain(&self, case: &ReconciliationCase) -> Result<ReconciliationCase, Status> {
        let request = ExplainCaseRequest { book: BOOK.to_owned(), case_id: case.case_id.clone() };
        Ok(self.client().explain_case(self.by(request)).await?.into_inner().found.unwrap())
    }

    /// Proposes a transfer for a case; returns the proposal's id.
    pub async fn propose(
        &self,
        case: &ReconciliationCase,
        kind: AdjustmentKind,
        (debit, credit, minor): (&str, &str, i64),
    ) -> Result<String, Status> {
        let transfer = AdjustmentTransfer { debit_leaf: debit.to_owned(), credit_leaf: credit.to_owned(), amount_minor_units: minor };
        let request = ProposeAdjustmentRequest {
            book: BOOK.to_owned(),
            adjustment_id: testbed::new_id(),
            case_id: case.case_id.clone(),
            kind: kind.into(),
            transfers: vec![transfer],
        };
        Ok(self.client().propose_adjustment(self.by(request)).await?.into_inner().adjustment.unwrap().adjustment_id)
    }

    pub async fn approve(&self, subject: &str, adjustment: &str) -> Result<ApproveAdjustmentResponse, Status> {
        let request = ApproveAdjustmentRequest { book: BOOK.to_owned(), adjustment_id: adjustment.to_owned() };
        Ok(self.client().approve_adjustment(self.by_name(subject, request)).await?.into_inner())
    }

    pub async fn close(&self, account: &str, day: &str) -> Result<CloseDayResponse, Status> {
        let request = CloseDayRequest { book: BOOK.to_owned(), physical_account: account.to_owned(), day: day.to_owned() };
        Ok(self.client().close_day(self.by(request)).await?.into_inner())
    }

    /// Closed days in pages of two: those from one day until another, where they are not empty.
    pub async fn closed_days(&self, account: &str, [from, until]: [&str; 2]) -> Result<Vec<ClosedDay>, Status> {
        let (mut days, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListClosedDaysRequest {
                book: BOOK.to_owned(),
                physical_account: account.to_owned(),
                from_date: from.to_owned(),
                until_date: until.to_owned(),
                page_size: 2,
                page_token,
            };
            let page = self.client().list_closed_days(self.by(request)).await?.into_inner();
            days.extend(page.days);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(days);
            }
        }
    }

    /// What a leaf, or the money at the bank for a physical account, has.
    pub async fn has(&self, id: &str) -> i64 {
        let listed = self.list("").await;
        let balance = listed.iter().find(|one| one.id == id).unwrap().balance.unwrap();
        if balance.cash_minor_units != 0 { balance.cash_minor_units } else { balance.booked_minor_units }
    }
}
