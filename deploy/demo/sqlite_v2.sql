-- What the team did to the source this week.
ALTER TABLE users ADD COLUMN preferences TEXT NOT NULL DEFAULT '{}';
ALTER TABLE users DROP COLUMN legacy_flags;

CREATE TABLE webhooks (
  id INTEGER PRIMARY KEY,
  tenant_id INTEGER NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  url TEXT NOT NULL CHECK (url LIKE 'https://%'),
  secret_hash BLOB NOT NULL,
  disabled_at TEXT
);
CREATE INDEX webhooks_by_tenant ON webhooks (tenant_id);

DROP INDEX invoices_due;
CREATE INDEX invoices_due ON invoices (due_on, tenant_id);

DROP VIEW open_orders;

-- An order can be refunded now: the check changes, so SQLite has to rebuild.
PRAGMA foreign_keys = OFF;
BEGIN;
DROP TRIGGER orders_audit;
DROP TRIGGER order_items_total;
CREATE TABLE orders_new (
  id INTEGER PRIMARY KEY,
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  status TEXT NOT NULL DEFAULT 'new'
    CHECK (status IN ('new', 'paid', 'shipped', 'cancelled', 'refunded')),
  total_cents INTEGER NOT NULL DEFAULT 0,
  placed_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO orders_new SELECT * FROM orders;
DROP TABLE orders;
ALTER TABLE orders_new RENAME TO orders;
CREATE INDEX orders_by_customer ON orders (customer_id, placed_at DESC);
CREATE INDEX orders_open ON orders (tenant_id) WHERE status IN ('new', 'paid');
CREATE INDEX orders_by_status ON orders (status, placed_at);
CREATE TRIGGER orders_audit AFTER UPDATE OF status ON orders
WHEN old.status <> new.status
BEGIN
  INSERT INTO audit_log (tenant_id, actor, action, detail)
  VALUES (new.tenant_id, 'orders', 'status', old.status || '>' || new.status);
END;
CREATE TRIGGER order_items_total AFTER INSERT ON order_items
BEGIN
  UPDATE orders SET total_cents = total_cents + new.line_cents
  WHERE id = new.order_id;
END;
COMMIT;

CREATE VIEW open_orders AS
  SELECT o.id, o.tenant_id, c.email, o.total_cents, o.placed_at
  FROM orders o JOIN customers c ON c.id = o.customer_id
  WHERE o.status IN ('new', 'paid');
