//! The bank's page for people: its test accounts and its endpoints.
use super::scenario::{BY_SCENARIO_ONLY, Behaviour, MAGIC};

/// Everything above the endpoints, from the tables that the bank decides by.
pub fn introduction() -> String {
    let effect = |behaviour: &str| Behaviour::parse(behaviour).map_or_else(String::new, |behaviour| behaviour.effect());
    let accounts = MAGIC.map(|magic| {
        let (number, iban, behaviour) = (magic.account_number, magic.iban, magic.behaviour);
        format!("{number}  {iban}  {behaviour:<15}  {}\n", effect(behaviour))
    });
    let others = BY_SCENARIO_ONLY.map(|behaviour| format!("{behaviour:<20}  {}\n", effect(behaviour)));
    format!(
        "The pretend bank, for TEST books only. It keeps books of its own and speaks ISO 20022 over HTTP.\n\n\
         What happens to a payment is chosen by a scenario (POST /scenarios), else by the account that it is paid to, else it settles.\n\
         An account number goes with any US routing number, such as 021000021.\n\n\
         Account     IBAN                    Behaviour        What the bank does\n{}\n\
         Behaviours that only a scenario can choose:\n\n{}\n",
        accounts.concat(),
        others.concat()
    )
}
