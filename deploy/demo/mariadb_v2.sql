-- What the team did to the source this week.
ALTER TABLE orders MODIFY status ENUM('new', 'paid', 'shipped', 'cancelled', 'refunded') NOT NULL DEFAULT 'new',
  ADD KEY orders_by_status (status, placed_at);

ALTER TABLE users ADD COLUMN preferences JSON NOT NULL DEFAULT '{}' AFTER full_name,
  DROP COLUMN legacy_flags, MODIFY email VARCHAR(255) NOT NULL;

CREATE TABLE webhooks (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tenant_id BIGINT UNSIGNED NOT NULL,
  url VARCHAR(500) NOT NULL CHECK (url LIKE 'https://%'),
  secret_hash VARBINARY(64) NOT NULL,
  disabled_at DATETIME,
  KEY webhooks_by_tenant (tenant_id),
  CONSTRAINT webhooks_tenant_fk FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

ALTER TABLE invoices DROP KEY invoices_due, ADD KEY invoices_due (due_on, amount);
ALTER TABLE audit_log ADD PARTITION (PARTITION p2026 VALUES LESS THAN (2027));

CREATE OR REPLACE VIEW open_orders AS
  SELECT o.id, o.tenant_id, c.email, o.total, o.placed_at
  FROM orders o JOIN customers c ON c.id = o.customer_id
  WHERE o.status IN ('new', 'paid');

CREATE OR REPLACE FUNCTION order_label(id BIGINT UNSIGNED) RETURNS VARCHAR(30) DETERMINISTIC
  RETURN concat('ORD-', lpad(id, 10, '0'));

ALTER TABLE plans COMMENT='What a tenant can subscribe to';
