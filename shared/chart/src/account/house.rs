//! The company's own accounts in money: what they are for, the legal entity they belong to, and the bank account.
use money::Currency;

/// The purposes of the company's accounts in a currency. The last part of a name before the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// What app stores owe us.
    StoreReceivable,
    /// Commission paid to a channel for coins that are not spent yet.
    PrepaidCommission,
    /// What coins sold and not spent yet will be worth as revenue.
    DeferredRevenue,
    /// Coins sold and spent.
    Revenue,
    /// What was paid back of sales whose coins were spent.
    ContraRevenue,
    /// Coins sold, and forfeited when their wallet was closed.
    BreakageRevenue,
    /// What stores and processors kept of sales whose coins were spent.
    CommissionExpense,
    /// Tax on sales that we remit.
    TaxPayable,
    /// What card processors owe us.
    ProcessorReceivable,
    /// What card processors charge.
    ProcessorFee,
    /// Money at our banks.
    BankCash,
    /// The difference between a channel's expected and received settlement.
    SettlementDifference,
    /// What creators earned, as a cost.
    CreatorCost,
    /// Earned by creators and not converted.
    AccruedCreatorLiability,
    /// Withheld from creators for the tax office.
    WithholdingPayable,
    /// Fees that creators pay us.
    FeeIncome,
    /// Submitted to a bank, whose decision is pending.
    InTransit,
    /// The company's money that is not in this book.
    Treasury,
    /// What card processors withdrew for payments whose buyers dispute them, until that is decided.
    DisputedAmounts,
    /// What disputes cost.
    DisputeFee,
    /// What banks charge for returned payments.
    ReturnCharge,
    /// Between two currencies of one exchange.
    FxPosition,
    /// Returned money whose account is closed; staff decide.
    Suspense,
    /// Creators' money that the law forbids to pay out or to give back: matches of sanctions lists.
    BlockedFunds,
    /// What our payouts cost, whoever the bank is.
    PayoutCost,
    /// Bank fees incurred and not yet billed.
    AccruedBankFees,
    /// What recalls cost.
    RecallCost,
    /// What creators owe us after money that was returned to them was paid all the same.
    CreatorOwed,
    /// What a bank account can still pay out; the other side is [`Purpose::BankCommitted`]. Never below zero.
    BankSpendable,
    /// What payouts have reserved of a bank account's money.
    BankCommitted,
    /// A leaf of a physical bank account in the treasury book: the money that the leaf's entity has there. The leaf's id stands for the bank account.
    VirtualAccount,
    /// The same physical account's money at the bank, in the treasury book. Its leaves add up to it.
    PhysicalCash,
    /// What an app's book claims of a physical account, in the treasury book: the app's book stands for the entity ([`super::claimant`]), the physical account for
    /// the bank account. It mirrors [`Purpose::BankCash`] of that book.
    AppClaim,
    /// The other side of [`Purpose::AppClaim`], by leaf: the claims that the leaf's money covers.
    ClaimCover,
    /// What another legal entity owes this one after a move between their leaves. That entity's id stands for the bank account.
    DueFrom,
    /// The other side of [`Purpose::DueFrom`], in the books of the entity that owes.
    DueTo,
    /// What left another of our physical accounts for this one and has not come, in the treasury book. With the money at the bank it is what the account's leaves
    /// add up to.
    BetweenAccounts,
    /// Tax withheld from what stores pay us, which the tax office credits us with.
    WithholdingRecoverable,
    /// Tax on fees of card processors, which the tax office gives back.
    InputTax,
    /// What stores and processors keep back for a while.
    StoreReserve,
    /// What stores and processors say they have paid, and has not reached the bank.
    StoreInTransit,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 41] = [
        Self::StoreReceivable,
        Self::PrepaidCommission,
        Self::DeferredRevenue,
        Self::Revenue,
        Self::ContraRevenue,
        Self::BreakageRevenue,
        Self::CommissionExpense,
        Self::TaxPayable,
        Self::ProcessorReceivable,
        Self::ProcessorFee,
        Self::BankCash,
        Self::SettlementDifference,
        Self::CreatorCost,
        Self::AccruedCreatorLiability,
        Self::WithholdingPayable,
        Self::FeeIncome,
        Self::InTransit,
        Self::Treasury,
        Self::DisputedAmounts,
        Self::DisputeFee,
        Self::ReturnCharge,
        Self::FxPosition,
        Self::Suspense,
        Self::BlockedFunds,
        Self::PayoutCost,
        Self::AccruedBankFees,
        Self::RecallCost,
        Self::CreatorOwed,
        Self::BankSpendable,
        Self::BankCommitted,
        Self::VirtualAccount,
        Self::PhysicalCash,
        Self::AppClaim,
        Self::ClaimCover,
        Self::DueFrom,
        Self::DueTo,
        Self::BetweenAccounts,
        Self::WithholdingRecoverable,
        Self::InputTax,
        Self::StoreReserve,
        Self::StoreInTransit,
    ];

    /// The spelling in names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StoreReceivable => "store_receivable",
            Self::PrepaidCommission => "prepaid_commission",
            Self::DeferredRevenue => "deferred_revenue",
            Self::Revenue => "revenue",
            Self::ContraRevenue => "contra_revenue",
            Self::BreakageRevenue => "breakage_revenue",
            Self::CommissionExpense => "commission_expense",
            Self::TaxPayable => "tax_payable",
            Self::ProcessorReceivable => "processor_receivable",
            Self::ProcessorFee => "processor_fee",
            Self::BankCash => "bank_cash",
            Self::SettlementDifference => "settlement_difference",
            Self::CreatorCost => "creator_cost",
            Self::AccruedCreatorLiability => "accrued_creator_liability",
            Self::WithholdingPayable => "withholding_payable",
            Self::FeeIncome => "fee_income",
            Self::InTransit => "in_transit",
            Self::Treasury => "treasury",
            Self::DisputedAmounts => "disputed_amounts",
            Self::DisputeFee => "dispute_fee",
            Self::ReturnCharge => "return_charge",
            Self::FxPosition => "fx_position",
            Self::Suspense => "suspense",
            Self::BlockedFunds => "blocked_funds",
            Self::PayoutCost => "payout_cost",
            Self::AccruedBankFees => "accrued_bank_fees",
            Self::RecallCost => "recall_cost",
            Self::CreatorOwed => "creator_owed",
            Self::BankSpendable => "bank_spendable",
            Self::BankCommitted => "bank_committed",
            Self::VirtualAccount => "virtual_account",
            Self::PhysicalCash => "physical_cash",
            Self::AppClaim => "app_claim",
            Self::ClaimCover => "claim_cover",
            Self::DueFrom => "due_from",
            Self::DueTo => "due_to",
            Self::BetweenAccounts => "between_accounts",
            Self::WithholdingRecoverable => "withholding_recoverable",
            Self::InputTax => "input_tax",
            Self::StoreReserve => "store_reserve",
            Self::StoreInTransit => "store_in_transit",
        }
    }

    /// Whether there is one such account for each bank account, real or virtual, or each counterparty in the group, and not only one for each legal entity.
    #[must_use]
    pub const fn is_per_bank_account(self) -> bool {
        let at_banks = matches!(self, Self::BankCash | Self::BankSpendable | Self::BankCommitted);
        let in_treasury =
            matches!(self, Self::VirtualAccount | Self::PhysicalCash | Self::AppClaim | Self::ClaimCover | Self::BetweenAccounts);
        at_banks || in_treasury || matches!(self, Self::DueFrom | Self::DueTo)
    }

    /// Whether debits beyond its credits are refused: other people's money, what a bank account can pay, and debts in the group, of which nobody repays more
    /// than there is.
    pub(super) const fn has_floor(self) -> bool {
        matches!(self, Self::Suspense | Self::BlockedFunds | Self::BankSpendable | Self::DueTo)
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

/// The end of the id of the leaf that has a physical account's receipts until they are allocated, after that account's id.
pub const UNALLOCATED: &str = "-unallocated";

/// The id of a legal entity, or of a bank account at a bank: 1 to 32 of `a` to `z`, `0` to `9`, `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HouseId<'a>(&'a str);

impl<'a> HouseId<'a> {
    /// The entity, and its bank account, whose accounts have names without an id.
    pub const MAIN: HouseId<'static> = HouseId("main");

    /// `None` where the text is no id.
    #[must_use]
    pub fn try_new(text: &'a str) -> Option<Self> {
        let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        ((1..=32).contains(&text.len()) && text.bytes().all(known)).then_some(Self(text))
    }

    /// The id.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether it is that of a leaf that has a physical account's receipts until they are allocated.
    #[must_use]
    pub fn is_unallocated(self) -> bool {
        self.0.ends_with(UNALLOCATED)
    }

    pub(super) fn is_main(self) -> bool {
        self == HouseId::MAIN
    }
}

/// An account of the company that is not the one called `main`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HouseAccount<'a> {
    pub(super) entity: HouseId<'a>,
    pub(super) purpose: Purpose,
    /// For purposes that are kept for each bank account.
    pub(super) bank_account: Option<HouseId<'a>>,
    pub(super) currency: Currency,
}

