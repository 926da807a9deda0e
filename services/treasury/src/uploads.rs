//! Banks' files that come in one call, whatever their size: kept on disk while they come, and stored only once all of it is there and is what was announced. Their
//! bytes are never in memory as a whole.
use crate::{
    error::Error,
    reconcile::{Imported, blocking},
    spool::{ComingFile, FileBytes},
    store::FilePart,
    treasury::Treasury,
    wire::reconciliation::{AnnouncedFile, PART_BYTES},
};

/// Parts that are stored in one transaction.
const PARTS_AT_ONCE: usize = 4;

impl Treasury {
    /// Takes a file of which all bytes have come.
    pub(crate) async fn import_whole(&self, file: &AnnouncedFile, bytes: FileBytes, by: &str) -> Result<Imported, Error> {
        let hash = file.hash.as_str();
        let (found, bytes) = blocking(move || (bytes.sha256(), bytes)).await?;
        if found.map_err(Error::Spool)? != hash {
            return Err(Error::Statement {
                hash: hash.to_owned(),
                problem: "its bytes are not those of the file with this hash".to_owned(),
            });
        }
        let known = self.is_known(hash, file.size_bytes).await?;
        if !known {
            // Parts that came otherwise under this hash may be of anything.
            self.store.forget_file(self.book.as_str(), hash).await?;
            self.store_parts(file, bytes, by).await?;
            self.take_or_forget(hash).await?;
        }
        self.imported(hash, known).await
    }

    async fn store_parts(&self, file: &AnnouncedFile, bytes: FileBytes, by: &str) -> Result<(), Error> {
        let mut begin = 0;
        while begin < bytes.size_bytes() {
            let several = bytes.clone();
            let read = blocking(move || several.part(begin, PARTS_AT_ONCE * PART_BYTES)).await?.map_err(Error::Spool)?;
            let mut parts = Vec::new();
            for part in read.chunks(PART_BYTES) {
                let offset_bytes = i64::try_from(begin).unwrap_or(i64::MAX);
                parts.push(FilePart { book: self.book.as_str(), hash: &file.hash, size_bytes: file.size_bytes, offset_bytes, bytes: part });
                begin += part.len() as u64;
            }
            self.store.keep_parts(&parts, by, (self.clock)()).await?;
        }
        Ok(())
    }

    /// The bytes of a file, as far as its parts are stored.
    pub(crate) async fn file_bytes(&self, hash: &str) -> Result<FileBytes, Error> {
        let (book, mut coming) = (self.book.as_str(), self.coming_file());
        for offset_bytes in self.store.part_offsets(book, hash).await? {
            // Whoever found that it is to be refused has forgotten it meanwhile.
            let Some(part) = self.store.file_part(book, hash, offset_bytes).await? else { return Err(Error::Busy) };
            coming = append(coming, part).await?;
        }
        Ok(coming.whole())
    }

    /// An empty file, to which bytes are added as they come.
    pub(crate) fn coming_file(&self) -> ComingFile {
        ComingFile::new(&self.config.spool_dir.clone().unwrap_or_else(std::env::temp_dir))
    }
}

/// The file with these bytes at its end.
pub(crate) async fn append(mut coming: ComingFile, bytes: Vec<u8>) -> Result<ComingFile, Error> {
    blocking(move || coming.append(&bytes).map(|()| coming)).await?.map_err(Error::Spool)
}
