-- Decides who was first with a receipt. Each store numbers its transactions as it likes; the index of migration 1, without the store, stays as long as programs
-- run that name its columns.
CREATE UNIQUE INDEX purchase_store_transaction ON purchase (store, environment, bundle_id, transaction_id);
