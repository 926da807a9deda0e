-- What an id stands for that somebody has: the request that made an order or a refund, and the store's ids of it.
CREATE INDEX store_order_by_request ON store_order (book, request_id);
CREATE INDEX store_order_by_session ON store_order (book, session_id);
CREATE INDEX store_order_by_transaction ON store_order (book, transaction_id);
CREATE INDEX refund_order_by_request ON refund_order (book, request_id);
CREATE INDEX refund_order_by_store ON refund_order (book, store_refund_id);
-- Not by book first: SQLite would take it for what is looked up by transaction in a book, and read the whole book.
CREATE INDEX refund_fact_by_id ON refund_fact (fact_id, book);
