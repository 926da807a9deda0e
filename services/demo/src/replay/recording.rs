//! Recordings of live gifts: lines of JSON, and the gifts and prices that they name.
use money::UserKey;
use runtime::{command::UntypedError, lists::ListedGift};
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// Maximum size of a file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Maximum taps of a streak, and gifts of one event; the gift service's bound.
const REPEAT_COUNT_MAX: i32 = 1_000_000;
/// Maximum price of a gift in a catalogue, in coins.
const COST_COINS_MAX: i64 = 1_000_000_000;

/// One line of a recording. Other fields are ignored.
#[derive(Debug, Clone, Deserialize)]
pub struct RecordedEvent {
    /// Unique id of the message.
    pub msg: String,
    /// Live room.
    pub room: String,
    /// The user who gave.
    pub from_user: String,
    /// The user who received.
    pub to_user: String,
    /// Catalogue number.
    pub gift_id: i64,
    /// The gift's name, if the recording has it.
    #[serde(default)]
    pub gift_name: String,
    /// The gift's price in coins; 0 if the recording lacks it.
    #[serde(default)]
    pub diamond_count: i64,
    /// Names the streak; 0 for none.
    pub group_id: i64,
    /// Taps so far in the streak; without a streak, the number of gifts.
    pub repeat_count: i32,
    /// 1: the streak is over. A marker for display, without charge.
    pub repeat_end: i32,
    /// Whether the gift may be sent as a streak.
    pub combo: bool,
    /// Where the line was read, as `file:line`.
    #[serde(skip)]
    pub place: String,
}

/// A recording that was read.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// The events that can be sent, in file order.
    pub events: Vec<RecordedEvent>,
    /// Lines that can't be sent, each with its place and the error.
    pub bad: Vec<String>,
}

impl Recording {
    /// Reads a whole file, also one with a byte order mark.
    pub fn read(path: &Path) -> Result<Self, UntypedError> {
        let name = path.display();
        let size = std::fs::metadata(path).map_err(|error| format!("{name}: {error}"))?.len();
        if size > FILE_BYTES_MAX {
            return Err(format!("{name}: {size} bytes, more than {FILE_BYTES_MAX}").into());
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut recording = Self::default();
        for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
            let place = format!("{name}:{number}");
            match parse(line) {
                Ok(event) => recording.events.push(RecordedEvent { place, ..event }),
                Err(error) => recording.bad.push(format!("{place}: {error}")),
            }
        }
        Ok(recording)
    }
}

/// Reads a whole recording. A line that can't be sent is an error that names it, before anything is sent.
pub fn read(path: &Path) -> Result<Vec<RecordedEvent>, UntypedError> {
    let recording = Recording::read(path)?;
    match recording.bad.as_slice() {
        [] => Ok(recording.events),
        [first, others @ ..] => {
            let others = if others.is_empty() { String::new() } else { format!(" (and {} more lines)", others.len()) };
            Err(format!("{first}{others}; nothing was sent; --skip-bad leaves such lines out").into())
        }
    }
}

/// One line of a recording.
pub fn parse(line: &str) -> Result<RecordedEvent, UntypedError> {
    let event: RecordedEvent = serde_json::from_str(line)?;
    for (name, key) in [("from_user", &event.from_user), ("to_user", &event.to_user), ("room", &event.room)] {
        UserKey::try_new(key).map_err(|error| format!("{name}: {error}"))?;
    }
    if event.from_user == event.to_user {
        return Err("to_user must not be from_user: nobody gives to themselves".into());
    }
    if event.msg.is_empty() {
        return Err("msg is empty".into());
    }
    if event.gift_id < 1 {
        return Err("gift_id is below 1".into());
    }
    if event.repeat_count < 1 {
        return Err("repeat_count is below 1".into());
    }
    if event.repeat_count > REPEAT_COUNT_MAX {
        return Err(format!("repeat_count is above {REPEAT_COUNT_MAX}").into());
    }
    if !(0..=COST_COINS_MAX).contains(&event.diamond_count) {
        return Err(format!("diamond_count is not 0 to {COST_COINS_MAX}").into());
    }
    Ok(event)
}

/// The gifts that a recording prices. Two prices for one gift are an error that names both lines, since either could be meant.
pub fn recorded_gifts(events: &[RecordedEvent]) -> Result<BTreeMap<i64, ListedGift>, UntypedError> {
    let mut first: BTreeMap<i64, &RecordedEvent> = BTreeMap::new();
    let mut gifts: BTreeMap<i64, ListedGift> = BTreeMap::new();
    for event in events.iter().filter(|event| event.diamond_count > 0) {
        let RecordedEvent { gift_id, diamond_count, .. } = event;
        let before = *first.entry(*gift_id).or_insert(event);
        if before.diamond_count != *diamond_count {
            let (here, there) = (&event.place, &before.place);
            let prices = format!("gift {gift_id} costs {diamond_count} here and {} at {there}", before.diamond_count);
            return Err(format!("{here}: {prices}; a gift has one price in a catalogue, so nothing was sent").into());
        }
        let gift = gifts.entry(*gift_id).or_insert_with(|| ListedGift {
            name: event.gift_name.clone(),
            cost_coins: *diamond_count,
            streakable: false,
        });
        gift.streakable |= event.combo && event.group_id != 0;
    }
    Ok(gifts)
}