impl<'a> HouseAccount<'a> {
    /// What it is for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The bank account, real or virtual, that it is kept for; `None` for purposes that are not kept for each.
    #[must_use]
    pub const fn bank_account(&self) -> Option<HouseId<'a>> {
        self.bank_account
    }

    /// From the parts of a name after `house`: an entity and a purpose, perhaps a bank account, and the currency. The forms that belong to `main` have other
    /// names, so that no account has two.
    pub(super) fn parse(entity: &'a str, purpose: &str, third: &'a str, fourth: Option<&'a str>) -> Option<Self> {
        let (entity, purpose) = (HouseId::try_new(entity)?, Purpose::parse(purpose)?);
        let (bank_account, code) = match fourth {
            Some(code) => (Some(HouseId::try_new(third)?), code),
            None => (None, third),
        };
        let currency = Currency::try_new(code).ok()?;
        let named_without = entity.is_main() && bank_account.is_none_or(HouseId::is_main);
        (bank_account.is_some() == purpose.is_per_bank_account() && !named_without).then_some(Self {
            entity,
            purpose,
            bank_account,
            currency,
        })
    }

    /// `house/<entity>/<purpose>/<currency>`, or `house/<entity>/<purpose>/<bank account>/<currency>`.
    pub(super) fn name(&self) -> String {
        let mut name = format!("house/{}/{}/", self.entity.0, self.purpose.name());
        if let Some(bank_account) = self.bank_account {
            name.push_str(bank_account.0);
            name.push('/');
        }
        name.push_str(self.currency.code());
        name
    }
}
