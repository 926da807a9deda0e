-- Orders that ended without a payment, which are deleted in time.
CREATE INDEX store_order_unpaid ON store_order (expires_at_ms) WHERE state IN (4, 5);
