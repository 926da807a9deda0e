//! What becomes of a file by what the bank says of it and by what its statement books.

use super::{FileState, PaymentFile};

/// What the bank did with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileVerdict {
    /// It took all of it.
    Accepted,
    /// It took none of it; the first problems, in words.
    Rejected(String),
    /// It acknowledges something else, so that nothing is known of this file; why, in words.
    Foreign(String),
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadAnswer {
    /// The bank has these bytes; it may still refuse the file.
    Taken,
    /// The bank has other bytes under this name, and took none of these.
    NameTaken,
    /// Only the acknowledgement can tell. In words, for people.
    Lost(String),
}

impl PaymentFile {
    /// After an upload.
    #[must_use]
    pub fn uploaded(mut self, answer: UploadAnswer) -> Self {
        match answer {
            UploadAnswer::Taken => {
                (self.taken, self.why) = (true, String::new());
                self
            }
            UploadAnswer::NameTaken => self.doubted("the bank has another file under this name".to_owned()),
            UploadAnswer::Lost(why) => Self { why, ..self },
        }
    }

    /// After the bank's acknowledgement. One that refuses a file that is in doubt contradicts what the bank or its statement said before, so it gives no money back:
    /// the statement, or people, decide.
    #[must_use]
    pub fn acknowledged(mut self, answer: String, verdict: FileVerdict) -> Self {
        self.answer = answer;
        match verdict {
            FileVerdict::Accepted => Self { state: FileState::Accepted, why: String::new(), ..self },
            FileVerdict::Rejected(why) if self.state == FileState::Doubtful => {
                self.doubted(format!("the bank refuses it, against what was known of it before: {why}"))
            }
            FileVerdict::Rejected(why) => Self { state: FileState::Rejected, why, ..self },
            FileVerdict::Foreign(why) => self.doubted(why),
        }
    }

    /// In doubt: its payments stay as they are until a statement books them or people have looked.
    #[must_use]
    pub fn doubted(self, why: String) -> Self {
        Self { state: FileState::Doubtful, why, ..self }
    }

    /// Booked by a statement, with its sum. `evidence`: what the statement says of it.
    #[must_use]
    pub fn booked(self, booked_by: String, evidence: String) -> Self {
        Self { state: FileState::Booked, why: String::new(), answer: evidence, booked_by, ..self }
    }
}
