//! The bank's page for people: its accounts, behaviours and endpoints.
use super::{
    behaviour::{Behaviour, NOT_BY_ACCOUNT},
    own_accounts::{own_account_id, own_currencies},
    rails::BANK_RAILS,
    scenario::MAGIC,
};

/// Everything above the endpoints, from the tables that the bank decides by.
pub fn introduction() -> String {
    let effect = |behaviour: &str| Behaviour::parse(behaviour).map_or_else(String::new, |behaviour| behaviour.effect());
    let accounts = MAGIC.map(|magic| {
        let (number, iban, behaviour) = (magic.account_number, magic.iban, magic.behaviour);
        format!("{number}  {iban}  {behaviour:<15}  {}\n", effect(behaviour))
    });
    let others = NOT_BY_ACCOUNT.map(|behaviour| format!("{behaviour:<20}  {}\n", effect(behaviour)));
    let own = own_currencies().into_iter().map(|currency| {
        let rails: Vec<&str> = BANK_RAILS.iter().filter(|rail| rail.currency == currency.code()).map(|rail| rail.rail).collect();
        format!("{}  {:<24}  {}\n", currency.code(), own_account_id(currency).number(), rails.join(", "))
    });
    format!(
        "The pretend bank, for TEST books only. It keeps books of its own and speaks ISO 20022 over HTTP.\n\n\
         Your accounts, and the rails over which each pays:\n\n{}\n\
         What happens to a payment is chosen by a scenario (POST /scenarios), else by the receiver's name, else by the account that it is paid to, else it \
         settles.\n\
         A name selects any behaviour below for any kind of account: Sandbox reject:AC04.\n\
         An account number goes with any US routing number, such as 021000021.\n\n\
         Account     IBAN                    Behaviour        What the bank does\n{}\n\
         Behaviours that only a scenario or a name can choose. Codes and amounts (in minor units) are examples; @500 behind a return: after 500 ms.\n\n{}\n",
        own.collect::<String>(),
        accounts.concat(),
        others.concat()
    )
}
