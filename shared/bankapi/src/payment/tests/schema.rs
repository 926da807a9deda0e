//! Bodies against the public description of the interface, by a validator of the parts of JSON Schema that it uses. Its rules about prose are not checked.

use super::*;
use std::{fs, path::PathBuf};

struct Description {
    schemas: Value,
}

impl Description {
    fn open() -> Option<Self> {
        let root = std::env::var_os("LARGESSE_REFERENCE_DATA").map(PathBuf::from);
        let Some(root) = root else {
            println!("skipped: LARGESSE_REFERENCE_DATA is not set");
            return None;
        };
        let text = fs::read_to_string(root.join("bank/jpm/global_payments_2_0_22.yaml")).unwrap();
        let document: Value = serde_saphyr::from_str(&text).unwrap();
        Some(Self { schemas: document["components"]["schemas"].clone() })
    }

    fn check(&self, name: &str, value: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        self.visit(&self.schemas[name], value, name, &mut wrong);
        wrong
    }

    fn visit(&self, schema: &Value, value: &Value, path: &str, wrong: &mut Vec<String>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            return self.visit(&self.schemas[name], value, path, wrong);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.visit(part, value, path, wrong);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let fits = choices.iter().filter(|choice| {
                let mut inner = Vec::new();
                self.visit(choice, value, path, &mut inner);
                inner.is_empty()
            });
            let fits = fits.count();
            if fits != 1 {
                wrong.push(format!("{path}: fits {fits} of the choices"));
            }
        }
        let is = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64(),
            Some("boolean") => value.is_boolean(),
            _ => true,
        };
        if !is {
            wrong.push(format!("{path}: not of the type"));
        }
        match value {
            Value::Object(fields) => self.object(schema, fields, path, wrong),
            Value::Array(items) => {
                within(schema, ("minItems", "maxItems"), items.len(), path, wrong);
                for (index, item) in items.iter().enumerate() {
                    self.visit(&schema["items"], item, &format!("{path}[{index}]"), wrong);
                }
            }
            Value::String(text) => string(schema, text, path, wrong),
            _ => {}
        }
    }

    fn object(&self, schema: &Value, fields: &Map<String, Value>, path: &str, wrong: &mut Vec<String>) {
        within(schema, ("minProperties", "maxProperties"), fields.len(), path, wrong);
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(required) {
                wrong.push(format!("{path}: {required} is missing"));
            }
        }
        for (name, value) in fields {
            match schema["properties"].get(name) {
                Some(known) => self.visit(known, value, &format!("{path}.{name}"), wrong),
                None if schema["additionalProperties"] == json!(false) => wrong.push(format!("{path}: {name} is not known")),
                // Even where the description allows more, a field of ours that it does not name is a mistake.
                None if schema.get("properties").is_some() && schema.get("oneOf").is_none() && !path.contains("account") => {
                    wrong.push(format!("{path}: {name} is not named"));
                }
                None => {}
            }
        }
    }
}

fn within(schema: &Value, (min, max): (&str, &str), length: usize, path: &str, wrong: &mut Vec<String>) {
    let bound = |name: &str| schema[name].as_u64().map(|bound| usize::try_from(bound).unwrap());
    if bound(min).is_some_and(|min| length < min) || bound(max).is_some_and(|max| length > max) {
        wrong.push(format!("{path}: {length} is not {min} to {max}"));
    }
}

fn string(schema: &Value, text: &str, path: &str, wrong: &mut Vec<String>) {
    within(schema, ("minLength", "maxLength"), text.chars().count(), path, wrong);
    if schema["enum"].as_array().is_some_and(|words| !words.contains(&json!(text))) {
        wrong.push(format!("{path}: {text} is not one of the words"));
    }
    if schema["format"] == json!("date") && text.parse::<Date>().is_err() {
        wrong.push(format!("{path}: no date"));
    }
    let Some(pattern) = schema["pattern"].as_str() else { return };
    let upper = text.bytes().all(|byte| byte.is_ascii_uppercase());
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = match pattern {
        r"^[A-Z]{3}$" => upper && text.len() == 3,
        r"^[A-Z]{2}$" => upper && text.len() == 2,
        r"^[0-9A-Z]{2,3}$" => (2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
        r"^\d+(\.\d+)?$" => text.split_once('.').map_or_else(|| digits(text), |(whole, part)| digits(whole) && digits(part)),
        r"^[-_.A-Z0-9]{2,10}$" => {
            (2..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"-_.".contains(&b))
        }
        other => panic!("{path}: the validator does not know the pattern {other}"),
    };
    if !fits {
        wrong.push(format!("{path}: {text} does not fit {pattern}"));
    }
}

#[test]
fn every_body_fits_the_public_description() {
    let Some(description) = Description::open() else { return };
    for payment in samples() {
        let body = payment.body(&ApiRules::default()).unwrap();
        assert_eq!(description.check("Payment", &body), Vec::<String>::new(), "{}: {body}", payment.creditor.address.kind().name());
    }
}

/// A validator that accepts everything would prove nothing.
#[test]
fn the_validator_finds_planted_faults() {
    let Some(description) = Description::open() else { return };
    let good = samples()[2].body(&ApiRules::default()).unwrap();
    let planted = |change: fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        description.check("Payment", &body)
    };
    assert!(planted(|_| {}).is_empty());
    let faults: [fn(&mut Value); 9] = [
        |body| body["surprise"] = json!(1),
        |body| body["paymentType"] = json!("CASH"),
        |body| body["value"]["amount"] = json!("-1"),
        |body| body["value"]["amount"] = json!(1.5),
        |body| body["paymentIdentifiers"]["endToEndId"] = json!("x".repeat(129)),
        |body| body["creditorAgent"]["financialInstitutionIds"][0]["idType"] = json!("IBAN"),
        |body| drop(body.as_object_mut().unwrap().remove("debtorAgent")),
        |body| drop(body["creditor"].as_object_mut().unwrap().remove("account")),
        |body| body["requestedExecutionDate"] = json!("27.11.2026"),
    ];
    for (index, fault) in faults.into_iter().enumerate() {
        assert!(!planted(fault).is_empty(), "fault {index}");
    }
}
