//! How an amount would be paid to one of a creator's accounts now: every rail that was considered, and why not.
use crate::{
    answer::in_words,
    filters::Filters,
    parts::ConsoleParts,
    view::{
        amounts::{self, amount, money},
        calls::CallView,
        times::TimeView,
    },
    visitor::Visitor,
};
use api::{
    payout::{Beneficiary, CostBearer, GetPayoutOptionsRequest, GetPayoutOptionsResponse, PayoutOption},
    r#type::Money,
};
use money::{UserKey, text::shown};
use serde_json::json;
use tonic::{Code, Status};

const GET_PAYOUT_OPTIONS: &str = "largesse.payout.v1.PayoutService/GetPayoutOptions";

/// What the address asks for; both empty: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AskedOptions {
    /// The account, by its id.
    pub(super) to: String,
    /// The amount in the account's currency, as the person wrote it.
    pub(super) amount: String,
}

/// An account that can be chosen.
pub(super) struct PayeeChoice {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// A rail that was considered.
pub(super) struct RailView {
    pub(super) name: String,
    pub(super) rail: String,
    pub(super) chosen: bool,
    pub(super) instant: bool,
    pub(super) starts: TimeView,
    pub(super) expected: TimeView,
    pub(super) latest: TimeView,
    pub(super) returnable: TimeView,
    /// The gravest reason first.
    pub(super) why_not: Vec<String>,
}

/// The part of the page.
#[derive(Default)]
pub(super) struct OptionsPart {
    /// The creator's accounts; none: nothing can be asked.
    pub(super) payees: Vec<PayeeChoice>,
    pub(super) amount: String,
    /// Why there is no answer to what was asked.
    pub(super) failure: String,
    pub(super) rails: Vec<RailView>,
    /// What it costs, who bears that, and what arrives; empty: nothing can pay it.
    pub(super) outcome: String,
    /// The same as a call.
    pub(super) call: Option<CallView>,
}

impl AskedOptions {
    pub(super) fn read(filters: &Filters) -> Self {
        Self { to: filters.get("pay_to").to_owned(), amount: filters.get("pay_amount").to_owned() }
    }

    fn is_nothing(&self) -> bool {
        self.to.is_empty() && self.amount.is_empty()
    }

    /// The amount in the account's smallest parts, or why there is none.
    fn sum(&self, payees: &[Beneficiary]) -> Result<Money, String> {
        let to = payees.iter().find(|payee| payee.beneficiary_id == self.to);
        let currency_code = to.map(|payee| payee.currency_code.clone()).ok_or("Choose one of the accounts.")?;
        let minor_units = amounts::read(&currency_code, &self.amount).filter(|minor_units| *minor_units > 0);
        let minor_units = minor_units.ok_or_else(|| format!("An amount in {} is needed, such as 12.50.", shown(&currency_code)))?;
        Ok(Money { currency_code, minor_units })
    }

    /// The part, and its answer where something was asked. Only a session that has ended is the page's.
    pub(super) async fn load(
        &self,
        console: &ConsoleParts,
        visitor: &Visitor,
        book: &str,
        user: &UserKey,
        payees: &[Beneficiary],
    ) -> Result<OptionsPart, Status> {
        let mut part = OptionsPart { payees: payees.iter().map(|payee| self.choice(payee)).collect(), ..OptionsPart::default() };
        part.amount.clone_from(&self.amount);
        if self.is_nothing() {
            return Ok(part);
        }
        let sum = match self.sum(payees) {
            Ok(sum) => sum,
            Err(why) => return Ok(OptionsPart { failure: why, ..part }),
        };
        let message = json!({"book": book, "userId": user.as_str(), "beneficiaryId": self.to,
            "amount": {"currencyCode": sum.currency_code, "minorUnits": sum.minor_units.to_string()}});
        part.call = Some(CallView::new(&console.target, GET_PAYOUT_OPTIONS, &message));
        let request = GetPayoutOptionsRequest {
            book: book.to_owned(),
            user_id: user.to_string(),
            beneficiary_id: self.to.clone(),
            amount: Some(sum.clone()),
        };
        match console.more.payout_client()?.get_payout_options(visitor.request(request)).await {
            Ok(answer) => answered(&mut part, &sum, &answer.into_inner()),
            Err(status) if status.code() == Code::Unauthenticated => return Err(status),
            Err(status) => part.failure = in_words(&status),
        }
        Ok(part)
    }

    fn choice(&self, payee: &Beneficiary) -> PayeeChoice {
        PayeeChoice {
            id: shown(&payee.beneficiary_id).into_owned(),
            label: format!("{} in {}", shown(&payee.masked_account), shown(&payee.currency_code)),
            chosen: payee.beneficiary_id == self.to,
        }
    }
}

pub(super) fn answered(part: &mut OptionsPart, sum: &Money, answer: &GetPayoutOptionsResponse) {
    part.rails = answer.options.iter().map(rail).collect();
    let bearer = match answer.cost_bearer() {
        CostBearer::House => ", borne by the company",
        CostBearer::Creator => ", borne by the creator",
        CostBearer::Unspecified => "",
    };
    let of = |minor_units| amount(&sum.currency_code, minor_units);
    if answer.arriving_minor_units > 0 {
        let cost = if answer.cost_minor_units == 0 { "not known".to_owned() } else { format!("{}{bearer}", of(answer.cost_minor_units)) };
        part.outcome = format!("Of {}, {} would arrive; the cost is {cost}.", money(Some(sum)), of(answer.arriving_minor_units));
    }
}

fn rail(of: &PayoutOption) -> RailView {
    RailView {
        name: shown(&of.rail_name).into_owned(),
        rail: shown(&of.rail).into_owned(),
        chosen: of.chosen,
        instant: of.instant,
        starts: TimeView::of(of.start_time.as_ref()),
        expected: TimeView::of(of.expected_time.as_ref()),
        latest: TimeView::of(of.latest_time.as_ref()),
        returnable: TimeView::of(of.returnable_until.as_ref()),
        why_not: of.why_not.iter().map(|why| shown(why).into_owned()).collect(),
    }
}
